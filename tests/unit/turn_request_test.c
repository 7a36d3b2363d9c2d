/* SPDX-License-Identifier: BSD-3-Clause */
/* Each method, each error, each kind of bad input: a request in, an answer out. */
#include "turn_fixture.h"

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
		assert_true(ip_addr_equal(&mapped.ip, &client->flow.client));
		assert_int_equal(mapped.port, client->flow.client_port);
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

static void test_silence(void **state)
{
	static const struct {
		uint16_t type;
		uint16_t reason;
	} rows[] = {
	        {0x0011, DROP_STUN_METHOD}, /* Binding indication */
	        {0x0017, DROP_STUN_METHOD}, /* Data indication, which only servers send */
	        {0x0101, DROP_STUN_RESPONSE},
	        {0x0113, DROP_STUN_RESPONSE},
	        {0x0002, DROP_STUN_METHOD},
	        {0x0006, DROP_STUN_METHOD}, /* Send as a request */
	        {0x0fff & ~0x0110, DROP_STUN_METHOD},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		ask(alice, STUN_BINDING);
		alice->request[0] = rows[i].type >> 8;
		alice->request[1] = rows[i].type & 0xff;
		assert_int_equal(send_plain(alice), DROPPED);
		assert_int_equal(alice->reason, rows[i].reason);
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
	/* a length in the header that is not the datagram's */
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	stun_end(&alice->writer);
	memcpy(alice->sent, alice->request, 28);
	alice->sent_length = 28;
	for (int length = 0; length < 28; length++) {
		alice->sent_length = length;
		assert_int_equal(send_again(alice), DROPPED);
		assert_int_equal(alice->reason, DROP_STUN_MALFORMED);
	}
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
	        {WITHOUT_NONCE, 401}, {WITHOUT_NONCE | WITHOUT_USER, 401},
	        {FORGED_NONCE, 401},  {FORGED_NONCE | WITHOUT_USER | WITHOUT_REALM, 401},
	        {WITHOUT_USER, 400},  {WITHOUT_REALM, 400},
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
	assert_int_equal(allocate(thief), 401);
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
	client->flow.client_port++;
	client->nonce_length = 0;
	assert_int_equal(allocate(client), 401);
	time_limited(client, "1800000100:dave", "west");
	assert_int_equal(allocate(client), 401);
	time_limited(client, "1800000100", "north");
	assert_int_equal(allocate(client), 0);
	assert_int_equal(turn_secret_delete(server->dp.turn, &south, server->why), 0);
	client->flow.client_port++;
	client->nonce_length = 0;
	time_limited(client, "1800009999:dave", "south");
	assert_int_equal(allocate(client), 401);
	client_free(client);
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
	assert_true(ip_addr_equal(&mapped.ip, &alice->flow.client));
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
	alice->flow.client_port++;
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
		rtcp->flow.client_port++; /* the token is used up */
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
	/* The second port does not hang on the first one's allocation, and leaks with neither. */
	assert_int_equal(refresh(alice, 0), 0);
	assert_int_equal(server->dp.turn->relays[0].used, 1);
	fixture_time(server, 1029);
	assert_int_equal(server->dp.turn->relays[0].used, 1);
	fixture_time(server, 1030);
	assert_int_equal(server->dp.turn->relays[0].used, 0);
	assert_int_equal(counted(server, TURN_RESERVATION_EXPIRED), 1);
	alice->flow.client_port++;
	alice->nonce_length = 0;
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_RESERVATION_TOKEN, token, 8);
	assert_int_equal(send_signed(alice), 508);
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
		client->flow.client_port = htons(7400 + i);
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

	alice->flow.client_port++;
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

/* -- CreatePermission -- */

static void test_permissions(void **state)
{
	struct transport_addr peer = transport(PEER, 0);
	struct allocation *allocation;

	assert_int_equal(permit(alice, PEER), 437);
	assert_int_equal(allocate(alice), 0);
	allocation = allocation_of(alice);
	assert_int_equal(permit(alice, PEER), 0);
	assert_true(answer_signed(alice));
	assert_int_equal(permission_find(server->dp.turn, allocation, &peer.ip)->expires, 1300);
	fixture_time(server, 1100);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(permission_find(server->dp.turn, allocation, &peer.ip)->expires, 1400);
	assert_int_equal(allocation->n_permissions, 1);
	fixture_time(server, 1399);
	assert_non_null(permission_find(server->dp.turn, allocation, &peer.ip));
	fixture_time(server, 1400);
	assert_null(permission_find(server->dp.turn, allocation, &peer.ip));
	assert_int_equal(counted(server, TURN_PERMISSION_EXPIRED), 1);
}

static void test_permission_rows(void **state)
{
	static const struct {
		const char *peers[3];
		int code;
	} rows[] = {
	        {{NULL}, 400},
	        {{"198.51.100.7", "198.51.100.8", "198.51.100.9"}, 0},
	        {{"198.51.100.20", "127.0.0.1"}, 403},
	        {{"198.51.100.20", "10.0.0.1"}, 403},
	        {{"198.51.100.20", "0.0.0.0"}, 403},
	        {{"198.51.100.20", "192.0.2.1"}, 403}, /* our listener */
	        {{"198.51.100.20", "2001:db8:5::1"}, 443},
	        {{"198.51.100.20", "198.51.100.20", "198.51.100.20"}, 0},
	};

	assert_int_equal(allocate(alice), 0);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint16_t before = allocation_of(alice)->n_permissions;

		ask(alice, STUN_CREATE_PERMISSION);
		for (int j = 0; j < 3 && rows[i].peers[j] != NULL; j++)
			ask_peer(alice, rows[i].peers[j], 1234 + j);
		assert_int_equal(send_signed(alice), rows[i].code);
		if (rows[i].code != 0)
			assert_int_equal(allocation_of(alice)->n_permissions, before);
	}
	assert_int_equal(allocation_of(alice)->n_permissions, 4);
	/* a peer of no family, of a wrong length, and IPv4 in IPv6's clothes */
	ask(alice, STUN_CREATE_PERMISSION);
	ask_bytes(alice, STUN_ATTR_XOR_PEER_ADDRESS, "\0\3\0\0\1\2\3\4", 8);
	assert_int_equal(send_signed(alice), 400);
	ask(alice, STUN_CREATE_PERMISSION);
	ask_bytes(alice, STUN_ATTR_XOR_PEER_ADDRESS, "\0\2\0\0\1\2\3\4", 8);
	assert_int_equal(send_signed(alice), 400);
}

