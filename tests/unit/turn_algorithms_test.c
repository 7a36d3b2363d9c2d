/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients of RFC 8489: SHA-256, names by their hash, and who would take the offer away. */
#include "turn_fixture.h"

#include "turn/store.h"
#include "turn/turn.h"

#include <stdio.h>

static const uint8_t sha256_first[8] = {0, STUN_SHA256, 0, 0, 0, STUN_MD5, 0, 0};
static const uint8_t md5_first[8] = {0, STUN_MD5, 0, 0, 0, STUN_SHA256, 0, 0};

/* One that signs with SHA-256, as the last challenge said. */
struct modern {
	struct client *client;
	struct stun_raw_key key;
	enum stun_algorithm algorithm; /* 0: none is chosen */
	bool hashed;                   /* USERHASH */
	bool sha1;                     /* MESSAGE-INTEGRITY all the same */
	uint8_t nonce[STUN_NONCE_SIZE_MAX], list[8];
	uint16_t nonce_length, list_length;
	unsigned int permitted;
};

static struct modern modern_create(struct fixture *fixture, uint16_t port, bool tenants)
{
	struct modern modern = {.algorithm = STUN_SHA256};

	modern.client = tenants ? tenants_client(fixture, port, "alice", "other")
	                        : client_create(fixture, "192.0.2.60", port, "alice", "secret1");
	stun_raw_long_term(&modern.key, STUN_SHA256, "alice", 5, modern.client->realm,
	                   modern.client->password, strlen(modern.client->password));
	return modern;
}

static void challenge_take(struct modern *modern)
{
	const uint8_t *nonce = answer(modern->client, STUN_ATTR_NONCE, 0, &modern->nonce_length);
	const uint8_t *list =
	        answer(modern->client, STUN_ATTR_PASSWORD_ALGORITHMS, 0, &modern->list_length);

	assert_non_null(nonce);
	memcpy(modern->nonce, nonce, modern->nonce_length);
	if (list == NULL)
		modern->list_length = 0;
	else
		memcpy(modern->list, list, sizeof(modern->list));
}

/* The first request says that its client knows of algorithms, or does not. */
static void challenge(struct modern *modern, bool says)
{
	ask(modern->client, STUN_ALLOCATE);
	ask_transport(modern->client);
	if (says)
		ask_bytes(modern->client, STUN_ATTR_PASSWORD_ALGORITHMS, sha256_first, 8);
	assert_int_equal(send_plain(modern->client), 401);
	challenge_take(modern);
}

static int modern_send(struct modern *modern)
{
	const uint8_t algorithm[4] = {0, modern->algorithm};
	struct client *client = modern->client;
	uint8_t hash[STUN_SHA256_SIZE];
	struct stun_key sha1;

	stun_userhash(hash, client->user, client->user_length, client->realm);
	if (modern->hashed)
		ask_bytes(client, STUN_ATTR_USERHASH, hash, sizeof(hash));
	else
		ask_bytes(client, STUN_ATTR_USERNAME, client->user, client->user_length);
	ask_bytes(client, STUN_ATTR_REALM, client->realm, strlen(client->realm));
	ask_bytes(client, STUN_ATTR_NONCE, modern->nonce, modern->nonce_length);
	if (modern->algorithm != 0)
		ask_bytes(client, STUN_ATTR_PASSWORD_ALGORITHM, algorithm, sizeof(algorithm));
	if (modern->list_length != 0)
		ask_bytes(client, STUN_ATTR_PASSWORD_ALGORITHMS, modern->list, modern->list_length);
	stun_key_raw(&sha1, modern->key.bytes, modern->key.length);
	if (modern->sha1)
		stun_put_integrity(&client->writer, &sha1);
	else
		stun_put_integrity_sha256(&client->writer, &modern->key);
	return send_plain(client);
}

static int modern_allocate(struct modern *modern)
{
	ask(modern->client, STUN_ALLOCATE);
	ask_transport(modern->client);
	return modern_send(modern);
}

static int modern_refresh(struct modern *modern, uint32_t lifetime)
{
	ask(modern->client, STUN_REFRESH);
	stun_put_u32(&modern->client->writer, STUN_ATTR_LIFETIME, lifetime);
	return modern_send(modern);
}

