/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread is told, and what it tells. */
#include "turn_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static struct fixture *server;
static struct client *alice;
static struct turn *turn;
static char *why;

static int setup(void **state)
{
	server = fixture_create(64, 64, 64, 2);
	alice = client_create(server, "198.51.100.1", 4000, "alice", "secret1");
	turn = server->dp.turn;
	why = server->why;
	return 0;
}

static int teardown(void **state)
{
	client_free(alice);
	fixture_destroy(server);
	return 0;
}

static void test_listeners(void **state)
{
	static const struct {
		const char *ip;
		uint16_t port;
		uint32_t flags;
		int error;
		const char *why;
	} rows[] = {
	        {"192.0.2.1", 3478, 0, -EEXIST, "already listening on 192.0.2.1:3478"},
	        {"192.0.2.1", 0, 0, -EEXIST, "already listening on 192.0.2.1:3478"},
	        {"192.0.2.1", 0, SLUICE_API_EXIST_OK, 0, NULL},
	        {"2001:db8::1", 0, 0, -EEXIST, "already listening on [2001:db8::1]:3478"},
	        {"192.0.2.1", 3479, 0, 0, NULL},
	        {"0.0.0.0", 3478, 0, -EINVAL, "0.0.0.0:3478 is not one host's address"},
	        {"224.0.0.1", 3478, 0, -EINVAL, "224.0.0.1:3478 is not one host's address"},
	        {"::", 3478, 0, -EINVAL, "[::]:3478 is not one host's address"},
	        {"ff02::1", 0, 0, -EINVAL, "ff02::1 is not one host's address"},
	        {"192.0.2.2", 50005, 0, -EINVAL, "192.0.2.2:50005 lies in a relay's range"},
	        {"192.0.2.2", 3478, 0, 0, NULL},
	};
	struct sluice_turn_listen listen = {0};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		listen.addr = addr(rows[i].ip, rows[i].port);
		assert_int_equal(turn_listen_add(turn, &listen, rows[i].flags, why), rows[i].error);
		if (rows[i].why != NULL)
			assert_string_equal(why, rows[i].why);
	}
	for (int i = 0; i < 300; i++) {
		listen.addr = addr("192.0.2.9", 1000 + i);
		assert_int_equal(turn_listen_add(turn, &listen, 0, why), i < 252 ? 0 : -ENOSPC);
	}
	assert_int_equal(turn_listen_delete(turn, &listen, why), -ENOENT);
}

static void test_listener_deleted(void **state)
{
	struct sluice_turn_listen listen = {addr("192.0.2.1", 0)};
	struct client *six = client_create(server, "2001:db8::99", 4000, "alice", "secret1");
	struct ip_addr ip = transport("192.0.2.1", 0).ip;

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(allocate(six), 0);
	assert_int_equal(turn_listen_delete(turn, &listen, why), 0);
	assert_null(allocation_of(alice));
	assert_non_null(allocation_of(six));
	assert_int_equal(turn->listeners[0].port, 0);
	assert_false(service_has_ip(server->dp.services, &ip));
	client_free(six);
}

static void test_relays(void **state)
{
	static const struct {
		const char *ip;
		uint16_t first, last;
		uint32_t flags;
		int error;
		const char *why;
	} rows[] = {
	        {"192.0.2.2", 1024, 2000, 0, -EEXIST,
	         "192.0.2.2 relays already, on ports 50000-50099"},
	        {"192.0.2.2", 50000, 50099, SLUICE_API_EXIST_OK, 0, NULL},
	        {"192.0.2.3", 1023, 2000, 0, -EINVAL,
	         "ports 1023-2000 are not a range between 1024 and 65535"},
	        {"192.0.2.3", 2000, 1999, 0, -EINVAL,
	         "ports 2000-1999 are not a range between 1024 and 65535"},
	        {"192.0.2.1", 3000, 4000, 0, -EINVAL,
	         "a listener on 192.0.2.1 lies in ports 3000-4000"},
	        {"192.0.2.1", 4000, 4000, 0, 0, NULL},
	        {"0.0.0.0", 4000, 4000, 0, -EINVAL, "0.0.0.0 is not one host's address"},
	        {"192.0.2.3", 1024, 65535, 0, 0, NULL},
	};
	struct sluice_turn_relay relay = {0};
	char ip[32];

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		relay = (struct sluice_turn_relay){addr(rows[i].ip, 0), rows[i].first,
		                                   rows[i].last};
		assert_int_equal(turn_relay_add(turn, &relay, rows[i].flags, why), rows[i].error);
		if (rows[i].why != NULL)
			assert_string_equal(why, rows[i].why);
	}
	for (int i = 0; i < 260; i++) {
		snprintf(ip, sizeof(ip), "203.0.113.%d", i % 256);
		relay = (struct sluice_turn_relay){addr(i < 256 ? ip : "203.0.114.1", 0), 1024,
		                                   1033};
		assert_int_equal(turn_relay_add(turn, &relay, 0, why), i < 252 ? 0 : -ENOSPC);
	}
	assert_int_equal(turn_relay_delete(turn, &relay, why), -ENOENT);
	assert_string_equal(why, "203.0.114.1 does not relay");
}