static void test_mapped_peer(void **state)
{
	uint8_t value[20] = {0, STUN_FAMILY_IPV6};

	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_family(alice, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 0);
	ask(alice, STUN_CREATE_PERMISSION);
	value[14] = value[15] = 0xff;
	memcpy(value + 16, "\xc6\x33\x64\x07", 4); /* PEER */
	for (int i = 0; i < 16; i++)
		value[4 + i] ^= alice->request[4 + i];
	ask_bytes(alice, STUN_ATTR_XOR_PEER_ADDRESS, value, 20);
	assert_int_equal(send_signed(alice), 403);
}

static void test_thousand_permissions(void **state)
{
	char ip[32];

	assert_int_equal(allocate(alice), 0);
	ask(alice, STUN_CREATE_PERMISSION);
	for (int i = 0; i < 250; i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		ask_peer(alice, ip, i);
	}
	assert_int_equal(send_signed(alice), 0);
	assert_int_equal(allocation_of(alice)->n_permissions, 250);
	ask(alice, STUN_ALLOCATE);
	alice->flow.client_port++;
	alice->nonce_length = 0;
	ask_transport(alice);
	ask_family(alice, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(alice), 0);
	for (int n = 1000; n <= 1030; n += 30) {
		ask(alice, STUN_CREATE_PERMISSION);
		for (int i = 0; i < n; i++) {
			snprintf(ip, sizeof(ip), "2001:db8:5::%x", i + 1);
			ask_peer(alice, ip, i);
		}
		assert_int_equal(send_signed(alice), n == 1000 ? 0 : 508);
		assert_int_equal(allocation_of(alice)->n_permissions, 1000);
	}
	fixture_time(server, 1300);
	assert_int_equal(allocation_of(alice)->n_permissions, 0);
	assert_int_equal(counted(server, TURN_PERMISSION_EXPIRED), 1250);
}

/* -- ChannelBind -- */

static void test_channel_rows(void **state)
{
	static const struct {
		int number; /* -1: none */
		const char *peer;
		uint16_t port;
		int code;
	} rows[] = {
	        {0x4000, PEER, 9, 0},
	        {0x4000, PEER, 9, 0},    /* refreshed */
	        {0x4000, PEER, 10, 400}, /* the number is another peer's */
	        {0x4001, PEER, 9, 400},  /* the peer has another number */
	        {0x4fff, PEER, 10, 0},
	        {0x3fff, PEER, 11, 400},
	        {0x5000, PEER, 11, 400},
	        {0x0000, PEER, 11, 400},
	        {0xffff, PEER, 11, 400},
	        {-1, PEER, 11, 400},
	        {0x4002, NULL, 11, 400},
	        {0x4002, PEER, 0, 400},
	        {0x4002, "127.0.0.1", 11, 403},
	        {0x4002, "192.0.2.1", 3478, 403},  /* our listener */
	        {0x4002, "192.0.2.2", 49999, 403}, /* documentation, and no rule allows it */
	        {0x4002, PEER6, 11, 443},
	};

	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 437);
	assert_int_equal(allocate(alice), 0);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		ask(alice, STUN_CHANNEL_BIND);
		if (rows[i].number >= 0)
			stun_put_u32(&alice->writer, STUN_ATTR_CHANNEL_NUMBER,
			             (uint32_t)rows[i].number << 16);
		if (rows[i].peer != NULL)
			ask_peer(alice, rows[i].peer, rows[i].port);
		assert_int_equal(send_signed(alice), rows[i].code);
		assert_true(answer_signed(alice));
	}
	assert_int_equal(allocation_of(alice)->n_channels, 2);
	assert_int_equal(allocation_of(alice)->n_permissions, 1);
}