/* Of another peer each time: one that is there may be refreshed. */
static int modern_permit(struct modern *modern)
{
	char peer[16];

	snprintf(peer, sizeof(peer), "198.51.100.%u", ++modern->permitted);
	ask(modern->client, STUN_CREATE_PERMISSION);
	ask_peer(modern->client, peer, 0);
	return modern_send(modern);
}

static bool signed_sha256(const struct modern *modern)
{
	struct stun_message message;

	assert_int_equal(stun_parse(&message, modern->client->request, modern->client->length), 0);
	return !stun_has(&message, STUN_KNOWN_MESSAGE_INTEGRITY) &&
	       stun_integrity_sha256_ok(&message, &modern->key);
}

/* The offer is for those who know of it, and costs the others nothing. */
static void test_offered(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);
	const struct sluice_turn_algorithms always = {1}, odd = {2}, asked = {0};

	challenge(&modern, false);
	assert_int_equal(modern.client->length, 52);
	assert_int_equal(modern.list_length, 0);
	challenge(&modern, true);
	assert_int_equal(modern.client->length, 52 + 28);
	assert_memory_equal(modern.nonce, "obMatJos2gAAA", 13);
	assert_memory_equal(modern.list, sha256_first, 8);
	assert_int_equal(turn_algorithms_set(fixture->dp.turn, &odd, fixture->why), -EINVAL);
	assert_int_equal(turn_algorithms_set(fixture->dp.turn, &always, fixture->why), 0);
	challenge(&modern, false);
	assert_int_equal(modern.client->length, 52 + 28);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(turn_algorithms_set(fixture->dp.turn, &asked, fixture->why), 0);
	/* who neither looks at the offer nor at the cookie comes as before */
	modern.client->flow.src_port++;
	assert_int_equal(turn_algorithms_set(fixture->dp.turn, &always, fixture->why), 0);
	challenge(&modern, false);
	modern.algorithm = 0;
	modern.list_length = 0;
	modern.sha1 = true;
	stun_raw_long_term(&modern.key, STUN_MD5, "alice", 5, REALM, "secret1", 7);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_true(answer_signed(modern.client));
	/* the option goes with its line */
	assert_true(turn_policy_now(fixture->dp.turn)->algorithms_always);
	fixture->dp.config_generation++;
	turn_config_sweep(fixture->dp.turn);
	assert_false(turn_policy_now(fixture->dp.turn)->algorithms_always);
	client_free(modern.client);
	fixture_destroy(fixture);
}

static void test_sha256(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);
	struct sluice_turn_user alice = {"alice"};

	challenge(&modern, true);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_true(signed_sha256(&modern));
	assert_true(allocation_of(modern.client)->flags & ALLOCATION_RAW_KEY);
	assert_int_equal(modern_permit(&modern), 0);
	assert_true(signed_sha256(&modern));
	/* MESSAGE-INTEGRITY does, too, and is answered with SHA-256 */
	modern.sha1 = true;
	assert_int_equal(modern_refresh(&modern, 600), 0);
	assert_true(signed_sha256(&modern));
	modern.sha1 = false;
	/* MD5 may be chosen, and back */
	modern.algorithm = STUN_MD5;
	stun_raw_long_term(&modern.key, STUN_MD5, "alice", 5, REALM, "secret1", 7);
	assert_int_equal(modern_refresh(&modern, 600), 0);
	assert_true(signed_sha256(&modern));
	modern.algorithm = 0;
	modern.list_length = 0;
	assert_int_equal(modern_refresh(&modern, 600), 0);
	/* ... without a choice the answer is an RFC 5389 one (RFC 8489, 9.2.4) */
	assert_true(answer_signed(modern.client));
	/* a client of RFC 5389 on the same 5-tuple */
	assert_int_equal(refresh(modern.client, 600), 0);
	assert_false(allocation_of(modern.client)->flags & ALLOCATION_RAW_KEY);
	/* its user has gone: what is there may be refreshed, and nothing be made */
	client_free(modern.client);
	modern = modern_create(fixture, 4010, false);
	challenge(&modern, true);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &alice, fixture->why), 0);
	assert_int_equal(modern_refresh(&modern, 600), 0);
	assert_int_equal(modern_permit(&modern), 403);
	assert_true(signed_sha256(&modern));
	assert_int_equal(modern_refresh(&modern, 0), 0);
	modern.client->flow.src_port++;
	challenge(&modern, true);
	assert_int_equal(modern_allocate(&modern), 401);
	client_free(modern.client);
	fixture_destroy(fixture);
}