static void test_relay_deleted(void **state)
{
	struct sluice_turn_relay relay = {.addr = addr("192.0.2.2", 0)};
	struct client *both = client_create(server, "198.51.100.1", 4001, "alice", "secret1");
	uint8_t reserve = 0x80;

	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_EVEN_PORT, &reserve, 1);
	assert_int_equal(send_signed(alice), 0);
	both->worker = &server->workers[1];
	ask(both, STUN_ALLOCATE);
	ask_transport(both);
	ask_family(both, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 2);
	assert_int_equal(send_signed(both), 0);
	assert_int_equal(turn_relay_delete(turn, &relay, why), 0);
	assert_null(allocation_of(alice));
	assert_non_null(allocation_of(both));
	assert_null(turn->relays[0].ports);
	assert_int_equal(allocate(alice), 440);
	/* the reservation went with the range */
	fixture_time(server, 1040);
	relay.first_port = 50000;
	relay.last_port = 50001;
	assert_int_equal(turn_relay_add(turn, &relay, 0, why), 0);
	assert_int_equal(turn->relays[0].used, 0);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(counted(server, TURN_ALLOCATION_DELETED), 1);
	client_free(both);
}

/* The allocation's port on relay 0. */
static uint16_t port_of(struct client *client)
{
	return allocation_of(client)->legs[0].port;
}

static bool served(uint16_t port)
{
	struct ip_addr ip = transport("192.0.2.2", 0).ip;

	return service_find(server->dp.services, &ip, rte_cpu_to_be_16(port)) != NULL;
}

/* Other ports for an address: nobody loses what he has, and what is outside is not given out. */
static void test_relay_ranges(void **state)
{
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50001, {{50010, 50010}}};
	struct client *carol = client_create(server, "198.51.100.1", 4009, "bob", "secret2");
	struct client *dave = client_create(server, "198.51.100.1", 4010, "bob", "secret2");

	assert_int_equal(turn_relay_add(turn, &relay, 0, why), -EEXIST);
	assert_string_equal(why, "192.0.2.2 relays already, on ports 50000-50099");
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why), 0);
	assert_true(served(50001) && served(50010) && !served(50002) && !served(50099));
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(allocate(carol), 0);
	assert_int_equal(allocate(dave), 0);
	assert_int_equal(port_of(alice) + port_of(carol) + port_of(dave), 50000 + 50001 + 50010);
	/* wider: all stay */
	relay.first_port = 40000;
	relay.last_port = 60000;
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why), 0);
	assert_true(served(40000) && served(60000));
	assert_int_equal(counted(server, TURN_ALLOCATION_DELETED), 0);
	/* elsewhere: all stay, and classify knows their ports until they end */
	relay = (struct sluice_turn_relay){addr("192.0.2.2", 0), 3000, 3000};
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why), 0);
	assert_non_null(allocation_of(alice));
	assert_int_equal(refresh(dave, 600), 0);
	assert_true(served(3000) && served(50000) && served(50001) && served(50010));
	assert_false(served(40000) || served(49999) || served(50011));
	for (struct client *client = alice; client != NULL; client = client == alice   ? carol
	                                                             : client == carol ? dave
	                                                                               : NULL)
		assert_int_equal(refresh(client, 0), 0);
	turn_tick(turn, time(NULL));
	assert_true(served(3000));
	assert_false(served(50000) || served(50001) || served(50010));
	client_free(carol);
	client_free(dave);
}

