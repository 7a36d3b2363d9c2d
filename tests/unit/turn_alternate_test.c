/* SPDX-License-Identifier: BSD-3-Clause */
/* 300 Try Alternate: of a node that drains, of one that is full, and when there is nowhere to go.
 */
#include "turn_fixture.h"

#include "turn/turn.h"

static struct sluice_turn_alternates two_nodes(bool draining)
{
	return (struct sluice_turn_alternates){
	        .generation = 7,
	        .draining = draining,
	        .count = 2,
	        .list = {{.addr4 = addr("203.0.113.1", 3478), .addr6 = addr("2001:db8:9::1", 0)},
	                 {.addr4 = addr("203.0.113.1", 3478)}},
	};
}

static void alternates(struct fixture *fixture, const struct sluice_turn_alternates *list)
{
	assert_int_equal(turn_alternates_set(fixture->dp.turn, list, fixture->why), 0);
}

/* ALTERNATE-SERVER is not XORed. */
static void assert_addr(struct client *client, const char *ip, uint16_t port)
{
	struct transport_addr wanted = transport(ip, port);
	bool v4 = ip_addr_is_v4(&wanted.ip);
	uint16_t length, size = v4 ? 4 : 16;
	const uint8_t *value = answer(client, STUN_ATTR_ALTERNATE_SERVER, 0, &length);

	assert_non_null(value);
	assert_int_equal(length, 4 + size);
	assert_int_equal(value[1], v4 ? 1 : 2);
	assert_memory_equal(value + 2, &wanted.port, 2);
	assert_memory_equal(value + 4, wanted.ip.bytes + 16 - size, size);
}

static void assert_alternate(struct client *client, const char *ip, uint16_t port)
{
	assert_addr(client, ip, port);
	assert_true(answer_signed(client));
}

static void test_draining_sends_away(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(true);
	struct client *present = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *v4 = client_create(fixture, "192.0.2.51", 4000, "alice", "secret1");
	struct client *v6 = client_create(fixture, "2001:db8::51", 4000, "alice", "secret1");

	assert_int_equal(allocate(present), 0);
	alternates(fixture, &list);
	assert_int_equal(allocate(v4), 300);
	assert_alternate(v4, "203.0.113.1", 3478);
	assert_int_equal(allocate(v6), 300);
	assert_alternate(v6, "2001:db8:9::1", 3478);
	assert_int_equal(counted(fixture, TURN_ERROR_300), 2);
	/* What is there stays. */
	assert_int_equal(refresh(present, 600), 0);
	assert_int_equal(permit(present, "198.51.100.1"), 0);
	list.draining = 0;
	alternates(fixture, &list);
	assert_int_equal(allocate(v4), 0);
	client_free(present);
	client_free(v4);
	client_free(v6);
	fixture_destroy(fixture);
}

static void test_nobody_else(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates none = {.draining = 1};
	struct sluice_turn_alternates v4_only = two_nodes(true);
	struct client *client = client_create(fixture, "2001:db8::51", 4000, "alice", "secret1");

	alternates(fixture, &none);
	assert_int_equal(allocate(client), 508);
	memset(&v4_only.list[0].addr6, 0, sizeof(v4_only.list[0].addr6));
	alternates(fixture, &v4_only);
	assert_int_equal(allocate(client), 508);
	client_free(client);
	fixture_destroy(fixture);
}

static int first_allocate(struct client *client)
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	return send_plain(client);
}

/* libwebrtc follows no 300 but the answer to its first Allocate. */
static void test_first_answer(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(true);
	struct client *v4 = client_create(fixture, "192.0.2.51", 4000, "alice", "wrong");
	struct client *v6 = client_create(fixture, "2001:db8::51", 4000, "alice", "secret1");

	alternates(fixture, &list);
	assert_int_equal(first_allocate(v4), 300);
	assert_int_equal(v4->length, 40);
	assert_addr(v4, "203.0.113.1", 3478);
	assert_null(answer(v4, STUN_ATTR_NONCE, 0, NULL));
	assert_null(answer(v4, STUN_ATTR_MESSAGE_INTEGRITY, 0, NULL));
	assert_int_equal(first_allocate(v6), 300);
	assert_int_equal(v6->length, 52);
	assert_addr(v6, "2001:db8:9::1", 3478);
	/* Others learn nothing: who signs is asked who it is, and a Refresh goes nowhere else. */
	assert_int_equal(allocate(v4), 401);
	memset(v6->nonce, 'A', sizeof(v6->nonce));
	v6->nonce_length = sizeof(v6->nonce);
	assert_int_equal(allocate(v6), 438);
	ask(v6, STUN_REFRESH);
	assert_int_equal(send_plain(v6), 401);
	/* A reserved port is here alone. */
	ask(v4, STUN_ALLOCATE);
	ask_transport(v4);
	ask_bytes(v4, STUN_ATTR_RESERVATION_TOKEN, "12345678", 8);
	assert_int_equal(send_plain(v4), 401);
	list.count = 0;
	alternates(fixture, &list);
	assert_int_equal(first_allocate(v4), 401);
	client_free(v4);
	client_free(v6);
	fixture_destroy(fixture);
}

