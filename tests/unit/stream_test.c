/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TURN over TCP, TLS and DTLS on loopback: a stream thread that runs, and a worker that this thread
 * walks. What clients say in pieces, in crowds, wrongly and too slowly.
 */
#include "client.h"
#include "gate/gate.h"
#include "rig.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "port_find.h"

#define BINDING_SIZE 20
#define PATIENCE_MS  30000

struct scene {
	struct rig rig;
	uint16_t port;
	char why[SLUICE_API_ERROR_MAX];
};

static struct scene scene;

/* -- the server -- */

static struct sluice_turn_listen listen_of(uint16_t port, uint32_t transport)
{
	return (struct sluice_turn_listen){
	        .addr = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = htons(port)},
	        .transport = transport,
	};
}

static void listen_on(uint32_t transport)
{
	struct sluice_turn_listen listen;

	scene.port = port_find();
	listen = listen_of(scene.port, transport);
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), 0);
}

static int setup(void **state)
{
	struct options options;

	options_default(&options);
	options.mbufs = 1023;
	options.stream_connections = 16;
	if (rig_create(&scene.rig, &options) != 0)
		return -1;
	turn_tick(scene.rig.dp->turn, 1800000000);
	return 0;
}

static int teardown(void **state)
{
	rig_destroy(&scene.rig);
	return 0;
}

static uint64_t counter(const char *name)
{
	for (uint32_t i = 0; i < stream_counters_count; i++)
		if (strcmp(stream_counter_infos[i].name, name) == 0)
			return stream_counter_sum(scene.rig.dp, i);
	fail_msg("no counter %s", name);
	return 0;
}

/* -- a client -- */

static int client_connect_by(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_port = htons(scene.port),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type, 0);

	assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
	return fd;
}

static int client_connect(void)
{
	return client_connect_by(SOCK_STREAM);
}

/* The worker walks until the socket has something, or its end. */
static void client_await(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (int ms = 0; poll(&poll_fd, 1, 1) == 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
	}
}

static void client_read(int fd, uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		ssize_t got;

		client_await(fd);
		got = recv(fd, bytes + at, length - at, 0);
		assert_true(got > 0);
		at += (size_t)got;
	}
}

/* One message, and what fills it up. */
static uint16_t client_message(int fd, uint8_t *message)
{
	uint16_t length;

	client_read(fd, message, STUN_HEADER_SIZE);
	length = (uint16_t)(message[2] << 8 | message[3]);
	client_read(fd, message + STUN_HEADER_SIZE, length);
	return STUN_HEADER_SIZE + length;
}

static bool client_is_closed(int fd)
{
	uint8_t byte;

	client_await(fd);
	return recv(fd, &byte, 1, 0) <= 0;
}

static void await_counter(const char *name, uint64_t value)
{
	for (int ms = 0; counter(name) < value; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
		poll(NULL, 0, 1);
	}
}

static void binding_make(uint8_t request[BINDING_SIZE], uint8_t number)
{
	const struct client_request binding = {.method = STUN_BINDING,
	                                       .transaction = (uint8_t[12]){number}};
	const struct client_identity nobody = {0};

	assert_int_equal(client_request_write(request, BINDING_SIZE, &binding, &nobody),
	                 BINDING_SIZE);
}

static void binding_check(const uint8_t *message, uint16_t length, uint8_t number)
{
	struct client_response response;

	assert_true(client_response_read(&response, message, length));
	assert_int_equal(response.class, STUN_SUCCESS);
	assert_int_equal(message[8], number);
}

/* -- TCP -- */

static void test_pieces(void **state)
{
	uint8_t request[BINDING_SIZE], message[256];
	int fd;

	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	binding_make(request, 1);
	for (int i = 0; i < BINDING_SIZE; i++) {
		assert_int_equal(send(fd, request + i, 1, 0), 1);
		rig_walk(&scene.rig);
	}
	binding_check(message, client_message(fd, message), 1);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	close(fd);
	await_counter("ended", 1);
}

