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

#include <errno.h>
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
	redis_run(0, "SET turn/realm/sluice/user/eve/key " KEY KEY);
	redis_run(0, "SET turn/realm/sluice/user/joe/key " KEY "," KEY KEY);
	redis_run(0, "SET turn/realm/sluice/user/sue/key " KEY KEY "," KEY);
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

/* SHA-256's alone, and beside MD5's. */
static void other_keys_are_fetched(void **state)
{
	struct control *control = *state;
	const struct sluice_turn_key *key;

	control_await(control, fetches(control, 1));
	dataplane_wants(control, "eve", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_ADD, "eve") != NULL);
	key = key_told(control, SLUICE_TURN_KEY_ADD, "eve");
	assert_int_equal(key->no_md5, 1);
	assert_int_equal(key->has_sha256, 1);
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(key->sha256[i], i % 16);
	dataplane_wants(control, "joe", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_ADD, "joe") != NULL);
	key = key_told(control, SLUICE_TURN_KEY_ADD, "joe");
	assert_int_equal(key->no_md5, 0);
	assert_int_equal(key->has_sha256, 1);
	assert_int_equal(key->key[15], 15);
	assert_int_equal(key->sha256[31], 15);
	/* the other way round it is none */
	dataplane_wants(control, "sue", 3);
	control_await(control, key_told(control, SLUICE_TURN_KEY_DELETE, "sue") != NULL);
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

static const struct sluice_turn_quota *quota_told(const struct control *control)
{
	return dataplane_asked(control, SLUICE_TURN_QUOTA_SET);
}

static bool quota_is(const struct control *control, uint32_t user, uint32_t host, uint64_t max_bps)
{
	const struct sluice_turn_quota *told = quota_told(control);

	return told != NULL && told->user == user && told->host == host &&
	       told->max_bps == max_bps && !told->capacity_given && !told->whole;
}

static bool peer_told(const struct control *control, uint16_t type, uint8_t last, uint8_t length)
{
	const struct sluice_turn_peer *told = dataplane_asked(control, type);

	return told != NULL && told->addr.ip[15] == last && told->length == length &&
	       told->action == SLUICE_TURN_PEER_DENY && told->realm[0] == '\0';
}

/* Redis is read when a connection to it is made. */
static void read_again(void)
{
	redis_run(0, "CLIENT KILL TYPE normal SKIPME yes");
}

static void limits_are_told(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	/* what the configuration says is not taken from Redis */
	assert_int_equal(control_do(control, "turn quota host 7"), 0);
	redis_run(0, "MSET turn/realm/sluice/user-quota 3 turn/realm/sluice/total-quota 1000 "
	             "turn/realm/sluice/max-bps 125000");
	read_again();
	control_await(control, quota_is(control, 3, 1000, 1000000));
	assert_int_equal(quota_told(control)->user_given, 1);
	assert_int_equal(quota_told(control)->host_given, 0);
	assert_int_equal(quota_told(control)->max_bps_given, 1);
	/* they are no lines of the configuration, and a new dataplane is told them as well */
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "max-bps"));
	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, quota_is(control, 3, 1000, 1000000));
	/* one that is gone is lifted, one that is no number stays */
	redis_run(0, "SET turn/realm/sluice/max-bps plenty");
	redis_run(0, "DEL turn/realm/sluice/user-quota");
	read_again();
	control_await(control, quota_is(control, 0, 1000, 1000000));
	assert_int_equal(quota_told(control)->user_given, 1);
}

/* What is there is not told again, and what was not taken back is tried again. */
static void peers_are_told_once(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 192.0.2.4 192.0.2.5 192.0.2.6");
	read_again();
	control_await(control, dataplane_was_asked(control, SLUICE_TURN_PEER_ADD) == 3);
	dataplane_answers(control, SLUICE_TURN_PEER_DELETE, -EBUSY, NULL, 0);
	redis_run(0, "SREM turn/realm/sluice/denied-peer-ip 192.0.2.5");
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 192.0.2.7");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 7, 32));
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_ADD), 4);
	control_await(control, peer_told(control, SLUICE_TURN_PEER_DELETE, 5, 32));
	dataplane_answers(control, SLUICE_TURN_PEER_DELETE, 0, NULL, 0);
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 192.0.2.8");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 8, 32));
	control_await(control, dataplane_was_asked(control, SLUICE_TURN_PEER_DELETE) == 2);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_ADD), 5);
	/* a line of the configuration goes: what Redis says is told anew */
	assert_int_equal(control_do(control, "turn peer deny 192.0.2.8/32"), 0);
	assert_int_equal(control_do(control, "turn peer delete 192.0.2.8/32"), 0);
	read_again();
	control_await(control, dataplane_was_asked(control, SLUICE_TURN_PEER_ADD) == 10);
}

static void denied_peers_are_told(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	assert_int_equal(control_do(control, "turn peer allow 192.0.2.9/32"), 0);
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 192.0.2.4-192.0.2.7 192.0.2.9");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 4, 30));
	redis_run(0, "SREM turn/realm/sluice/denied-peer-ip 192.0.2.4-192.0.2.7");
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 192.0.2.16/31");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_DELETE, 4, 30));
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 16, 31));
	/* a list that is none: the one before stays */
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip everybody");
	read_again();
	control_await(control, control_logged(control, "denied-peer-ip in Redis stays as it was"));
	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 16, 31));
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_DELETE), 0);
}

/* What is allowed there wins over what is denied there, and opens nothing else. */
static void allowed_peers_are_not_denied(void **state)
{
	struct control *control = *state;

	control_await(control, fetches(control, 1));
	redis_run(0, "SADD turn/realm/sluice/denied-peer-ip 198.51.100.2-198.51.100.3");
	redis_run(0, "SADD turn/realm/sluice/allowed-peer-ip 198.51.100.2 10.0.0.1");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 3, 32));
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_ADD), 1);
	redis_run(0, "DEL turn/realm/sluice/allowed-peer-ip");
	read_again();
	control_await(control, peer_told(control, SLUICE_TURN_PEER_DELETE, 3, 32));
	control_await(control, peer_told(control, SLUICE_TURN_PEER_ADD, 2, 31));
	redis_run(0, "SADD turn/realm/sluice/allowed-peer-ip everybody");
	read_again();
	control_await(control, control_logged(control, "allowed-peer-ip in Redis is left out"));
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_DELETE), 1);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_PEER_ADD), 2);
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
	        USERS_TEST(other_keys_are_fetched),
	        USERS_TEST(what_is_no_key_is_said),
	        USERS_TEST(secrets_are_told),
	        USERS_TEST(limits_are_told),
	        USERS_TEST(denied_peers_are_told),
	        USERS_TEST(allowed_peers_are_not_denied),
	        USERS_TEST(peers_are_told_once),
	        USERS_TEST(a_dataplane_that_comes_back_is_told_all),
	};

	if (!redis_is_installed()) {
		printf("no redis-server here\n");
		return 77;
	}
	return cmocka_run_group_tests_name("control_users", tests, NULL, NULL);
}