static void test_wrong(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);

	challenge(&modern, true);
	modern.key.bytes[31] ^= 1;
	assert_int_equal(modern_allocate(&modern), 401);
	assert_int_equal(counted(fixture, TURN_401_PASSWORD), 1);
	/* with a new offer, that its request has paid for */
	assert_int_equal(modern.client->length, 52 + 28);
	assert_true(modern.client->length <= modern.client->sent_length);
	modern.hashed = true;
	modern.client->user = "carol";
	assert_int_equal(modern_allocate(&modern), 401);
	assert_int_equal(counted(fixture, TURN_401_USER), 1);
	client_free(modern.client);
	fixture_destroy(fixture);
}

/* What somebody on the way may have changed of the offer (RFC 8489, 9.2.1). */
static void test_bid_down(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern offered = modern_create(fixture, 4000, false), modern;

	challenge(&offered, true);
	/* one of both is missing, or an algorithm that was not offered */
	modern = offered;
	modern.list_length = 0;
	assert_int_equal(modern_allocate(&modern), 400);
	modern = offered;
	modern.algorithm = 0;
	assert_int_equal(modern_allocate(&modern), 400);
	modern = offered;
	modern.algorithm = 3;
	assert_int_equal(modern_allocate(&modern), 400);
	modern = offered;
	modern.list_length = 4;
	assert_int_equal(modern_allocate(&modern), 400);
	modern.list[1] = STUN_MD5;
	assert_int_equal(modern_allocate(&modern), 400);
	/* the list turned round: the answer brings the right one */
	modern = offered;
	memcpy(modern.list, md5_first, sizeof(md5_first));
	assert_int_equal(modern_allocate(&modern), 438);
	challenge_take(&modern);
	assert_memory_equal(modern.list, sha256_first, 8);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(modern_refresh(&modern, 0), 0);
	fixture_time(fixture, 1020);
	/* the cookie taken off: none of ours */
	modern = offered;
	memmove(modern.nonce, modern.nonce + 13, STUN_NONCE_SIZE);
	modern.nonce_length = STUN_NONCE_SIZE;
	assert_int_equal(modern_allocate(&modern), 438);
	/* ... put on, or with another feature */
	challenge(&modern, false);
	memmove(modern.nonce + 13, modern.nonce, STUN_NONCE_SIZE);
	memcpy(modern.nonce, "obMatJos2gAAA", 13);
	modern.nonce_length = STUN_NONCE_SIZE_MAX;
	assert_int_equal(modern_allocate(&modern), 438);
	modern = offered;
	modern.nonce[9] = 'w';
	assert_int_equal(modern_allocate(&modern), 438);
	/* an algorithm where none was offered: now it is */
	challenge(&modern, false);
	memcpy(modern.list, sha256_first, 8);
	modern.list_length = 8;
	assert_int_equal(modern_allocate(&modern), 438);
	challenge_take(&modern);
	assert_int_equal(modern_allocate(&modern), 0);
	client_free(offered.client);
	fixture_destroy(fixture);
}

