/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-bench turn: what one worker relays, each packet from or to a random one of so many
 * allocations; what it answers; what an allocation takes of memory.
 */
#include "bench.h"

#include "capture_cost.h"
#include "client.h"
#include "ledger_cost.h"
#include "population.h"
#include "stun/writer.h"
#include "template.h"
#include "turn/allocation.h"

#include <rte_cycles.h>

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define ROUND_PACKETS (128u * LOAD_BATCH)
#define ROUNDS        25
#define REFRESHES     65536u
#define NO_POPULATION "clients were not answered"

static const uint32_t populations[] = {1, 1000, 100000, 1000000};
static const uint16_t sizes[] = {160, 1000};

/* Requests are measured, and memory is counted, in this population. */
#define REQUESTS_POPULATION 100000
#define MEMORY_POPULATION   1000000
#define CAPTURE_POPULATION  1000

/* One case of relaying; its frames. */
struct relaying {
	struct population *population;
	uint64_t random;
	struct template template;
	uint16_t peer_offset; /* of XOR-PEER-ADDRESS' port in a Send indication's payload */
};

struct relay_kind {
	const char *name;
	unsigned int in_port;
	/* the payload of `size` bytes of data as it arrives */
	uint16_t (*payload)(struct relaying *relaying, uint8_t *room, uint16_t room_size,
	                    uint16_t size);
	void (*write)(struct load *load, struct rte_mbuf *mbuf, uint32_t number);
};

/* xorshift64*: cheap, so that the frames' making stays small beside the walks. */
static uint32_t random_client(struct relaying *relaying)
{
	uint64_t x = relaying->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	relaying->random = x;
	return (uint32_t)(((x * 0x2545f4914f6cdd1dull) >> 32) * relaying->population->count >> 32);
}

static void data_fill(uint8_t *data, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 151 + 13);
}

static uint16_t plain_payload(struct relaying *relaying, uint8_t *room, uint16_t room_size,
                              uint16_t size)
{
	data_fill(room, size);
	return size;
}

static uint16_t channel_payload(struct relaying *relaying, uint8_t *room, uint16_t room_size,
                                uint16_t size)
{
	uint8_t data[TEMPLATE_MAX];

	data_fill(data, size);
	return client_channel_write(room, room_size, POPULATION_CHANNEL, data, size);
}

/* The peer's address is left zero: it is written into each frame. */
static uint16_t send_payload(struct relaying *relaying, uint8_t *room, uint16_t room_size,
                             uint16_t size)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE] = "a send";
	struct client_request request = {.transaction = transaction, .n_peers = 1};
	uint8_t data[TEMPLATE_MAX];
	uint16_t length;

	data_fill(data, size);
	request.peers[0].ip = ip_addr_v4(0);
	length = client_send_write(room, room_size, &request, data, size);
	relaying->peer_offset = STUN_HEADER_SIZE + 6;
	memset(room + relaying->peer_offset, 0, 6);
	return length;
}

static struct template_fields from_client(uint32_t i)
{
	return (struct template_fields){.src = client_ip(i),
	                                .src_port = client_port(i),
	                                .dst = RTE_BE32(POPULATION_LISTENER),
	                                .dst_port = RTE_BE16(POPULATION_LISTENER_PORT)};
}

static void to_peer_write(struct load *load, struct rte_mbuf *mbuf, uint32_t number)
{
	struct relaying *relaying = load->context;
	struct template_fields fields = from_client(random_client(relaying));

	template_write(&relaying->template, mbuf, &fields, 0);
}

static void from_peer_write(struct load *load, struct rte_mbuf *mbuf, bool by_channel)
{
	struct relaying *relaying = load->context;
	uint32_t i = random_client(relaying);
	const struct population_client *client = &relaying->population->clients[i];
	struct template_fields fields = {.src = peer_ip(i),
	                                 .src_port = peer_port(i) ^ (by_channel ? 0 : 1),
	                                 .dst = client->relayed,
	                                 .dst_port = client->relayed_port};

	template_write(&relaying->template, mbuf, &fields, 0);
}

static void to_client_write(struct load *load, struct rte_mbuf *mbuf, uint32_t number)
{
	from_peer_write(load, mbuf, true);
}

/* Another port of the peer's host has its permission, and no channel: a Data indication. */
static void data_write(struct load *load, struct rte_mbuf *mbuf, uint32_t number)
{
	from_peer_write(load, mbuf, false);
}