static void test_many_at_once(void **state)
{
	uint8_t requests[200][BINDING_SIZE], message[256];
	int fd;

	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	for (int i = 0; i < 200; i++)
		binding_make(requests[i], (uint8_t)i);
	assert_int_equal(send(fd, requests, sizeof(requests), 0), sizeof(requests));
	for (int i = 0; i < 200; i++)
		binding_check(message, client_message(fd, message), (uint8_t)i);
	close(fd);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *counter;
	} rows[] = {
	        {"GET / HTTP/1.1\r\n\r\n", 18, "closed_too_long"},
	        {"\x16\x03\x01\x02\x00", 5, "closed_garbage"},
	        {"\x00\x01\xff\xfc\x21\x12\xa4\x42", 8, "closed_too_long"},
	        {"\x00\x01\x00\x00\x21\x12\xa4\x43", 8, "closed_garbage"},
	        {"\x40\x00\xff\xff", 4, "closed_too_long"},
	};

	listen_on(SLUICE_TURN_TCP);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint64_t before = counter(rows[i].counter);
		int fd = client_connect();

		assert_int_equal(send(fd, rows[i].bytes, rows[i].length, 0), rows[i].length);
		assert_true(client_is_closed(fd));
		assert_int_equal(counter(rows[i].counter), before + 1);
		close(fd);
	}
	assert_int_equal(stream_connections(scene.rig.dp, 0), 0);
}

static void test_bounds(void **state)
{
	const struct sluice_turn_stream set = {.source = 3, .first_s = 1};
	const struct sluice_turn_stream wrong = {.first_s = UINT32_MAX};
	int fds[4];

	listen_on(SLUICE_TURN_TCP);
	assert_int_equal(stream_set(scene.rig.dp, &wrong, scene.why), -EINVAL);
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	for (int i = 0; i < 4; i++)
		fds[i] = client_connect();
	assert_true(client_is_closed(fds[3]));
	await_counter("refused_source", 1);
	/* none of the others makes an allocation */
	for (int i = 0; i < 3; i++)
		assert_true(client_is_closed(fds[i]));
	await_counter("closed_first", 3);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* The gate's list, as the control plane gives it. */
static void loopback_deny(uint32_t mode)
{
	struct gate *gate = scene.rig.dp->gate;
	struct gate_compiled compiled = gate_compiled_now(gate);
	const struct gate_lpm_key key = {.length = 96 + 8, .ip = {[10] = 0xff, 0xff, 127, 0, 0, 0}};

	compiled.config.mode = mode;
	compiled.config.flags |= GATE_FLAG_DENY;
	compiled.denied = 1;
	assert_int_equal(gate_set(gate, &compiled, &key, scene.why), 0);
}

static void binding_ask(int fd, uint8_t number)
{
	uint8_t message[256], request[BINDING_SIZE];

	binding_make(request, number);
	assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
	binding_check(message, client_message(fd, message), number);
}

/* Who is denied is refused, and closed where it is connected: where the gate enforces. */
static void test_denied(void **state)
{
	struct gate_compiled all;
	int fd;

	listen_on(SLUICE_TURN_TCP);
	loopback_deny(GATE_MODE_OBSERVE);
	fd = client_connect();
	binding_ask(fd, 1);
	loopback_deny(GATE_MODE_ENFORCE);
	assert_true(client_is_closed(fd));
	close(fd);
	assert_int_equal(counter("denied"), 1);
	fd = client_connect();
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("denied", 2);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 0);
	all = gate_compiled_now(scene.rig.dp->gate);
	assert_int_equal(gate_set(scene.rig.dp->gate, &all, NULL, scene.why), 0);
	fd = client_connect();
	binding_ask(fd, 2);
	close(fd);
	assert_int_equal(counter("denied"), 2);
}

