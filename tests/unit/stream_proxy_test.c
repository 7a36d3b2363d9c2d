/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that come by a proxy: what its header says, in pieces and wrongly, and who may say it. */
#include "stream_fixture.h"

#include "stream/proxy_header.h"
#include "stream/state.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIGNATURE "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
#define TCP4      SIGNATURE "\x21\x11\x00\x0c"
#define TCP6      SIGNATURE "\x21\x21\x00\x24"
/* 203.0.113.9:4660 to 192.0.2.1:443 */
#define PAIR4  "\xcb\x00\x71\x09\xc0\x00\x02\x01\x12\x34\x01\xbb"
#define CLIENT "\xcb\x00\x71\x09\x12\x34"
/* 2001:db8::9 */
#define SOURCE6                                                                                    \
	"\x20\x01\x0d\xb8\x00\x00\x00\x00"                                                         \
	"\x00\x00\x00\x00\x00\x00\x00\x09"
#define PAIR6 SOURCE6 SOURCE6 "\x12\x34\x01\xbb"
#define BYTES(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

struct bytes {
	const char *at;
	uint32_t length;
};

static void test_header(void **state)
{
	static const struct {
		struct bytes bytes;
		enum proxy_header verdict;
		uint32_t whole;
		const char *ip;
	} rows[] = {
	        {BYTES(""), PROXY_HEADER_PART, 0, NULL},
	        {BYTES("\x0d\x0a\x0d"), PROXY_HEADER_PART, 0, NULL},
	        {BYTES(SIGNATURE "\x21\x11\x00"), PROXY_HEADER_PART, 0, NULL},
	        {BYTES(TCP4), PROXY_HEADER_PART, 28, NULL},
	        {BYTES(TCP4 PAIR4), PROXY_HEADER_CLIENT, 28, "\xcb\x00\x71\x09"},
	        {BYTES(TCP6), PROXY_HEADER_PART, 52, NULL},
	        {BYTES(TCP6 PAIR6), PROXY_HEADER_CLIENT, 52, SOURCE6},
	        /* what it says besides of the connection */
	        {BYTES(SIGNATURE "\x21\x11\x00\x0f" PAIR4 "\x04\x00\x00"), PROXY_HEADER_CLIENT, 31,
	         "\xcb\x00\x71\x09"},
	        /* a look at whether we live; a socket of the proxy's host; a datagram's */
	        {BYTES(SIGNATURE "\x20\x00\x00\x00"), PROXY_HEADER_NOBODY, 16, NULL},
	        {BYTES(SIGNATURE "\x20\x11\x00\x0c" PAIR4), PROXY_HEADER_NOBODY, 28, NULL},
	        {BYTES(SIGNATURE "\x21\x31\x00\xd8"), PROXY_HEADER_NOBODY, 232, NULL},
	        {BYTES(SIGNATURE "\x21\x12\x00\x0c" PAIR4), PROXY_HEADER_NOBODY, 28, NULL},
	        /* shorter than its addresses; version 1, another version, another command */
	        {BYTES(SIGNATURE "\x21\x11\x00\x0b" PAIR4), PROXY_HEADER_GARBAGE, 27, NULL},
	        {BYTES("PROXY TCP4 203.0.113.9"), PROXY_HEADER_GARBAGE, 0, NULL},
	        {BYTES(SIGNATURE "\x11\x11\x00\x0c" PAIR4), PROXY_HEADER_GARBAGE, 0, NULL},
	        {BYTES(SIGNATURE "\x22\x11\x00\x0c" PAIR4), PROXY_HEADER_GARBAGE, 0, NULL},
	        {BYTES("\x00\x01\x00\x00\x21\x12\xa4\x42"), PROXY_HEADER_GARBAGE, 0, NULL},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct transport_addr client = {0};
		uint8_t bytes[PROXY_HEADER_READ];
		uint32_t whole = 0;

		memcpy(bytes, rows[i].bytes.at, rows[i].bytes.length);
		assert_int_equal(proxy_header_read(bytes, rows[i].bytes.length, &client, &whole),
		                 rows[i].verdict);
		assert_int_equal(whole, rows[i].whole);
		if (rows[i].ip == NULL)
			continue;
		assert_int_equal(ntohs(client.port), 0x1234);
		if (ip_addr_is_v4(&client.ip))
			assert_memory_equal(&client.ip.words[3], rows[i].ip, 4);
		else
			assert_memory_equal(client.ip.bytes, rows[i].ip, 16);
	}
}

/* -- connections -- */

/* It is there: whose word is taken is changed. */
static void proxy_change(uint32_t transport, uint8_t last, uint8_t length)
{
	struct sluice_turn_listen listen = listen_of(scene.port, transport);

	listen.proxied = 1;
	listen.proxy = listen.addr;
	listen.proxy.port = 0;
	listen.proxy.ip[15] = last;
	listen.proxy_length = length;
	assert_int_equal(
	        turn_listen_add(scene.rig.dp->turn, &listen, SLUICE_API_EXIST_OK, scene.why), 0);
}

