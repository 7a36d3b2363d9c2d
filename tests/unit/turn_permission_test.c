/* SPDX-License-Identifier: BSD-3-Clause */
/* CreatePermission and ChannelBind (RFC 8656, 10.2 and 12.2), and when what they make expires. */
#include "turn_fixture.h"

#include <stdlib.h>

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
	alice->flow.src_port++;
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
	        {0x8000, PEER, 11, 400},
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
	const struct permission *permission;
	struct allocation *allocation;
	struct channel *channel;

	assert_int_equal(allocate(alice), 0);
	assert_int_equal(refresh(alice, 3600), 0);
	allocation = allocation_of(alice);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	channel = channel_find(turn, allocation, 0x4000);
	assert_ptr_equal(channel, channel_find_peer(turn, allocation, &peer.ip, peer.port));
	assert_int_equal(channel->expires, 1600);
	permission = permission_find(turn, allocation, &peer.ip);
	assert_int_equal(permission->expires, 1600);
	assert_int_equal(ntohs(channel->relayed_port), allocation->legs[0].port);
	/* a permission alone takes nothing of it away, and prolongs no channel */
	fixture_time(server, 1200);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(permission->expires, 1600);
	fixture_time(server, 1400);
	assert_int_equal(permit(alice, PEER), 0);
	assert_int_equal(permission->expires, 1700);
	assert_int_equal(channel->expires, 1600);
	/* a channel that is renewed alone keeps its peer permitted */
	fixture_time(server, 1550);
	assert_ptr_equal(channel_find(turn, allocation, 0x4000), channel);
	assert_int_equal(bind_channel(alice, 0x4000, PEER, 9), 0);
	assert_int_equal(permission->expires, 2150);
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

/* One allocation's channels have a bound, so that some do not take all. */
static void test_channels_bounded(void **state)
{
	struct client *bob = client_create(server, "198.51.100.2", 4000, "bob", "secret2");

	server->dp.options.max_channels_per_allocation = 8;
	assert_int_equal(allocate(alice), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(bind_channel(alice, 0x4000 + i, PEER, 100 + i), i < 8 ? 0 : 508);
	/* those that are there are renewed, and another's are his own */
	assert_int_equal(bind_channel(alice, 0x4007, PEER, 107), 0);
	assert_int_equal(allocate(bob), 0);
	assert_int_equal(bind_channel(bob, 0x4000, PEER, 9), 0);
	assert_int_equal(allocation_of(alice)->n_channels, 8);
	client_free(bob);
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
	        ROW(test_permissions),      ROW(test_permission_rows),
	        ROW(test_mapped_peer),      ROW(test_thousand_permissions),
	        ROW(test_channel_rows),     ROW(test_channel_times),
	        ROW(test_expiry_is_exact),  ROW(test_many_channels),
	        ROW(test_channels_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
