/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocate and Refresh: each check and each error of RFC 8656, 7.2 and 8.2. */
#include "turn_fixture.h"

#include "turn/reservation.h"

#include <stdlib.h>

#define PEER  "198.51.100.7"
#define PEER6 "2001:db8:5::7"

static struct fixture *server;
static struct client *alice;

static int setup(void **state)
{
	server = fixture_create(64, 2048, 256, 1);
	alice = client_create(server, "198.51.100.1", 4000, "alice", "secret1");
	return 0;
}

static int teardown(void **state)
{
	client_free(alice);
	fixture_destroy(server);
	return 0;
}

/* -- Allocate -- */

static void test_allocate(void **state)
{
	struct transport_addr relayed, mapped;
	struct allocation *allocation;

	assert_int_equal(allocate(alice), 0);
	assert_true(answer_signed(alice));
	assert_int_equal(answer_u32(alice, STUN_ATTR_LIFETIME), 600);
	relayed = answer_addr(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	assert_null(answer(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 1, NULL));
	mapped = transport("192.0.2.2", 0);
	assert_memory_equal(&relayed.ip, &mapped.ip, sizeof(mapped.ip));
	assert_in_range(ntohs(relayed.port), 50000, 50099);
	mapped = answer_addr(alice, STUN_ATTR_XOR_MAPPED_ADDRESS, 0);
	assert_true(ip_addr_equal(&mapped.ip, &alice->flow.src));
	allocation = allocation_of(alice);
	assert_int_equal(allocation->expires, 1600);
	assert_int_equal(relay_port_owner(&server->dp.turn->relays[0], ntohs(relayed.port)),
	                 allocation_index(server->dp.turn, allocation));
	assert_string_equal(allocation->user, "alice");
	/* the same request again: the same answer, and nothing new */
	mapped = relayed;
	assert_int_equal(send_again(alice), 0);
	relayed = answer_addr(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	assert_int_equal(relayed.port, mapped.port);
	assert_int_equal(server->dp.turn->n_allocations, 1);
	assert_int_equal(counted(server, TURN_RETRANSMITTED), 1);
	/* another one */
	assert_int_equal(allocate(alice), 437);
	assert_true(answer_signed(alice));
}

struct allocate_row {
	const char *what;
	int code;
	int transport;  /* -1: none */
	int family;     /* REQUESTED-ADDRESS-FAMILY, 0: none */
	int additional; /* ADDITIONAL-ADDRESS-FAMILY, 0: none */
	int even;       /* -1: none; the value's byte */
	int token;      /* RESERVATION-TOKEN: 1 */
	int relayed;    /* addresses in the answer */
};

static const struct allocate_row allocate_rows[] = {
        {"plain", 0, 17, 0, 0, -1, 0, 1},
        {"no transport", 400, -1, 0, 0, -1, 0, 0},
        {"TCP", 442, 6, 0, 0, -1, 0, 0},
        {"transport 0", 442, 0, 0, 0, -1, 0, 0},
        {"IPv4", 0, 17, 1, 0, -1, 0, 1},
        {"IPv6", 0, 17, 2, 0, -1, 0, 1},
        {"family 3", 440, 17, 3, 0, -1, 0, 0},
        {"both", 0, 17, 0, 2, -1, 0, 2},
        {"IPv4 added", 400, 17, 0, 1, -1, 0, 0},
        {"family 9 added", 400, 17, 0, 9, -1, 0, 0},
        {"requested and added", 400, 17, 1, 2, -1, 0, 0},
        {"even", 0, 17, 0, 0, 0x00, 0, 1},
        {"even, IPv6", 0, 17, 2, 0, 0x00, 0, 1},
        {"pair", 0, 17, 0, 0, 0x80, 0, 1},
        {"even, both", 0, 17, 0, 2, 0x00, 0, 2},
        {"pair, both", 400, 17, 0, 2, 0x80, 0, 0},
        {"unknown token", 508, 17, 0, 0, -1, 1, 0},
        {"token and even", 400, 17, 0, 0, 0x00, 1, 0},
        {"token and family", 400, 17, 1, 0, -1, 1, 0},
        {"token and added family", 400, 17, 0, 2, -1, 1, 0},
};

static void allocate_row_ask(struct client *client, const struct allocate_row *row)
{
	uint8_t even = row->even;

	ask(client, STUN_ALLOCATE);
	if (row->transport >= 0)
		stun_put_u32(&client->writer, STUN_ATTR_REQUESTED_TRANSPORT,
		             (uint32_t)row->transport << 24);
	if (row->family != 0)
		ask_family(client, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, row->family);
	if (row->additional != 0)
		ask_family(client, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, row->additional);
	if (row->even >= 0)
		ask_bytes(client, STUN_ATTR_EVEN_PORT, &even, 1);
	if (row->token)
		ask_bytes(client, STUN_ATTR_RESERVATION_TOKEN, "tokentok", 8);
	ask_bytes(client, STUN_ATTR_DONT_FRAGMENT, NULL, 0);
}

static void test_allocate_rows(void **state)
{
	for (size_t i = 0; i < RTE_DIM(allocate_rows); i++) {
		const struct allocate_row *row = &allocate_rows[i];
		struct client *client =
		        client_create(server, "198.51.100.1", 7000 + i, "alice", "secret1");
		int n = 0;

		allocate_row_ask(client, row);
		if (send_signed(client) != row->code)
			fail_msg("%s", row->what);
		assert_true(answer_signed(client));
		while (answer(client, STUN_ATTR_XOR_RELAYED_ADDRESS, n, NULL) != NULL) {
			struct transport_addr relayed =
			        answer_addr(client, STUN_ATTR_XOR_RELAYED_ADDRESS, n++);

			if (row->even >= 0)
				assert_int_equal(ntohs(relayed.port) % 2, 0);
			if (row->family == 2)
				assert_false(ip_addr_is_v4(&relayed.ip));
		}
		assert_int_equal(n, row->relayed);
		assert_true((answer(client, STUN_ATTR_RESERVATION_TOKEN, 0, NULL) != NULL) ==
		            (row->code == 0 && row->even == 0x80));
		assert_true((allocation_of(client) != NULL) == (row->code == 0));
		client_free(client);
	}
}

static void test_lifetimes(void **state)
{
	static const struct {
		uint32_t asked, granted;
	} rows[] = {{0, 600},   {1, 600},     {599, 600},   {600, 600},
	            {601, 601}, {3600, 3600}, {3601, 3600}, {UINT32_MAX, 3600}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct client *client =
		        client_create(server, "198.51.100.1", 7100 + i, "alice", "secret1");

		ask(client, STUN_ALLOCATE);
		ask_transport(client);
		stun_put_u32(&client->writer, STUN_ATTR_LIFETIME, rows[i].asked);
		assert_int_equal(send_signed(client), 0);
		assert_int_equal(answer_u32(client, STUN_ATTR_LIFETIME), rows[i].granted);
		assert_int_equal(allocation_of(client)->expires, 1000 + rows[i].granted);
		if (rows[i].asked != 0) {
			assert_int_equal(refresh(client, rows[i].asked), 0);
			assert_int_equal(answer_u32(client, STUN_ATTR_LIFETIME), rows[i].granted);
		}
		client_free(client);
	}
}

static void test_one_family_missing(void **state)
{
	struct sluice_turn_relay six = {.addr = addr("2001:db8::2", 0)};
	const uint8_t *error;

	assert_int_equal(turn_relay_delete(server->dp.turn, &six, server->why), 0);
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_family(alice, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 0);
	for (int i = 0; i < 2; i++) {
		assert_null(answer(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 1, NULL));
		error = answer(alice, STUN_ATTR_ADDRESS_ERROR_CODE, 0, NULL);
		assert_non_null(error);
		assert_int_equal(error[0], STUN_FAMILY_IPV6);
		assert_int_equal(error[2] * 100 + error[3], 440);
		assert_int_equal(send_again(alice), 0);
	}
	alice->flow.src_port++;
	alice->nonce_length = 0;
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_family(alice, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 440);
}

static void test_reservation(void **state)
{
	struct client *rtcp = client_create(server, "198.51.100.1", 4001, "alice", "secret1");
	struct transport_addr first, second;
	uint8_t reserve = 0x80, token[8], again[8];

	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_EVEN_PORT, &reserve, 1);
	assert_int_equal(send_signed(alice), 0);
	memcpy(token, answer(alice, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), 8);
	first = answer_addr(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	assert_int_equal(send_again(alice), 0);
	memcpy(again, answer(alice, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), 8);
	assert_memory_equal(token, again, 8);
	assert_int_equal(server->dp.turn->relays[0].used, 2);

	for (int i = 0; i < 2; i++) {
		ask(rtcp, STUN_ALLOCATE);
		ask_transport(rtcp);
		ask_bytes(rtcp, STUN_ATTR_RESERVATION_TOKEN, token, 8);
		assert_int_equal(send_signed(rtcp), i == 0 ? 0 : 508);
		if (i == 0) {
			second = answer_addr(rtcp, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
			assert_int_equal(ntohs(second.port), ntohs(first.port) + 1);
			assert_int_equal(
			        relay_port_owner(&server->dp.turn->relays[0], ntohs(second.port)),
			        allocation_index(server->dp.turn, allocation_of(rtcp)));
		}
		rtcp->flow.src_port++; /* the token is used up */
		rtcp->nonce_length = 0;
	}
	assert_int_equal(server->dp.turn->relays[0].used, 2);
	client_free(rtcp);
}

static void test_reservation_expires(void **state)
{
	uint8_t reserve = 0x80, token[8];

	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_EVEN_PORT, &reserve, 1);
	assert_int_equal(send_signed(alice), 0);
	memcpy(token, answer(alice, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), 8);
	fixture_time(server, 1029);
	assert_int_equal(server->dp.turn->relays[0].used, 2);
	fixture_time(server, 1030);
	assert_int_equal(server->dp.turn->relays[0].used, 1);
	assert_int_equal(counted(server, TURN_RESERVATION_EXPIRED), 1);
	alice->flow.src_port++;
	alice->nonce_length = 0;
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_RESERVATION_TOKEN, token, 8);
	assert_int_equal(send_signed(alice), 508);
}

static int reserve(struct client *client)
{
	uint8_t bit = 0x80;

	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_bytes(client, STUN_ATTR_EVEN_PORT, &bit, 1);
	return send_signed(client);
}

static int redeem(struct client *client, const uint8_t token[8])
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_bytes(client, STUN_ATTR_RESERVATION_TOKEN, token, 8);
	return send_signed(client);
}

