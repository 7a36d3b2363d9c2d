/* SPDX-License-Identifier: BSD-3-Clause */
#include "population.h"

#include "client.h"
#include "frame.h"
#include "gate/gate.h"
#include "ledger/ledger.h"
#include "net/neighbour.h"
#include "turn/turn.h"

#include <gate_default.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REALM            "sluice"
#define USER             "bench"
#define RELAY_FIRST      0xc6120201u /* 198.18.2.1 and following, host order */
#define RELAY_PORT_FIRST 1024
#define RELAY_PORTS      (65536 - RELAY_PORT_FIRST)
/* A range is looked for a free port at random: it stays well below full. */
#define RELAY_FILL 40000
#define LIFETIME_S 3600
#define MBUFS      8191

/* A kind of request, made for client after client. */
struct requests {
	struct population *population;
	struct client_request request;
	uint32_t first; /* client of the batch's number 0 */
	bool authenticated;
	enum stun_class expected;
};

static struct sluice_addr api_addr(uint32_t host_order, uint16_t port)
{
	struct sluice_addr addr = {.port = rte_cpu_to_be_16(port)};
	struct ip_addr ip = ip_addr_v4(rte_cpu_to_be_32(host_order));

	memcpy(addr.ip, ip.bytes, sizeof(addr.ip));
	return addr;
}

static int turn_configure(struct turn *turn, uint32_t count)
{
	struct sluice_turn_listen listen = {
	        .addr = api_addr(POPULATION_LISTENER, POPULATION_LISTENER_PORT)};
	struct sluice_turn_realm realm = {.realm = REALM};
	struct sluice_turn_user user = {.name = USER, .password = USER};
	struct sluice_turn_lifetime lifetime = {.max_s = LIFETIME_S};
	char why[SLUICE_API_ERROR_MAX] = "";

	turn_tick(turn, (uint64_t)time(NULL));
	if (turn_listen_add(turn, &listen, 0, why) || turn_realm_set(turn, &realm, why) ||
	    turn_user_add(turn, &user, 0, why) || turn_lifetime_set(turn, &lifetime, why))
		goto fail;
	for (uint32_t i = 0; i <= count / RELAY_FILL; i++) {
		struct sluice_turn_relay relay = {.addr = api_addr(RELAY_FIRST + i, 0),
		                                  .first_port = RELAY_PORT_FIRST,
		                                  .last_port = RELAY_PORT_FIRST + RELAY_PORTS - 1};

		if (turn_relay_add(turn, &relay, 0, why))
			goto fail;
	}
	return 0;
fail:
	fprintf(stderr, "configuration: %s\n", why);
	return -1;
}

/* The gate counts as it does under a load that it lets through: all come from one host. */
static int gate_open(struct gate *gate)
{
	const struct gate_limit limit = gate_limit_of(GATE_RATE_MAX, GATE_RATE_MAX);
	struct gate_compiled compiled = gate_compiled_now(gate);
	char why[SLUICE_API_ERROR_MAX] = "";

	compiled.config.source = compiled.config.prefix = limit;
	compiled.config.host = compiled.config.verified = limit;
	if (gate_set(gate, &compiled, NULL, why) == 0)
		return 0;
	fprintf(stderr, "the gate's limits: %s\n", why);
	return -1;
}

/* A default route and a gateway behind each port, as hosts have. */
static int routes_set(struct rig *rig)
{
	struct ip_addr gateways[RIG_PORTS] = {ip_addr_v4(RTE_BE32(0xc61201fe)),
	                                      ip_addr_v4(RTE_BE32(0xc61202fe))};
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct route routes[] = {
	        {.prefix = ip_addr_v4(RTE_BE32(0x0b000000)),
	         .length = 104,
	         .port = rig->ports[0].index,
	         .gateway = gateways[0]},
	        {.prefix = ip_addr_v4(RTE_BE32(0x0c000000)),
	         .length = 104,
	         .port = rig->ports[1].index,
	         .gateway = gateways[1]},
	        {.prefix = ip_addr_v4(RTE_BE32(0xc6120100)),
	         .length = 120,
	         .port = rig->ports[0].index},
	        {.prefix = ip_addr_v4(RTE_BE32(0xc6120200)),
	         .length = 120,
	         .port = rig->ports[1].index},
	};

	if (fib_set(rig->dp, routes, RTE_DIM(routes)) != 0)
		return -1;
	return rig_neighbour(rig, 0, &gateways[0], &mac) ||
	                       rig_neighbour(rig, 1, &gateways[1], &mac)
	               ? -1
	               : 0;
}