static void test_listener_ends(void **state)
{
	struct sluice_turn_listen listen;
	int fd;

	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	binding_ask(fd, 9);
	listen = listen_of(scene.port, SLUICE_TURN_UDP);
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &listen, scene.why), -ENOENT);
	listen.transport = SLUICE_TURN_TCP;
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EEXIST);
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &listen, scene.why), 0);
	assert_true(client_is_closed(fd));
	close(fd);
}

/* Who sends and does not read is answered as long as there is room, and then no more. */
static void test_slow(void **state)
{
	const struct sluice_turn_stream set = {.queue = 16384};
	uint8_t requests[64][BINDING_SIZE];
	int fd, room = 2048;

	listen_on(SLUICE_TURN_TCP);
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	fd = client_connect();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (int i = 0; i < 64; i++)
		binding_make(requests[i], (uint8_t)i);
	for (int i = 0; counter("slow") == 0; i++) {
		assert_true(i < PATIENCE_MS);
		send(fd, requests, sizeof(requests), MSG_DONTWAIT);
		rig_walk(&scene.rig);
		poll(NULL, 0, 1);
	}
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	assert_int_equal(counter("cut"), 0);
	close(fd);
	await_counter("cut", 1);
}

/* What waits for the worker when its client has gone is counted, as it is dropped. */
static void test_unread(void **state)
{
	const struct linger none = {.l_onoff = 1};
	uint8_t requests[64][BINDING_SIZE];
	int fd;

	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	for (int i = 0; i < 64; i++)
		binding_make(requests[i], (uint8_t)i);
	/* the worker does not walk */
	for (int ms = 0; counter("blocked") == 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		send(fd, requests, sizeof(requests), MSG_DONTWAIT);
		poll(NULL, 0, 1);
	}
	assert_int_equal(counter("unread"), 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
	for (int ms = 0; counter("unread") == 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 1);
	}
	await_counter("ended", 1);
	assert_int_equal(counter("unread"), 1);
}

/* -- allocations -- */

static void turn_configure(struct turn *turn)
{
	const struct sluice_turn_realm realm = {"test"};
	const struct sluice_turn_user user = {"alice", "secret"};
	const struct sluice_turn_relay relay = {
	        .addr = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 2}},
	        .first_port = 50000,
	        .last_port = 50009,
	};

	assert_int_equal(turn_realm_set(turn, &realm, scene.why), 0);
	assert_int_equal(turn_user_add(turn, &user, 0, scene.why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, 0, scene.why), 0);
}

static void ask(int fd, struct client_response *response, const struct client_identity *identity)
{
	const struct client_request allocate = {
	        .method = STUN_ALLOCATE, .transport = 17, .transaction = (uint8_t[12]){1}};
	uint8_t message[512];
	uint16_t length = client_request_write(message, sizeof(message), &allocate, identity);

	assert_int_equal(send(fd, message, length, 0), length);
	length = client_message(fd, message);
	assert_true(client_response_read(response, message, length));
}

static uint32_t allocations(void)
{
	struct sluice_turn_row row;

	turn_show(scene.rig.dp->turn, &row);
	return row.allocations;
}

/* It would go on with TCP where the other node takes datagrams. */
static void test_draining_keeps(void **state)
{
	static const struct sluice_turn_alternates other = {
	        .draining = 1,
	        .count = 1,
	        .list = {{.addr4 = {.ip = {[10] = 0xff, 0xff, 203, 0, 113, 1}}}},
	};
	struct client_response response;
	int fd;

	turn_configure(scene.rig.dp->turn);
	assert_int_equal(turn_alternates_set(scene.rig.dp->turn, &other, scene.why), 0);
	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	ask(fd, &response, &(struct client_identity){0});
	assert_int_equal(response.error, 401);
	close(fd);
}