/* A reserved port goes with its allocation, and is part of its user's quota. */
static void test_reservation_counts(void **state)
{
	struct sluice_turn_quota quota = {.user = 2};
	struct client *second = client_create(server, "198.51.100.1", 4001, "alice", "secret1");
	struct client *third = client_create(server, "198.51.100.1", 4002, "alice", "secret1");
	uint8_t token[8];

	assert_int_equal(turn_quota_set(server->dp.turn, &quota, server->why), 0);
	assert_int_equal(reserve(alice), 0);
	assert_int_equal(allocate(second), 486);
	assert_int_equal(refresh(alice, 0), 0);
	assert_int_equal(server->dp.turn->relays[0].used, 0);
	assert_int_equal(allocate(second), 0);
	assert_int_equal(reserve(third), 486);
	assert_int_equal(refresh(second, 0), 0);
	/* what is redeemed was counted before */
	assert_int_equal(reserve(third), 0);
	memcpy(token, answer(third, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), 8);
	second->flow.src_port += 10;
	second->nonce_length = 0;
	assert_int_equal(redeem(second, token), 0);
	/* the slot is another's by now: this end leaves it alone */
	assert_int_equal(refresh(third, 0), 0);
	assert_int_equal(server->dp.turn->relays[0].used, 1);
	client_free(second);
	client_free(third);
}

