/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that moves (RFC 8016): what it keeps, when the 5-tuple before goes, and who may not. */
#include "turn_fixture.h"

#include "turn/mobility.h"

#define PEER  "198.51.100.7"
#define FIRST 1000 /* worker.now, at the start */

static struct fixture *mobile_create(uint32_t allocations, uint32_t workers)
{
	struct fixture *fixture = fixture_create(allocations, 64, 64, workers);
	const struct sluice_turn_mobility on = {1};

	assert_int_equal(turn_mobility_set(fixture->dp.turn, &on, fixture->why), 0);
	return fixture;
}

/* Alice, at one of her addresses. */
static struct client *alice_at(struct fixture *fixture, uint16_t port)
{
	return client_create(fixture, "203.0.113.1", port, "alice", "secret1");
}

static void ask_allocate(struct client *client, const void *ticket, uint16_t length)
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	ask_bytes(client, STUN_ATTR_MOBILITY_TICKET, ticket, length);
}

static int allocate_mobile(struct client *client)
{
	ask_allocate(client, "", 0);
	return send_signed(client);
}

static int show_ticket(struct client *client, const void *ticket, uint16_t length,
                       uint32_t lifetime)
{
	ask(client, STUN_REFRESH);
	stun_put_u32(&client->writer, STUN_ATTR_LIFETIME, lifetime);
	ask_bytes(client, STUN_ATTR_MOBILITY_TICKET, ticket, length);
	return send_signed(client);
}

static int move(struct client *client, const uint8_t ticket[TICKET_SIZE])
{
	return show_ticket(client, ticket, TICKET_SIZE, 600);
}

/* Of the answer. */
static void ticket_take(const struct client *client, uint8_t ticket[TICKET_SIZE])
{
	uint16_t length = 0;
	const uint8_t *value = answer(client, STUN_ATTR_MOBILITY_TICKET, 0, &length);

	assert_non_null(value);
	assert_int_equal(length, TICKET_SIZE);
	for (int i = 0; i < TICKET_SIZE; i++) /* some clients keep it as text */
		assert_in_range(value[i], '+', 'z');
	memcpy(ticket, value, TICKET_SIZE);
}

static bool has_ticket(const struct client *client)
{
	return answer(client, STUN_ATTR_MOBILITY_TICKET, 0, NULL) != NULL;
}

/* Where packets to the client go. */
static bool is_at(const struct allocation *allocation, const struct client *client)
{
	const struct five_tuple *at = allocation_client(client->fixture->dp.turn, allocation);

	return memcmp(at, &client->flow, sizeof(*at)) == 0;
}

/* The allocation that a request of this client is about. */
static struct allocation *found(struct client *client)
{
	return allocation_find(client->worker->turn, &client->flow);
}

/* As a relayed packet does it. */
static void packet_from(struct client *client)
{
	struct turn *turn = client->fixture->dp.turn;
	uint32_t index =
	        clients_find(&client->worker->turn->clients, turn->allocations, &client->flow);

	assert_true(turn->allocations[index].flags & ALLOCATION_PATH);
	assert_non_null(mobility_arrive(client->worker->turn, &turn->allocations[index]));
}

static uint32_t places_used(const struct fixture *fixture)
{
	return fixture->workers[0].turn->private->used[TURN_OBJECT_ALLOCATION];
}

