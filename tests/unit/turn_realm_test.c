/* SPDX-License-Identifier: BSD-3-Clause */
/* Tenants: realms by listener, each with users, secrets, peers and limits of its own. And limits
 * that are set one by one. */
#include "turn_fixture.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <rte_cycles.h>

static struct sluice_turn_realm tenant = {TENANT};

/* A second realm, whose alice has another password. */
static struct fixture *tenants_create(void)
{
	struct fixture *fixture = fixture_create(64, 64, 64, 1);

	fixture_tenant(fixture);
	return fixture;
}

static void test_realm_of_a_listener(void **state)
{
	struct fixture *fixture = tenants_create();
	struct client *server = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct client *stranger = tenants_client(fixture, 4001, "bob", "secret2");
	struct client *wrong = tenants_client(fixture, 4002, "alice", "secret1");
	uint16_t length;

	ask(inside, STUN_ALLOCATE);
	ask_transport(inside);
	assert_int_equal(send_plain(inside), 401);
	assert_memory_equal(answer(inside, STUN_ATTR_REALM, 0, &length), TENANT, strlen(TENANT));
	assert_int_equal(length, strlen(TENANT));
	assert_int_equal(allocate(server), 0);
	assert_int_equal(allocate(inside), 0);
	/* who is the server's user is nobody here, whatever realm the request names */
	assert_int_equal(allocate(stranger), 401);
	stranger->realm = REALM;
	assert_int_equal(allocate(stranger), 401);
	assert_int_equal(allocate(wrong), 401);
	assert_true(allocation_of(server)->user_hash != allocation_of(inside)->user_hash);
	assert_int_equal(refresh(inside, 600), 0);
	client_free(server);
	client_free(inside);
	client_free(stranger);
	client_free(wrong);
	fixture_destroy(fixture);
}

static struct sluice_turn_realm_row realm_row(struct fixture *fixture, uint32_t place)
{
	struct sluice_turn_realm_row rows[SLUICE_TURN_REALMS_MAX + 1];
	uint32_t cursor = 0, count = turn_realm_show(fixture->dp.turn, &cursor, rows,
	                                             SLUICE_TURN_REALMS_MAX + 1);

	assert_true(place < count);
	return rows[place];
}

static void realm_has(struct fixture *fixture, uint32_t place, uint64_t to_peer, uint64_t to_client)
{
	struct sluice_turn_realm_row row = realm_row(fixture, place);

	assert_int_equal(row.to_peer_bytes, to_peer);
	assert_int_equal(row.to_client_bytes, to_client);
}

/* Of those that live as of those that have ended, each byte once, and of no other realm. */
static void test_bytes_of_a_realm(void **state)
{
	struct fixture *fixture = tenants_create();
	struct client *server = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct allocation *allocation;
	uint32_t now = 1000;

	assert_int_equal(allocate(server), 0);
	assert_int_equal(allocate(inside), 0);
	allocation_of(server)->to_peer_bytes = 512;
	allocation = allocation_of(inside);
	allocation->to_peer_bytes = 1ull << 39; /* more than 32 bits have */
	allocation->to_client_bytes = 256;
	allocation->stray_bytes = 300;
	for (int i = 0; i < 40; i++)
		fixture_time(fixture, ++now);
	/* in units of 256 bytes while it lives */
	realm_has(fixture, 0, 512, 0);
	realm_has(fixture, 1, 1ull << 39, 512);
	/* again: what has been counted is not counted twice */
	allocation->to_peer_bytes += 5 * 256;
	for (int i = 0; i < 40; i++)
		fixture_time(fixture, ++now);
	realm_has(fixture, 1, (1ull << 39) + 5 * 256, 512);
	/* what came since goes with the account */
	allocation->to_peer_bytes += 1;
	allocation->stray_bytes += 1;
	assert_int_equal(refresh(inside, 0), 0);
	for (int i = 0; i < 4; i++)
		fixture_time(fixture, ++now);
	realm_has(fixture, 0, 512, 0);
	realm_has(fixture, 1, (1ull << 39) + 5 * 256 + 1, 557);
	client_free(server);
	client_free(inside);
	fixture_destroy(fixture);
}