static void send_write(struct load *load, struct rte_mbuf *mbuf, uint32_t number)
{
	struct relaying *relaying = load->context;
	uint32_t i = random_client(relaying);
	struct template_fields fields = from_client(i);
	uint16_t port = peer_port(i) ^ RTE_BE16(STUN_MAGIC_COOKIE >> 16);
	uint32_t ip = peer_ip(i) ^ RTE_BE32(STUN_MAGIC_COOKIE);
	uint8_t *payload =
	        template_write(&relaying->template, mbuf, &fields, port + template_sum32(ip));

	memcpy(payload + relaying->peer_offset, &port, sizeof(port));
	memcpy(payload + relaying->peer_offset + sizeof(port), &ip, sizeof(ip));
}

static const struct relay_kind kinds[] = {
        {"to_peer", 0, channel_payload, to_peer_write},
        {"to_client", 1, plain_payload, to_client_write},
        {"send", 0, send_payload, send_write},
        {"data", 1, plain_payload, data_write},
};

/* Before anything is timed: the frames that come out are right to the last checksum. */
static bool frame_right(struct load *load, struct rte_mbuf *mbuf)
{
	struct frame frame;
	const char *wrong = frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);

	if (wrong != NULL)
		fprintf(stderr, "came out with a wrong %s\n", wrong);
	return wrong == NULL;
}

/* False: it does not relay rightly. */
static bool relaying_make(struct relaying *relaying, struct load *load,
                          struct population *population, const struct relay_kind *kind,
                          uint16_t size, bool quick)
{
	uint8_t payload[TEMPLATE_MAX];
	uint16_t length;

	*relaying = (struct relaying){.population = population, .random = 88172645463325252ull};
	*load = (struct load){
	        .rig = &population->rig,
	        .in_port = kind->in_port,
	        .out_port = !kind->in_port,
	        .packets = quick ? LOAD_BATCH : ROUND_PACKETS,
	        .rounds = quick ? 1 : ROUNDS,
	        .write = kind->write,
	        .read = frame_right,
	        .context = relaying,
	};
	length = kind->payload(relaying, payload, sizeof(payload), size);
	if (!template_create(&relaying->template, payload, length) ||
	    load_batch(load, LOAD_BATCH) == 0)
		return false;
	load->read = NULL;
	return true;
}

static int relaying_run(struct population *population, const struct relay_kind *kind, uint16_t size,
                        bool quick, struct row *row)
{
	struct relaying relaying;
	struct load load;

	if (!relaying_make(&relaying, &load, population, kind, size, quick))
		return -1;
	return load_run_macswap(&load, row) || load_run(&load, row) ? -1 : 0;
}

/* population NULL: there is none of `count` clients. */
static void relaying_cases(struct population *population, uint32_t count, const char *glob,
                           struct rows *rows)
{
	char name[sizeof(rows->rows[0].name)];
	struct row *row;

	for (size_t kind = 0; kind < RTE_DIM(kinds); kind++)
		for (size_t size = 0; size < RTE_DIM(sizes); size++) {
			snprintf(name, sizeof(name), "turn/%s/%u/%u", kinds[kind].name, sizes[size],
			         count);
			if (fnmatch(glob, name, 0) != 0)
				continue;
			row = row_add(rows, "%s", name);
			if (population == NULL)
				row_fail(rows, row, NO_POPULATION);
			else if (relaying_run(population, &kinds[kind], sizes[size], rows->quick,
			                      row) != 0)
				row_fail(rows, row, "packets were lost, or came out wrong");
		}
}

/* ChannelData to peers, as in turn/to_peer/160/1000. */
static void capture_cases(struct population *population, const char *glob, struct rows *rows)
{
	struct relaying relaying;
	struct load load;

	if (population == NULL ||
	    !relaying_make(&relaying, &load, population, &kinds[0], sizes[0], rows->quick))
		row_fail(rows, row_add(rows, "turn/capture"), NO_POPULATION);
	else
		capture_cost_run(&load, glob, rows);
}

/* The same in as many allocations as requests are measured with. */
static void ledger_relay(struct population *population, void *context,
                         void (*run)(struct load *load, void *context))
{
	struct relaying relaying;
	struct load load;

	if (relaying_make(&relaying, &load, population, &kinds[0], sizes[0], true))
		run(&load, context);
}

/* Each authenticated request is verified and its answer signed: that much HMAC-SHA1 alone. */
static double hmac_pairs_per_s(const struct stun_key *key)
{
	enum { REQUEST_SIZE = 100, RESPONSE_SIZE = 72, PAIRS = 100000 };
	uint8_t message[REQUEST_SIZE] = {0}, mac[STUN_INTEGRITY_SIZE];
	uint64_t start = rte_rdtsc_precise();

	for (int i = 0; i < PAIRS; i++) {
		stun_hmac(key, message, REQUEST_SIZE, mac);
		memcpy(message, mac, sizeof(mac));
		stun_hmac(key, message, RESPONSE_SIZE, mac);
	}
	return (double)PAIRS * rte_get_tsc_hz() / (rte_rdtsc_precise() - start);
}