static void test_off(void **state)
{
	struct fixture *fixture = fixture_create(16, 64, 64, 1);
	const struct sluice_turn_mobility odd = {2}, on = {1};
	struct turn *turn = fixture->dp.turn;
	struct client *client = alice_at(fixture, 4000);
	uint8_t ticket[TICKET_SIZE];
	struct sluice_turn_row row;

	assert_int_equal(allocate_mobile(client), 405);
	assert_int_equal(allocate(client), 0);
	assert_int_equal(show_ticket(client, "x", 1, 600), 405);
	assert_int_equal(counted(fixture, TURN_ERROR_405), 2);
	assert_int_equal(turn_mobility_set(turn, &odd, fixture->why), -EINVAL);
	assert_int_equal(turn_mobility_set(turn, &on, fixture->why), 0);
	assert_int_equal(turn_mobility_set(turn, &on, fixture->why), 0);
	turn_show(turn, &row);
	assert_int_equal(row.mobility, 1);
	/* it did not ask for one */
	memset(ticket, 'A', sizeof(ticket));
	assert_int_equal(move(client, ticket), 437);
	/* a configuration that does not name it any longer */
	fixture->dp.config_generation++;
	turn_config_sweep(turn);
	turn_show(turn, &row);
	assert_int_equal(row.mobility, 0);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_allocate(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *client = alice_at(fixture, 4000), *plain = alice_at(fixture, 4001);
	uint8_t ticket[TICKET_SIZE], again[TICKET_SIZE];

	ask_allocate(client, "full", 4);
	assert_int_equal(send_signed(client), 400);
	/* a client that has not shown its address is told nothing of it */
	ask_allocate(client, "", 0);
	assert_int_equal(send_plain(client), 401);
	assert_false(has_ticket(client));
	assert_int_equal(allocate_mobile(client), 0);
	assert_true(answer_signed(client));
	ticket_take(client, ticket);
	assert_int_equal(send_again(client), 0);
	ticket_take(client, again);
	assert_memory_equal(ticket, again, TICKET_SIZE);
	assert_int_equal(refresh(client, 600), 0);
	assert_false(has_ticket(client));
	/* shown where nothing has moved it is a Refresh, and holds on */
	assert_int_equal(move(client, ticket), 0);
	ticket_take(client, again);
	assert_memory_equal(ticket, again, TICKET_SIZE);
	assert_int_equal(allocate(plain), 0);
	assert_false(has_ticket(plain));
	/* another client's 5-tuple is no way to it */
	assert_int_equal(move(plain, ticket), 437);
	assert_true(is_at(allocation_of(client), client));
	client_free(client);
	client_free(plain);
	fixture_destroy(fixture);
}

/* Everything stays but the address; the one before serves until the new one is used. */
static void test_move(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_quota one = {.user = 1, .user_given = 1, .host = 1, .host_given = 1};
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	struct sluice_allocation_row row;
	struct allocation *allocation;
	uint8_t first[TICKET_SIZE], second[TICKET_SIZE];
	struct relay_leg leg;
	uint32_t generation, cursor = 0;

	assert_int_equal(turn_quota_set(turn, &one, fixture->why), 0);
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, first);
	assert_int_equal(bind_channel(wlan, 0x4001, PEER, 5000), 0);
	allocation = allocation_of(wlan);
	leg = allocation->legs[0];
	generation = allocation->generation;
	allocation->to_peer_packets = 7;

	assert_int_equal(move(mobile, first), 0);
	assert_true(answer_signed(mobile));
	assert_int_equal(answer_u32(mobile, STUN_ATTR_LIFETIME), 600);
	ticket_take(mobile, second);
	assert_true(memcmp(first, second, TICKET_SIZE) != 0);
	assert_ptr_equal(found(mobile), allocation);
	assert_ptr_equal(found(wlan), allocation);
	assert_true(is_at(allocation, wlan));
	assert_int_equal(refresh(wlan, 600), 0);
	assert_int_equal(permit(wlan, PEER), 0);
	assert_int_equal(allocate(mobile), 437);
	assert_true(is_at(allocation, wlan));
	assert_int_equal(counted(fixture, TURN_ALLOCATION_MOVED), 0);

	packet_from(mobile);
	assert_true(is_at(allocation, mobile));
	assert_int_equal(counted(fixture, TURN_ALLOCATION_MOVED), 1);
	assert_null(found(wlan));
	assert_int_equal(refresh(wlan, 600), 437);
	assert_ptr_equal(found(mobile), allocation);
	assert_int_equal(permit(mobile, PEER), 0);
	assert_int_equal(allocation->generation, generation);
	assert_memory_equal(&allocation->legs[0], &leg, sizeof(leg));
	assert_int_equal(allocation->to_peer_packets, 7);
	assert_int_equal(allocation->n_channels, 1);
	assert_non_null(channel_find(turn, allocation, 0x4001));
	assert_int_equal(turn->n_allocations, 1);
	assert_int_equal(allocation_show(turn, &cursor, "alice", &row, 1), 1);
	assert_int_equal(row.client.port, htons(5000));
	/* one of a user is one, wherever it is */
	assert_int_equal(allocate(wlan), 486);
	assert_int_equal(refresh(mobile, 0), 0);
	assert_int_equal(send_again(mobile), 0);
	assert_int_equal(allocate(wlan), 0);
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* Nothing is left of the paths, and the account says where the client was last. */
static void test_all_goes(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct sluice_allocation_account account;
	struct client *client = alice_at(fixture, 4000);
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(allocate_mobile(client), 0);
	ticket_take(client, ticket);
	for (uint16_t port = 4001; port <= 4005; port++) {
		client->flow.src_port = htons(port);
		client->nonce_length = 0;
		assert_int_equal(move(client, ticket), 0);
		ticket_take(client, ticket);
		if (port != 4005)
			assert_int_equal(permit(client, PEER), 0);
	}
	assert_int_equal(counted(fixture, TURN_ALLOCATION_MOVED), 4);
	fixture_time(fixture, FIRST + 1);
	assert_int_equal(places_used(fixture), 3); /* its own, where it is, where it may go */
	fixture_time(fixture, FIRST + 601);
	fixture_time(fixture, FIRST + 602);
	assert_int_equal(turn_accounts_take(fixture->dp.turn, &account, 1), 1);
	assert_int_equal(account.client.port, htons(4004));
	fixture_time(fixture, FIRST + 603);
	assert_int_equal(places_used(fixture), 0);
	assert_int_equal(fixture->dp.turn->n_allocations, 0);
	assert_null(found(client));
	for (uint32_t i = 0; i <= fixture->dp.turn->homes.mask; i++)
		assert_int_equal(fixture->dp.turn->homes.counts[i], 0);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_retransmission(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	uint8_t first[TICKET_SIZE], second[TICKET_SIZE], again[TICKET_SIZE];

	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, first);
	assert_int_equal(move(mobile, first), 0);
	ticket_take(mobile, second);
	assert_int_equal(send_again(mobile), 0);
	ticket_take(mobile, again);
	assert_memory_equal(second, again, TICKET_SIZE);
	assert_true(is_at(allocation_of(wlan), wlan));
	/* that it has got the answer is as good as a packet */
	assert_int_equal(move(mobile, second), 0);
	ticket_take(mobile, again);
	assert_memory_equal(second, again, TICKET_SIZE);
	assert_true(is_at(found(mobile), mobile));
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* A ticket holds until the next one has come to use, and none of a later one's. */
static void test_replaced(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *at[4];
	struct allocation *allocation;
	uint8_t first[TICKET_SIZE], second[TICKET_SIZE], third[TICKET_SIZE];

	for (uint16_t i = 0; i < RTE_DIM(at); i++)
		at[i] = alice_at(fixture, 4000 + i);
	assert_int_equal(allocate_mobile(at[0]), 0);
	ticket_take(at[0], first);
	allocation = allocation_of(at[0]);
	assert_int_equal(move(at[1], first), 0);
	ticket_take(at[1], second);
	/* its answer was lost, and the client has gone on */
	assert_int_equal(move(at[2], first), 0);
	assert_null(found(at[1]));
	ticket_take(at[2], second);
	/* ... or it was not */
	assert_int_equal(move(at[3], second), 0);
	ticket_take(at[3], third);
	assert_null(found(at[2]));
	assert_int_equal(move(at[1], first), 437);
	assert_true(is_at(allocation, at[0]));
	packet_from(at[3]);
	assert_true(is_at(allocation, at[3]));
	assert_int_equal(move(at[1], second), 437);
	assert_int_equal(move(at[1], third), 0);
	packet_from(at[1]);
	assert_true(is_at(allocation, at[1]));
	/* back to where it began: a signed request is as good as a packet there as well */
	ticket_take(at[1], third);
	assert_int_equal(move(at[0], third), 0);
	assert_true(is_at(allocation, at[1]));
	assert_int_equal(permit(at[0], PEER), 0);
	assert_true(is_at(allocation, at[0]));
	assert_null(found(at[1]));
	for (uint16_t i = 0; i < RTE_DIM(at); i++)
		client_free(at[i]);
	fixture_destroy(fixture);
}

/* An allocation is its own user's, and not the ticket's holder's; and no ticket holds but ours. */
static void test_others(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	struct client *bob = client_create(fixture, "203.0.113.9", 4000, "bob", "secret2");
	struct client *guess = client_create(fixture, "203.0.113.9", 4001, "alice", "guess");
	struct client *tenant;
	uint8_t ticket[TICKET_SIZE], odd[TICKET_SIZE];

	fixture_tenant(fixture);
	tenant = tenants_client(fixture, 4000, "alice", "other");
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(move(bob, ticket), 441);
	assert_int_equal(move(guess, ticket), 401);
	assert_int_equal(move(tenant, ticket), 441);
	ask(mobile, STUN_REFRESH);
	ask_bytes(mobile, STUN_ATTR_MOBILITY_TICKET, ticket, TICKET_SIZE);
	assert_int_equal(send_plain(mobile), 401);
	for (uint32_t i = 0; i < TICKET_SIZE; i++) {
		memcpy(odd, ticket, TICKET_SIZE);
		odd[i] = odd[i] == 'A' ? 'B' : 'A';
		assert_int_equal(move(mobile, odd), 437);
	}
	memset(odd, '!', TICKET_SIZE);
	assert_int_equal(move(mobile, odd), 437);
	assert_int_equal(show_ticket(mobile, ticket, TICKET_SIZE - 1, 600), 400);
	assert_int_equal(show_ticket(mobile, "", 0, 600), 400);
	assert_int_equal(places_used(fixture), 1);
	assert_true(is_at(allocation_of(wlan), wlan));
	/* of one that has ended, and of one that has its place */
	assert_int_equal(refresh(wlan, 0), 0);
	assert_int_equal(move(mobile, ticket), 437);
	fixture_time(fixture, FIRST + 20);
	assert_int_equal(allocate_mobile(wlan), 0);
	assert_int_equal(move(mobile, ticket), 437);
	client_free(wlan);
	client_free(mobile);
	client_free(bob);
	client_free(guess);
	client_free(tenant);
	fixture_destroy(fixture);
}

/* The client has its new network, and wants no call any more. */
static void test_delete(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(show_ticket(mobile, ticket, TICKET_SIZE, 0), 0);
	assert_int_equal(answer_u32(mobile, STUN_ATTR_LIFETIME), 0);
	assert_null(allocation_of(wlan));
	assert_int_equal(send_again(mobile), 0);
	assert_int_equal(refresh(wlan, 600), 437);
	assert_int_equal(allocate(mobile), 0);
	fixture_time(fixture, FIRST + 20);
	fixture_time(fixture, FIRST + 21);
	assert_int_equal(places_used(fixture), 1);
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* From IPv4 to IPv6: by another listener, with which it ends. */
static void test_listener(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct turn *turn = fixture->dp.turn;
	struct client *wlan = alice_at(fixture, 4000);
	struct client *mobile = client_create(fixture, "2001:db8:9::1", 5000, "alice", "secret1");
	struct sluice_turn_listen listens[] = {{addr("192.0.2.1", 3478)}, {addr("2001:db8::1", 0)}};
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(move(mobile, ticket), 0);
	assert_int_equal(turn->listener_allocations[0], 1);
	packet_from(mobile);
	assert_int_equal(turn->listener_allocations[0], 0);
	assert_int_equal(turn->listener_allocations[1], 1);
	assert_int_equal(turn_listen_delete(turn, &listens[0], fixture->why), 0);
	assert_true(is_at(found(mobile), mobile));
	assert_int_equal(turn_listen_delete(turn, &listens[1], fixture->why), 0);
	assert_int_equal(turn->listener_allocations[1], 0);
	assert_int_equal(turn->n_allocations, 0);

	/* ... nor may it go where nothing listens any more */
	assert_int_equal(turn_listen_add(turn, &listens[0], 0, fixture->why), 0);
	assert_int_equal(turn_listen_add(turn, &listens[1], 0, fixture->why), 0);
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(move(mobile, ticket), 0);
	assert_int_equal(turn_listen_delete(turn, &listens[1], fixture->why), 0);
	assert_int_equal(turn->n_allocations, 0);
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* A connection is a 5-tuple like another. */
static void test_connections(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *wlan = alice_at(fixture, 4000), *stream = alice_at(fixture, 4001);
	struct client *again = alice_at(fixture, 4001), *phone = alice_at(fixture, 4002);
	struct client *steps[] = {stream, again, phone};
	uint8_t ticket[TICKET_SIZE];

	stream->flow.connection = 1025;
	again->flow.connection = 1026;
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	for (size_t i = 0; i < RTE_DIM(steps); i++) {
		assert_int_equal(move(steps[i], ticket), 0);
		ticket_take(steps[i], ticket);
		assert_int_equal(permit(steps[i], PEER), 0);
		assert_true(is_at(found(steps[i]), steps[i]));
	}
	assert_int_equal(refresh(stream, 600), 437);
	assert_int_equal(counted(fixture, TURN_ALLOCATION_MOVED), 3);
	assert_int_equal(refresh(phone, 0), 0);
	for (size_t i = 0; i < RTE_DIM(steps); i++)
		client_free(steps[i]);
	client_free(wlan);
	fixture_destroy(fixture);
}

/* No place for a path: 508, and the call goes on where it is. */
static void test_no_room(void **state)
{
	struct fixture *fixture = mobile_create(1, 1);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(move(mobile, ticket), 508);
	assert_int_equal(refresh(wlan, 600), 0);
	assert_int_equal(permit(wlan, PEER), 0);
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* What exists goes on after its user was removed, as it does where nothing moves. */
static void test_user_removed(void **state)
{
	struct fixture *fixture = mobile_create(16, 1);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	struct sluice_turn_user gone = {"alice"};
	uint8_t ticket[TICKET_SIZE];

	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(turn_user_delete(fixture->dp.turn, &gone, fixture->why), 0);
	assert_int_equal(move(mobile, ticket), 0);
	packet_from(mobile);
	assert_true(is_at(found(mobile), mobile));
	assert_int_equal(permit(mobile, PEER), 403);
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

/* Another worker has the new 5-tuple's packets: it knows from the ticket whose they are. */
static void test_workers(void **state)
{
	struct fixture *fixture = mobile_create(64, 2);
	struct client *wlan = alice_at(fixture, 4000), *mobile = alice_at(fixture, 5000);
	uint8_t ticket[TICKET_SIZE];
	uint16_t owner = 7;

	wlan->worker = &fixture->workers[1];
	assert_int_equal(allocate_mobile(wlan), 0);
	ticket_take(wlan, ticket);
	assert_int_equal(move(mobile, ticket), 437);
	assert_true(mobility_is_elsewhere(fixture->workers[0].turn, mobile->sent,
	                                  mobile->sent_length, &owner));
	assert_int_equal(owner, 1);
	assert_false(mobility_is_elsewhere(fixture->workers[1].turn, mobile->sent,
	                                   mobile->sent_length, &owner));
	mobile->worker = &fixture->workers[1];
	assert_int_equal(move(mobile, ticket), 0);
	/* of the worker that has it, as of any client */
	assert_true(
	        homes_may_have(&fixture->dp.turn->homes,
	                       clients_hash(&fixture->workers[0].turn->clients, &mobile->flow)));
	assert_int_equal(permit(mobile, PEER), 0);
	assert_true(is_at(found(mobile), mobile));
	assert_int_equal(refresh(mobile, 600), 0);
	assert_false(mobility_is_elsewhere(fixture->workers[0].turn, mobile->sent,
	                                   mobile->sent_length, &owner));
	client_free(wlan);
	client_free(mobile);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_off),
	        cmocka_unit_test(test_allocate),
	        cmocka_unit_test(test_move),
	        cmocka_unit_test(test_all_goes),
	        cmocka_unit_test(test_retransmission),
	        cmocka_unit_test(test_replaced),
	        cmocka_unit_test(test_others),
	        cmocka_unit_test(test_delete),
	        cmocka_unit_test(test_listener),
	        cmocka_unit_test(test_connections),
	        cmocka_unit_test(test_no_room),
	        cmocka_unit_test(test_user_removed),
	        cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