/* The batch's number-th request as a frame; its client is in the transaction id. */
static void request_frame_write(struct load *load, struct rte_mbuf *mbuf, uint32_t number)
{
	const struct requests *requests = load->context;
	const struct population *population = requests->population;
	uint32_t i = requests->first + number;
	uint8_t transaction[STUN_TRANSACTION_SIZE] = "bench";
	struct client_identity identity = {.user = USER, .realm = REALM, .key = &population->key};
	struct client_request request = requests->request;
	uint8_t message[512];
	struct frame frame = {
	        .from = {.ip = ip_addr_v4(client_ip(i)), .port = client_port(i)},
	        .to = {.ip = ip_addr_v4(RTE_BE32(POPULATION_LISTENER)),
	               .port = RTE_BE16(POPULATION_LISTENER_PORT)},
	        .hop_limit = 64,
	        .payload = message,
	};

	transaction[7] = (uint8_t)request.method;
	memcpy(transaction + 8, &i, sizeof(i));
	request.transaction = transaction;
	if (request.method == STUN_CHANNEL_BIND) {
		request.n_peers = 1;
		request.peers[0] =
		        (struct transport_addr){.ip = ip_addr_v4(peer_ip(i)), .port = peer_port(i)};
	}
	if (requests->authenticated)
		identity.nonce = population->clients[i].nonce;
	frame.length = client_request_write(message, sizeof(message), &request, &identity);
	mbuf->data_len =
	        frame_write(rte_pktmbuf_mtod(mbuf, uint8_t *), rte_pktmbuf_tailroom(mbuf), &frame);
	mbuf->pkt_len = mbuf->data_len;
}

static bool response_frame_read(struct load *load, struct rte_mbuf *mbuf)
{
	const struct requests *requests = load->context;
	struct population *population = requests->population;
	struct client_response response;
	struct frame frame;
	uint32_t i;

	if (frame_read(&frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len) != NULL ||
	    !client_response_read(&response, frame.payload, frame.length) ||
	    response.class != requests->expected)
		return false;
	memcpy(&i, frame.payload + 16, sizeof(i));
	if (i >= population->count)
		return false;
	if (response.has_nonce)
		memcpy(population->clients[i].nonce, response.nonce, STUN_NONCE_SIZE);
	if (response.relayed[0].port != 0) {
		population->clients[i].relayed = response.relayed[0].ip.words[3];
		population->clients[i].relayed_port = response.relayed[0].port;
	}
	return true;
}

/* After a batch of a pair: the one without the ledger comes first. */
static void pair_note(struct population *population, uint32_t batch, double cycles)
{
	struct population_pairs *pairs = population->pairs;

	if (pairs == NULL || pairs->room == 0)
		return;
	if (pairs->count < pairs->room && (batch & 1) == 0)
		pairs->with[pairs->count] = cycles;
	if (pairs->count < pairs->room && (batch & 1) != 0) {
		pairs->ratio[pairs->count] = pairs->with[pairs->count] / cycles;
		pairs->with[pairs->count++] = cycles;
	}
	population->rig.dp->ledger = (batch & 1) == 0 ? pairs->ledger : NULL;
}

static void pairs_begin(struct population *population)
{
	if (population->pairs == NULL || population->pairs->room == 0)
		return;
	population->pairs->count = 0;
	population->rig.dp->ledger = NULL;
}

static void pairs_end(struct population *population)
{
	if (population->pairs != NULL)
		population->rig.dp->ledger = population->pairs->ledger;
}

/* The request from each of the first `count` clients: requests a second, or 0. */
static double requests_run(struct requests *requests, uint32_t count)
{
	struct load load = {
	        .rig = &requests->population->rig,
	        .write = request_frame_write,
	        .read = response_frame_read,
	        .context = requests,
	};
	uint64_t cycles = 0;

	pairs_begin(requests->population);
	for (uint32_t i = 0; i < count; i += LOAD_BATCH) {
		uint32_t of_batch = RTE_MIN(count - i, (uint32_t)LOAD_BATCH);
		uint64_t batch;

		requests->first = i;
		batch = load_batch(&load, of_batch);
		pair_note(requests->population, i / LOAD_BATCH, (double)batch / of_batch);
		if (batch == 0) {
			fprintf(stderr, "clients %u on: no or a wrong answer to method %x\n", i,
			        requests->request.method);
			pairs_end(requests->population);
			return 0;
		}
		cycles += batch;
	}
	pairs_end(requests->population);
	return (double)count * rte_get_tsc_hz() / cycles;
}