/* A request without proof is answered with a nonce: that much SipHash alone. */
static double nonces_per_s(void)
{
	enum { NONCES = 1000000 };
	const struct stun_nonce_keys keys = {{{1, 2}, {3, 4}}};
	uint64_t start = rte_rdtsc_precise();
	char nonce[STUN_NONCE_SIZE];

	for (uint32_t i = 0; i < NONCES; i++) {
		struct ip_addr ip = ip_addr_v4(client_ip(i));

		stun_nonce_make(nonce, &keys, &ip, client_port(i), i);
	}
	return (double)NONCES * rte_get_tsc_hz() / (rte_rdtsc_precise() - start);
}

/* per_s 0: some were not answered */
static void request_row(struct rows *rows, const char *name, const char *glob, double per_s,
                        const char *limit, double limit_per_s)
{
	struct row *row;

	if (fnmatch(glob, name, 0) != 0)
		return;
	row = row_add(rows, "%s", name);
	if (per_s == 0)
		row_fail(rows, row, NO_POPULATION);
	row->mpps = per_s / 1e6;
	row->ns = per_s > 0 ? 1e9 / per_s : 0;
	row->median_ns = row->ns;
	row->limit = limit;
	row->limit_mpps = limit_per_s / 1e6;
}

static void request_cases(struct population *population, const char *glob, struct rows *rows)
{
	double limit = hmac_pairs_per_s(&population->key), refreshes = 0;

	for (int round = 0; population->bytes != 0 && round < (rows->quick ? 1 : 3); round++)
		refreshes = RTE_MAX(refreshes, population_refresh(population, REFRESHES));
	request_row(rows, "turn/unauthenticated", glob, population->unauthenticated_per_s,
	            "making a nonce", nonces_per_s());
	request_row(rows, "turn/allocate", glob, population->allocates_per_s, "two HMAC-SHA1",
	            limit);
	request_row(rows, "turn/refresh", glob, refreshes, "two HMAC-SHA1", limit);
}

static void memory_case(const struct population *population, const char *glob, struct rows *rows)
{
	struct row *row;

	if (fnmatch(glob, "turn/memory", 0) != 0)
		return;
	row = row_add(rows, "turn/memory");
	if (population->bytes == 0)
		row_fail(rows, row, NO_POPULATION);
	row->bytes = population->bytes;
	row->limit = "for the objects themselves";
	row->limit_bytes =
	        sizeof(struct allocation) + sizeof(struct permission) + sizeof(struct channel);
}

static bool requests_wanted(const char *glob)
{
	return fnmatch(glob, "turn/allocate", 0) == 0 || fnmatch(glob, "turn/refresh", 0) == 0 ||
	       fnmatch(glob, "turn/unauthenticated", 0) == 0;
}

static bool population_wanted(uint32_t count, const char *glob)
{
	char name[64];

	if ((count == MEMORY_POPULATION && fnmatch(glob, "turn/memory", 0) == 0) ||
	    (count == REQUESTS_POPULATION && requests_wanted(glob)) ||
	    (count == CAPTURE_POPULATION && capture_cost_wanted(glob)))
		return true;
	for (size_t kind = 0; kind < RTE_DIM(kinds); kind++)
		for (size_t size = 0; size < RTE_DIM(sizes); size++) {
			snprintf(name, sizeof(name), "turn/%s/%u/%u", kinds[kind].name, sizes[size],
			         count);
			if (fnmatch(glob, name, 0) == 0)
				return true;
		}
	return false;
}

static void population_run(uint32_t count, const char *glob, struct rows *rows)
{
	struct population clients = {0}, *population = &clients;

	if (population_create(population, count) != 0)
		population = NULL;
	relaying_cases(population, count, glob, rows);
	if (count == REQUESTS_POPULATION && requests_wanted(glob))
		request_cases(&clients, glob, rows);
	if (count == CAPTURE_POPULATION && capture_cost_wanted(glob))
		capture_cases(population, glob, rows);
	if (count == MEMORY_POPULATION)
		memory_case(&clients, glob, rows);
	if (population != NULL)
		population_destroy(population);
}

uint32_t turn_bench_megabytes(const char *glob)
{
	return population_wanted(MEMORY_POPULATION, glob) || ledger_take_wanted(glob) ? 1280 : 384;
}

int turn_bench(const char *glob, struct rows *rows)
{
	for (size_t i = 0; i < RTE_DIM(populations); i++)
		if (population_wanted(populations[i], glob))
			population_run(populations[i], glob, rows);
	if (ledger_cost_wanted(glob))
		ledger_cost_run(REQUESTS_POPULATION, glob, rows, ledger_relay);
	if (ledger_take_wanted(glob))
		ledger_take_run(rows->quick ? REQUESTS_POPULATION : MEMORY_POPULATION, rows);
	return 0;
}
