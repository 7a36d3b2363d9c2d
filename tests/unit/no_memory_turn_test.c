/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of a TURN server's configuration, each allocation of which fails once: refused, and what
 * was there goes on. */
#include "turn_fixture.h"

#include "alloc_fail.h"

#include <errno.h>

#define CHANGE(name, add, delete)                                                                  \
	static int name##_do(void *arg)                                                            \
	{                                                                                          \
		struct fixture *fixture = arg;                                                     \
                                                                                                   \
		return add;                                                                        \
	}                                                                                          \
	static void name##_undo(void *arg)                                                         \
	{                                                                                          \
		struct fixture *fixture = arg;                                                     \
                                                                                                   \
		assert_int_equal(delete, 0);                                                       \
		fixture_time(fixture, 1000);                                                       \
	}

static struct sluice_turn_user carol = {"carol", "secret3"};
static struct sluice_turn_secret south = {"south"};
static struct sluice_turn_realm other = {"other"}, usual = {REALM};
static struct sluice_turn_quota some = {.user = 3}, none;

static struct sluice_turn_listen listen_other(void)
{
	return (struct sluice_turn_listen){addr("192.0.2.7", 3478)};
}

static struct sluice_turn_relay relay_other(void)
{
	return (struct sluice_turn_relay){addr("192.0.2.8", 0), 50000, 50099};
}

static struct sluice_turn_peer peer_other(void)
{
	return (struct sluice_turn_peer){addr("203.0.113.0", 0), 24, SLUICE_TURN_PEER_ALLOW, 0};
}

#define TURN fixture->dp.turn
#define WHY  fixture->why
CHANGE(user, turn_user_add(TURN, &carol, 0, WHY), turn_user_delete(TURN, &carol, WHY))
CHANGE(secret, turn_secret_add(TURN, &south, 0, WHY), turn_secret_delete(TURN, &south, WHY))
CHANGE(realm, turn_realm_set(TURN, &other, WHY), turn_realm_set(TURN, &usual, WHY))
CHANGE(quota, turn_quota_set(TURN, &some, WHY), turn_quota_set(TURN, &none, WHY))
CHANGE(listen, turn_listen_add(TURN, &(struct sluice_turn_listen){listen_other().addr}, 0, WHY),
       turn_listen_delete(TURN, &(struct sluice_turn_listen){listen_other().addr}, WHY))
CHANGE(relay, turn_relay_add(TURN, (struct sluice_turn_relay[]){relay_other()}, 0, WHY),
       turn_relay_delete(TURN, (struct sluice_turn_relay[]){relay_other()}, WHY))
CHANGE(peer, turn_peer_add(TURN, (struct sluice_turn_peer[]){peer_other()}, 0, WHY),
       turn_peer_delete(TURN, (struct sluice_turn_peer[]){peer_other()}, WHY))
CHANGE(peer_gone, turn_peer_delete(TURN, (struct sluice_turn_peer[]){peer_other()}, WHY),
       turn_peer_add(TURN, (struct sluice_turn_peer[]){peer_other()}, 0, WHY))

static void each_change_is_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *name;
		int (*act)(void *arg);
		void (*undo)(void *arg);
	} rows[] = {
	        {"turn user add", user_do, user_undo},
	        {"turn secret add", secret_do, secret_undo},
	        {"turn realm", realm_do, realm_undo},
	        {"turn quota", quota_do, quota_undo},
	        {"turn listen", listen_do, listen_undo},
	        {"turn relay", relay_do, relay_undo},
	        {"turn peer allow", peer_do, peer_undo},
	};
	struct fixture *fixture = fixture_create(100, 100, 100, 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		alloc_fail_each(rows[i].name, rows[i].act, rows[i].undo, fixture);
	assert_int_equal(peer_do(fixture), 0);
	alloc_fail_each("no turn peer allow", peer_gone_do, peer_gone_undo, fixture);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_change_is_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("no_memory_turn", tests, NULL, NULL);
}