static void test_allocation_ends(void **state)
{
	struct sluice_allocation_row row;
	struct client_response response;
	struct client_identity alice = {"alice", "test", NULL, NULL};
	struct stun_key key;
	uint32_t cursor = 0;
	int fd;

	turn_configure(scene.rig.dp->turn);
	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	ask(fd, &response, &(struct client_identity){0});
	assert_int_equal(response.error, 401);
	stun_key_long_term(&key, "alice", 5, "test", "secret", 6);
	alice.key = &key;
	alice.nonce = response.nonce;
	ask(fd, &response, &alice);
	assert_int_equal(response.error, 0);
	assert_int_equal(ntohs(response.relayed[0].port) / 10, 5000);
	assert_int_equal(allocations(), 1);
	assert_int_equal(allocation_show(scene.rig.dp->turn, &cursor, NULL, &row, 1), 1);
	assert_int_equal(row.transport, SLUICE_TURN_TCP);
	close(fd);
	for (int ms = 0; allocations() != 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		rig_walk(&scene.rig);
		poll(NULL, 0, 1);
	}
}

/* -- TLS -- */

static size_t pem_write(BIO *bio, char *room, size_t size)
{
	int length = BIO_read(bio, room, (int)size);

	assert_true(length > 0);
	BIO_free(bio);
	return (size_t)length;
}

static void certificate_make(struct sluice_turn_certificate_put *put, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *text = BIO_new(BIO_s_mem());

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(text, x509);
	put->certificate_length = (uint32_t)pem_write(text, put->text, sizeof(put->text));
	text = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL);
	put->key_length = (uint32_t)pem_write(text, put->text + put->certificate_length,
	                                      sizeof(put->text) - put->certificate_length);
	snprintf(put->name, sizeof(put->name), "%s", name);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void certificates_put(const char *const *names, uint32_t count)
{
	static struct sluice_turn_certificate_put put;

	for (uint32_t i = 0; i < count; i++) {
		put = (struct sluice_turn_certificate_put){.index = i, .count = count};
		certificate_make(&put, names[i]);
		assert_int_equal(stream_certificate_put(scene.rig.dp, &put, scene.why), 0);
	}
}

static SSL *tls_connect(SSL_CTX *context, int fd, const char *name, int version)
{
	SSL *ssl = SSL_new(context);

	SSL_set_fd(ssl, fd);
	SSL_set_max_proto_version(ssl, version);
	if (name != NULL)
		SSL_set_tlsext_host_name(ssl, name);
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static void tls_ask(SSL *ssl, uint8_t number)
{
	uint8_t request[BINDING_SIZE];

	binding_make(request, number);
	assert_int_equal(SSL_write(ssl, request, sizeof(request)), sizeof(request));
}

static void tls_answered(SSL *ssl, int fd, uint8_t number)
{
	uint8_t message[256];
	int length;

	client_await(fd);
	length = SSL_read(ssl, message, sizeof(message));
	binding_check(message, (uint16_t)length, number);
}

static void tls_binding(SSL *ssl, int fd, uint8_t number)
{
	tls_ask(ssl, number);
	tls_answered(ssl, fd, number);
}

static void tls_shown(SSL_CTX *context, const char *asked, int version, const char *wanted)
{
	int fd = client_connect();
	SSL *ssl = tls_connect(context, fd, asked, version);
	X509 *certificate;
	char name[64];

	assert_non_null(ssl);
	certificate = SSL_get1_peer_certificate(ssl);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
	                          sizeof(name));
	X509_free(certificate);
	assert_string_equal(name, wanted);
	tls_binding(ssl, fd, 5);
	SSL_free(ssl);
	close(fd);
}

