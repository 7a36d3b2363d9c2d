/* SPDX-License-Identifier: BSD-3-Clause */
/* What is answered at all, and to whom: framing, credentials, bad input. */
#include "turn_fixture.h"

#include "turn/attempts.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

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

/* -- Binding -- */

static void test_binding(void **state)
{
	static const struct {
		const char *ip;
		bool fingerprint;
		uint16_t length;
	} rows[] = {
	        {"198.51.100.1", false, 32},
	        {"198.51.100.1", true, 40},
	        {"2001:db8::99", false, 44},
	        {"2001:db8::99", true, 52},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct client *client = client_create(server, rows[i].ip, 777, "", "");
		struct transport_addr mapped;

		ask(client, STUN_BINDING);
		if (rows[i].fingerprint)
			stun_put_fingerprint(&client->writer);
		assert_int_equal(send_plain(client), 0);
		assert_int_equal(client->length, rows[i].length);
		mapped = answer_addr(client, STUN_ATTR_XOR_MAPPED_ADDRESS, 0);
		assert_true(ip_addr_equal(&mapped.ip, &client->flow.src));
		assert_int_equal(mapped.port, client->flow.src_port);
		assert_true((answer(client, STUN_ATTR_FINGERPRINT, 0, NULL) != NULL) ==
		            rows[i].fingerprint);
		client_free(client);
	}
	ask(alice, STUN_BINDING);
	ask_bytes(alice, 0x0003, "\0\0\0\2", 4);
	assert_int_equal(send_plain(alice), 420);
	assert_memory_equal(answer(alice, STUN_ATTR_UNKNOWN_ATTRIBUTES, 0, NULL), "\0\3", 2);
	assert_int_equal(counted(server, TURN_BINDING), 4);
}

/* Classes are stun_input's: tests/packet/drop_cases.c. */
static void test_silence(void **state)
{
	static const uint16_t methods[] = {0x0002, STUN_SEND /* as a request */, 0x0fff & ~0x0110};

	for (size_t i = 0; i < RTE_DIM(methods); i++) {
		ask(alice, STUN_BINDING);
		alice->request[0] = methods[i] >> 8;
		alice->request[1] = methods[i] & 0xff;
		assert_int_equal(send_plain(alice), DROPPED);
		assert_int_equal(alice->reason, DROP_STUN_METHOD);
	}
}

static void test_malformed(void **state)
{
	uint8_t value[4] = {0};

	/* an attribute that claims more than there is */
	ask(alice, STUN_ALLOCATE);
	ask_bytes(alice, STUN_ATTR_REQUESTED_TRANSPORT, value, 4);
	alice->request[22] = 0xff;
	alice->request[23] = 0xff;
	assert_int_equal(send_plain(alice), DROPPED);
	assert_int_equal(alice->reason, DROP_STUN_MALFORMED);
	/* FINGERPRINT */
	ask(alice, STUN_BINDING);
	stun_put_fingerprint(&alice->writer);
	alice->request[27] ^= 1;
	assert_int_equal(send_plain(alice), DROPPED);
	assert_int_equal(alice->reason, DROP_STUN_FINGERPRINT);
	assert_int_equal(allocate(alice), 0);
}

static void test_not_configured(void **state)
{
	struct fixture *bare = fixture_create_bare(4, 4, 4, 1);
	struct client *client = client_create(bare, "198.51.100.1", 4000, "alice", "secret1");

	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	assert_int_equal(send_plain(client), DROPPED);
	assert_int_equal(client->reason, DROP_TURN_NOT_CONFIGURED);
	ask(client, STUN_BINDING);
	assert_int_equal(send_plain(client), 0);
	client_free(client);
	fixture_destroy(bare);
}

/* -- credentials -- */

