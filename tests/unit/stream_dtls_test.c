/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN over DTLS: cookies, fragments, records that lie, clients that begin again. */
#include "stream_fixture.h"

#include "client.h"
#include "gate/gate.h"
#include "rig.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>

static SSL_CTX *dtls_context(void)
{
	return SSL_CTX_new(DTLS_client_method());
}

static SSL *dtls_begin(SSL_CTX *context, int fd, const char *name)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	SSL *ssl = SSL_new(context);
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);

	assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &peer);
	SSL_set_bio(ssl, bio, bio);
	if (name != NULL)
		SSL_set_tlsext_host_name(ssl, name);
	return ssl;
}

static SSL *dtls_connect(SSL_CTX *context, int fd, const char *name)
{
	SSL *ssl = dtls_begin(context, fd, name);

	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void dtls_listen(void)
{
	static const char *const names[] = {"one.example", "two.example"};

	listen_on(SLUICE_TURN_DTLS);
	certificates_put(names, 2);
}

static void dtls_ends(SSL *ssl, int fd)
{
	SSL_free(ssl);
	close(fd);
}

static void dtls_shown(SSL_CTX *context, const char *asked, const char *wanted)
{
	int fd = client_connect_by(SOCK_DGRAM);
	SSL *ssl = dtls_connect(context, fd, asked);
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	char name[64];

	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
	                          sizeof(name));
	X509_free(certificate);
	assert_string_equal(name, wanted);
	assert_string_equal(SSL_get_version(ssl), "DTLSv1.2");
	tls_binding(ssl, fd, 5);
	SSL_shutdown(ssl);
	dtls_ends(ssl, fd);
}

static void test_dtls(void **state)
{
	SSL_CTX *context = dtls_context();
	struct sluice_turn_listen listen;
	SSL *ssl;
	int fd;

	dtls_listen();
	dtls_shown(context, NULL, "one.example");
	dtls_shown(context, "two.example", "two.example");
	assert_int_equal(counter("verify"), 2);
	assert_int_equal(counter("handshake"), 2);
	await_counter("ended", 2);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 0);

	/* the clients hear of the listener's end */
	fd = client_connect_by(SOCK_DGRAM);
	ssl = dtls_connect(context, fd, NULL);
	tls_binding(ssl, fd, 6);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	listen = listen_of(scene.port, SLUICE_TURN_UDP);
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EADDRINUSE);
	listen.transport = SLUICE_TURN_DTLS;
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &listen, scene.why), 0);
	assert_int_equal(SSL_read(ssl, &(uint8_t){0}, 1), 0);
	assert_int_equal(SSL_get_shutdown(ssl), SSL_RECEIVED_SHUTDOWN);
	dtls_ends(ssl, fd);
	SSL_CTX_free(context);
}

/* A name of 200 letters, in datagrams of 240 bytes: the ClientHello comes in two, and the server's
 * flight is cut for its own MTU. */
static void test_dtls_fragments(void **state)
{
	char name[201] = {0};
	SSL_CTX *context = dtls_context();
	int fd;
	SSL *ssl;

	dtls_listen();
	fd = client_connect_by(SOCK_DGRAM);
	memset(name, 'a', sizeof(name) - 1);
	ssl = dtls_begin(context, fd, name);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, 240);
	assert_int_equal(SSL_connect(ssl), 1);
	tls_binding(ssl, fd, 1);
	dtls_ends(ssl, fd);
	SSL_CTX_free(context);
}

/* A ClientHello by hand; `number` is its random. Returns its length. */
static size_t hello_write(uint8_t *room, uint32_t number, const uint8_t *cookie, uint8_t length)
{
	/* ECDHE-ECDSA, no compression, P-256 and SHA-256 */
	static const uint8_t rest[] = {0, 2, 0xc0, 0x2b, 1, 0,  0, 16, 0, 10, 0, 4,
	                               0, 2, 0,    23,   0, 13, 0, 4,  0, 2,  4, 3};
	size_t size = HELLO_SIZE_MIN + length + sizeof(rest);

	memset(room, 0, size);
	memcpy(room, "\x16\xfe\xff", 3);
	room[10] = room[18] = length != 0; /* the second record, the second message */
	room[12] = (uint8_t)(size - 13);
	room[13] = 1;
	room[16] = room[24] = (uint8_t)(size - 13 - 12);
	memcpy(room + 25, "\xfe\xfd", 2);
	memcpy(room + 27, &number, sizeof(number));
	room[HELLO_SIZE_MIN - 1] = length;
	if (length != 0)
		memcpy(room + HELLO_SIZE_MIN, cookie, length);
	memcpy(room + HELLO_SIZE_MIN + length, rest, sizeof(rest));
	return size;
}

static void hello_send(int fd, uint32_t number, const uint8_t *cookie, uint8_t length)
{
	uint8_t hello[128];
	size_t size = hello_write(hello, number, cookie, length);

	assert_int_equal(send(fd, hello, size, 0), size);
}