/* Without a quota too: allocations that come and go hold only so many. */
static void test_reservations_bounded(void **state)
{
	struct client *client;
	int codes[2] = {0};

	for (int i = 0; i < RESERVATIONS_USER_MAX + 4; i++) {
		client = client_create(server, "198.51.100.1", 7300 + i, "alice", "secret1");
		codes[reserve(client) == 508]++;
		client_free(client);
	}
	assert_int_equal(codes[0], RESERVATIONS_USER_MAX);
	client = client_create(server, "198.51.100.1", 7400, "bob", "secret2");
	assert_int_equal(reserve(client), 0);
	client_free(client);
}

static void test_quotas(void **state)
{
	struct sluice_turn_quota quota = {.user = 2, .host = 3};
	static const struct {
		const char *user, *password;
		int code;
	} rows[] = {{"alice", "secret1", 0},
	            {"alice", "secret1", 0},
	            {"alice", "secret1", 486},
	            {"bob", "secret2", 0},
	            {"bob", "secret2", 486}};
	struct client *clients[RTE_DIM(rows)];

	assert_int_equal(turn_quota_set(server->dp.turn, &quota, server->why), 0);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		clients[i] = client_create(server, "198.51.100.1", 7200 + i, rows[i].user,
		                           rows[i].password);
		assert_int_equal(allocate(clients[i]), rows[i].code);
	}
	assert_int_equal(refresh(clients[0], 0), 0);
	assert_int_equal(allocate(clients[2]), 0);
	assert_int_equal(server->dp.turn->n_allocations, 3);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		client_free(clients[i]);
}