static void test_challenge(void **state)
{
	uint16_t length;

	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	assert_int_equal(send_plain(alice), 401);
	assert_int_equal(alice->sent_length, 28);
	assert_int_equal(alice->length, 52);
	assert_memory_equal(answer(alice, STUN_ATTR_REALM, 0, &length), REALM, 4);
	assert_int_equal(length, 4);
	assert_non_null(answer(alice, STUN_ATTR_NONCE, 0, &length));
	assert_int_equal(length, STUN_NONCE_SIZE);
	assert_null(answer(alice, STUN_ATTR_MESSAGE_INTEGRITY, 0, NULL));
	assert_null(answer(alice, STUN_ATTR_SOFTWARE, 0, NULL));
	assert_null(allocation_of(alice));
	assert_int_equal(server->dp.turn->n_allocations, 0);
}

enum omit {
	WITHOUT_USER = 1,
	WITHOUT_REALM = 2,
	WITHOUT_NONCE = 4,
	FORGED_NONCE = 8,
	OTHER_REALM = 16
};

static int send_odd(struct client *client, int omit)
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	if (!(omit & WITHOUT_USER))
		ask_bytes(client, STUN_ATTR_USERNAME, "alice", 5);
	if (!(omit & WITHOUT_REALM))
		ask_bytes(client, STUN_ATTR_REALM, omit & OTHER_REALM ? "else" : REALM, 4);
	if (omit & FORGED_NONCE)
		ask_bytes(client, STUN_ATTR_NONCE, "AAAAAAAAAAAA", 12);
	else if (!(omit & WITHOUT_NONCE))
		ask_bytes(client, STUN_ATTR_NONCE, client->nonce, client->nonce_length);
	stun_put_integrity(&client->writer, &client->key);
	return send_plain(client);
}

static void test_credentials_missing(void **state)
{
	static const struct {
		int omit;
		int code;
	} rows[] = {
	        {WITHOUT_NONCE, 401},
	        {WITHOUT_NONCE | WITHOUT_USER, 401},
	        {FORGED_NONCE, 438},
	        {FORGED_NONCE | WITHOUT_USER | WITHOUT_REALM, 401},
	        {FORGED_NONCE | WITHOUT_USER, 401},
	        {FORGED_NONCE | OTHER_REALM, 438},
	        {WITHOUT_USER, 400},
	        {WITHOUT_REALM, 400},
	        {OTHER_REALM, 401},
	};

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(alice, 0), 0);
	fixture_time(server, 1011);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		assert_int_equal(send_odd(alice, rows[i].omit), rows[i].code);
		/* Whoever shows no valid nonce is never sent more than the smallest 401. */
		assert_in_range(alice->length, 28, 52);
		assert_null(answer(alice, STUN_ATTR_MESSAGE_INTEGRITY, 0, NULL));
	}
	assert_null(allocation_of(alice));
	assert_int_equal(send_odd(alice, 0), 0);
}

static void test_credentials_wrong(void **state)
{
	struct client *wrong = client_create(server, "198.51.100.1", 4001, "alice", "secret2");
	struct client *nobody = client_create(server, "198.51.100.1", 4002, "carol", "secret1");
	struct client *thief = client_create(server, "198.51.100.1", 4003, "alice", "secret1");

	assert_int_equal(allocate(wrong), 401);
	assert_non_null(answer(wrong, STUN_ATTR_NONCE, 0, NULL));
	assert_int_equal(allocate(nobody), 401);
	assert_int_equal(allocate(alice), 0);
	/* another client's nonce */
	memcpy(thief->nonce, alice->nonce, sizeof(thief->nonce));
	thief->nonce_length = alice->nonce_length;
	assert_int_equal(allocate(thief), 438);
	assert_false(answer_signed(thief));
	thief->nonce_length = 0;
	assert_int_equal(allocate(thief), 0);
	client_free(wrong);
	client_free(nobody);
	client_free(thief);
}

static void test_nonce_ages(void **state)
{
	assert_int_equal(allocate(alice), 0);
	fixture_time(server, 1000 + STUN_NONCE_LIFETIME_S + 100);
	assert_int_equal(allocate(alice), 438);
	assert_int_equal(alice->length, 52);
	assert_null(answer(alice, STUN_ATTR_MESSAGE_INTEGRITY, 0, NULL));
	memcpy(alice->nonce, answer(alice, STUN_ATTR_NONCE, 0, NULL), STUN_NONCE_SIZE);
	assert_int_equal(allocate(alice), 0);
}