/* Who has not shown to be where it says is answered within the gate's limits, and holds nothing. */
static void test_dtls_unproven(void **state)
{
	struct gate_compiled compiled = gate_compiled_now(scene.rig.dp->gate);
	uint32_t answers = 0;
	uint8_t answer[256];
	int fd;

	compiled.config.mode = GATE_MODE_ENFORCE;
	assert_int_equal(gate_set(scene.rig.dp->gate, &compiled, NULL, scene.why), 0);
	dtls_listen();
	fd = client_connect_by(SOCK_DGRAM);
	for (uint32_t i = 0; counter("verify_refused") < 10; i++) {
		assert_true(i < PATIENCE_MS);
		hello_send(fd, i, NULL, 0);
	}
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) == HELLO_VERIFY_SIZE)
		answers++;
	assert_in_range(answers, 1, counter("verify"));
	assert_int_equal(counter("connection"), 0);
	assert_in_range(gate_counter_sum(scene.rig.dp->gate, GATE_DROP_LIMIT_SOURCE), 10, 1000000);
	assert_int_equal(send(fd, "\x17\xfe\xfd", 3, 0), 3);
	await_counter("stray", 1);
	close(fd);
}

/* From the same port: the one before goes on until the other has shown to be there. */
static void test_dtls_again(void **state)
{
	SSL_CTX *context = dtls_context();
	SSL *first, *second;
	int fd;

	dtls_listen();
	fd = client_connect_by(SOCK_DGRAM);
	first = dtls_connect(context, fd, NULL);
	tls_binding(first, fd, 1);
	second = dtls_connect(context, fd, NULL);
	tls_binding(second, fd, 2);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	assert_int_equal(counter("ended"), 1);
	SSL_free(first);
	dtls_ends(second, fd);
	SSL_CTX_free(context);
}

/* A client that leaves in its handshake is sent its flight again, and then forgotten. */
static void test_dtls_half_open(void **state)
{
	const struct sluice_turn_stream set = {.first_s = 2};
	uint8_t answer[2048];
	int fd;

	dtls_listen();
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	fd = client_connect_by(SOCK_DGRAM);
	hello_send(fd, 1, NULL, 0);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), HELLO_VERIFY_SIZE);
	/* it comes twice, as the network may have it */
	for (int i = 0; i < 2; i++)
		hello_send(fd, 1, answer + HELLO_VERIFY_SIZE - HELLO_COOKIE_SIZE,
		           HELLO_COOKIE_SIZE);
	await_counter("connection", 1);
	await_counter("handshake_failed", 1);
	assert_in_range(counter("retransmitted"), 1, 10);
	assert_int_equal(counter("connection"), 1);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 0);
	close(fd);
}

/* What a record holds is a message, or is dropped; it is no reason to end. */
static void test_dtls_records(void **state)
{
	SSL_CTX *context = dtls_context();
	static uint8_t room[16384];
	SSL *ssl;
	int fd;

	dtls_listen();
	fd = client_connect_by(SOCK_DGRAM);
	ssl = dtls_connect(context, fd, NULL);
	assert_int_equal(SSL_write(ssl, "GE", 2), 2); /* 'G' begins ChannelData */
	assert_int_equal(SSL_write(ssl, "\x16", 1), 1);
	await_counter("no_message", 1);
	/* nobody has shown who it is: little is taken of it */
	assert_int_equal(SSL_write(ssl, room, sizeof(room)), sizeof(room));
	await_counter("lost", 1);
	tls_binding(ssl, fd, 3);
	dtls_ends(ssl, fd);
	SSL_CTX_free(context);
}

static void dtls_ask(SSL *ssl, int fd, struct client_response *response,
                     const struct client_identity *identity)
{
	const struct client_request allocate = {
	        .method = STUN_ALLOCATE, .transport = 17, .transaction = (uint8_t[12]){1}};
	static uint8_t message[512];
	int length = client_request_write(message, sizeof(message), &allocate, identity);

	assert_int_equal(SSL_write(ssl, message, length), length);
	client_await(fd);
	length = SSL_read(ssl, message, sizeof(message));
	assert_true(length > 0);
	assert_true(client_response_read(response, message, (uint16_t)length));
}

static void test_dtls_allocation(void **state)
{
	SSL_CTX *context = dtls_context();
	struct client_identity alice = {"alice", "test", NULL, NULL};
	struct sluice_allocation_row row;
	struct client_response response;
	struct stun_key key;
	uint32_t cursor = 0;
	SSL *ssl;
	int fd;

	turn_configure(scene.rig.dp->turn);
	dtls_listen();
	fd = client_connect_by(SOCK_DGRAM);
	ssl = dtls_connect(context, fd, NULL);
	dtls_ask(ssl, fd, &response, &(struct client_identity){0});
	assert_int_equal(response.error, 401);
	stun_key_long_term(&key, "alice", 5, "test", "secret", 6);
	alice.key = &key;
	alice.nonce = response.nonce;
	dtls_ask(ssl, fd, &response, &alice);
	assert_int_equal(response.error, 0);
	assert_int_equal(allocation_show(scene.rig.dp->turn, &cursor, NULL, &row, 1), 1);
	assert_int_equal(row.transport, SLUICE_TURN_DTLS);
	SSL_shutdown(ssl);
	for (int ms = 0; allocations() != 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
		poll(NULL, 0, 1);
	}
	dtls_ends(ssl, fd);
	SSL_CTX_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(test_dtls),
	        TEST(test_dtls_fragments),
	        TEST(test_dtls_unproven),
	        TEST(test_dtls_again),
	        TEST(test_dtls_half_open),
	        TEST(test_dtls_records),
	        TEST(test_dtls_allocation),
	};

	return cmocka_run_group_tests(tests, stream_eal, NULL);
}