/* Where all users can be found by it. */
static void test_userhash(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern, other;
	struct sluice_turn_user alice = tenants_user("alice", "changed");

	fixture_tenant(fixture);
	modern = modern_create(fixture, 4000, true);
	challenge(&modern, true);
	assert_memory_equal(modern.nonce, "obMatJos2wAAA", 13);
	modern.hashed = true;
	assert_int_equal(modern_allocate(&modern), 0);
	assert_true(signed_sha256(&modern));
	assert_memory_equal(allocation_of(modern.client)->user, "alice", 6);
	assert_int_equal(modern_permit(&modern), 0);
	/* by her name she is the same */
	modern.hashed = false;
	assert_int_equal(modern_refresh(&modern, 600), 0);
	/* the server's alice is another one; its realm has a secret, under which anybody may come
	 */
	other = modern_create(fixture, 4100, false);
	challenge(&other, true);
	assert_memory_equal(other.nonce, "obMatJos2gAAA", 13);
	other.hashed = true;
	assert_int_equal(modern_allocate(&other), 0);
	/* another password, and gone */
	assert_int_equal(turn_user_add(fixture->dp.turn, &alice, SLUICE_API_EXIST_OK, fixture->why),
	                 0);
	modern.hashed = true;
	assert_int_equal(modern_permit(&modern), 403);
	stun_raw_long_term(&modern.key, STUN_SHA256, "alice", 5, TENANT, "changed", 7);
	assert_int_equal(modern_permit(&modern), 0);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &alice, fixture->why), 0);
	assert_int_equal(modern_permit(&modern), 401);
	/* a hash of another length is none */
	ask(modern.client, STUN_ALLOCATE);
	ask_transport(modern.client);
	ask_bytes(modern.client, STUN_ATTR_USERHASH, "short", 5);
	ask_bytes(modern.client, STUN_ATTR_REALM, TENANT, strlen(TENANT));
	ask_bytes(modern.client, STUN_ATTR_NONCE, modern.nonce, modern.nonce_length);
	stun_put_integrity_sha256(&modern.client->writer, &modern.key);
	assert_int_equal(send_plain(modern.client), 400);
	client_free(modern.client);
	client_free(other.client);
	fixture_destroy(fixture);
}

/* Many users, come and gone, each found by both. */
static void test_userhash_many(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern;

	fixture_tenant(fixture);
	for (int i = 0; i < 500; i++) {
		struct sluice_turn_user user = tenants_user("", "word");

		snprintf(user.name, sizeof(user.name), "user%d", i);
		assert_int_equal(turn_user_add(fixture->dp.turn, &user, 0, fixture->why), 0);
		if (i % 3 == 0)
			assert_int_equal(turn_user_delete(fixture->dp.turn, &user, fixture->why),
			                 0);
	}
	modern = modern_create(fixture, 4000, true);
	challenge(&modern, true);
	modern.hashed = true;
	for (int i = 0; i < 500; i += 7) {
		char name[16];

		snprintf(name, sizeof(name), "user%d", i);
		modern.client->user = name;
		modern.client->user_length = strlen(name);
		stun_raw_long_term(&modern.key, STUN_SHA256, name, strlen(name), TENANT, "word", 4);
		fixture_time(fixture, 1000 + i * 10);
		challenge(&modern, true);
		assert_int_equal(modern_allocate(&modern), i % 3 == 0 ? 401 : 0);
		if (i % 3 != 0)
			assert_int_equal(modern_refresh(&modern, 0), 0);
	}
	client_free(modern.client);
	fixture_destroy(fixture);
}