static void test_first_answer_of_a_client_that_is_here(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(true);
	struct client *client = client_create(fixture, "192.0.2.51", 4000, "alice", "secret1");

	assert_int_equal(allocate(client), 0);
	alternates(fixture, &list);
	assert_int_equal(first_allocate(client), 401);
	client_free(client);
	fixture_destroy(fixture);
}

/* A full table, and no port left in the family that is asked for. */
static void test_first_answer_when_full(void **state)
{
	struct fixture *small = fixture_create(1, 16, 16, 1);
	struct fixture *ports = fixture_create(128, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(false);
	struct sluice_turn_relay relay = {
	        .addr = addr("192.0.2.2", 0), .first_port = 50000, .last_port = 50000};
	struct client *clients[6];

	for (int i = 0; i < 6; i++)
		clients[i] = client_create(i < 2 ? small : ports, "192.0.2.60", 4000 + i, "alice",
		                           "secret1");
	alternates(small, &list);
	assert_int_equal(first_allocate(clients[0]), 401);
	assert_int_equal(allocate(clients[0]), 0);
	assert_int_equal(first_allocate(clients[1]), 300);
	assert_int_equal(turn_relay_add(ports->dp.turn, &relay, SLUICE_API_EXIST_OK, ports->why),
	                 0);
	alternates(ports, &list);
	assert_int_equal(allocate(clients[2]), 0);
	assert_int_equal(allocate(clients[3]), 300); /* it was looked for a port in vain */
	assert_int_equal(first_allocate(clients[4]), 300);
	ask(clients[5], STUN_ALLOCATE);
	ask_transport(clients[5]);
	ask_family(clients[5], STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
	assert_int_equal(send_plain(clients[5]), 401);
	assert_int_equal(refresh(clients[2], 0), 0);
	assert_int_equal(first_allocate(clients[4]), 401);
	for (int i = 0; i < 6; i++)
		client_free(clients[i]);
	fixture_destroy(small);
	fixture_destroy(ports);
}

static void test_full_sends_away(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(false);
	struct sluice_turn_quota host = {.host = 1}, user = {.user = 1};
	struct client *first = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *second = client_create(fixture, "192.0.2.51", 4000, "alice", "secret1");

	assert_int_equal(turn_quota_set(fixture->dp.turn, &host, fixture->why), 0);
	assert_int_equal(allocate(first), 0);
	assert_int_equal(allocate(second), 486);
	alternates(fixture, &list);
	assert_int_equal(allocate(second), 300);
	/* What is wrong with a request is wrong elsewhere. */
	ask(second, STUN_ALLOCATE);
	assert_int_equal(send_signed(second), 400);
	/* A user's own quota is the same elsewhere. */
	assert_int_equal(turn_quota_set(fixture->dp.turn, &user, fixture->why), 0);
	assert_int_equal(allocate(second), 486);
	client_free(first);
	client_free(second);
	fixture_destroy(fixture);
}

/* Other nodes may not have the tenant, and are known by where they serve the server's realm. */
static void test_tenants_stay(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(true);
	struct sluice_turn_quota host = {.host = 1, .host_given = 1};
	struct client *server = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *inside, *second;

	fixture_tenant(fixture);
	inside = tenants_client(fixture, 4000, "alice", "other");
	second = tenants_client(fixture, 4001, "alice", "other");
	alternates(fixture, &list);
	assert_int_equal(first_allocate(server), 300);
	assert_int_equal(first_allocate(inside), 401);
	assert_int_equal(allocate(inside), 508);
	list.draining = 0;
	alternates(fixture, &list);
	assert_int_equal(turn_quota_set(fixture->dp.turn, &host, fixture->why), 0);
	assert_int_equal(allocate(inside), 0);
	assert_int_equal(first_allocate(second), 401);
	assert_int_equal(allocate(second), 486);
	assert_int_equal(first_allocate(server), 300);
	client_free(server);
	client_free(inside);
	client_free(second);
	fixture_destroy(fixture);
}

static void test_bad_lists(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates many = {.count = SLUICE_TURN_ALTERNATES_MAX + 1};
	struct sluice_turn_alternates crossed = two_nodes(true);

	assert_int_equal(turn_alternates_set(fixture->dp.turn, &many, fixture->why), -EINVAL);
	crossed.list[1].addr6 = crossed.list[1].addr4;
	assert_int_equal(turn_alternates_set(fixture->dp.turn, &crossed, fixture->why), -EINVAL);
	assert_string_equal(fixture->why, "alternate 1 has an address of the wrong family");
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_draining_sends_away),
	        cmocka_unit_test(test_nobody_else),
	        cmocka_unit_test(test_first_answer),
	        cmocka_unit_test(test_first_answer_of_a_client_that_is_here),
	        cmocka_unit_test(test_first_answer_when_full),
	        cmocka_unit_test(test_full_sends_away),
	        cmocka_unit_test(test_tenants_stay),
	        cmocka_unit_test(test_bad_lists),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