static void test_nonce_survives_rotation(void **state)
{
	uint32_t step = STUN_NONCE_ROTATION_S;

	fixture_time(server, 1000 + step - 10);
	turn_tick(server->dp.turn, server->unix_now + step - 10);
	assert_int_equal(allocate(alice), 0);
	fixture_time(server, 1000 + step + 10);
	turn_tick(server->dp.turn, server->unix_now + step + 10);
	assert_int_equal(refresh(alice, 600), 0);
}

/* Keys come from outside until nobody brings any. */
static void test_nonce_keys_abandoned(void **state)
{
	struct stun_nonce_keys *now = &server->dp.turn->config->nonce_keys;
	struct stun_nonce_keys given = {.keys = {{1, 2}, {3, 4}}};
	uint64_t at = server->unix_now;

	assert_int_equal(turn_nonce_keys_set(server->dp.turn, &given), 0);
	turn_tick(server->dp.turn, at);
	turn_tick(server->dp.turn, at + 3 * STUN_NONCE_ROTATION_S - 1);
	assert_memory_equal(now->keys, given.keys, sizeof(given.keys));
	turn_tick(server->dp.turn, at + 3 * STUN_NONCE_ROTATION_S);
	assert_memory_equal(&now->keys[1], &given.keys[0], sizeof(given.keys[0]));
	assert_memory_not_equal(&now->keys[0], &given.keys[0], sizeof(given.keys[0]));
	assert_int_equal(turn_nonce_keys_set(server->dp.turn, &given), 0);
	turn_tick(server->dp.turn, at + 3 * STUN_NONCE_ROTATION_S + 1);
	assert_memory_equal(now->keys, given.keys, sizeof(given.keys));
}

static void test_another_user(void **state)
{
	struct client *bob = client_create(server, "198.51.100.1", 4000, "bob", "secret2");

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(bob, 0), 441);
	assert_true(answer_signed(bob));
	assert_int_equal(permit(bob, PEER), 441);
	assert_int_equal(bind_channel(bob, 0x4000, PEER, 9), 441);
	assert_int_equal(allocate(bob), 437);
	assert_int_equal(refresh(alice, 600), 0);
	client_free(bob);
}

/* As a signalling server makes it. */
static void time_limited(struct client *client, const char *name, const char *secret)
{
	uint8_t mac[20], password[32] = {0};
	unsigned int length;

	HMAC(EVP_sha1(), secret, strlen(secret), (const uint8_t *)name, strlen(name), mac, &length);
	EVP_EncodeBlock(password, mac, 20);
	client->user = name;
	client->user_length = strlen(name);
	stun_key_long_term(&client->key, name, strlen(name), REALM, password, 28);
}

static void test_time_limited(void **state)
{
	struct sluice_turn_secret south = {"south"};
	struct client *client = client_create(server, "198.51.100.1", 5000, "", "");

	assert_int_equal(turn_secret_add(server->dp.turn, &south, 0, server->why), 0);
	time_limited(client, "1800000100:dave", "north");
	assert_int_equal(allocate(client), 0);
	/* a new credential of the same user goes on */
	time_limited(client, "1800009999:dave", "south");
	assert_int_equal(refresh(client, 600), 0);
	assert_int_equal(refresh(client, 0), 0);
	time_limited(client, "1799999999:dave", "north");
	client->flow.src_port++;
	client->nonce_length = 0;
	assert_int_equal(allocate(client), 401);
	time_limited(client, "1800000100:dave", "west");
	assert_int_equal(allocate(client), 401);
	time_limited(client, "dave:1800000100", "north");
	assert_int_equal(allocate(client), 0);
	assert_int_equal(refresh(client, 0), 0);
	fixture_time(server, server->workers[0].now + ALLOCATION_LINGER_S + 1);
	/* JavaScript's milliseconds: never valid */
	time_limited(client, "1800000100000:dave", "north");
	assert_int_equal(allocate(client), 401);
	assert_int_equal(counted(server, TURN_EXPIRY_TOO_LARGE), 1);
	time_limited(client, "1800000100", "north");
	assert_int_equal(allocate(client), 0);
	assert_int_equal(turn_secret_delete(server->dp.turn, &south, server->why), 0);
	client->flow.src_port++;
	client->nonce_length = 0;
	time_limited(client, "1800009999:dave", "south");
	assert_int_equal(allocate(client), 401);
	client_free(client);
}