static void test_keys(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);
	struct sluice_turn_user user = {"alice", .keyed = 1};
	struct stun_raw_key md5;
	char hex[2][65];

	stun_raw_long_term(&md5, STUN_MD5, "alice", 5, REALM, "secret1", 7);
	for (int i = 0; i < 16; i++)
		sprintf(hex[0] + 2 * i, "%02x", md5.bytes[i]);
	for (int i = 0; i < 32; i++)
		sprintf(hex[1] + 2 * i, "%02x", modern.key.bytes[i]);
	/* SHA-256's alone */
	memcpy(user.password, hex[1], sizeof(hex[1]));
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, SLUICE_API_EXIST_OK, fixture->why),
	                 0);
	challenge(&modern, true);
	assert_memory_equal(modern.list, sha256_first, 8);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(refresh(modern.client, 600), 401);
	/* no chain of zeros is a key */
	memset(&modern.client->key, 0, sizeof(modern.client->key));
	assert_int_equal(refresh(modern.client, 600), 401);
	assert_int_equal(modern_refresh(&modern, 0), 0);
	/* both */
	snprintf(user.password, sizeof(user.password), "0x%s,%s", hex[0], hex[1]);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, SLUICE_API_EXIST_OK, fixture->why),
	                 0);
	client_free(modern.client);
	modern = modern_create(fixture, 4001, false);
	challenge(&modern, true);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(refresh(modern.client, 600), 0);
	assert_int_equal(modern_refresh(&modern, 0), 0);
	/* MD5's alone: the server says first what all its users have */
	memcpy(user.password, hex[0], 33);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, SLUICE_API_EXIST_OK, fixture->why),
	                 0);
	client_free(modern.client);
	modern = modern_create(fixture, 4002, false);
	challenge(&modern, true);
	assert_memory_equal(modern.list, md5_first, 8);
	assert_int_equal(modern_allocate(&modern), 401);
	modern.algorithm = STUN_MD5;
	modern.key = md5;
	assert_int_equal(modern_allocate(&modern), 0);
	assert_true(signed_sha256(&modern));
	/* which changes with the user's going */
	assert_int_equal(turn_user_delete(fixture->dp.turn, &user, fixture->why), 0);
	assert_int_equal(modern_refresh(&modern, 600), 438);
	challenge_take(&modern);
	assert_memory_equal(modern.list, sha256_first, 8);
	/* what is none */
	snprintf(user.password, sizeof(user.password), "%s,%s", hex[0], hex[0]);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, 0, fixture->why), -EINVAL);
	snprintf(user.password, sizeof(user.password), "%s,", hex[0]);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, 0, fixture->why), -EINVAL);
	snprintf(user.password, sizeof(user.password), "%s%s", hex[0], hex[1]);
	assert_int_equal(turn_user_add(fixture->dp.turn, &user, 0, fixture->why), -EINVAL);
	client_free(modern.client);
	fixture_destroy(fixture);
}

/* Fetched ones: MD5 comes first as long as somebody fetches. */
static void test_fetched(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);
	struct sluice_turn_key key = {"carol", .refresh_s = 60, .no_md5 = 1, .has_sha256 = 1};

	turn_lookup_set(fixture->dp.turn, &(struct sluice_turn_lookup){.on = 1});
	modern.client->user = "carol";
	stun_raw_long_term(&modern.key, STUN_SHA256, "carol", 5, REALM, "secret3", 7);
	memcpy(key.sha256, modern.key.bytes, sizeof(key.sha256));
	challenge(&modern, true);
	assert_memory_equal(modern.list, md5_first, 8);
	assert_int_equal(modern_allocate(&modern), DROPPED);
	assert_int_equal(turn_key_add(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(send_again(modern.client), 0);
	assert_true(signed_sha256(&modern));
	/* nobody is fetched by a hash, but who has come before is found */
	modern.hashed = true;
	assert_int_equal(modern_permit(&modern), 0);
	assert_int_equal(turn_key_delete(fixture->dp.turn, &key, fixture->why), 0);
	assert_int_equal(modern_permit(&modern), 401);
	client_free(modern.client);
	fixture_destroy(fixture);
}

static void test_time_limited(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct modern modern = modern_create(fixture, 4000, false);
	struct stun_key secret;

	stun_key_raw(&secret, "north", 5);
	modern.client->user = "1800000100:dave";
	modern.client->user_length = strlen(modern.client->user);
	stun_raw_time_limited(&modern.key, STUN_SHA256, &secret, modern.client->user,
	                      modern.client->user_length, REALM);
	challenge(&modern, true);
	assert_int_equal(modern_allocate(&modern), 0);
	assert_int_equal(modern_permit(&modern), 0);
	/* over: what is there goes on, nothing new comes */
	fixture_time(fixture, 1200);
	assert_int_equal(modern_refresh(&modern, 600), 0);
	assert_int_equal(modern_permit(&modern), 403);
	assert_true(signed_sha256(&modern));
	client_free(modern.client);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_offered),      cmocka_unit_test(test_sha256),
	        cmocka_unit_test(test_wrong),        cmocka_unit_test(test_bid_down),
	        cmocka_unit_test(test_userhash),     cmocka_unit_test(test_userhash_many),
	        cmocka_unit_test(test_keys),         cmocka_unit_test(test_fetched),
	        cmocka_unit_test(test_time_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