/* Another realm in the place of one that has gone begins at nothing. */
static void test_bytes_are_the_names(void **state)
{
	struct fixture *fixture = tenants_create();
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_realm next = {"next"};
	struct sluice_turn_listen listen = tenants_listen(TENANT);
	uint32_t now = 1000;

	assert_int_equal(allocate(inside), 0);
	allocation_of(inside)->to_peer_bytes = 1000;
	assert_int_equal(turn_listen_delete(fixture->dp.turn, &listen, fixture->why), 0);
	for (int i = 0; i < 4; i++)
		fixture_time(fixture, ++now);
	realm_has(fixture, 1, 1000, 0);
	assert_int_equal(turn_realm_delete(fixture->dp.turn, &tenant, fixture->why), 0);
	assert_int_equal(turn_realm_add(fixture->dp.turn, &next, 0, fixture->why), 0);
	realm_has(fixture, 1, 0, 0);
	client_free(inside);
	fixture_destroy(fixture);
}

/* A listener that becomes another realm's: what its clients have relayed until then is not. */
static void test_bytes_of_a_listener(void **state)
{
	struct fixture *fixture = tenants_create();
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_realm next = {"next"};
	struct sluice_turn_listen listen = tenants_listen("next");
	uint32_t now = 1000;

	assert_int_equal(turn_realm_add(fixture->dp.turn, &next, 0, fixture->why), 0);
	assert_int_equal(allocate(inside), 0);
	allocation_of(inside)->to_peer_bytes = 1000;
	assert_int_equal(
	        turn_listen_add(fixture->dp.turn, &listen, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_null(allocation_of(inside));
	for (int i = 0; i < 4; i++)
		fixture_time(fixture, ++now);
	realm_has(fixture, 1, 1000, 0);
	realm_has(fixture, 2, 0, 0);
	client_free(inside);
	fixture_destroy(fixture);
}

/* ... and a name that comes at once into the place of one that has gone is told nothing of it. */
static void test_bytes_of_a_place(void **state)
{
	struct fixture *fixture = tenants_create();
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_realm next = {"next"};
	struct sluice_turn_listen listen = tenants_listen(TENANT);
	uint32_t now = 1000;

	assert_int_equal(allocate(inside), 0);
	allocation_of(inside)->to_peer_bytes = 1024;
	assert_int_equal(turn_listen_delete(fixture->dp.turn, &listen, fixture->why), 0);
	assert_int_equal(turn_realm_delete(fixture->dp.turn, &tenant, fixture->why), 0);
	assert_int_equal(turn_realm_add(fixture->dp.turn, &next, 0, fixture->why), 0);
	for (int i = 0; i < 4; i++)
		fixture_time(fixture, ++now);
	realm_has(fixture, 1, 0, 0);
	client_free(inside);
	fixture_destroy(fixture);
}

static void password_make(char password[64], const char *secret, const char *name)
{
	uint8_t mac[20];
	unsigned int length = sizeof(mac);

	assert_non_null(HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)name,
	                     strlen(name), mac, &length));
	EVP_EncodeBlock((uint8_t *)password, mac, sizeof(mac));
}

static void test_secrets_of_a_realm(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_secret south = {.secret = "south", .realm = TENANT};
	struct sluice_turn_secret north = {.secret = "north", .realm = TENANT};
	char name[64], password[64];
	struct client *inside, *outside;
	struct sluice_turn_row row;

	assert_int_equal(turn_secret_add(turn, &south, 0, fixture->why), 0);
	snprintf(name, sizeof(name), "%llu:carol", (unsigned long long)fixture->unix_now + 3600);
	password_make(password, "south", name);
	inside = tenants_client(fixture, 4000, name, password);
	assert_int_equal(allocate(inside), 0);
	outside = client_create(fixture, "192.0.2.50", 4000, name, password);
	assert_int_equal(allocate(outside), 401);
	client_free(outside);
	password_make(password, "north", name);
	outside = tenants_client(fixture, 4001, name, password);
	assert_int_equal(allocate(outside), 401);
	/* the same word may be two realms' secret, and is two secrets */
	assert_int_equal(turn_secret_add(turn, &north, 0, fixture->why), 0);
	assert_int_equal(allocate(outside), 0);
	turn_show(turn, &row);
	assert_int_equal(row.secrets, 3);
	assert_int_equal(row.users, 3); /* of all realms as well */
	north.end = 1;
	assert_int_equal(turn_secret_delete(turn, &north, fixture->why), 0);
	assert_null(allocation_of(outside));
	assert_non_null(allocation_of(inside));
	client_free(inside);
	client_free(outside);
	fixture_destroy(fixture);
}

