/* SPDX-License-Identifier: BSD-3-Clause */
/* Of each allocation that ends there is one account, with final sums, and none is missed but those
 * that nobody took in time. */
#include "turn_fixture.h"

#include "turn/store.h"
#include "turn/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LIVES 1000

static uint32_t take(struct fixture *fixture, struct sluice_allocation_account *rows, uint32_t room)
{
	return turn_accounts_take(fixture->dp.turn, rows, room);
}

/* Short lives, one after the other: each relays a little, and ends in one way or another. */
static void test_each_is_accounted_for(void **state)
{
	struct fixture *fixture = fixture_create(64, 64, 64, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct sluice_allocation_account rows[16];
	uint64_t bytes = 0, number = 0;
	uint32_t now = 1000, count;

	for (uint32_t life = 0; life < LIVES; life++) {
		struct allocation *allocation;

		client->flow.src_port = (uint16_t)(life + 1);
		client->nonce_length = 0;
		assert_int_equal(allocate(client), 0);
		allocation = allocation_of(client);
		allocation->to_peer_bytes = life;
		allocation->stray_bytes = 1;
		if (life % 2 == 0)
			assert_int_equal(refresh(client, 0), 0);
		else
			assert_int_equal(
			        allocation_delete(
			                fixture->dp.turn,
			                (uint64_t)allocation->generation << 32 |
			                        allocation_index(fixture->dp.turn, allocation)),
			        0);
		fixture_time(fixture, ++now);
		fixture_time(fixture, now);
		while ((count = take(fixture, rows, 16)) != 0)
			for (uint32_t i = 0; i < count; i++) {
				assert_int_equal(rows[i].number, ++number);
				assert_int_equal(rows[i].reason,
				                 number % 2 == 1 ? SLUICE_ALLOCATION_CLOSED
				                                 : SLUICE_ALLOCATION_DELETED);
				assert_string_equal(rows[i].user, "alice");
				assert_int_not_equal(rows[i].relayed[0].port, 0);
				bytes += rows[i].to_peer_bytes + rows[i].to_client_bytes;
			}
		if (life % 32 == 31)
			fixture_time(fixture, now += ALLOCATION_LINGER_S);
	}
	assert_int_equal(number, LIVES);
	assert_int_equal(bytes, (uint64_t)LIVES * (LIVES - 1) / 2 + LIVES);
	assert_int_equal(counted(fixture, TURN_ACCOUNT_LOST), 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* A datagram that another worker relays while the allocation ends is in its sums. */
static void test_sums_are_final(void **state)
{
	struct fixture *fixture = fixture_create(4, 4, 4, 2);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct rte_rcu_qsbr *qsbr = fixture->dp.qsbr;
	struct sluice_allocation_account row;
	struct allocation *allocation;

	assert_int_equal(allocate(client), 0);
	allocation = allocation_of(client);
	rte_rcu_qsbr_thread_online(qsbr, 1);
	assert_int_equal(refresh(client, 0), 0);
	fixture_time(fixture, 1001);
	fixture_time(fixture, 1002);
	assert_int_equal(take(fixture, &row, 1), 0);
	allocation->stray_packets++;
	allocation->stray_bytes += 700;
	rte_rcu_qsbr_quiescent(qsbr, 1);
	fixture_time(fixture, 1003);
	assert_int_equal(take(fixture, &row, 1), 1);
	assert_int_equal(row.to_client_packets, 1);
	assert_int_equal(row.to_client_bytes, 700);
	assert_int_equal(row.seconds, 0);
	rte_rcu_qsbr_thread_offline(qsbr, 1);
	client_free(client);
	fixture_destroy(fixture);
}

/* Nobody takes: as many as there is room for are kept, the others counted, and places come back. */
static void test_overflow_is_counted(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct sluice_allocation_account rows[64];
	uint32_t now = 1000, kept;

	for (uint32_t life = 0; life < 100; life++) {
		client->flow.src_port = (uint16_t)(life + 1);
		client->nonce_length = 0;
		assert_int_equal(allocate(client), 0);
		assert_int_equal(refresh(client, 0), 0);
		for (int i = 0; i < 4; i++)
			fixture_time(fixture, now += ALLOCATION_LINGER_S);
	}
	kept = take(fixture, rows, 64);
	assert_in_range(kept, 16, 32);
	assert_int_equal(kept + counted(fixture, TURN_ACCOUNT_LOST), 100);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_delete_user(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *alice = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct client *bob = client_create(fixture, "198.51.100.1", 5000, "bob", "secret2");

	for (int i = 0; i < 3; i++) {
		alice->flow.src_port++;
		alice->nonce_length = 0;
		assert_int_equal(allocate(alice), 0);
	}
	assert_int_equal(allocate(bob), 0);
	assert_int_equal(allocation_delete_user(fixture->dp.turn, "alice"), 3);
	assert_int_equal(allocation_delete_user(fixture->dp.turn, "alice"), 0);
	assert_int_equal(fixture->dp.turn->n_allocations, 1);
	client_free(alice);
	client_free(bob);
	fixture_destroy(fixture);
}

/* The allocation has a name's beginning, its account the rest: together they are one name. */
static void test_names(void **state)
{
	static const char *const names[] = {
	        "",
	        "a",
	        "exactly twenty bytes",
	        "twenty-one bytes long",
	        "cut before this one\xff and some more",
	        "and this with two\xff\xfe and some more",
	        "a name of fifty bytes and one more, which is all it",
	        "a name that is longer than what is kept of any name of a user",
	        "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1",
	        "seventeen bytes..\xff and then as many as there is room for, and more",
	};
	struct fixture *fixture = fixture_create(4, 4, 4, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct allocation *allocation;

	assert_int_equal(allocate(client), 0);
	allocation = allocation_of(client);
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		char user[SLUICE_TURN_USER_KEPT_MAX], wanted[SLUICE_TURN_USER_KEPT_MAX] = "";
		size_t length = strlen(names[i]);

		text_printable(allocation->user, sizeof(allocation->user), names[i], length);
		text_printable(wanted, sizeof(wanted) - 1, names[i], length);
		account_begin(fixture->workers[0].turn, allocation, names[i], length);
		account_user(user, fixture->dp.turn, allocation);
		assert_string_equal(user, wanted);
	}
	client_free(client);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_is_accounted_for),
	        cmocka_unit_test(test_sums_are_final),
	        cmocka_unit_test(test_overflow_is_counted),
	        cmocka_unit_test(test_delete_user),
	        cmocka_unit_test(test_names),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