static void test_tls(void **state)
{
	static const char *const first[] = {"one.example", "two.example"}, *const next[] = {
	                                                                           "three"};
	static struct sluice_turn_certificate_put wrong = {.count = 1, .text = "none"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *old;
	int fd;

	listen_on(SLUICE_TURN_TLS);
	fd = client_connect();
	assert_null(tls_connect(context, fd, NULL, TLS1_3_VERSION)); /* no certificate yet */
	close(fd);
	certificates_put(first, 2);
	tls_shown(context, NULL, TLS1_3_VERSION, "one.example");
	tls_shown(context, "two.example", TLS1_3_VERSION, "two.example");
	tls_shown(context, "TWO.example", TLS1_2_VERSION, "two.example");
	tls_shown(context, "another", TLS1_2_VERSION, "one.example");
	fd = client_connect();
	assert_null(tls_connect(context, fd, NULL, TLS1_1_VERSION));
	close(fd);

	/* what is there goes on under what it began with; what is wrong changes nothing */
	fd = client_connect();
	old = tls_connect(context, fd, NULL, TLS1_3_VERSION);
	assert_non_null(old);
	certificates_put(next, 1);
	wrong.certificate_length = 4;
	assert_int_equal(stream_certificate_put(scene.rig.dp, &wrong, scene.why), -EINVAL);
	tls_shown(context, "two.example", TLS1_3_VERSION, "three");
	tls_binding(old, fd, 6);
	SSL_free(old);
	close(fd);
	SSL_CTX_free(context);
}

/* Handshake messages without end are neither data nor an end, and no reason to go on reading. */
static void shakes_on(int (*again)(SSL *ssl), int version)
{
	static const char *const names[] = {"one.example"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	uint64_t before = counter("closed_handshakes");
	SSL *ssl;
	int fd;

	certificates_put(names, 1);
	fd = client_connect();
	ssl = tls_connect(context, fd, NULL, version);
	assert_non_null(ssl);
	tls_binding(ssl, fd, 7);
	for (int i = 0; counter("closed_handshakes") == before; i++) {
		assert_true(i < PATIENCE_MS);
		again(ssl);
		poll(NULL, 0, 1);
	}
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(context);
}

static int key_update(SSL *ssl)
{
	return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 ? SSL_do_handshake(ssl) : 0;
}

static void test_key_updates(void **state)
{
	listen_on(SLUICE_TURN_TLS);
	shakes_on(key_update, TLS1_3_VERSION);
}

/* What comes in one segment with a change of keys is read under the next ones, and at once. */
static void test_key_update_and_data(void **state)
{
	static const char *const names[] = {"one.example"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd;

	listen_on(SLUICE_TURN_TLS);
	certificates_put(names, 1);
	fd = client_connect();
	ssl = tls_connect(context, fd, NULL, TLS1_3_VERSION);
	assert_non_null(ssl);
	for (uint8_t number = 1; number <= 10; number++) {
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){1}, sizeof(int)), 0);
		assert_int_equal(key_update(ssl), 1);
		assert_int_equal(key_update(ssl), 1);
		tls_ask(ssl, number);
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int)), 0);
		tls_answered(ssl, fd, number);
	}
	assert_int_equal(counter("closed_handshakes"), 0);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(context);
}

/* A handshake that is begun and not gone on with has its own, short time. */
static void test_half_open(void **state)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x01\xff\x00\x03\x03";
	static const char *const names[] = {"one.example"};
	const struct sluice_turn_stream set = {.first_s = 1};
	int fd;

	listen_on(SLUICE_TURN_TLS);
	certificates_put(names, 1);
	assert_int_equal(stream_set(scene.rig.dp, &set, scene.why), 0);
	fd = client_connect();
	assert_int_equal(send(fd, hello, sizeof(hello) - 1, 0), sizeof(hello) - 1);
	assert_true(client_is_closed(fd));
	await_counter("handshake_failed", 1);
	assert_int_equal(counter("closed_first"), 0);
	close(fd);
}

/* -- DTLS -- */

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
	        cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_listener_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_unread, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_draining_keeps, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_allocation_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_key_updates, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_key_update_and_data, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_half_open, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_fragments, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_unproven, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_half_open, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_records, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dtls_allocation, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN); /* as the dataplane has it */
	return rig_eal("stream", 192, false) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