static void test_peers_of_a_realm(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_peer rule = {addr("10.7.0.0", 0), 16, SLUICE_TURN_PEER_ALLOW, 0, TENANT};
	struct client *server = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");

	assert_int_equal(allocate(server), 0);
	assert_int_equal(allocate(inside), 0);
	assert_int_equal(turn_peer_add(turn, &rule, 0, fixture->why), 0);
	assert_int_equal(permit(inside, "10.7.1.1"), 0);
	assert_int_equal(permit(server, "10.7.1.1"), 403);
	/* all realms' rules hold as well */
	assert_int_equal(permit(inside, "198.51.100.7"), 0);
	assert_int_equal(turn_peer_delete(turn, &rule, fixture->why), 0);
	assert_int_equal(permit(inside, "10.7.1.2"), 403);
	client_free(server);
	client_free(inside);
	fixture_destroy(fixture);
}

static void test_limits_of_a_realm(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_quota servers = {
	        .user = 1, .user_given = 1, .max_bps = 1000000, .max_bps_given = 1};
	struct sluice_turn_quota own = {.host = 2, .host_given = 1, .realm = TENANT};
	struct sluice_turn_quota user = {.user = 3, .user_given = 1, .realm = TENANT};
	struct sluice_turn_quota capacity = {
	        .capacity_bps = 1, .capacity_given = 1, .realm = TENANT};
	struct sluice_turn_realm_row rows[4];
	struct client *clients[4];
	uint32_t cursor = 0;

	for (uint16_t i = 0; i < 4; i++)
		clients[i] = tenants_client(fixture, 4000 + i, "alice", "other");
	assert_int_equal(turn_quota_set(turn, &servers, fixture->why), 0);
	assert_int_equal(allocate(clients[0]), 0);
	assert_int_equal(allocate(clients[1]), 486); /* the server's, as none was given */
	assert_int_equal(turn_quota_set(turn, &user, fixture->why), 0);
	assert_int_equal(allocate(clients[1]), 0);
	assert_int_equal(turn_quota_set(turn, &own, fixture->why), 0);
	assert_int_equal(allocate(clients[2]), 486);
	assert_int_equal(refresh(clients[0], 0), 0);
	assert_int_equal(allocate(clients[2]), 0);
	assert_int_equal(allocate(clients[3]), 486);
	assert_int_equal(turn_quota_set(turn, &capacity, fixture->why), -EINVAL);
	assert_int_equal(turn_realm_show(turn, &cursor, rows, 4), 2);
	assert_string_equal(rows[0].realm, REALM);
	assert_int_equal(rows[0].quota_user, 1);
	assert_int_equal(rows[0].listeners, 2);
	assert_string_equal(rows[1].realm, TENANT);
	assert_int_equal(rows[1].allocations, 2);
	assert_int_equal(rows[1].quota_user, 3);
	assert_int_equal(rows[1].quota_host, 2);
	assert_int_equal(rows[1].quota_max_bps, 1000000);
	assert_int_equal(rows[1].users, 1);
	for (uint16_t i = 0; i < 4; i++)
		client_free(clients[i]);
	fixture_destroy(fixture);
}

static void test_names_in_all_realms(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct client *server = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_user gone = tenants_user("alice", "");
	struct sluice_allocation_row rows[4];
	uint32_t cursor = 0;

	assert_int_equal(allocate(server), 0);
	assert_int_equal(allocate(inside), 0);
	assert_int_equal(allocation_show(turn, &cursor, "alice", rows, 4), 2);
	gone.end = 1;
	assert_int_equal(turn_user_delete(turn, &gone, fixture->why), 0);
	assert_null(allocation_of(inside));
	assert_non_null(allocation_of(server));
	assert_int_equal(allocation_delete_user(turn, "alice"), 1);
	client_free(server);
	client_free(inside);
	fixture_destroy(fixture);
}