static void test_channel_times(void **state)
{
	struct turn *turn = server->dp.turn;
	struct transport_addr peer = transport(PEER, 9);
	struct allocation *allocation;
	struct channel *channel;

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(alice, 3600), 0);
	allocation = allocation_of(alice);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	channel = channel_find(turn, allocation, 0x4000);
	assert_ptr_equal(channel, channel_find_peer(turn, allocation, &peer.ip, peer.port));
	assert_int_equal(channel->expires, 1600);
	assert_int_equal(channel->permitted, 1300);
	assert_int_equal(ntohs(channel->relayed_port), allocation->legs[0].port);
	/* the permission alone is renewed: the channel knows */
	fixture_time(server, 1200);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(channel->permitted, 1500);
	assert_int_equal(channel->expires, 1600);
	/* the permission runs out, the channel stays, and is renewed with it */
	fixture_time(server, 1550);
	assert_ptr_equal(channel_find(turn, allocation, 0x4000), channel);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	assert_int_equal(channel->permitted, 1850);
	assert_int_equal(channel->expires, 2150);
	assert_int_equal(allocation->n_permissions, 1);
	/* over: its number and its peer may go other ways */
	fixture_time(server, 2150);
	assert_null(channel_find(turn, allocation, 0x4000));
	assert_int_equal(allocation->n_channels, 0);
	assert_int_equal(allocation->n_permissions, 0);
	assert_int_equal(counted(server, TURN_CHANNEL_EXPIRED), 1);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 10), 0);
	assert_int_equal(bind_channel(alice, 0x4001, PEER, 9), 0);
}

/* No housekeeping between the end and the next request. */
static void test_expiry_is_exact(void **state)
{
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	assert_int_equal(refresh(alice, 3600), 0);
	alice->worker->now = 1600;
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 10), 0);
	assert_int_equal(bind_channel(alice, 0x4001, PEER, 9), 0);
	alice->worker->now = 4599;
	assert_int_equal(refresh(alice, 600), 0);
	alice->worker->now = 5198;
	assert_int_equal(permit(alice, PEER), 438);
	alice->nonce_length = 0;
	assert_int_equal(permit(alice, PEER), 0);
	alice->worker->now = 5199;
	assert_int_equal(permit(alice, PEER), 437);
	assert_int_equal(server->dp.turn->n_allocations, 0);
}

static void test_many_channels(void **state)
{
	struct turn *turn = server->dp.turn;
	struct allocation *allocation;

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(alice, 3600), 0);
	allocation = allocation_of(alice);
	for (int i = 0; i < 100; i++) {
		fixture_time(server, 1000 + i);
		assert_int_equal(bind_channel(alice, 0x4000 + i, PEER, 100 + i), 0);
	}
	for (int over = 0; over <= 100; over++) {
		int left = 100 - over;

		if (over > 0)
			fixture_time(server, 1600 + over - 1);
		assert_int_equal(allocation->n_channels, left);
		for (int i = 0; i < 100; i++) {
			struct transport_addr peer = transport(PEER, 100 + i);
			struct channel *channel = channel_find(turn, allocation, 0x4000 + i);

			assert_true((channel != NULL) == (i >= over));
			assert_ptr_equal(channel,
			                 channel_find_peer(turn, allocation, &peer.ip, peer.port));
		}
		/* nothing is elsewhere while a place is free */
		for (int i = 0;
		     left >= ALLOCATION_INLINE_CHANNELS && i < ALLOCATION_INLINE_CHANNELS; i++)
			assert_int_not_equal(allocation->channel_numbers[i], 0);
	}
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
	        ROW(test_another_user),
	        ROW(test_time_limited),
	        ROW(test_hostile_names),
	        ROW(test_two_integrities),
	        ROW(test_unknown_attributes),
	        ROW(test_allocate),
	        ROW(test_allocate_rows),
	        ROW(test_lifetimes),
	        ROW(test_one_family_missing),
	        ROW(test_reservation),
	        ROW(test_reservation_expires),
	        ROW(test_quotas),
	        ROW(test_table_full),
	        ROW(test_ports_full),
	        ROW(test_refresh_deletes),
	        ROW(test_refresh_lingers),
	        ROW(test_refresh_family),
	        ROW(test_permissions),
	        ROW(test_permission_rows),
	        ROW(test_mapped_peer),
	        ROW(test_thousand_permissions),
	        ROW(test_channel_rows),
	        ROW(test_channel_times),
	        ROW(test_expiry_is_exact),
	        ROW(test_many_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