static void listen_behind(uint32_t transport, uint8_t last, uint8_t length)
{
	listen_on(transport);
	proxy_change(transport, last, length);
}

static void say(int fd, const char *bytes, size_t length)
{
	assert_int_equal(send(fd, bytes, length, 0), length);
}

/* The client's address in the answer is the one of the header. */
static void mapped_check(int fd, const char *client)
{
	struct client_response response;
	uint8_t message[256];
	uint16_t length = client_message(fd, message);

	assert_true(client_response_read(&response, message, length));
	assert_int_equal(response.class, STUN_SUCCESS);
	assert_memory_equal(&response.mapped.ip.words[3], client, 4);
	assert_memory_equal(&response.mapped.port, client + 4, 2);
}

static void test_client(void **state)
{
	static const char header[] = SIGNATURE "\x21\x11\x00\x40" PAIR4;
	uint8_t request[BINDING_SIZE];
	struct sluice_turn_listen_row row;
	char more[0x40 - 12] = {0};
	uint32_t cursor = 0;
	int fd;

	listen_behind(SLUICE_TURN_TCP, 1, 32);
	binding_make(request, 1);
	fd = client_connect();
	say(fd, TCP4 PAIR4, sizeof(TCP4 PAIR4) - 1);
	say(fd, (const char *)request, sizeof(request));
	mapped_check(fd, CLIENT);
	close(fd);
	await_counter("ended", 1);
	/* in pieces, with what nobody needs behind the addresses; the request comes with the last
	 */
	fd = client_connect();
	for (size_t i = 0; i < sizeof(header) - 1; i++) {
		say(fd, header + i, 1);
		rig_walk(&scene.rig);
	}
	assert_int_equal(stream_connections(scene.rig.dp, 0), 0);
	say(fd, more, sizeof(more));
	say(fd, (const char *)request, sizeof(request));
	mapped_check(fd, CLIENT);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	close(fd);
	await_counter("ended", 2);
	assert_int_equal(turn_listen_show(scene.rig.dp->turn, &cursor, &row, 1), 1);
	assert_string_equal(row.proxy, "127.0.0.1/32");
}

/* A proxy that looks whether we live is a client like another. */
static void test_itself(void **state)
{
	static const char local[] = SIGNATURE "\x20\x00\x00\x00";
	int fd;

	listen_behind(SLUICE_TURN_TCP, 0, 8);
	fd = client_connect();
	say(fd, local, sizeof(local) - 1);
	binding_ask(fd, 3);
	close(fd);
	await_counter("ended", 1);
}

static void test_refused(void **state)
{
	int fd;

	listen_behind(SLUICE_TURN_TCP, 1, 32);
	/* no header, another version's, one that ends too early */
	fd = client_connect();
	say(fd, "\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("proxy_header", 1);
	fd = client_connect();
	say(fd, "PROXY TCP4 203.0.113.9 192.0.2.1 4660 443\r\n", 43);
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("proxy_header", 2);
	fd = client_connect();
	say(fd, TCP4, sizeof(TCP4) - 1);
	close(fd);
	await_counter("ended", 1);
	/* in silence, for too long */
	fd = client_connect();
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("proxy_header", 3);
	assert_int_equal(counter("connection"), 0);
}

static void test_stranger(void **state)
{
	int fd;

	listen_behind(SLUICE_TURN_TCP, 2, 32);
	fd = client_connect();
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("proxy_refused", 1);
	assert_int_equal(counter("connection"), 0);
}

/* `gate deny` is asked of the client, and not of its proxy. */
static void test_denied(void **state)
{
	int fd;

	listen_behind(SLUICE_TURN_TCP, 1, 32);
	loopback_deny(GATE_MODE_ENFORCE);
	fd = client_connect();
	say(fd, TCP4 PAIR4, sizeof(TCP4 PAIR4) - 1);
	binding_ask(fd, 7);
	network_deny(GATE_MODE_ENFORCE, 203);
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("denied", 1);
	fd = client_connect();
	say(fd, TCP4 PAIR4, sizeof(TCP4 PAIR4) - 1);
	assert_true(client_is_closed(fd));
	close(fd);
	await_counter("denied", 2);
	assert_int_equal(counter("connection"), 1);
}

static void pending_count(struct stream_thread *thread, void *arg)
{
	*(uint32_t *)arg += thread->n_proxied;
}

/* So many have been accepted, and have not said yet whose they are. */
static void pending_await(uint32_t count)
{
	const struct streams *streams = scene.rig.dp->streams;
	uint32_t pending = 0;

	for (int ms = 0; pending != count; ms++) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 1);
		pending = 0;
		for (uint32_t i = 0; i < streams->n_threads; i++)
			stream_call(streams->threads[i], pending_count, &pending);
	}
}