static void test_table_full(void **state)
{
	struct fixture *small = fixture_create(3, 2, 2, 1);
	struct client *clients[4];

	for (int i = 0; i < 4; i++) {
		clients[i] = client_create(small, "198.51.100.1", 7300 + i, "alice", "secret1");
		assert_int_equal(allocate(clients[i]), i < 3 ? 0 : 508);
	}
	assert_int_equal(permit(clients[0], "198.51.100.10"), 0);
	ask(clients[0], STUN_CREATE_PERMISSION);
	ask_peer(clients[0], "198.51.100.11", 0);
	ask_peer(clients[0], "198.51.100.12", 0);
	assert_int_equal(send_signed(clients[0]), 508);
	assert_int_equal(allocation_of(clients[0])->n_permissions, 1);
	fixture_time(small, 1001);
	assert_int_equal(bind_channel(clients[0], 0x4000, "198.51.100.10", 1), 0);
	assert_int_equal(bind_channel(clients[0], 0x4001, "198.51.100.11", 1), 0);
	assert_int_equal(bind_channel(clients[0], 0x4002, "198.51.100.11", 2), 508);
	assert_int_equal(bind_channel(clients[1], 0x4002, "198.51.100.11", 2), 508);
	/* what one gives back, another gets, once no worker can see it any more */
	assert_int_equal(refresh(clients[1], 0), 0);
	fixture_time(small, 1012);
	assert_int_equal(allocate(clients[3]), 0);
	assert_int_equal(small->dp.turn->n_allocations, 3);
	for (int i = 0; i < 4; i++)
		client_free(clients[i]);
	fixture_destroy(small);
}

static void test_ports_full(void **state)
{
	struct fixture *small = fixture_create(256, 16, 16, 1);
	struct client *client = client_create(small, "198.51.100.1", 7400, "alice", "secret1");

	for (int i = 0; i < 101; i++) {
		client->flow.src_port = htons(7400 + i);
		client->nonce_length = 0;
		assert_int_equal(allocate(client), i < 100 ? 0 : 508);
	}
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_family(client, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(client), 0);
	assert_int_equal(answer(client, STUN_ATTR_ADDRESS_ERROR_CODE, 0, NULL)[0],
	                 STUN_FAMILY_IPV4);
	assert_int_equal(answer(client, STUN_ATTR_ADDRESS_ERROR_CODE, 0, NULL)[3], 8);
	assert_int_equal(small->dp.turn->n_allocations, 101);
	fixture_time(small, 1600);
	assert_int_equal(small->dp.turn->n_allocations, 0);
	assert_int_equal(small->dp.turn->relays[0].used, 0);
	assert_int_equal(counted(small, TURN_ALLOCATION_EXPIRED), 101);
	client_free(client);
	fixture_destroy(small);
}

/* -- Refresh -- */

