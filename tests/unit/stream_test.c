/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN over TCP: what clients say in pieces, in crowds, wrongly and too slowly. */
#include "stream_fixture.h"

#include "client.h"
#include "gate/gate.h"
#include "rig.h"
#include "stream/hello.h"
#include "stream/stream.h"
#include "turn/state.h"
#include "turn/turn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>

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

/* The same request again with the nonce that it lacked. */
static void say(int fd, struct client_request *request, struct client_identity *identity,
                struct client_response *response)
{
	static uint8_t number;
	uint8_t message[512];

	do {
		uint16_t length;

		request->transaction = (uint8_t[12]){++number};
		length = client_request_write(message, sizeof(message), request, identity);
		assert_true(length > 0);
		assert_int_equal(send(fd, message, length, 0), length);
		length = client_message(fd, message);
		assert_true(client_response_read(response, message, length));
		identity->nonce = response->has_nonce ? response->nonce : identity->nonce;
	} while (response->error == 438);
}

/* alice's, with an allocation. */
static int client_allocated(struct client_identity *alice, struct stun_key *key)
{
	struct client_request allocate = {.method = STUN_ALLOCATE, .transport = IPPROTO_UDP};
	static struct client_response challenge; /* has the nonce */
	struct client_response response;
	int fd;

	*alice = (struct client_identity){"alice", "test", NULL, NULL};
	turn_configure(scene.rig.dp->turn);
	listen_on(SLUICE_TURN_TCP);
	fd = client_connect();
	ask(fd, &challenge, &(struct client_identity){0});
	stun_key_long_term(key, "alice", 5, "test", "secret", 6);
	alice->key = key;
	alice->nonce = challenge.nonce;
	say(fd, &allocate, alice, &response);
	assert_int_equal(response.error, 0);
	assert_int_equal(allocations(), 1);
	return fd;
}

/* What a client says last, and its end, come to the worker at once: first the one, then the other.
 */
static void test_goodbye(void **state)
{
	const struct client_request refresh = {
	        .method = STUN_REFRESH, .lifetime = true, .transaction = (uint8_t[12]){99}};
	struct client_identity alice;
	uint8_t message[512];
	struct stun_key key;
	uint16_t length;
	int fd = client_allocated(&alice, &key);

	length = client_request_write(message, sizeof(message), &refresh, &alice);
	assert_int_equal(send(fd, message, length, 0), length);
	close(fd);
	for (int ms = 0; counter("ended") == 0; ms++) {
		assert_true(ms < PATIENCE_MS);
		poll(NULL, 0, 1);
	}
	rig_walk(&scene.rig);
	rig_walk(&scene.rig);
	assert_int_equal(turn_counter_sum(scene.rig.dp->turn, TURN_ALLOCATION_DELETED), 1);
	assert_int_equal(turn_counter_sum(scene.rig.dp->turn, TURN_ALLOCATION_LEFT), 0);
}

/* A connection's number comes again: what is for a client that has gone is not the next one's. */
static void test_another_of_the_number(void **state)
{
	struct dataplane *dp = scene.rig.dp;
	struct client_identity alice;
	struct rte_mbuf *mbuf;
	struct stun_key key;
	struct packet *packet;
	int fd = client_allocated(&alice, &key);
	uint32_t index = 1;

	while (dp->turn->allocations[index].client.connection == 0)
		index++;
	mbuf = rte_pktmbuf_alloc(dp->pool);
	assert_non_null(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, 8),
	       "\x40\x00\x00\x04"
	       "data",
	       8);
	packet = packet_of(mbuf);
	memset(packet, 0, sizeof(*packet));
	packet->flow.connection = dp->turn->allocations[index].client.connection;
	packet->dst = dp->turn->allocations[index].client.src;
	packet->dst_port = dp->turn->allocations[index].client.src_port ^ 1;
	assert_int_equal(stream_send(dp->workers[0], &mbuf, 1), 1);
	await_counter("gone", 1);
	assert_int_equal(recv(fd, &(uint8_t){0}, 1, MSG_DONTWAIT), -1);
	close(fd);
}

/* By another connection, whose messages another worker gets at first: the allocation stays where it
 * is, and they go there from then on (RFC 8016). */
static void test_moves(void **state)
{
	const struct sluice_turn_mobility on = {1};
	struct client_request allocate = {
	        .method = STUN_ALLOCATE, .transport = IPPROTO_UDP, .mobile = true};
	struct client_request refresh = {
	        .method = STUN_REFRESH, .lifetime = true, .lifetime_s = 600};
	struct client_identity alice = {"alice", "test", NULL, NULL};
	struct client_response first, challenge, response;
	struct sluice_allocation_row row;
	struct sockaddr_in own;
	struct stun_key key;
	socklen_t size = sizeof(own);
	uint32_t cursor = 0;
	int wlan, phone;

	turn_configure(scene.rig.dp->turn);
	assert_int_equal(turn_mobility_set(scene.rig.dp->turn, &on, scene.why), 0);
	listen_on(SLUICE_TURN_TCP);
	wlan = client_connect();
	ask(wlan, &challenge, &(struct client_identity){0});
	stun_key_long_term(&key, "alice", 5, "test", "secret", 6);
	alice.key = &key;
	alice.nonce = challenge.nonce;
	say(wlan, &allocate, &alice, &first);
	assert_int_equal(first.error, 0);
	assert_true(first.has_ticket);

	phone = client_connect();
	refresh.ticket = first.ticket;
	say(phone, &refresh, &alice, &response);
	assert_int_equal(response.error, 0);
	assert_true(response.has_ticket);
	refresh.ticket = NULL;
	say(phone, &refresh, &alice, &response);
	assert_int_equal(response.error, 0);
	assert_int_equal(getsockname(phone, (void *)&own, &size), 0);
	assert_int_equal(allocation_show(scene.rig.dp->turn, &cursor, NULL, &row, 1), 1);
	assert_int_equal(row.client.port, own.sin_port);

	/* without any connection it waits for the next one */
	close(wlan);
	await_counter("ended", 1);
	rig_walk(&scene.rig);
	assert_int_equal(allocations(), 1);
	say(phone, &refresh, &alice, &response);
	assert_int_equal(response.error, 0);
	refresh.lifetime_s = 0;
	say(phone, &refresh, &alice, &response);
	assert_int_equal(response.error, 0);
	assert_int_equal(allocations(), 0);
	close(phone);
}

static int setup_two(void **state)
{
	struct options options;

	options_default(&options);
	options.mbufs = 1023;
	options.workers = 2;
	options.stream_connections = 16;
	if (rig_create(&scene.rig, &options) != 0)
		return -1;
	turn_tick(scene.rig.dp->turn, 1800000000);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(test_pieces),
	        TEST(test_many_at_once),
	        TEST(test_wrong),
	        TEST(test_bounds),
	        TEST(test_denied),
	        TEST(test_listener_ends),
	        TEST(test_slow),
	        TEST(test_unread),
	        TEST(test_draining_keeps),
	        TEST(test_allocation_ends),
	        TEST(test_goodbye),
	        TEST(test_another_of_the_number),
	        cmocka_unit_test_setup_teardown(test_moves, setup_two, teardown),
	};

	return cmocka_run_group_tests(tests, stream_eal, NULL);
}
