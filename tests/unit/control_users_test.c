/* SPDX-License-Identifier: BSD-3-Clause */
/* TURN users and secrets from a real redis-server, as coturn keeps them: what the dataplane asks
 * for, and what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"
#include "redis_fixture.h"

#include "users/lookup.h"

#include <sluice/turn.h>

#include <stdio.h>
#include <string.h>

#define KEY "000102030405060708090a0b0c0d0e0f"

static int users_setup(void **state)
{
	uint16_t port = redis_start();
	char lines[256];

	redis_run(0, "SADD turn/realm/sluice/secret north");
	redis_run(0, "SET turn/realm/sluice/user/ann/key " KEY);
	redis_run(0, "SET turn/realm/sluice/user/bad/key nonsense");
	snprintf(lines, sizeof(lines),
	         "turn realm sluice\nregion add a redis 127.0.0.1:%u\n"
	         "node set a-1 region a addr4 127.0.0.1:9\n",
	         port);
	*state = control_start(lines);
	return 0;
}

static int users_teardown(void **state)
{
	control_stop(*state);
	redis_kill();
	return 0;
}

static bool fetches(const struct control *control, uint32_t on)
{
	const struct sluice_turn_lookup *lookup = dataplane_asked(control, SLUICE_TURN_LOOKUP_SET);

	return lookup != NULL && lookup->on == on;
}

/* The last key of the kind is this user's. */
static const struct sluice_turn_key *key_told(const struct control *control, uint16_t type,
                                              const char *name)
{
	const struct sluice_turn_key *key = dataplane_asked(control, type);

	return key != NULL && strcmp(key->name, name) == 0 ? key : NULL;
}

static bool secret_told(const struct control *control, uint16_t type, const char *secret)
{
	const struct sluice_turn_secret *told = dataplane_asked(control, type);

	return told != NULL && strcmp(told->secret, secret) == 0;
}

static void a_key_is_fetched(void **state)
{
	struct control *control = *state;
	const struct sluice_turn_key *key;

	control_await(control, fetches(control, 1));
	dataplane_wants(control, "ann", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_ADD, "ann") != NULL);
	key = key_told(control, SLUICE_TURN_KEY_ADD, "ann");
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(key->key[i], i);
	assert_int_equal(key->refresh_s, LOOKUP_REFRESH_S);
}

/* The dataplane hears that there is none, and refuses from then on. */
static void what_is_no_key_is_said(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	dataplane_wants(control, "nobody", 6);
	control_await(control, key_told(control, SLUICE_TURN_KEY_DELETE, "nobody") != NULL);
	dataplane_wants(control, "bad", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_DELETE, "bad") != NULL);
	/* a name with a NUL in it stands nowhere, and is asked for nowhere */
	dataplane_wants(control, "an\0n", 4);
	dataplane_wants(control, "ann", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_ADD, "ann") != NULL);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_KEY_ADD), 1);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_KEY_DELETE), 2);
}

static void secrets_are_told(void **state)
{
	struct control *control = *state;

	control_await(control, secret_told(control, SLUICE_TURN_SECRET_ADD, "north"));
	/* they are no lines of the configuration */
	assert_int_equal(control_do(control, "config show secrets"), 0);
	assert_null(strstr(control->said, "north"));
	/* another one, read when Redis comes back */
	redis_kill();
	control_await(control, fetches(control, 0));
	redis_start();
	redis_run(0, "SADD turn/realm/sluice/secret south");
	control_await(control, fetches(control, 1));
	control_await(control, secret_told(control, SLUICE_TURN_SECRET_ADD, "south"));
	control_await(control, secret_told(control, SLUICE_TURN_SECRET_DELETE, "north"));
}

static void a_dataplane_that_comes_back_is_told_all(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	control_await(control, secret_told(control, SLUICE_TURN_SECRET_ADD, "north"));
	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, fetches(control, 1));
	control_await(control, secret_told(control, SLUICE_TURN_SECRET_ADD, "north"));
	dataplane_wants(control, "ann", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_ADD, "ann") != NULL);
}

#define USERS_TEST(name) cmocka_unit_test_setup_teardown(name, users_setup, users_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        USERS_TEST(a_key_is_fetched),
	        USERS_TEST(what_is_no_key_is_said),
	        USERS_TEST(secrets_are_told),
	        USERS_TEST(a_dataplane_that_comes_back_is_told_all),
	};

	if (!redis_is_installed()) {
		printf("no redis-server here\n");
		return 77;
	}
	return cmocka_run_group_tests_name("control_users", tests, NULL, NULL);
}