static void test_realms_come_and_go(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_listen listen = tenants_listen(TENANT), servers = tenants_listen("");
	struct sluice_turn_listen unknown = tenants_listen("nobody"), named = tenants_listen(REALM);
	struct sluice_turn_user user = {"carol", "secret3", .realm = REALM};
	struct sluice_turn_realm realm = {REALM}, bad = {"a\nb"}, other = {""};
	struct sluice_turn_listen_row row;
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	uint32_t cursor = TENANT_SERVICE;

	assert_int_equal(turn_realm_add(turn, &tenant, 0, fixture->why), -EEXIST);
	assert_int_equal(turn_realm_add(turn, &tenant, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_realm_add(turn, &realm, 0, fixture->why), -EEXIST);
	assert_int_equal(turn_realm_set(turn, &tenant, fixture->why), -EEXIST);
	assert_int_equal(turn_realm_add(turn, &bad, 0, fixture->why), -EINVAL);
	assert_int_equal(turn_realm_delete(turn, &realm, fixture->why), -ENOENT);
	/* the server's has no name where one is asked for: a file that had it would be refused */
	assert_int_equal(turn_listen_add(turn, &named, SLUICE_API_EXIST_OK, fixture->why), -ENOENT);
	assert_string_equal(fixture->why, "this is the server's realm: leave `realm` out");
	assert_int_equal(turn_user_add(turn, &user, 0, fixture->why), -ENOENT);
	assert_int_equal(turn_listen_add(turn, &unknown, SLUICE_API_EXIST_OK, fixture->why),
	                 -ENOENT);
	assert_string_equal(fixture->why, "there is no realm nobody: `turn realm add`");
	for (int i = 1; i < SLUICE_TURN_REALMS_MAX; i++) {
		snprintf(other.realm, sizeof(other.realm), "r%d", i);
		assert_int_equal(turn_realm_add(turn, &other, 0, fixture->why), 0);
	}
	snprintf(other.realm, sizeof(other.realm), "one more");
	assert_int_equal(turn_realm_add(turn, &other, 0, fixture->why), -ENOSPC);

	assert_int_equal(allocate(inside), 0);
	assert_int_equal(turn_listen_show(turn, &cursor, &row, 1), 1);
	assert_string_equal(row.realm, TENANT);
	assert_int_equal(turn_realm_delete(turn, &tenant, fixture->why), -EBUSY);
	/* its clients are nobody in another realm */
	assert_int_equal(turn_listen_add(turn, &servers, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_null(allocation_of(inside));
	assert_int_equal(turn_realm_delete(turn, &tenant, fixture->why), 0);
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, fixture->why),
	                 -ENOENT);
	client_free(inside);
	fixture_destroy(fixture);
}

/* A configuration that names the realm again keeps its calls; one that does not ends them. */
static void test_replay(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_listen listen = tenants_listen(TENANT);
	struct sluice_turn_user user = tenants_user("alice", "other");
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50099};
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_row row;

	assert_int_equal(allocate(inside), 0);
	fixture->dp.config_generation++;
	/* not before it is named */
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, fixture->why),
	                 -ENOENT);
	assert_int_equal(turn_realm_add(turn, &tenant, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, fixture->why), 0);
	turn_config_sweep(turn);
	assert_int_equal(refresh(inside, 600), 0);
	turn_show(turn, &row);
	assert_int_equal(row.realms, 1);
	fixture->dp.config_generation++;
	turn_config_sweep(turn);
	assert_null(allocation_of(inside));
	turn_show(turn, &row);
	assert_int_equal(row.realms, 0);
	client_free(inside);
	fixture_destroy(fixture);
}

/* One name is a tenant's, then the server's, then a tenant's: which it is the configuration that is
 * being replayed says, and not the one before. */