/* Clients are told the announced address, the wire has the other. */
static void test_announce(void **state)
{
	static const struct {
		const char *announce;
		uint16_t port;
		const char *why; /* NULL: accepted */
	} rows[] = {
	        {"203.0.113.9", 0, NULL},
	        {"192.0.2.2", 0, NULL},
	        {"203.0.113.9", 1, "203.0.113.9:1: an announced address has no port of its own"},
	        {"2001:db8::9", 0, "2001:db8::9 is of the other address family"},
	        {"224.0.0.1", 0, "224.0.0.1 is not one host's address"},
	        {"203.0.113.77", 0, "203.0.113.77 is announced by another relay"},
	        {"203.0.113.8", 0, NULL},
	};
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50099};
	struct sluice_turn_relay other = {addr("192.0.2.77", 0), 50000, 50009,
	                                  .announce = addr("203.0.113.77", 0)};
	struct ip_addr outside = transport("203.0.113.8", 0).ip,
	               inside = transport("192.0.2.2", 0).ip;
	struct sluice_allocation_row row;
	uint32_t cursor = 0;

	assert_int_equal(turn_relay_add(turn, &other, 0, why), 0);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		relay.announce = addr(rows[i].announce, rows[i].port);
		assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why) == 0,
		                 rows[i].why == NULL);
		if (rows[i].why != NULL)
			assert_string_equal(why, rows[i].why);
	}
	assert_int_equal(turn_relay_delete(turn, &other, why), 0);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(allocation_show(turn, &cursor, NULL, &row, 1), 1);
	assert_memory_equal(row.relayed[0].ip, outside.bytes, 16);
	assert_true(ip_addr_equal(&turn->relays[0].ip, &inside));
	assert_true(service_announces_ip(server->dp.services, &outside));
	assert_false(service_has_ip(server->dp.services, &outside));
}

/* An address that no port has is taken with a warning, and shown until it is there. */
static void test_absent(void **state)
{
	struct sluice_turn_relay relay = {addr("192.0.2.9", 0), 50000, 50099, {{40000, 40001}}};
	struct sluice_turn_listen listen = {addr("192.0.2.9", 0), addr("203.0.113.5", 0)};
	struct sluice_turn_relay_row relays[4];
	struct sluice_turn_listen_row listeners[4];
	uint32_t cursor = 0;

	fixture_absent = transport("192.0.2.9", 0).ip.words[3];
	why[0] = '\0';
	assert_int_equal(turn_relay_add(turn, &relay, 0, why), 0);
	assert_string_equal(why, "no interface of a port has the address 192.0.2.9; it is served "
	                         "once one has");
	assert_int_equal(turn_listen_add(turn, &listen, 0, why), 0);
	assert_int_equal(turn_relay_show(turn, &cursor, relays, 4), 3);
	assert_int_equal(relays[0].state, SLUICE_TURN_ADDRESS_PRESENT);
	assert_int_equal(relays[2].state, SLUICE_TURN_ADDRESS_ABSENT);
	assert_string_equal(relays[2].ports, "40000-40001,50000-50099");
	assert_int_equal(relays[2].size, 102);
	assert_int_equal(turn_relay_show(turn, &cursor, relays, 4), 0);
	cursor = 0;
	assert_int_equal(turn_listen_show(turn, &cursor, listeners, 4), 3);
	assert_int_equal(listeners[2].state, SLUICE_TURN_ADDRESS_ABSENT);
	assert_int_equal(listeners[2].announce.port, htons(3478));
	fixture_absent = 0;
	turn_tick(turn, time(NULL));
	cursor = 0;
	assert_int_equal(turn_relay_show(turn, &cursor, relays, 4), 3);
	assert_int_equal(relays[2].state, SLUICE_TURN_ADDRESS_PRESENT);
	why[0] = '\0';
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why), 0);
	assert_string_equal(why, "");
}

