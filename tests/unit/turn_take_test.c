/* SPDX-License-Identifier: BSD-3-Clause */
/* What one TURN server leaves in its ledger, the next one goes on with. */
#include "turn_fixture.h"

#include "ledger/image.h"
#include "ledger/ledger.h"
#include "turn/mobility.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEER  "198.51.100.7"
#define PEER6 "2001:db8:5::7"

static char folder[] = "/tmp/turn-take-XXXXXX";
static char path[64];
static struct stun_nonce_keys rotated;

/* A server is killed, and the next one started: without a configuration, as it is at start. */
static struct fixture *again(struct fixture *fixture, uint32_t allocations, uint32_t workers)
{
	fixture_destroy(fixture);
	return fixture_create_bare(allocations, 64, 64, workers);
}

static void client_move(struct client *client, struct fixture *fixture)
{
	client->fixture = fixture;
	client->worker = &fixture->workers[0];
}

static const struct ledger_taken *taken(const struct fixture *fixture)
{
	return &fixture->dp.ledger->taken;
}

static void assert_taken(const struct fixture *fixture, uint32_t records)
{
	assert_int_equal(taken(fixture)->records, records);
	assert_int_equal(taken(fixture)->torn, 0);
	assert_int_equal(taken(fixture)->broken, 0);
	assert_int_equal(taken(fixture)->no_room, 0);
	assert_int_equal(taken(fixture)->foreign, 0);
}