/* Who is about to say whose it is goes on: its proxy was one when it came. */
static void test_changed(void **state)
{
	struct sluice_turn_listen listen;
	uint8_t request[BINDING_SIZE];
	int before, between, after;

	listen_behind(SLUICE_TURN_TCP, 1, 32);
	binding_make(request, 1);
	before = client_connect();
	say(before, TCP4, sizeof(TCP4) - 1);
	between = client_connect();
	say(between, TCP4, sizeof(TCP4) - 1);
	pending_await(2);
	proxy_change(SLUICE_TURN_TCP, 2, 32);
	say(before, PAIR4, sizeof(PAIR4) - 1);
	say(before, (const char *)request, sizeof(request));
	mapped_check(before, CLIENT);
	after = client_connect();
	assert_true(client_is_closed(after));
	close(after);
	await_counter("proxy_refused", 1);
	/* nobody comes by a proxy any more */
	listen = listen_of(scene.port, SLUICE_TURN_TCP);
	assert_int_equal(
	        turn_listen_add(scene.rig.dp->turn, &listen, SLUICE_API_EXIST_OK, scene.why), 0);
	say(between, PAIR4, sizeof(PAIR4) - 1);
	say(between, (const char *)request, sizeof(request));
	mapped_check(between, CLIENT);
	after = client_connect();
	binding_ask(after, 9);
	close(before);
	close(between);
	close(after);
	await_counter("ended", 3);
}

/* TLS begins right behind the header. */
static void test_tls(void **state)
{
	static const char *const names[] = {"turn.test"};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	int fd, done;

	certificates_put(names, 1);
	listen_behind(SLUICE_TURN_TLS, 1, 32);
	fd = client_connect();
	say(fd, TCP4 PAIR4, sizeof(TCP4 PAIR4) - 1);
	SSL_set_fd(ssl, fd);
	done = SSL_connect(ssl);
	/* its thread answers by itself */
	assert_int_equal(done, 1);
	tls_binding(ssl, fd, 5);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
}

/* The listener goes while a header is on its way. */
static void test_listener_ends(void **state)
{
	struct sluice_turn_listen listen;
	int fd;

	listen_behind(SLUICE_TURN_TCP, 1, 32);
	fd = client_connect();
	say(fd, TCP4, sizeof(TCP4) - 1);
	listen = listen_of(scene.port, SLUICE_TURN_TCP);
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &listen, scene.why), 0);
	assert_true(client_is_closed(fd));
	close(fd);
}

/* Its place is another's, which has no proxy. */
static void test_place_again(void **state)
{
	struct sluice_turn_listen_row row;
	struct sluice_turn_listen listen;
	uint32_t cursor = 0;
	int fd;

	listen_behind(SLUICE_TURN_TCP, 2, 32);
	listen = listen_of(scene.port, SLUICE_TURN_TCP);
	assert_int_equal(turn_listen_delete(scene.rig.dp->turn, &listen, scene.why), 0);
	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	binding_ask(fd, 4);
	assert_int_equal(stream_connections(scene.rig.dp, 0), 1);
	assert_int_equal(turn_listen_show(scene.rig.dp->turn, &cursor, &row, 1), 1);
	assert_string_equal(row.proxy, "");
	close(fd);
	await_counter("ended", 1);
}

static void test_configuration(void **state)
{
	struct sluice_turn_listen listen = listen_of(3478, SLUICE_TURN_UDP);

	listen.proxied = 1;
	listen.proxy = listen.addr;
	listen.proxy_length = 8;
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EINVAL);
	assert_non_null(strstr(scene.why, "tcp or tls"));
	listen.transport = SLUICE_TURN_TCP;
	listen.proxy_length = 33;
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EINVAL);
	assert_non_null(strstr(scene.why, "prefix length 33"));
	/* ::/0 holds no client of an IPv4 address, and the other way round */
	memset(&listen.proxy, 0, sizeof(listen.proxy));
	listen.proxy_length = 0;
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EINVAL);
	assert_string_equal(scene.why, "clients of an IPv4 address have no IPv6 proxy");
	listen.proxy = listen.addr;
	memset(listen.addr.ip, 0, sizeof(listen.addr.ip));
	listen.addr.ip[15] = 1;
	assert_int_equal(turn_listen_add(scene.rig.dp->turn, &listen, 0, scene.why), -EINVAL);
	assert_string_equal(scene.why, "clients of an IPv6 address have no IPv4 proxy");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_header),
	        TEST(test_client),
	        TEST(test_itself),
	        TEST(test_refused),
	        TEST(test_stranger),
	        TEST(test_denied),
	        TEST(test_changed),
	        TEST(test_tls),
	        TEST(test_listener_ends),
	        TEST(test_place_again),
	        TEST(test_configuration),
	};

	return cmocka_run_group_tests(tests, stream_eal, NULL);
}