static void test_refresh_deletes(void **state)
{
	struct client *again = client_create(server, "198.51.100.1", 4000, "alice", "secret1");

	assert_int_equal(refresh(alice, 600), 437);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	assert_int_equal(refresh(alice, 0), 0);
	assert_int_equal(answer_u32(alice, STUN_ATTR_LIFETIME), 0);
	assert_int_equal(server->dp.turn->relays[0].used, 0);
	assert_int_equal(server->dp.turn->n_allocations, 0);
	/* the answer was lost */
	assert_int_equal(send_again(alice), 0);
	assert_int_equal(answer_u32(alice, STUN_ATTR_LIFETIME), 0);
	assert_int_equal(counted(server, TURN_ALLOCATION_DELETED), 1);
	/* gone it is nevertheless */
	assert_int_equal(refresh(again, 600), 437);
	assert_int_equal(permit(again, PEER), 437);
	/* and its 5-tuple is free at once */
	assert_int_equal(allocate(again), 0);
	assert_int_equal(send_again(again), 0);
	assert_int_equal(server->dp.turn->n_allocations, 1);
	fixture_time(server, 1020);
	assert_int_equal(refresh(again, 700), 0);
	client_free(again);
}

static void test_refresh_lingers(void **state)
{
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(alice, 0), 0);
	fixture_time(server, 1009);
	assert_int_equal(send_again(alice), 0);
	fixture_time(server, 1010);
	assert_null(allocation_of(alice));
	assert_int_equal(send_again(alice), 437);
}

/* Who makes and deletes in a loop does not fill the table with what lingers. */
static void test_lingering_bounded(void **state)
{
	for (int i = 0; i < 500; i++) {
		alice->flow.src_port = i + 1;
		alice->nonce_length = 0;
		assert_int_equal(allocate(alice), 0);
		assert_int_equal(refresh(alice, 0), 0);
		turn_housekeep(alice->worker);
		turn_housekeep(alice->worker);
	}
	assert_true(alice->worker->turn->private->lingering <= 64 / 16 + 1);
	fixture_time(server, 1010);
	assert_int_equal(alice->worker->turn->private->lingering, 0);
}

static void test_refresh_family(void **state)
{
	struct transport_addr relayed;

	assert_int_equal(allocate(alice), 0);
	ask(alice, STUN_REFRESH);
	ask_family(alice, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 443);
	ask(alice, STUN_REFRESH);
	ask_family(alice, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1);
	assert_int_equal(send_signed(alice), 0);

	alice->flow.src_port++;
	alice->nonce_length = 0;
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_family(alice, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 0);
	relayed = answer_addr(alice, STUN_ATTR_XOR_RELAYED_ADDRESS, 1);
	assert_false(ip_addr_is_v4(&relayed.ip));
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(permit(alice, PEER6), 0);
	ask(alice, STUN_REFRESH);
	stun_put_u32(&alice->writer, STUN_ATTR_LIFETIME, 0);
	ask_family(alice, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 0);
	assert_int_equal(send_again(alice), 0);
	assert_int_equal(relay_port_owner(&server->dp.turn->relays[1], ntohs(relayed.port)), 0);
	assert_int_equal(permit(alice, PEER6), 443);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(allocation_of(alice)->n_permissions, 1);
}

/* What was given up answers its Refresh again, and is no way in for who was deleted meanwhile. */
static void test_closed_is_no_way_in(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct sluice_turn_user alice = {.name = "alice"};

	assert_int_equal(allocate(client), 0);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &alice, fixture->why), 0);
	assert_int_equal(refresh(client, 0), 0);
	assert_int_equal(send_again(client), 0);
	assert_int_equal(allocate(client), 401);
	client_free(client);
	fixture_destroy(fixture);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        ROW(test_allocate),
	        ROW(test_allocate_rows),
	        ROW(test_lifetimes),
	        ROW(test_one_family_missing),
	        ROW(test_reservation),
	        ROW(test_reservation_expires),
	        ROW(test_reservation_counts),
	        ROW(test_reservations_bounded),
	        ROW(test_quotas),
	        ROW(test_table_full),
	        ROW(test_ports_full),
	        ROW(test_refresh_deletes),
	        ROW(test_refresh_lingers),
	        ROW(test_lingering_bounded),
	        ROW(test_refresh_family),
	        cmocka_unit_test(test_closed_is_no_way_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