static void test_realm(void **state)
{
	struct sluice_turn_realm realm = {"other"};
	uint16_t length;

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(turn_realm_set(turn, &realm, why), 0);
	/* a client learns the new one from the 401 */
	assert_int_equal(refresh(alice, 600), 401);
	assert_memory_equal(answer(alice, STUN_ATTR_REALM, 0, &length), "other", 5);
	alice->flow.src_port++;
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	assert_int_equal(send_plain(alice), 401);
	memcpy(alice->nonce, answer(alice, STUN_ATTR_NONCE, 0, NULL), STUN_NONCE_SIZE);
	stun_key_long_term(&alice->key, "alice", 5, "other", "secret1", 7);
	ask(alice, STUN_ALLOCATE);
	ask_transport(alice);
	ask_bytes(alice, STUN_ATTR_USERNAME, "alice", 5);
	ask_bytes(alice, STUN_ATTR_REALM, "other", 5);
	ask_bytes(alice, STUN_ATTR_NONCE, alice->nonce, STUN_NONCE_SIZE);
	stun_put_integrity(&alice->writer, &alice->key);
	assert_int_equal(send_plain(alice), 0);

	memset(&realm, 0, sizeof(realm));
	assert_int_equal(turn_realm_set(turn, &realm, why), -EINVAL);
	memset(realm.realm, 'r', sizeof(realm.realm));
	assert_int_equal(turn_realm_set(turn, &realm, why), -EINVAL);
	realm.realm[127] = '\0';
	assert_int_equal(turn_realm_set(turn, &realm, why), 0);
	realm.realm[3] = '\n';
	assert_int_equal(turn_realm_set(turn, &realm, why), -EINVAL);
}

static void test_users(void **state)
{
	struct sluice_turn_user user = {"alice", "changed"};

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EEXIST);
	assert_string_equal(why, "user alice is there already");
	assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, why), 0);
	/* what was allocated under the old password goes on */
	assert_int_equal(refresh(alice, 600), 0);
	alice->flow.src_port++;
	alice->nonce_length = 0;
	assert_int_equal(allocate(alice), 401);
	stun_key_long_term(&alice->key, "alice", 5, REALM, "changed", 7);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(turn_user_delete(turn, &user, why), 0);
	assert_int_equal(turn_user_delete(turn, &user, why), -ENOENT);
	alice->flow.src_port++;
	alice->nonce_length = 0;
	assert_int_equal(allocate(alice), 401);

	memset(&user, 0, sizeof(user));
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EINVAL);
	memset(user.name, 'n', 509);
	user.password[0] = 'p';
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EINVAL);
	user.name[508] = '\0';
	assert_int_equal(turn_user_add(turn, &user, 0, why), 0);
	user.name[0] = '\n';
	user.password[0] = '\0';
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EINVAL);
	memset(user.password, 'p', sizeof(user.password));
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EINVAL);
	user.password[255] = '\0';
	assert_int_equal(turn_user_add(turn, &user, 0, why), 0);
	assert_int_equal(turn_user_add(turn, &user, 0, why), -EEXIST);
	assert_memory_equal(why, "user \\x0annnn", 13);
}

static void replay(int users)
{
	struct sluice_turn_user user = {.password = "password"};

	for (int i = 0; i < users; i++) {
		snprintf(user.name, sizeof(user.name), "user-%d", i);
		assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, why), 0);
	}
}

/* A hundred thousand users, replayed: linear, and what is not replayed goes. */
static void test_many_users(void **state)
{
	clock_t begin = clock();
	struct sluice_turn_row row;

	replay(100000);
	replay(100000);
	turn_show(turn, &row);
	assert_int_equal(row.users, 100002);
	server->dp.config_generation++;
	replay(50000);
	turn_users_sweep(turn);
	turn_show(turn, &row);
	assert_int_equal(row.users, 50000);
	for (int round = 0; round < 3; round++) {
		server->dp.config_generation++;
		turn_users_sweep(turn);
		replay(1000 << round);
	}
	turn_show(turn, &row);
	assert_int_equal(row.users, 4000);
	assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 10);
}

static void test_secrets(void **state)
{
	struct sluice_turn_secret secret = {"north"};

	assert_int_equal(turn_secret_add(turn, &secret, 0, why), -EEXIST);
	assert_int_equal(turn_secret_add(turn, &secret, SLUICE_API_EXIST_OK, why), 0);
	for (int i = 0; i < 16; i++) {
		snprintf(secret.secret, sizeof(secret.secret), "secret-%d", i);
		assert_int_equal(turn_secret_add(turn, &secret, 0, why), i < 15 ? 0 : -ENOSPC);
	}
	assert_int_equal(turn_secret_delete(turn, &secret, why), -ENOENT);
	snprintf(secret.secret, sizeof(secret.secret), "north");
	assert_int_equal(turn_secret_delete(turn, &secret, why), 0);
	memset(&secret, 0, sizeof(secret));
	assert_int_equal(turn_secret_add(turn, &secret, 0, why), -EINVAL);
	memset(&secret, 's', sizeof(secret));
	assert_int_equal(turn_secret_add(turn, &secret, 0, why), -EINVAL);
	assert_int_equal(turn_secret_delete(turn, &secret, why), -ENOENT);
}

