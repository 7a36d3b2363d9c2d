/* SPDX-License-Identifier: BSD-3-Clause */
/* Users whose keys are fetched: asked for once, answered by a retransmission, kept when nobody can
 * say more. */
#include "turn_fixture.h"

#include "turn/attempts.h"
#include "turn/turn.h"
#include "turn/wanted.h"

#include <openssl/evp.h>

static struct sluice_turn_key key_of(const char *name, const char *password)
{
	struct sluice_turn_key key = {.refresh_s = 60};
	char text[128];
	int length = snprintf(text, sizeof(text), "%s:%s:%s", name, REALM, password);

	snprintf(key.name, sizeof(key.name), "%s", name);
	assert_int_equal(EVP_Digest(text, length, key.key, NULL, EVP_md5(), NULL), 1);
	return key;
}

static void lookup(struct fixture *fixture, bool on)
{
	turn_lookup_set(fixture->dp.turn, &(struct sluice_turn_lookup){.on = on});
}

/* The one name that is wanted, or "" for none. */
static const char *wanted_one(struct fixture *fixture)
{
	static struct sluice_turn_wanted row;

	memset(&row, 0, sizeof(row));
	turn_wanted_take(fixture->dp.turn, &row, 1);
	assert_int_equal(strlen(row.name), row.length);
	return row.name;
}

static void test_fetched_on_demand(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");
	struct sluice_turn_key key = key_of("carol", "secret3");

	assert_int_equal(allocate(client), 401);
	lookup(fixture, true);
	assert_int_equal(allocate(client), DROPPED);
	assert_int_equal(client->reason, DROP_TURN_USER_PENDING);
	assert_string_equal(wanted_one(fixture), "carol");
	/* Asked for once only. */
	assert_int_equal(send_again(client), DROPPED);
	assert_string_equal(wanted_one(fixture), "");
	assert_int_equal(turn_key_add(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(send_again(client), 0);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_absent_is_refused(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");
	struct sluice_turn_key key = key_of("carol", "");

	lookup(fixture, true);
	assert_int_equal(allocate(client), DROPPED);
	assert_string_equal(wanted_one(fixture), "carol");
	assert_int_equal(turn_key_delete(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(send_again(client), 401);
	assert_string_equal(wanted_one(fixture), "");
	fixture_time(fixture, 1000 + WANTED_ABSENT_S);
	assert_int_equal(allocate(client), DROPPED);
	assert_string_equal(wanted_one(fixture), "carol");
	client_free(client);
	fixture_destroy(fixture);
}

/* Whoever is asked does not answer: after 2 s the client hears what it heard without a lookup. */
static void test_slow_source(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");

	lookup(fixture, true);
	assert_int_equal(allocate(client), DROPPED);
	fixture_time(fixture, 1000 + WANTED_WAIT_S);
	assert_int_equal(send_again(client), 401);
	fixture_time(fixture, 1000 + WANTED_RETRY_S);
	assert_int_equal(send_again(client), DROPPED);
	lookup(fixture, false);
	assert_int_equal(send_again(client), 401);
	client_free(client);
	fixture_destroy(fixture);
}

/* Its time over, a key is wanted again and serves on; a COMMIT does not touch it; deleted, it is
 * gone. */
static void test_refresh(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");
	struct sluice_turn_key key = key_of("carol", "secret3");

	lookup(fixture, true);
	assert_int_equal(turn_key_add(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(allocate(client), 0);
	assert_int_equal(refresh(client, 0), 0);
	assert_string_equal(wanted_one(fixture), "");
	fixture_time(fixture, 1100);
	client->flow.src_port++;
	client->nonce_length = 0;
	assert_int_equal(allocate(client), 0);
	assert_string_equal(wanted_one(fixture), "carol");
	assert_string_equal(wanted_one(fixture), "");
	turn_key_delete(fixture->dp.turn, &key, fixture->why);
	client->flow.src_port++;
	client->nonce_length = 0;
	assert_int_equal(allocate(client), 401);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_configured_first(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_key key = key_of("alice", "other");
	struct sluice_turn_user user = {.name = "carol", .password = "configured"};
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "configured");

	assert_int_equal(turn_key_add(fixture->dp.turn, &key, fixture->why), -EEXIST);
	key = key_of("carol", "fetched");
	assert_int_equal(turn_key_add(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &user, fixture->why), -ENOENT);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, 0, fixture->why), 0);
	assert_int_equal(allocate(client), 0);
	assert_int_equal(turn_key_delete(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(refresh(client, 600), 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* The list is full: silence, so that a retransmission finds room, and never "no such user". */
static void test_many_names(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");
	struct sluice_turn_key key = key_of("carol", "secret3");
	struct turn *turn = fixture->dp.turn;
	int asked = 0, full = 0;
	char name[16];

	lookup(fixture, true);
	for (int i = 0; i < 4 * WANTED_NAMES; i++) {
		enum wanted_answer answer;

		snprintf(name, sizeof(name), "user%d", i);
		answer = wanted_ask(turn->wanted,
		                    siphash_bytes(&turn->config->name_key, name, strlen(name)),
		                    name, strlen(name), 1000);
		asked += answer == WANTED_ASKED;
		full += answer == WANTED_FULL;
	}
	assert_in_range(asked, WANTED_NAMES / 2, WANTED_NAMES);
	assert_int_equal(asked + full, 4 * WANTED_NAMES);
	assert_int_equal(allocate(client), DROPPED);
	assert_int_equal(client->reason, DROP_TURN_PENDING_FULL);
	for (int i = 0; i < asked; i++)
		assert_string_not_equal(wanted_one(fixture), "");
	assert_int_equal(send_again(client), DROPPED);
	assert_int_equal(client->reason, DROP_TURN_USER_PENDING);
	assert_string_equal(wanted_one(fixture), "carol");
	assert_int_equal(turn_key_add(turn, &key, fixture->why), 0);
	assert_int_equal(send_again(client), 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* One address' unknown names stop at its budget; another's are asked for. */
static void test_one_address_floods(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct client *flood = client_create(fixture, "192.0.2.66", 4000, "x", "x");
	struct client *client = client_create(fixture, "192.0.2.50", 4000, "carol", "secret3");
	struct sluice_turn_wanted rows[2 * ATTEMPTS_BURST];
	char name[16];

	lookup(fixture, true);
	for (int i = 0; i < 4 * ATTEMPTS_BURST; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		flood->user = name;
		flood->user_length = strlen(name);
		assert_int_equal(allocate(flood), DROPPED);
		assert_int_equal(flood->reason,
		                 i < ATTEMPTS_BURST ? DROP_TURN_USER_PENDING : DROP_TURN_ATTEMPTS);
	}
	assert_int_equal(allocate(client), DROPPED);
	assert_int_equal(client->reason, DROP_TURN_USER_PENDING);
	assert_int_equal(turn_wanted_take(fixture->dp.turn, rows, RTE_DIM(rows)),
	                 ATTEMPTS_BURST + 1);
	client_free(flood);
	client_free(client);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fetched_on_demand),  cmocka_unit_test(test_absent_is_refused),
	        cmocka_unit_test(test_slow_source),        cmocka_unit_test(test_refresh),
	        cmocka_unit_test(test_configured_first),   cmocka_unit_test(test_many_names),
	        cmocka_unit_test(test_one_address_floods),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