/* Passwords are tried at ten a second, from a /64 as from one host, whatever the user; who has an
 * allocation already does not hear of it. */
static void test_attempts(void **state)
{
	struct client *wrong = client_create(server, "2001:db8::7:1", 4000, "alice", "guess");
	struct client *right = client_create(server, "2001:db8::8:1", 4000, "bob", "secret2");
	struct client *other = client_create(server, "2001:db8:0:1::1", 4000, "bob", "secret2");

	assert_int_equal(allocate(right), 0);
	for (int i = 0; i < ATTEMPTS_BURST; i++)
		assert_int_equal(allocate(wrong), 401);
	assert_int_equal(allocate(wrong), DROPPED);
	assert_int_equal(wrong->reason, DROP_TURN_ATTEMPTS);
	assert_int_equal(refresh(right, 600), 0);
	assert_int_equal(allocate(other), 0);
	fixture_time(server, 1001);
	for (int i = 0; i < ATTEMPTS_SECOND; i++)
		assert_int_equal(allocate(wrong), 401);
	assert_int_equal(allocate(wrong), DROPPED);
	client_free(wrong);
	client_free(right);
	client_free(other);
}

/* Of a credential that is over, what exists goes on and nothing comes to it. */
static void test_credential_over(void **state)
{
	struct sluice_turn_user user = {"alice", "secret1"};
	struct sluice_turn_secret north = {"north"};
	struct client *dave = client_create(server, "198.51.100.1", 5000, "", "");
	struct client *erin = client_create(server, "198.51.100.1", 5001, "", "");

	time_limited(dave, "1800000100:dave", "north");
	time_limited(erin, "1800009999:erin", "north");
	for (struct client *client = alice; client != NULL; client = client == alice  ? dave
	                                                             : client == dave ? erin
	                                                                              : NULL) {
		assert_int_equal(allocate(client), 0);
		assert_int_equal(bind_channel(client, 0x4000, "203.0.114.7", 9), 0);
	}
	fixture_time(server, 1101);
	assert_int_equal(permit(dave, "203.0.114.8"), 403);
	assert_int_equal(bind_channel(dave, 0x4001, "203.0.114.7", 10), 403);
	assert_int_equal(permit(dave, "203.0.114.7"), 0);
	assert_int_equal(bind_channel(dave, 0x4000, "203.0.114.7", 9), 0);
	assert_int_equal(refresh(dave, 600), 0);
	assert_int_equal(permit(erin, "203.0.114.8"), 0);
	/* a new one of his */
	time_limited(dave, "1800009999:dave", "north");
	assert_int_equal(permit(dave, "203.0.114.8"), 0);
	assert_int_equal(turn_user_delete(server->dp.turn, &user, server->why), 0);
	assert_int_equal(permit(alice, "203.0.114.8"), 403);
	assert_int_equal(refresh(alice, 600), 0);
	/* and at once */
	user.end = 1;
	assert_int_equal(turn_user_delete(server->dp.turn, &user, server->why), 0);
	assert_null(allocation_of(alice));
	assert_int_equal(turn_user_delete(server->dp.turn, &user, server->why), -ENOENT);
	assert_int_equal(allocate(alice), 401);
	north.end = 1;
	assert_int_equal(turn_secret_delete(server->dp.turn, &north, server->why), 0);
	assert_null(allocation_of(dave));
	assert_null(allocation_of(erin));
	client_free(dave);
	client_free(erin);
}

static void test_hostile_names(void **state)
{
	static const char *const names[] = {
	        "%s%s%n%n",   "ali\\ce", "\x01\x7f\xff", ":", "99999999999999999999999:x",
	        "1800000100:"};
	char longest[508];

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct client *client =
		        client_create(server, "198.51.100.1", 6000 + i, names[i], "x");

		assert_int_equal(allocate(client), 401);
		client_free(client);
	}
	memset(longest, 'a', sizeof(longest));
	alice->user = longest;
	alice->user_length = sizeof(longest);
	assert_int_equal(allocate(alice), 401);
	alice->user = "alice\0bob";
	alice->user_length = 9;
	assert_int_equal(allocate(alice), 401);
	alice->user_length = 0;
	assert_int_equal(allocate(alice), 401);
}