static void test_numbers(void **state)
{
	static const uint32_t lifetimes[][2] = {{599, 0}, {600, 1}, {86400, 1}, {86401, 0}, {0, 0}};
	static const uint64_t rates[][2] = {
	        {0, 1}, {999, 0}, {1000, 1}, {1000000000000, 1}, {1000000000001, 0}};
	const struct turn_policy *policy;

	for (size_t i = 0; i < RTE_DIM(lifetimes); i++) {
		struct sluice_turn_lifetime lifetime = {lifetimes[i][0]};

		assert_int_equal(turn_lifetime_set(turn, &lifetime, why),
		                 lifetimes[i][1] ? 0 : -EINVAL);
	}
	for (size_t i = 0; i < RTE_DIM(rates); i++) {
		struct sluice_turn_quota quota = {.max_bps = rates[i][0]};

		assert_int_equal(turn_quota_set(turn, &quota, why), rates[i][1] ? 0 : -EINVAL);
	}
	policy = turn_policy_now(turn);
	assert_int_equal(policy->lifetime_max, 86400);
	/* 10^12 bit/s: 125 bytes a nanosecond */
	assert_in_range(policy->realms[0].ticks_per_byte_shift20 * 125000000000ull >> 20,
	                rte_get_tsc_hz() * 0.999, rte_get_tsc_hz() * 1.001);
}

static void test_peers(void **state)
{
	struct sluice_turn_peer peer = {addr("10.1.2.3", 0), 8, SLUICE_TURN_PEER_ALLOW, 0};
	struct transport_addr inside = transport("10.9.9.9", 0);

	assert_int_equal(turn_peer_add(turn, &peer, 0, why), 0);
	peer.addr = addr("10.0.0.0", 0); /* the same prefix */
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), -EEXIST);
	assert_int_equal(turn_peer_add(turn, &peer, SLUICE_API_EXIST_OK, why), 0);
	assert_true(turn_peer_allowed(turn, turn->policy->realms[0].peers, &inside));
	assert_int_equal(turn_peer_delete(turn, &peer, why), 0);
	assert_int_equal(turn_peer_delete(turn, &peer, why), -ENOENT);
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), 0);
	peer.action = SLUICE_TURN_PEER_DENY;
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), 0);
	assert_int_equal(turn_peer_delete(turn, &peer, why), 0); /* both */
	assert_int_equal(turn_peer_delete(turn, &peer, why), -ENOENT);
	peer.action = SLUICE_TURN_PEER_ALLOW;
	peer.length = 33;
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), -EINVAL);
	assert_string_equal(why, "prefix length 33 is not between 0 and 32");
	peer.addr = addr("2a00::", 0);
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), 0);
	peer.length = 129;
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), -EINVAL);
	peer.length = 1;
	peer.action = 2;
	assert_int_equal(turn_peer_add(turn, &peer, 0, why), -EINVAL);
}

/* The whole configuration is replayed, and a part of it is not: that part goes, all else stays as
 * it is. */
static void test_sweep(void **state)
{
	struct sluice_turn_realm realm = {REALM};
	struct sluice_turn_user user = {"alice", "secret1"};
	struct sluice_turn_listen listen = {addr("192.0.2.1", 3478)};
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50099};
	struct sluice_turn_quota quota = {.user = 3};
	struct client *six = client_create(server, "2001:db8::99", 4000, "bob", "secret2");
	struct sluice_turn_row row;

	assert_int_equal(turn_quota_set(turn, &quota, why), 0);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(allocate(six), 0);
	server->dp.config_generation++;
	assert_int_equal(turn_realm_set(turn, &realm, why), 0);
	assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, why), 0);
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, why), 0);
	turn_config_sweep(turn);
	turn_show(turn, &row);
	assert_string_equal(row.realm, REALM);
	assert_int_equal(row.users, 1);
	assert_int_equal(row.listeners, 1);
	assert_int_equal(row.relays, 1);
	assert_int_equal(row.secrets, 0);
	assert_int_equal(row.quota_user, 0);
	assert_int_equal(row.allocations, 1);
	assert_null(allocation_of(six));
	assert_int_equal(refresh(alice, 600), 0);
	assert_int_equal(permit(alice, "198.51.100.7"), 403);
	server->dp.config_generation++;
	turn_config_sweep(turn);
	turn_show(turn, &row);
	assert_string_equal(row.realm, "");
	assert_int_equal(row.allocations, 0);
	client_free(six);
}

