/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables behind the requests: times, grace periods, workers side by side, memory. */
#include "turn_fixture.h"

#include <pthread.h>
#include <stdlib.h>

#include <rte_malloc.h>

static void test_long_lifetimes(void **state)
{
	struct fixture *fixture = fixture_create(16, 16, 16, 1);
	struct sluice_turn_lifetime day = {86400};
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	uint32_t now = 1000;

	assert_int_equal(turn_lifetime_set(fixture->dp.turn, &day, fixture->why), 0);
	assert_int_equal(allocate(client), 0);
	assert_int_equal(refresh(client, 86400), 0);
	assert_int_equal(bind_channel(client, 0x4000, "198.51.100.7", 9), 0);
	/* the wheel comes round many times, in steps and in leaps */
	while (now < 1000 + 86399) {
		now = RTE_MIN(now + 97 * (now % 70 + 1), 1000 + 86399u);
		fixture_time(fixture, now);
		assert_non_null(allocation_of(client));
		assert_int_equal(allocation_of(client)->n_channels, now < 1600);
	}
	fixture_time(fixture, 1000 + 86400);
	assert_null(allocation_of(client));
	client_free(client);
	fixture_destroy(fixture);
}

/* A leap over more than the wheel holds finds everything. */
static void test_leap(void **state)
{
	struct fixture *fixture = fixture_create(128, 16, 16, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");

	for (int i = 0; i < 90; i++) {
		client->flow.src_port = i + 1;
		client->nonce_length = 0;
		fixture_time(fixture, 1000 + i);
		assert_int_equal(allocate(client), 0);
	}
	fixture_time(fixture, 1000000);
	assert_int_equal(fixture->dp.turn->n_allocations, 0);
	assert_int_equal(counted(fixture, TURN_ALLOCATION_EXPIRED), 90);
	client_free(client);
	fixture_destroy(fixture);
}

/* One housekeeping does a bounded share of what is due at once. */
static void test_bounded(void **state)
{
	struct fixture *fixture = fixture_create(4096, 16, 16, 1);
	struct sluice_turn_relay wide = {addr("192.0.2.9", 0), 1024, 65535};
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct turn *turn = fixture->dp.turn;
	uint32_t before;

	assert_int_equal(turn_relay_add(turn, &wide, 0, fixture->why), 0);
	for (int i = 0; i < 4000; i++) {
		client->flow.src_port = i + 1;
		client->nonce_length = 0;
		assert_int_equal(allocate(client), 0);
	}
	client->worker->now = 1600;
	do {
		before = turn->n_allocations;
		turn_housekeep(client->worker);
		assert_true(before - turn->n_allocations <= 64);
	} while (before != 0);
	client_free(client);
	fixture_destroy(fixture);
}

/* A slot is not used again while another worker may still look at it. */
static void test_grace(void **state)
{
	struct fixture *fixture = fixture_create(1, 4, 4, 2);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct rte_rcu_qsbr *qsbr = fixture->dp.qsbr;

	assert_int_equal(allocate(client), 0);
	rte_rcu_qsbr_thread_online(qsbr, 1);
	assert_int_equal(refresh(client, 0), 0);
	fixture_time(fixture, 1010);
	client->flow.src_port++;
	client->nonce_length = 0;
	for (int round = 0; round < 10; round++) {
		fixture_time(fixture, 1011);
		assert_int_equal(allocate(client), 508);
	}
	/* its account is handed out first, then the place is given back */
	rte_rcu_qsbr_quiescent(qsbr, 1);
	fixture_time(fixture, 1012);
	assert_int_equal(allocate(client), 508);
	fixture_time(fixture, 1013);
	rte_rcu_qsbr_quiescent(qsbr, 1);
	fixture_time(fixture, 1014);
	assert_int_equal(allocate(client), 0);
	rte_rcu_qsbr_thread_offline(qsbr, 1);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_workers(void **state)
{
	struct fixture *fixture = fixture_create(64, 64, 64, 4);
	struct sluice_turn_quota quota = {.user = 5};
	struct turn *turn = fixture->dp.turn;
	struct client *clients[8];
	struct transport_addr peer = transport("198.51.100.7", 9);
	uint8_t reserve = 0x80, token[8];

	assert_int_equal(turn_quota_set(turn, &quota, fixture->why), 0);
	for (int i = 0; i < 8; i++) {
		clients[i] = client_create(fixture, "198.51.100.1", 4000 + i, "alice", "secret1");
		clients[i]->worker = &fixture->workers[i % 4];
		assert_int_equal(allocate(clients[i]), i < 5 ? 0 : 486);
		if (i < 5)
			assert_int_equal(allocation_of(clients[i])->owner, i % 4);
	}
	/* lookups go by the owner's chains, whoever looks */
	assert_int_equal(bind_channel(clients[3], 0x4000, "198.51.100.7", 9), 0);
	assert_non_null(permission_find(turn, allocation_of(clients[3]), &peer.ip));
	assert_non_null(channel_find_peer(turn, allocation_of(clients[3]), &peer.ip, peer.port));
	assert_null(channel_find_peer(turn, allocation_of(clients[2]), &peer.ip, peer.port));
	/* a leader's end, a member's end: the count stays right */
	assert_int_equal(refresh(clients[0], 0), 0);
	assert_int_equal(allocate(clients[4]), 437);
	assert_int_equal(refresh(clients[4], 0), 0);
	assert_int_equal(allocate(clients[5]), 0);
	assert_int_equal(allocate(clients[6]), 0);
	assert_int_equal(allocate(clients[7]), 486);
	/* a reservation made on one worker is redeemed on another */
	assert_int_equal(refresh(clients[5], 0), 0);
	assert_int_equal(refresh(clients[6], 0), 0);
	ask(clients[7], STUN_ALLOCATE);
	ask_transport(clients[7]);
	ask_bytes(clients[7], STUN_ATTR_EVEN_PORT, &reserve, 1);
	assert_int_equal(send_signed(clients[7]), 0);
	memcpy(token, answer(clients[7], STUN_ATTR_RESERVATION_TOKEN, 0, NULL), 8);
	ask(clients[0], STUN_ALLOCATE);
	ask_transport(clients[0]);
	ask_bytes(clients[0], STUN_ATTR_RESERVATION_TOKEN, token, 8);
	assert_int_equal(send_signed(clients[0]), 0);
	assert_int_equal(allocation_of(clients[0])->legs[0].port,
	                 allocation_of(clients[7])->legs[0].port + 1);
	for (int i = 0; i < 8; i++)
		client_free(clients[i]);
	fixture_destroy(fixture);
}

#define STRESS_CLIENTS 40
#define STRESS_ROUNDS  4000

struct stress {
	struct client *client;
	pthread_barrier_t *start;
	uint32_t seed;
	uint32_t made, refused;
};

/* What a worker's thread does, with requests at random in place of packets. */
static void *stress_run(void *argument)
{
	struct stress *stress = argument;
	struct client *client = stress->client;
	struct worker *worker = client->worker;
	struct rte_rcu_qsbr *qsbr = worker->dp->qsbr;

	pthread_barrier_wait(stress->start);
	rte_rcu_qsbr_thread_online(qsbr, worker->id);
	for (int round = 0; round < STRESS_ROUNDS; round++) {
		uint32_t pick = rand_r(&stress->seed);
		int code;

		client->flow.src_port = pick % STRESS_CLIENTS + 1;
		client->nonce_length = 0;
		switch (pick / STRESS_CLIENTS % 4) {
		case 0:
		case 1:
			code = allocate(client);
			stress->made += code == 0;
			stress->refused += code == 486 || code == 508;
			break;
		case 2:
			code = bind_channel(client, 0x4000 + pick % 8, "198.51.100.7",
			                    1 + pick % 8);
			break;
		default:
			code = refresh(client, 0);
		}
		if (code == DROPPED || code == 401 || code == 438)
			abort();
		rte_rcu_qsbr_quiescent(qsbr, worker->id);
		worker->now = 1000 + round / 20;
		turn_housekeep(worker);
	}
	rte_rcu_qsbr_thread_offline(qsbr, worker->id);
	return NULL;
}

static uint32_t clients_count(const struct clients *clients)
{
	uint32_t count = 0;

	for (uint32_t line = 0; line <= clients->mask; line++)
		for (int i = 0; i < CLIENTS_LINE_SLOTS; i++)
			count += clients->lines[line].tags[i] != 0;
	return count;
}

static void clients_empty(const struct clients *clients)
{
	for (uint32_t line = 0; line <= clients->mask; line++) {
		assert_int_equal(clients->lines[line].passed, 0);
		for (int slot = 0; slot < CLIENTS_LINE_SLOTS; slot++)
			assert_int_equal(clients->lines[line].tags[slot], 0);
	}
}

/* Meanwhile the control thread changes what requests are judged by. */
static void stress_configure(struct fixture *fixture)
{
	struct sluice_turn_user user = {.password = "password"};
	struct sluice_turn_peer peer = {addr("10.0.0.0", 0), 8, SLUICE_TURN_PEER_ALLOW, 0};
	struct turn *turn = fixture->dp.turn;

	for (int i = 0; i < 300; i++) {
		snprintf(user.name, sizeof(user.name), "user-%d", i);
		assert_int_equal(turn_user_add(turn, &user, 0, fixture->why), 0);
		assert_int_equal(turn_peer_add(turn, &peer, 0, fixture->why), 0);
		assert_int_equal(turn_peer_delete(turn, &peer, fixture->why), 0);
		if (i % 3 == 0)
			assert_int_equal(turn_user_delete(turn, &user, fixture->why), 0);
	}
}

/* Four workers share pools, ports, quotas. Afterwards nothing is lost. */
static void test_stress(void **state)
{
	struct fixture *fixture = fixture_create(60, 60, 60, 4);
	struct sluice_turn_quota quota = {.user = 50};
	struct turn *turn = fixture->dp.turn;
	uint32_t made = 0, refused = 0;
	struct stress stress[4];
	pthread_barrier_t start;
	pthread_t threads[4];
	struct sluice_turn_row row;

	assert_int_equal(turn_quota_set(turn, &quota, fixture->why), 0);
	pthread_barrier_init(&start, NULL, 4);
	for (int i = 0; i < 4; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "198.51.100.%d", i + 1);
		stress[i] = (struct stress){client_create(fixture, ip, 1, "alice", "secret1"),
		                            &start, i + 1, 0, 0};
		stress[i].client->worker = &fixture->workers[i];
		assert_int_equal(pthread_create(&threads[i], NULL, stress_run, &stress[i]), 0);
	}
	stress_configure(fixture);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		made += stress[i].made;
		refused += stress[i].refused;
		client_free(stress[i].client);
	}
	assert_int_not_equal(made, 0);
	assert_int_not_equal(refused, 0);
	fixture_time(fixture, 5000);
	fixture_time(fixture, 5020);
	turn_show(turn, &row);
	assert_int_equal(row.allocations, 0);
	assert_int_equal(row.permissions, 0);
	assert_int_equal(row.channels, 0);
	assert_int_equal(turn->relays[0].used, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(clients_count(&fixture->workers[i].turn->clients), 0);
	for (int i = 0; i < 4; i++)
		clients_empty(&fixture->workers[i].turn->clients);
	fixture_destroy(fixture);
}

static size_t mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages;

	assert_int_equal(fscanf(file, "%zu", &pages), 1);
	fclose(file);
	return pages * 4096;
}

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

/* All tables of a million allocations, each with a permission, a channel and a port's word. */
static void test_memory(void **state)
{
	/* small tables suffer most from being rounded up to huge pages */
	static const uint32_t counts[] = {100000, 1000000}, bounds[] = {588, 512};

	for (size_t i = 0; i < RTE_DIM(counts); i++) {
		size_t mapped = mapped_bytes(), heap = heap_bytes();
		struct fixture *fixture = fixture_create_bare(counts[i], counts[i], counts[i], 1);
		double bytes =
		        (double)(mapped_bytes() - mapped + heap_bytes() - heap) / counts[i] + 4;

		print_message("%u allocations: %.0f bytes each\n", counts[i], bytes);
		assert_true(bytes <= bounds[i]);
		fixture_destroy(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_long_lifetimes), cmocka_unit_test(test_leap),
	        cmocka_unit_test(test_bounded),        cmocka_unit_test(test_grace),
	        cmocka_unit_test(test_workers),        cmocka_unit_test(test_stress),
	        cmocka_unit_test(test_memory),
	};

	fixture_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
