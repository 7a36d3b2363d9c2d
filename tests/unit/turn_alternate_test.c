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
static void assert_alternate(struct client *client, const char *ip, uint16_t port)
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

/* Before the client has shown our nonce and its password it learns nothing: 401 as ever. */
static void test_strangers_are_asked_first(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_alternates list = two_nodes(true);
	struct client *client = client_create(fixture, "192.0.2.51", 4000, "alice", "wrong");

	alternates(fixture, &list);
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	assert_int_equal(send_plain(client), 401);
	assert_int_equal(allocate(client), 401);
	assert_int_equal(counted(fixture, TURN_ERROR_300), 0);
	client_free(client);
	fixture_destroy(fixture);
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
	/* A user's own quota is the same elsewhere. */
	assert_int_equal(turn_quota_set(fixture->dp.turn, &user, fixture->why), 0);
	assert_int_equal(allocate(second), 486);
	client_free(first);
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
	        cmocka_unit_test(test_strangers_are_asked_first),
	        cmocka_unit_test(test_full_sends_away),
	        cmocka_unit_test(test_bad_lists),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