static void test_show(void **state)
{
	struct sluice_allocation_row rows[8];
	struct sluice_turn_row row;
	struct client *clients[10];
	struct sluice_addr relayed;
	uint32_t cursor = 0, n, all = 0;
	uint64_t bobs;

	for (int i = 0; i < 10; i++) {
		bool bob = i == 4;

		clients[i] = client_create(server, "198.51.100.1", 4000 + i, bob ? "bob" : "alice",
		                           bob ? "secret2" : "secret1");
		clients[i]->worker = &server->workers[i % 2];
		assert_int_equal(allocate(clients[i]), 0);
	}
	assert_int_equal(bind_channel(clients[4], 0x4000, "198.51.100.7", 9), 0);
	fixture_time(server, 1010);
	while ((n = allocation_show(turn, &cursor, "", rows, 3)) != 0)
		all += n;
	assert_int_equal(all, 10);
	cursor = 0;
	assert_int_equal(allocation_show(turn, &cursor, "alice", rows, 8), 8);
	assert_int_equal(allocation_show(turn, &cursor, "alice", rows, 8), 1);
	assert_int_equal(allocation_show(turn, &cursor, "alice", rows, 8), 0);
	cursor = 0;
	assert_int_equal(allocation_show(turn, &cursor, "carol", rows, 8), 0);
	cursor = 0;
	assert_int_equal(allocation_show(turn, &cursor, "bob", rows, 8), 1);
	assert_string_equal(rows[0].user, "bob");
	assert_int_equal(rows[0].expires_s, 590);
	assert_int_equal(rows[0].age_s, 10);
	assert_int_equal(rows[0].channels, 1);
	assert_int_equal(rows[0].permissions, 1);
	assert_int_equal(ntohs(rows[0].client.port), 4004);
	assert_int_equal(ntohs(rows[0].server.port), 3478);
	relayed = addr("192.0.2.2", 0);
	assert_memory_equal(rows[0].relayed[0].ip, relayed.ip, sizeof(relayed.ip));
	bobs = rows[0].id;
	turn_show(turn, &row);
	assert_int_equal(row.allocations, 10);
	assert_int_equal(row.allocations_max, 64);
	assert_int_equal(row.channels, 1);
	assert_int_equal(row.permissions, 1);

	assert_int_equal(allocation_delete(turn, bobs), 0);
	assert_int_equal(allocation_delete(turn, bobs), -ENOENT);
	assert_int_equal(allocation_delete(turn, 0), -ENOENT);
	assert_int_equal(allocation_delete(turn, 65), -ENOENT);
	assert_int_equal(allocation_delete(turn, UINT64_MAX), -ENOENT);
	assert_null(allocation_of(clients[4]));
	fixture_time(server, 1011);
	assert_int_equal(allocate(clients[4]), 0);
	cursor = 0;
	assert_int_equal(allocation_show(turn, &cursor, "bob", rows, 8), 1);
	assert_int_not_equal(rows[0].id, bobs);
	turn_show(turn, &row);
	assert_int_equal(row.permissions, 0);
	/* All of them, and none twice. */
	cursor = 0;
	assert_int_equal(allocations_end_some(turn, &cursor), row.allocations);
	assert_int_equal(cursor, 0);
	assert_null(allocation_of(clients[4]));
	turn_show(turn, &row);
	assert_int_equal(row.allocations, 0);
	assert_int_equal(allocations_end_some(turn, &cursor), 0);
	assert_int_equal(cursor, 0);
	for (int i = 0; i < 10; i++)
		client_free(clients[i]);
}

static void test_counters(void **state)
{
	assert_int_equal(turn_counters_count, TURN_COUNTERS);
	for (uint32_t i = 0; i < turn_counters_count; i++) {
		assert_non_null(turn_counter_infos[i].name);
		assert_true(strlen(turn_counter_infos[i].name) < 40);
		assert_true(strlen(turn_counter_infos[i].help) < 96);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        ROW(test_listeners),    ROW(test_listener_deleted),
	        ROW(test_relays),       ROW(test_relay_deleted),
	        ROW(test_relay_ranges), ROW(test_announce),
	        ROW(test_absent),       ROW(test_realm),
	        ROW(test_users),        ROW(test_many_users),
	        ROW(test_secrets),      ROW(test_numbers),
	        ROW(test_peers),        ROW(test_sweep),
	        ROW(test_show),         ROW(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