static void test_two_integrities(void **state)
{
	struct stun_key wrong;

	stun_key_raw(&wrong, "no", 2);
	assert_int_equal(allocate(alice), 0);
	/* What follows the first one is ignored: a second one, a LIFETIME that deletes. */
	ask(alice, STUN_REFRESH);
	ask_bytes(alice, STUN_ATTR_USERNAME, "alice", 5);
	ask_bytes(alice, STUN_ATTR_REALM, REALM, 4);
	ask_bytes(alice, STUN_ATTR_NONCE, alice->nonce, STUN_NONCE_SIZE);
	stun_put_integrity(&alice->writer, &alice->key);
	stun_put_u32(&alice->writer, STUN_ATTR_LIFETIME, 0);
	stun_put_integrity(&alice->writer, &wrong);
	ask_bytes(alice, 0x0042, "unknown!", 8);
	stun_put_fingerprint(&alice->writer);
	assert_int_equal(send_plain(alice), 0);
	assert_int_equal(answer_u32(alice, STUN_ATTR_LIFETIME), 600);
	assert_non_null(answer(alice, STUN_ATTR_FINGERPRINT, 0, NULL));
	/* the wrong one first */
	ask(alice, STUN_REFRESH);
	ask_bytes(alice, STUN_ATTR_USERNAME, "alice", 5);
	ask_bytes(alice, STUN_ATTR_REALM, REALM, 4);
	ask_bytes(alice, STUN_ATTR_NONCE, alice->nonce, STUN_NONCE_SIZE);
	stun_put_integrity(&alice->writer, &wrong);
	stun_put_integrity(&alice->writer, &alice->key);
	assert_int_equal(send_plain(alice), 401);
}

static void test_unknown_attributes(void **state)
{
	uint16_t length;

	assert_int_equal(allocate(alice), 0);
	ask(alice, STUN_REFRESH);
	ask_bytes(alice, 0x7abc, "what", 4);
	ask_bytes(alice, 0x8abc, "optional", 8);
	ask_bytes(alice, 0x0042, "ever", 4);
	assert_int_equal(send_signed(alice), 420);
	assert_true(answer_signed(alice));
	assert_memory_equal(answer(alice, STUN_ATTR_UNKNOWN_ATTRIBUTES, 0, &length),
	                    "\x7a\xbc\x00\x42", 4);
	assert_int_equal(length, 4);
	assert_int_equal(counted(server, TURN_ERROR_420), 1);
}