static void test_replay_exchanges(void **state)
{
	struct fixture *fixture = tenants_create();
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_listen listen = tenants_listen(TENANT), servers = tenants_listen("");
	struct sluice_turn_user user = {"alice", "third"};
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50099};
	struct client *client = tenants_client(fixture, 4000, "alice", "third");
	struct sluice_turn_row row;

	assert_int_equal(allocate(client), 401);
	fixture->dp.config_generation++;
	assert_int_equal(turn_realm_set(turn, &tenant, fixture->why), 0);
	assert_int_equal(turn_realm_add(turn, &tenant, SLUICE_API_EXIST_OK, fixture->why), -EEXIST);
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, fixture->why),
	                 -ENOENT);
	assert_int_equal(turn_listen_add(turn, &servers, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, fixture->why), 0);
	turn_config_sweep(turn);
	assert_int_equal(allocate(client), 0);
	turn_show(turn, &row);
	assert_string_equal(row.realm, TENANT);
	assert_int_equal(row.realms, 0);

	fixture->dp.config_generation++;
	memcpy(user.realm, TENANT, sizeof(TENANT));
	assert_int_equal(turn_realm_add(turn, &tenant, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_realm_set(turn, &tenant, fixture->why), -EEXIST);
	assert_int_equal(turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_user_add(turn, &user, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_relay_add(turn, &relay, SLUICE_API_EXIST_OK, fixture->why), 0);
	turn_config_sweep(turn);
	assert_null(allocation_of(client));
	assert_int_equal(allocate(client), 0);
	turn_show(turn, &row);
	assert_string_equal(row.realm, "");
	assert_int_equal(row.realms, 1);
	assert_int_equal(row.users, 1);
	client_free(client);
	fixture_destroy(fixture);
}

static void quota_is(struct turn *turn, uint32_t user, uint32_t host, uint64_t max_bps)
{
	struct sluice_turn_row row;

	turn_show(turn, &row);
	assert_int_equal(row.quota_user, user);
	assert_int_equal(row.quota_host, host);
	assert_int_equal(row.quota_max_bps, max_bps);
}

static void test_limits_one_by_one(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_quota user = {.user = 5, .user_given = 1};
	struct sluice_turn_quota host = {.host = 9, .host_given = 1};
	struct sluice_turn_quota rate = {.max_bps = 8000, .max_bps_given = 1};
	struct sluice_turn_quota none = {.user_given = 1};

	assert_int_equal(turn_quota_set(turn, &user, fixture->why), 0);
	assert_int_equal(turn_quota_set(turn, &host, fixture->why), 0);
	assert_int_equal(turn_quota_set(turn, &rate, fixture->why), 0);
	quota_is(turn, 5, 9, 8000);
	assert_int_equal(turn_quota_set(turn, &none, fixture->why), 0);
	quota_is(turn, 0, 9, 8000);
	/* a configuration that is replayed says all that holds */
	fixture->dp.config_generation++;
	assert_int_equal(turn_quota_set(turn, &user, fixture->why), 0);
	quota_is(turn, 5, 0, 0);
	assert_int_equal(turn_quota_set(turn, &host, fixture->why), 0);
	quota_is(turn, 5, 9, 0);
	rate.whole = 1;
	assert_int_equal(turn_quota_set(turn, &rate, fixture->why), 0);
	quota_is(turn, 0, 0, 8000);
	fixture_destroy(fixture);
}

static void relayed(struct fixture *fixture, enum turn_counter counter, uint64_t bytes)
{
	fixture->workers[0].turn->counters[counter] += bytes;
}

static void test_capacity(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_quota quota = {.capacity_bps = 80000, .capacity_given = 1};
	struct client *first = client_create(fixture, "192.0.2.50", 4000, "alice", "secret1");
	struct client *second = client_create(fixture, "192.0.2.51", 4000, "alice", "secret1");
	uint64_t tsc = rte_rdtsc(), second_tsc = rte_get_tsc_hz();
	struct sluice_turn_row row;

	assert_int_equal(turn_quota_set(turn, &quota, fixture->why), 0);
	turn_rate_measure(turn, tsc += second_tsc);
	assert_int_equal(allocate(first), 0);
	relayed(fixture, TURN_TO_PEER_BYTES, 20000);
	relayed(fixture, TURN_TO_CLIENT_BYTES, 5000);
	turn_rate_measure(turn, tsc += 2 * second_tsc);
	turn_show(turn, &row);
	assert_int_equal(row.quota_capacity_bps, 80000);
	assert_in_range(row.to_peer_bps, 79999, 80001);
	assert_in_range(row.to_client_bps, 19999, 20001);
	relayed(fixture, TURN_TO_PEER_BYTES, 11000);
	turn_rate_measure(turn, tsc += second_tsc);
	/* what is there goes on, and nothing new is made */
	assert_int_equal(allocate(second), 508);
	assert_int_equal(refresh(first, 600), 0);
	turn_rate_measure(turn, tsc += second_tsc / 4); /* says nothing yet */
	assert_int_equal(allocate(second), 508);
	turn_rate_measure(turn, tsc += second_tsc);
	assert_int_equal(allocate(second), 0);
	client_free(first);
	client_free(second);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_realm_of_a_listener),
	        cmocka_unit_test(test_bytes_of_a_realm),
	        cmocka_unit_test(test_bytes_are_the_names),
	        cmocka_unit_test(test_bytes_of_a_listener),
	        cmocka_unit_test(test_bytes_of_a_place),
	        cmocka_unit_test(test_secrets_of_a_realm),
	        cmocka_unit_test(test_peers_of_a_realm),
	        cmocka_unit_test(test_limits_of_a_realm),
	        cmocka_unit_test(test_names_in_all_realms),
	        cmocka_unit_test(test_realms_come_and_go),
	        cmocka_unit_test(test_replay),
	        cmocka_unit_test(test_replay_exchanges),
	        cmocka_unit_test(test_limits_one_by_one),
	        cmocka_unit_test(test_capacity),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