static void test_all_goes_on(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct transport_addr peer = transport(PEER, 5000), relayed;
	struct allocation *allocation;
	uint32_t generation;

	assert_int_equal(allocate(client), 0);
	relayed = answer_addr(client, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	assert_int_equal(permit(client, "198.51.100.8"), 0);
	assert_int_equal(bind_channel(client, 0x4001, PEER, 5000), 0);
	allocation = allocation_of(client);
	generation = allocation->generation;
	allocation->to_peer_packets = 5;
	allocation->to_client_bytes = 900;
	assert_int_equal(refresh(client, 1200), 0);
	fixture_time(fixture, 1001); /* accounting is written now and then */

	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_taken(fixture, 1 + 1 + 2 + 1); /* secret, allocation, permissions, channel */
	allocation = allocation_of(client);
	assert_non_null(allocation);
	assert_int_equal(allocation->generation, generation);
	assert_int_equal(allocation->to_peer_packets, 5);
	assert_int_equal(allocation->to_client_bytes, 900);
	assert_int_equal(allocation->n_channels, 1);
	assert_int_equal(allocation->n_permissions, 2);
	assert_in_range(allocation->expires - fixture->workers[0].now, 1195, 1200);

	/* nothing is served before it is configured */
	assert_false(service_has_ip(fixture->dp.services, &relayed.ip));
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_ptr_equal(allocation_of(client), allocation);
	assert_int_equal(relay_port_owner(&fixture->dp.turn->relays[allocation->legs[0].relay - 1],
	                                  ntohs(relayed.port)),
	                 allocation_index(fixture->dp.turn, allocation));
	assert_int_equal(
	        channel_find_peer(fixture->dp.turn, allocation, &peer.ip, peer.port)->number,
	        0x4001);
	assert_ptr_equal(channel_find(fixture->dp.turn, allocation, 0x4001),
	                 channel_find_peer(fixture->dp.turn, allocation, &peer.ip, peer.port));

	/* the nonce that the client has is as good as before, and so is its credential */
	assert_int_equal(refresh(client, 600), 0);
	assert_int_equal(bind_channel(client, 0x4001, PEER, 5000), 0);
	assert_int_equal(bind_channel(client, 0x4002, PEER, 5002), 0);
	assert_int_equal(allocate(client), 437);
	fixture_time(fixture, 1000 + 601);
	assert_null(allocation_of(client));
	assert_false(relay_port_used(&fixture->dp.turn->relays[0], ntohs(relayed.port)));
	client_free(client);
	fixture_destroy(fixture);
}

/* A client that came by TCP cannot be reached by the next server: nothing of its allocation lies in
 * the ledger. */
static void test_connection_ends(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");

	client->flow.connection = 1025;
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_bytes(client, STUN_ATTR_EVEN_PORT, "\x80", 1);
	assert_int_equal(send_signed(client), 0);
	assert_int_equal(permit(client, PEER), 0);
	assert_int_equal(bind_channel(client, 0x4001, PEER, 5000), 0);
	assert_int_equal(refresh(client, 1200), 0);
	allocation_of(client)->to_peer_packets = 5;
	fixture_time(fixture, 1001);

	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_taken(fixture, 1); /* the secret */
	assert_null(allocation_of(client));
	fixture_configure(fixture);
	assert_int_equal(allocate(client), 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* Both families; an answer that was lost with the server; one that has said goodbye. */
static void test_retransmissions(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *both = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *closed = client_create(fixture, "203.0.113.2", 4000, "bob", "secret2");
	struct transport_addr first, second;

	ask(both, STUN_ALLOCATE);
	ask_transport(both);
	ask_family(both, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
	assert_int_equal(send_signed(both), 0);
	first = answer_addr(both, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	second = answer_addr(both, STUN_ATTR_XOR_RELAYED_ADDRESS, 1);
	assert_int_equal(allocate(closed), 0);
	assert_int_equal(permit(closed, PEER), 0);
	assert_int_equal(refresh(closed, 0), 0);

	fixture = again(fixture, 16, 1);
	client_move(both, fixture);
	client_move(closed, fixture);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(send_again(both), 0);
	assert_int_equal(answer_addr(both, STUN_ATTR_XOR_RELAYED_ADDRESS, 0).port, first.port);
	assert_int_equal(answer_addr(both, STUN_ATTR_XOR_RELAYED_ADDRESS, 1).port, second.port);
	assert_int_equal(send_again(closed), 0);
	assert_int_equal(refresh(closed, 600), 437);
	assert_int_equal(allocation_of(both)->user_count, 1);
	assert_int_equal(fixture->dp.turn->n_allocations, 1);
	fixture_time(fixture, 1000 + ALLOCATION_LINGER_S + 1);
	assert_int_equal(fixture->workers[0].turn->private->lingering, 0);
	client_free(both);
	client_free(closed);
	fixture_destroy(fixture);
}

/* Of an EVEN-PORT pair one is allocated, and the other still waits for its token. */
static void test_reservation(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *rtp = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *rtcp = client_create(fixture, "203.0.113.1", 4001, "alice", "secret1");
	uint8_t token[8];
	uint16_t port;

	ask(rtp, STUN_ALLOCATE);
	ask_transport(rtp);
	ask_bytes(rtp, STUN_ATTR_EVEN_PORT, "\x80", 1);
	assert_int_equal(send_signed(rtp), 0);
	memcpy(token, answer(rtp, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), sizeof(token));
	port = ntohs(answer_addr(rtp, STUN_ATTR_XOR_RELAYED_ADDRESS, 0).port);

	fixture = again(fixture, 16, 1);
	client_move(rtp, fixture);
	client_move(rtcp, fixture);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	/* the first answer again, with its token */
	assert_int_equal(send_again(rtp), 0);
	assert_memory_equal(answer(rtp, STUN_ATTR_RESERVATION_TOKEN, 0, NULL), token, 8);
	ask(rtcp, STUN_ALLOCATE);
	ask_transport(rtcp);
	ask_bytes(rtcp, STUN_ATTR_RESERVATION_TOKEN, token, sizeof(token));
	assert_int_equal(send_signed(rtcp), 0);
	assert_int_equal(ntohs(answer_addr(rtcp, STUN_ATTR_XOR_RELAYED_ADDRESS, 0).port), port + 1);

	/* redeemed is redeemed, also in the next life */
	fixture = again(fixture, 16, 1);
	client_move(rtcp, fixture);
	client_move(rtp, fixture);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(fixture->dp.turn->n_allocations, 2);
	assert_int_equal(refresh(rtp, 0), 0);
	rtp->flow.src_port = htons(4002);
	ask(rtp, STUN_ALLOCATE);
	ask_transport(rtp);
	ask_bytes(rtp, STUN_ATTR_RESERVATION_TOKEN, token, sizeof(token));
	rtp->nonce_length = 0;
	assert_int_equal(send_signed(rtp), 508);
	client_free(rtp);
	client_free(rtcp);
	fixture_destroy(fixture);
}

/* What was made under a secret has rights while the secret has. */
static void test_secrets(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct sluice_turn_secret other = {"south"}, north = {"north"};
	struct client *client =
	        client_create(fixture, "203.0.113.1", 4000, "2000000000:carol", "x");
	struct stun_key secret;

	stun_key_raw(&secret, "north", 5);
	stun_key_time_limited(&client->key, &secret, client->user, client->user_length, REALM);
	assert_int_equal(allocate(client), 0);

	for (int life = 0; life < 2; life++) {
		fixture = again(fixture, 16, 1);
		client_move(client, fixture);
		if (life == 0) /* in another order than before */
			assert_int_equal(turn_secret_add(fixture->dp.turn, &other, 0, fixture->why),
			                 0);
		fixture_configure(fixture);
		turn_config_sweep(fixture->dp.turn);
		assert_int_equal(permit(client, life == 0 ? PEER : "198.51.100.8"), 0);
	}
	assert_int_equal(turn_secret_delete(fixture->dp.turn, &north, fixture->why), 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(refresh(client, 600), 0);
	assert_int_equal(permit(client, "198.51.100.99"), 403);
	client_free(client);
	fixture_destroy(fixture);
}

static void tenant_configure(struct fixture *fixture)
{
	struct sluice_turn_secret secret = {.secret = "north", .realm = TENANT};
	struct sluice_turn_quota quota = {
	        .user = 1, .user_given = 1, .host = 3, .host_given = 1, .realm = TENANT};

	fixture_configure(fixture);
	fixture_tenant(fixture);
	assert_int_equal(turn_secret_add(fixture->dp.turn, &secret, 0, fixture->why), 0);
	assert_int_equal(turn_quota_set(fixture->dp.turn, &quota, fixture->why), 0);
}

/* By the listener at 192.0.2.1 and this port, which may have another place than before. */
static void client_comes(struct client *client, struct fixture *fixture, uint16_t port)
{
	struct transport_addr at = transport("192.0.2.1", port);
	const struct transport_addr *listeners = fixture->dp.turn->listeners;

	client_move(client, fixture);
	client->flow.service = 0;
	while (listeners[client->flow.service].port != at.port ||
	       !ip_addr_equal(&listeners[client->flow.service].ip, &at.ip))
		assert_true(++client->flow.service < TURN_LISTENERS_MAX);
}

/* A tenant's: its users are known again under its realm, what was made under its secret is that
 * secret's and not the server's of the same word, and what lives counts against its limits. */
static void test_tenant(void **state)
{
	struct fixture *fixture = fixture_create_bare(16, 64, 64, 1);
	struct sluice_turn_secret north = {.secret = "north", .end = 1};
	struct client *alice = tenants_client(fixture, 4000, "alice", "other");
	struct client *carol = tenants_client(fixture, 4001, "2000000000:carol", "x");
	struct client *second = tenants_client(fixture, 4002, "alice", "other");
	struct client *servers = client_create(fixture, "192.0.2.60", 4003, "alice", "secret1");
	struct client *more[2];
	struct stun_key secret;

	stun_key_raw(&secret, "north", 5);
	stun_key_time_limited(&carol->key, &secret, carol->user, carol->user_length, TENANT);
	tenant_configure(fixture);
	assert_int_equal(allocate(alice), 0);
	assert_int_equal(allocate(carol), 0);
	assert_int_equal(allocate(servers), 0);

	fixture = again(fixture, 16, 1);
	assert_taken(fixture, 2 + 3); /* secrets, allocations */
	tenant_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	client_comes(alice, fixture, 3479);
	client_comes(carol, fixture, 3479);
	client_comes(second, fixture, 3479);
	client_comes(servers, fixture, 3478);
	assert_int_equal(refresh(alice, 600), 0);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(permit(carol, PEER), 0);
	assert_int_equal(permit(servers, PEER), 0);
	assert_true(allocation_of(alice)->user_hash != allocation_of(servers)->user_hash);
	/* both of its limits go on counting: alice's one, and then three in all */
	assert_int_equal(allocate(second), 486);
	for (uint16_t i = 0; i < 2; i++) {
		static const char *const names[] = {"2000000000:dan", "2000000000:eve"};

		more[i] = tenants_client(fixture, 4010 + i, names[i], "x");
		client_comes(more[i], fixture, 3479);
		stun_key_time_limited(&more[i]->key, &secret, names[i], strlen(names[i]), TENANT);
		assert_int_equal(allocate(more[i]), i == 0 ? 0 : 486);
	}
	assert_int_equal(turn_secret_delete(fixture->dp.turn, &north, fixture->why), 0);
	assert_non_null(allocation_of(carol));
	memcpy(north.realm, TENANT, sizeof(TENANT));
	assert_int_equal(turn_secret_delete(fixture->dp.turn, &north, fixture->why), 0);
	assert_null(allocation_of(carol));
	assert_non_null(allocation_of(alice));
	for (int i = 0; i < 2; i++)
		client_free(more[i]);
	client_free(alice);
	client_free(carol);
	client_free(second);
	client_free(servers);
	fixture_destroy(fixture);
}

static int show_ticket(struct client *client, const uint8_t ticket[TICKET_SIZE])
{
	ask(client, STUN_REFRESH);
	ask_bytes(client, STUN_ATTR_MOBILITY_TICKET, ticket, TICKET_SIZE);
	return send_signed(client);
}

static void ticket_take(const struct client *client, uint8_t ticket[TICKET_SIZE])
{
	memcpy(ticket, answer(client, STUN_ATTR_MOBILITY_TICKET, 0, NULL), TICKET_SIZE);
}

static int allocate_mobile(struct client *client)
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_bytes(client, STUN_ATTR_MOBILITY_TICKET, NULL, 0);
	return send_signed(client);
}

/* A client that has moved is where it went, one that was about to moves again by the ticket that it
 * was told, and none by the one before. */
static void test_mobility(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	const struct sluice_turn_mobility on = {1};
	struct client *wlan = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *phone = client_create(fixture, "203.0.113.1", 4001, "alice", "secret1");
	uint8_t first[TICKET_SIZE], second[TICKET_SIZE], third[TICKET_SIZE];

	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, first);
	assert_int_equal(bind_channel(wlan, 0x4001, PEER, 5000), 0);
	assert_int_equal(show_ticket(phone, first), 0);
	ticket_take(phone, second);
	assert_int_equal(permit(phone, PEER), 0);

	fixture = again(fixture, 16, 1);
	client_move(wlan, fixture);
	client_move(phone, fixture);
	assert_taken(fixture, 1 + 1 + 1 + 1); /* secret, allocation, permission, channel */
	fixture_configure(fixture);
	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_non_null(allocation_of(phone));
	assert_int_equal(show_ticket(wlan, first), 437);
	assert_int_equal(refresh(phone, 600), 0);
	assert_int_equal(show_ticket(wlan, second), 0);
	ticket_take(wlan, third);

	fixture = again(fixture, 16, 1);
	client_move(wlan, fixture);
	client_move(phone, fixture);
	fixture_configure(fixture);
	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_non_null(allocation_of(phone));
	assert_int_equal(refresh(wlan, 600), 437);
	assert_int_equal(show_ticket(wlan, third), 0);
	assert_int_equal(permit(wlan, PEER), 0);
	assert_int_equal(refresh(phone, 600), 437);
	client_free(wlan);
	client_free(phone);
	fixture_destroy(fixture);
}

/* What has ended before is not taken over, and its place is another's: of the same name, which many
 * have, but not of the same ticket. */
static void test_mobility_of_another(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	const struct sluice_turn_mobility on = {1};
	struct client *before = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *other = client_create(fixture, "203.0.113.2", 4000, "alice", "secret1");
	uint8_t ticket[TICKET_SIZE], others[TICKET_SIZE];
	uint32_t generation;

	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	assert_int_equal(allocate_mobile(before), 0);
	ticket_take(before, ticket);
	generation = allocation_of(before)->generation;
	assert_int_equal(allocation_index(fixture->dp.turn, allocation_of(before)), 1);
	fixture_time(fixture, 1000 + 601);

	fixture = again(fixture, 16, 1);
	client_move(before, fixture);
	client_move(other, fixture);
	assert_taken(fixture, 1); /* the secret */
	fixture_configure(fixture);
	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(allocate_mobile(other), 0);
	ticket_take(other, others);
	assert_int_equal(allocation_index(fixture->dp.turn, allocation_of(other)), 1);
	assert_int_equal(allocation_of(other)->generation, generation);
	before->flow.src_port = htons(4001);
	before->nonce_length = 0;
	assert_int_equal(show_ticket(before, ticket), 437);
	assert_int_equal(show_ticket(before, others), 0);
	client_free(before);
	client_free(other);
	fixture_destroy(fixture);
}

/* What an allocation relays before its listener's line has said whose it is, is its realm's all the
 * same. */
static void test_bytes_of_a_realm(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *inside = tenants_client(fixture, 4000, "alice", "other");
	struct sluice_turn_realm_row rows[2];
	struct allocation *allocation;
	uint32_t cursor = 0, now = 1000;

	fixture_tenant(fixture);
	assert_int_equal(allocate(inside), 0);
	fixture = again(fixture, 16, 1);
	client_move(inside, fixture);
	allocation = fixture->dp.turn->allocations + 1;
	assert_int_equal(allocation->client.src_port, inside->flow.src_port);
	allocation->to_peer_bytes += 1024;
	for (int i = 0; i < 40; i++)
		fixture_time(fixture, ++now);
	fixture_configure(fixture);
	fixture_tenant(fixture);
	turn_config_sweep(fixture->dp.turn);
	for (int i = 0; i < 40; i++)
		fixture_time(fixture, ++now);
	assert_int_equal(turn_realm_show(fixture->dp.turn, &cursor, rows, 2), 2);
	assert_int_equal(rows[0].to_peer_bytes, 0);
	assert_int_equal(rows[1].to_peer_bytes, 1024);
	client_free(inside);
	fixture_destroy(fixture);
}

static int refresh_sha256(struct client *client, const struct stun_raw_key *key)
{
	ask(client, STUN_REFRESH);
	ask_bytes(client, STUN_ATTR_USERNAME, client->user, client->user_length);
	ask_bytes(client, STUN_ATTR_REALM, client->realm, strlen(client->realm));
	ask_bytes(client, STUN_ATTR_NONCE, client->nonce, client->nonce_length);
	stun_put_integrity_sha256(&client->writer, key);
	return send_plain(client);
}

/* The key that a client signs with by SHA-256 is kept as that of any other is: its user is gone. */
static void test_raw_key(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct sluice_turn_user alice = {"alice"};
	struct stun_raw_key key;

	stun_raw_long_term(&key, STUN_MD5, "alice", 5, REALM, "secret1", 7);
	assert_int_equal(allocate(client), 0);
	assert_int_equal(refresh_sha256(client, &key), 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	fixture_configure(fixture);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &alice, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_true(allocation_of(client)->flags & ALLOCATION_RAW_KEY);
	assert_int_equal(refresh_sha256(client, &key), 0);
	assert_int_equal(refresh(client, 600), 401);
	key.bytes[15] ^= 1;
	assert_int_equal(refresh_sha256(client, &key), 401);
	client_free(client);
	fixture_destroy(fixture);
}

/* The configuration no longer has the relay, or the listener. */
static void test_not_configured_ends(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 50000, 50099};
	struct sluice_turn_listen listen = {addr("192.0.2.1", 3478)};

	assert_int_equal(allocate(client), 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_int_equal(turn_listen_add(fixture->dp.turn, &listen, 0, fixture->why), 0);
	assert_non_null(allocation_of(client));
	turn_config_sweep(fixture->dp.turn);
	assert_null(allocation_of(client));
	assert_int_equal(fixture->dp.turn->n_allocations, 0);
	assert_null(fixture->dp.turn->relays[0].ports);

	fixture = again(fixture, 16, 1);
	assert_int_equal(fixture->dp.ledger->taken.records, 0);
	fixture_configure(fixture);
	client_move(client, fixture);
	client->nonce_length = 0;
	assert_int_equal(allocate(client), 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_int_equal(turn_relay_add(fixture->dp.turn, &relay, 0, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_null(allocation_of(client));
	client_free(client);
	fixture_destroy(fixture);
}

/* A relay that is configured with other ports keeps those that are in use. */
static void test_ports_outside(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct sluice_turn_relay relay = {addr("192.0.2.2", 0), 60000, 60009};
	struct sluice_turn_listen listen = {addr("192.0.2.1", 3478)};
	struct transport_addr relayed;

	assert_int_equal(allocate(client), 0);
	relayed = answer_addr(client, STUN_ATTR_XOR_RELAYED_ADDRESS, 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_int_equal(turn_listen_add(fixture->dp.turn, &listen, 0, fixture->why), 0);
	assert_int_equal(turn_relay_add(fixture->dp.turn, &relay, 0, fixture->why), 0);
	turn_config_sweep(fixture->dp.turn);
	assert_non_null(allocation_of(client));
	assert_non_null(service_find(fixture->dp.services, &relayed.ip, relayed.port));
	assert_non_null(service_find(fixture->dp.services, &relayed.ip, htons(60009)));
	assert_null(service_find(fixture->dp.services, &relayed.ip, htons(60010)));
	client_free(client);
	fixture_destroy(fixture);
}

/* -- many -- */

#define MANY 100

static struct client *many[MANY];

static struct fixture *many_make(uint32_t workers)
{
	struct fixture *fixture = fixture_create(2 * MANY, 2 * MANY, 2 * MANY, workers);
	char ip[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(ip, sizeof(ip), "203.0.113.%d", i + 1);
		many[i] = client_create(fixture, ip, 4000, "alice", "secret1");
		many[i]->worker = &fixture->workers[(uint32_t)i % workers];
		assert_int_equal(allocate(many[i]), 0);
		assert_int_equal(bind_channel(many[i], 0x4000, PEER, 5000), 0);
	}
	return fixture;
}

static int many_alive(struct fixture *fixture, uint32_t workers)
{
	int alive = 0;

	for (int i = 0; i < MANY; i++) {
		many[i]->fixture = fixture;
		many[i]->worker = &fixture->workers[(uint32_t)i % workers];
		alive += allocation_of(many[i]) != NULL && refresh(many[i], 600) == 0 &&
		         bind_channel(many[i], 0x4000, PEER, 5000) == 0;
	}
	return alive;
}

static void many_free(void)
{
	for (int i = 0; i < MANY; i++)
		client_free(many[i]);
}

/* The file, writable: what somebody else does to it. */
static uint8_t *file_map(size_t *size)
{
	int fd = open(path, O_RDWR);
	struct stat status;
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	return bytes;
}

static struct sluice_ledger_section *section(uint8_t *bytes, enum sluice_ledger_kind kind)
{
	struct sluice_ledger_header *header = (struct sluice_ledger_header *)bytes;

	for (uint32_t i = 0; i < header->n_sections; i++)
		if (header->sections[i].kind == kind)
			return &header->sections[i];
	fail();
	return NULL;
}

static void many_damaged(enum sluice_ledger_kind kind, int alive)
{
	struct fixture *fixture = many_make(1);
	struct sluice_ledger_section *of;
	uint8_t *bytes;
	size_t size;

	fixture_destroy(fixture);
	bytes = file_map(&size);
	of = section(bytes, kind);
	for (uint32_t i = 0, used = 0; i < of->count; i++) {
		uint8_t *record = bytes + of->offset + i * of->record_size;

		used += ((struct sluice_ledger_head *)record)->sequence != 0;
		if (used == MANY / 2) {
			record[24] ^= 0x10;
			break;
		}
	}
	munmap(bytes, size);
	fixture = fixture_create_bare(MANY, 2 * MANY, 2 * MANY, 1);
	assert_int_equal(taken(fixture)->broken, 1);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(many_alive(fixture, 1), alive);
	many_free();
	fixture_destroy(fixture);
}

static void test_one_damaged(void **state)
{
	many_damaged(SLUICE_LEDGER_ALLOCATION, MANY - 1);
	many_damaged(SLUICE_LEDGER_ALLOCATION_STATE, MANY - 1);
	many_damaged(SLUICE_LEDGER_CREDENTIAL, MANY - 1);
	/* the client binds its channel again, and hears nothing of it */
	many_damaged(SLUICE_LEDGER_CHANNEL, MANY);
}

static void test_other_workers(void **state)
{
	static const uint32_t counts[] = {4, 1, 3, 2};
	struct fixture *fixture = many_make(4);

	for (uint32_t life = 0; life < 4; life++) {
		fixture_destroy(fixture);
		fixture = fixture_create_bare(2 * MANY, 2 * MANY, 2 * MANY, counts[life]);
		assert_taken(fixture, 1 + MANY * 3);
		fixture_configure(fixture);
		turn_config_sweep(fixture->dp.turn);
		assert_int_equal(fixture->dp.turn->n_allocations, MANY);
		/* whose they are now; a client's requests are handed over to it */
		for (int i = 0; i < MANY; i++) {
			many[i]->fixture = fixture;
			many[i]->worker = &fixture->workers[allocation_of(many[i])->owner];
			assert_int_equal(refresh(many[i], 600), 0);
			assert_int_equal(bind_channel(many[i], 0x4000, PEER, 5000), 0);
		}
	}
	many_free();
	fixture_destroy(fixture);
}

/* Tables of another size: places are found for as many as there is room for. */
static void test_other_sizes(void **state)
{
	struct fixture *fixture = many_make(1);

	fixture_destroy(fixture);
	fixture = fixture_create_bare(3 * MANY, 5 * MANY, 5 * MANY, 1);
	assert_taken(fixture, 1 + MANY * 3);
	fixture_destroy(fixture);
	fixture = fixture_create_bare(MANY / 2, 2 * MANY, 2 * MANY, 1);
	assert_int_equal(taken(fixture)->no_room, MANY / 2);
	assert_int_equal(taken(fixture)->broken, 0);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(many_alive(fixture, 1), MANY / 2);
	many_free();
	fixture_destroy(fixture);
}

/* 700 seconds later. */
static void test_expired(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *client = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");

	fixture->dp.ledger->epoch -= 700;
	assert_int_equal(allocate(client), 0);
	assert_int_equal(permit(client, PEER), 0);
	fixture = again(fixture, 16, 1);
	client_move(client, fixture);
	assert_int_equal(taken(fixture)->expired, 1);
	assert_null(allocation_of(client));
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(allocate(client), 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* Records of a version that had less to say: shorter, and right in themselves. */
static void test_shorter_records(void **state)
{
	struct fixture *fixture = many_make(1);
	struct sluice_ledger_header *header;
	struct sluice_ledger_section *of;
	uint8_t *bytes;
	size_t size;

	fixture_destroy(fixture);
	bytes = file_map(&size);
	header = (struct sluice_ledger_header *)bytes;
	of = section(bytes, SLUICE_LEDGER_ALLOCATION);
	for (uint32_t i = 0; i < of->count; i++) {
		uint8_t *from = bytes + of->offset + i * of->record_size,
		        *to = bytes + of->offset + i * 128;
		struct sluice_ledger_head *head = (struct sluice_ledger_head *)to;

		memmove(to, from, 128);
		if (head->sequence == 0)
			continue;
		head->check = 0;
		head->check = ledger_check(SLUICE_LEDGER_ALLOCATION, i, (uint64_t *)to, 128);
	}
	of->record_size = 128;
	header->check = 0;
	header->check = ledger_header_check(header);
	munmap(bytes, size);
	fixture = fixture_create_bare(MANY, 2 * MANY, 2 * MANY, 1);
	assert_taken(fixture, 1 + MANY * 3);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	assert_int_equal(many_alive(fixture, 1), MANY);
	many_free();
	fixture_destroy(fixture);
}

/* The other dataplane still works while this one is made. */
static void keys_rotate(void)
{
	size_t size;
	uint8_t *bytes = file_map(&size);
	const struct sluice_ledger_section *at = section(bytes, SLUICE_LEDGER_KEYS);
	const struct ledger_table table = {.records = bytes + at->offset,
	                                   .count = at->count,
	                                   .record_size = at->record_size,
	                                   .kind = at->kind};
	struct sluice_ledger_keys newest = {.number = 0}, keys;

	for (uint32_t i = 0; i < table.count; i++) {
		memcpy(&keys, ledger_words(&table, i), sizeof(keys));
		if (keys.head.sequence != 0 && keys.number > newest.number)
			newest = keys;
	}
	assert_int_not_equal(newest.number, 0);
	memcpy(newest.nonces[1], newest.nonces[0], sizeof(newest.nonces[1]));
	memset(newest.nonces[0], 0x5a, sizeof(newest.nonces[0]));
	memcpy(&rotated.keys, newest.nonces, sizeof(rotated.keys));
	stun_nonce_keys_drawn(&rotated);
	memcpy(newest.nonces, &rotated.keys, sizeof(newest.nonces));
	newest.number++;
	ledger_write(&table, (uint32_t)(newest.number % table.count), &newest, sizeof(newest));
	munmap(bytes, size);
}

/* Its keys of nonces rotate meanwhile: those that it gave last, and those before, cost nobody a
 * 438, and one under a key that is known to none costs one. */
static void test_keys_rotate_meanwhile(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	struct client *before = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *last = client_create(fixture, "203.0.113.2", 4000, "bob", "secret2");
	struct client *lost = client_create(fixture, "203.0.113.3", 4000, "alice", "secret1");
	struct ip_addr ip = transport("203.0.113.2", 0).ip;

	assert_int_equal(allocate(before), 0);
	assert_int_equal(allocate(last), 0);
	assert_int_equal(allocate(lost), 0);
	fixture_before_take = keys_rotate;
	fixture = again(fixture, 16, 1);
	fixture_before_take = NULL;
	client_move(before, fixture);
	client_move(last, fixture);
	client_move(lost, fixture);
	fixture_configure(fixture);
	stun_nonce_make((char *)last->nonce, &rotated, &ip, htons(4000), fixture->unix_now);
	assert_int_equal(refresh(before, 600), 0);
	assert_int_equal(refresh(last, 600), 0);
	memset(rotated.keys, 0x77, sizeof(rotated.keys));
	ip = transport("203.0.113.3", 0).ip;
	stun_nonce_make((char *)lost->nonce, &rotated, &ip, htons(4000), fixture->unix_now);
	assert_int_equal(refresh(lost, 600), 438);
	lost->nonce_length = 0;
	assert_int_equal(refresh(lost, 600), 0);
	client_free(before);
	client_free(last);
	client_free(lost);
	fixture_destroy(fixture);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger", folder);
	fixture_ledger = path;
	return 0;
}

static int path_clean(void **state)
{
	unlink(path);
	return 0;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, path_clean, path_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_all_goes_on),
	        TEST(test_retransmissions),
	        TEST(test_reservation),
	        TEST(test_secrets),
	        TEST(test_not_configured_ends),
	        TEST(test_ports_outside),
	        TEST(test_one_damaged),
	        TEST(test_other_workers),
	        TEST(test_other_sizes),
	        TEST(test_expired),
	        TEST(test_shorter_records),
	        TEST(test_connection_ends),
	        TEST(test_keys_rotate_meanwhile),
	        TEST(test_tenant),
	        TEST(test_mobility),
	        TEST(test_mobility_of_another),
	        TEST(test_raw_key),
	        TEST(test_bytes_of_a_realm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