/* A length of no such attribute is told to the client that signs, and nothing is done. */
static void test_wrong_lengths(void **state)
{
	char name[764] = "";
	struct client *stranger;

	assert_int_equal(allocate(alice), 0);
	ask(alice, STUN_REFRESH);
	ask_bytes(alice, STUN_ATTR_LIFETIME, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(send_signed(alice), 400);
	assert_true(answer_signed(alice));
	assert_non_null(allocation_of(alice));
	ask(alice, STUN_BINDING);
	ask_bytes(alice, STUN_ATTR_LIFETIME, "x", 1);
	assert_int_equal(send_plain(alice), 400);
	memset(name, 'u', sizeof(name) - 1);
	stranger = client_create(server, "198.51.100.1", 4009, name, "secret1");
	assert_int_equal(allocate(stranger), 401);
	client_free(stranger);
}

/* -- anything -- */

/* Attributes and values at random, some signed: an answer or silence, and no more than 52 bytes for
 * a stranger. */
static void random_attribute(struct client *client, unsigned int *seed)
{
	static const uint16_t types[] = {
	        STUN_ATTR_LIFETIME,
	        STUN_ATTR_XOR_PEER_ADDRESS,
	        STUN_ATTR_CHANNEL_NUMBER,
	        STUN_ATTR_REQUESTED_TRANSPORT,
	        STUN_ATTR_EVEN_PORT,
	        STUN_ATTR_RESERVATION_TOKEN,
	        STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
	        STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
	        STUN_ATTR_DONT_FRAGMENT,
	        STUN_ATTR_USERNAME,
	        STUN_ATTR_NONCE,
	        STUN_ATTR_REALM,
	        STUN_ATTR_DATA,
	        0x7777,
	        0x8777,
	};
	static const uint8_t lengths[] = {4, 4, 4, 4, 4, 4, 8, 8, 20, 1, 0, 3, 12, 40};
	uint8_t value[64];

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = rand_r(seed) % 3 == 0 ? rand_r(seed) : rand_r(seed) % 3;
	switch (rand_r(seed) % 6) {
	case 0:
		ask_transport(client);
		break;
	case 1:
		ask_peer(client, rand_r(seed) % 4 ? PEER : PEER6, rand_r(seed) % 4);
		break;
	case 2:
		stun_put_u32(&client->writer, STUN_ATTR_CHANNEL_NUMBER,
		             (0x4000u + rand_r(seed) % 4) << 16);
		break;
	default:
		ask_bytes(client, types[rand_r(seed) % RTE_DIM(types)], value,
		          lengths[rand_r(seed) % RTE_DIM(lengths)]);
	}
}

/* Who asks for more is answered with more, and the gate counts it. */
static uint16_t longest_answer(const struct client *client)
{
	struct stun_message message;

	assert_int_equal(stun_parse(&message, client->sent, client->sent_length), 0);
	return stun_has(&message, STUN_KNOWN_PASSWORD_ALGORITHM) ||
	                       stun_has(&message, STUN_KNOWN_PASSWORD_ALGORITHMS) ||
	                       stun_has(&message, STUN_KNOWN_USERHASH) ||
	                       stun_has(&message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256)
	               ? 52 + 28
	               : 52;
}

static void random_request(struct client *client, unsigned int *seed)
{
	static const uint16_t methods[] = {STUN_BINDING,           STUN_ALLOCATE,     STUN_REFRESH,
	                                   STUN_CREATE_PERMISSION, STUN_CHANNEL_BIND, STUN_SEND};
	bool is_signed = rand_r(seed) % 8 != 0;
	int count = rand_r(seed) % 5;
	int code;

	client->flow.src_port = 1 + rand_r(seed) % 4;
	client->nonce_length = 0;
	ask(client, methods[rand_r(seed) % RTE_DIM(methods)]);
	while (count-- > 0)
		random_attribute(client, seed);
	if (rand_r(seed) % 16 == 0)
		client->request[20 + rand_r(seed) % 8] ^= 1 << rand_r(seed) % 8;
	code = is_signed ? send_signed(client) : send_plain(client);
	if (code == DROPPED)
		assert_int_not_equal(client->reason, DROP_NONE);
	else if (!is_signed)
		assert_true(client->length <= longest_answer(client));
	if (code == 403 || code >= 437)
		assert_true(code == 438 || answer_signed(client));
}

static void test_anything(void **state)
{
	unsigned int seed = 1;

	for (int round = 0; round < 100000; round++) {
		random_request(alice, &seed);
		if (round % 100 == 0)
			fixture_time(server, 1000 + round / 50);
	}
	fixture_time(server, 1000000);
	assert_int_equal(server->dp.turn->n_allocations, 0);
	assert_int_equal(server->dp.turn->relays[0].used, 0);
	assert_int_equal(server->dp.turn->relays[1].used, 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        ROW(test_binding),
	        ROW(test_silence),
	        ROW(test_malformed),
	        ROW(test_not_configured),
	        ROW(test_challenge),
	        ROW(test_credentials_missing),
	        ROW(test_credentials_wrong),
	        ROW(test_nonce_ages),
	        ROW(test_nonce_survives_rotation),
	        ROW(test_nonce_keys_abandoned),
	        ROW(test_another_user),
	        ROW(test_time_limited),
	        ROW(test_attempts),
	        ROW(test_credential_over),
	        ROW(test_hostile_names),
	        ROW(test_two_integrities),
	        ROW(test_unknown_attributes),
	        ROW(test_wrong_lengths),
	        ROW(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