double population_refresh(struct population *population, uint32_t requests)
{
	struct requests refresh = {
	        .population = population,
	        .request = {.method = STUN_REFRESH, .lifetime = true, .lifetime_s = LIFETIME_S},
	        .authenticated = true,
	        .expected = STUN_SUCCESS,
	};

	return requests_run(&refresh, RTE_MIN(requests, population->count));
}

static int clients_join(struct population *population)
{
	struct requests ask = {
	        .population = population,
	        .request = {.method = STUN_ALLOCATE, .transport = 17},
	        .expected = STUN_ERROR,
	};
	struct requests allocate = {
	        .population = population,
	        .request = {.method = STUN_ALLOCATE,
	                    .transport = 17,
	                    .lifetime = true,
	                    .lifetime_s = LIFETIME_S},
	        .authenticated = true,
	        .expected = STUN_SUCCESS,
	};
	struct requests bind = {
	        .population = population,
	        .request = {.method = STUN_CHANNEL_BIND, .channel = POPULATION_CHANNEL},
	        .authenticated = true,
	        .expected = STUN_SUCCESS,
	};

	struct population_pairs *pairs = population->pairs;
	bool bound;

	population->unauthenticated_per_s = requests_run(&ask, population->count);
	if (population->unauthenticated_per_s == 0)
		return -1;
	population->allocates_per_s = requests_run(&allocate, population->count);
	if (population->allocates_per_s == 0)
		return -1;
	population->pairs = NULL; /* those of Allocate are kept */
	bound = requests_run(&bind, population->count) != 0;
	population->pairs = pairs;
	return bound ? 0 : -1;
}

/* Private memory that the process has mapped, used or only reserved. */
static double mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	double kilobytes = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmData: %lf kB", &kilobytes) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kilobytes * 1024;
}

/* And of EAL's memory, which is shared and mapped at once, what is given out. */
static double held_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	if (rte_malloc_get_socket_stats(0, &stats) != 0)
		return 0;
	return (double)stats.heap_allocsz_bytes + mapped_bytes();
}

static void options_of(struct options *options, uint32_t count)
{
	options_default(options);
	options->max_allocations = RTE_MAX(count, 16u);
	options->max_permissions = options->max_allocations;
	options->max_channels = options->max_allocations;
	options->mbufs = MBUFS;
}

/* The same host for one client: what does not grow with the clients. */
static double held_by_empty(void)
{
	struct options options;
	struct rig rig;
	double before = held_bytes(), after;

	options_of(&options, 1);
	if (rig_create(&rig, &options) != 0)
		return 0;
	after = held_bytes();
	rig_destroy(&rig);
	return after - before;
}

int population_create(struct population *population, uint32_t count)
{
	return population_create_paired(population, count, NULL, NULL);
}

int population_create_paired(struct population *population, uint32_t count, const char *ledger,
                             struct population_pairs *pairs)
{
	struct options options;
	double empty = held_by_empty(), before;

	memset(population, 0, sizeof(*population));
	population->count = count;
	population->pairs = pairs;
	stun_key_long_term(&population->key, USER, strlen(USER), REALM, USER, strlen(USER));
	population->clients = calloc(count, sizeof(population->clients[0]));
	if (population->clients == NULL)
		return -1;
	options_of(&options, count);
	options.ledger = ledger;
	before = held_bytes();
	if (rig_create(&population->rig, &options) != 0) {
		fprintf(stderr, "no memory for %u allocations\n", count);
		free(population->clients);
		return -1;
	}
	if (pairs != NULL)
		pairs->ledger = population->rig.dp->ledger;
	if (turn_configure(population->rig.dp->turn, count) != 0 ||
	    gate_open(population->rig.dp->gate) != 0 || routes_set(&population->rig) != 0 ||
	    clients_join(population) != 0) {
		population_destroy(population);
		return -1;
	}
	population->bytes = (held_bytes() - before - empty) / count;
	return 0;
}

double population_take(struct population *population, const char *ledger, uint32_t *records)
{
	struct options options;
	double seconds = 0;

	*records = 0;
	rig_destroy(&population->rig);
	options_of(&options, population->count);
	options.ledger = ledger;
	memset(&population->rig, 0, sizeof(population->rig));
	if (rig_create(&population->rig, &options) != 0)
		return 0;
	if (population->rig.dp->ledger != NULL) {
		*records = population->rig.dp->ledger->taken.records;
		seconds = (double)population->rig.dp->ledger->taken.ns / 1e9;
	}
	return seconds;
}

void population_destroy(struct population *population)
{
	rig_destroy(&population->rig);
	free(population->clients);
}
