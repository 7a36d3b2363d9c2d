/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate_pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gate_default.h>
#include <gate_maps.h>
#include <linux/bpf.h>
#include <rte_bitops.h>
#include <rte_common.h>

#define NSEC_PER_SEC 1000000000ull
#define CPUS_MAX     1024

static const char *const map_names[GATE_PAIR_MAPS] = {
        [GATE_PAIR_SERVICES] = "sluice_gate_services",
        [GATE_PAIR_ADDRESSES] = "sluice_gate_addresses",
        [GATE_PAIR_NEAR] = "sluice_gate_near",
        [GATE_PAIR_COUNTERS] = "sluice_gate_counters",
        [GATE_PAIR_CONFIG] = "sluice_gate_config",
        [GATE_PAIR_SOURCES] = "sluice_gate_sources",
        [GATE_PAIR_VERIFIED] = "sluice_gate_verified",
        [GATE_PAIR_PREFIXES] = "sluice_gate_prefixes",
        [GATE_PAIR_HOST] = "sluice_gate_host",
        [GATE_PAIR_SEEN] = "sluice_gate_seen",
        [GATE_PAIR_DENY] = "sluice_gate_deny",
        [GATE_PAIR_TRUST] = "sluice_gate_trust",
        [GATE_PAIR_UFRAGS] = "sluice_gate_ufrags",
        [GATE_PAIR_CLIENTS] = "sluice_gate_clients",
};

#define V4(a, b, c, d)                                                                             \
	{                                                                                          \
		.bytes = { [10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d }      \
	}
#define V6(net)                                                                                    \
	{                                                                                          \
		.bytes = { 0x20, 0x01, 0x00, 0x02, 0, 0, 0, net, [15] = 1 }                        \
	}

const struct service gate_pair_services[] = {
        {V4(198, 18, 1, 1), 3478, 3478, SERVICE_TURN, 0},
        {V6(1), 3478, 3478, SERVICE_TURN, 1},
        {V4(198, 18, 2, 1), 49152, 65535, SERVICE_RELAY, 0},
        {V6(2), 49152, 65535, SERVICE_RELAY, 1},
        /* has the place of 198.18.1.1 in sluice_gate_near */
        {V4(198, 18, 3, 172), 3478, 3478, SERVICE_TURN, 2},
        /* sessions share TURN's port, and have one of their own */
        {V4(198, 18, 4, 1), 3478, 3478, SERVICE_TURN, 3, .session = 1},
        {V4(198, 18, 5, 1), 3478, 3478, SERVICE_SESSION, 1, .session = 2},
};
const uint32_t gate_pair_services_count =
        sizeof(gate_pair_services) / sizeof(gate_pair_services[0]);

uint64_t gate_pair_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

const struct gate_ufrags gate_pair_ufrags = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}, 1};

/* -- the twin -- */

static struct services *services_make(void)
{
	uint32_t slots = rte_align32pow2(4 * gate_pair_services_count);
	struct services *services = calloc(1, sizeof(*services));

	if (services == NULL)
		return NULL;
	services->mask = slots - 1;
	services->slots = calloc(slots, sizeof(*services->slots));
	services->list = (struct service *)(uintptr_t)gate_pair_services;
	if (services->slots == NULL) {
		free(services);
		return NULL;
	}
	for (uint32_t i = 0; i < gate_pair_services_count; i++) {
		uint32_t slot = service_hash(&gate_pair_services[i].ip) & services->mask;

		while (services->slots[slot].count != 0)
			slot = (slot + 1) & services->mask;
		services->slots[slot] = (struct service_slot){
		        .ip = gate_pair_services[i].ip, .first = i, .count = 1};
	}
	return services;
}

static int twin_create(struct gate_pair *pair)
{
	pair->tables = calloc(1, sizeof(*pair->tables));
	pair->seen = calloc(GATE_SEEN, sizeof(*pair->seen));
	pair->env = (struct gate_env){
	        .config = &pair->config,
	        .tables = pair->tables,
	        .seen = pair->seen,
	        .clients = pair->clients,
	        .counters = pair->counters,
	        .services = services_make(),
	        .ufrags = &gate_pair_ufrags,
	        .deny = ranges_create(NULL, 0),
	        .trust = ranges_create(NULL, 0),
	};
	return pair->tables != NULL && pair->seen != NULL && pair->env.services != NULL &&
	                       pair->env.deny != NULL && pair->env.trust != NULL
	               ? 0
	               : -ENOMEM;
}

/* -- the program -- */

static int services_write(const struct gate_pair *pair)
{
	struct gate_near near[GATE_NEAR] = {0};
	int ret = 0;

	for (uint32_t i = 0; i < gate_pair_services_count && ret == 0; i++) {
		const struct service *service = &gate_pair_services[i];
		struct gate_service_key key = {.port = rte_cpu_to_be_16(service->first_port)};
		struct gate_address range = {0};
		uint32_t kind = gate_service_of(service->kind, service->session != 0);

		memcpy(key.ip, service->ip.bytes, sizeof(key.ip));
		if (service->kind == SERVICE_RELAY)
			range.ranges[0] =
			        (struct gate_relayed){service->first_port, service->last_port};
		else if (service->kind == SERVICE_SESSION)
			range.more = GATE_MORE_SERVICES;
		else
			range.listeners[0] = key.port;
		if (service->kind == SERVICE_TURN && service->session != 0)
			range.more |= GATE_MORE_SHARED(0);
		if (service->kind != SERVICE_RELAY)
			ret = bpf_map_update_elem(pair->maps[GATE_PAIR_SERVICES], &key, &kind, 0);
		if (ret == 0)
			ret = bpf_map_update_elem(pair->maps[GATE_PAIR_ADDRESSES],
			                          service->ip.bytes, &range, 0);
		gate_near_put(near, (const __u64[2]){service->ip.quads[0], service->ip.quads[1]},
		              &range);
	}
	for (uint32_t i = 0; i < GATE_NEAR && ret == 0; i++)
		ret = bpf_map_update_elem(pair->maps[GATE_PAIR_NEAR], &i, &near[i], 0);
	if (ret == 0)
		ret = bpf_map_update_elem(pair->maps[GATE_PAIR_UFRAGS], &(uint32_t){0},
		                          &gate_pair_ufrags, 0);
	return ret;
}

static int program_load(struct gate_pair *pair, const char *path)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int ret;

	pair->object = bpf_object__open_file(path, NULL);
	if (pair->object == NULL)
		return -errno;
	/* nothing of this host is touched */
	bpf_object__for_each_map(map, pair->object) bpf_map__set_pin_path(map, NULL);
	ret = bpf_object__load(pair->object);
	if (ret != 0)
		return ret;
	program = bpf_object__find_program_by_name(pair->object, "sluice_gate");
	if (program == NULL)
		return -ENOENT;
	pair->program = bpf_program__fd(program);
	for (int i = 0; i < GATE_PAIR_MAPS; i++) {
		pair->maps[i] = bpf_object__find_map_fd_by_name(pair->object, map_names[i]);
		if (pair->maps[i] < 0)
			return pair->maps[i];
	}
	pair->cpus = libbpf_num_possible_cpus();
	if (pair->cpus <= 0 || pair->cpus > CPUS_MAX)
		return -E2BIG;
	return services_write(pair);
}

int gate_pair_create(struct gate_pair *pair, const char *object_path)
{
	int ret;

	*pair = (struct gate_pair){0};
	ret = twin_create(pair);
	if (ret == 0 && object_path != NULL)
		ret = program_load(pair, object_path);
	if (ret != 0) {
		fprintf(stderr, "gate: %s: %s\n", object_path != NULL ? object_path : "twin",
		        strerror(-ret));
		gate_pair_destroy(pair);
	}
	return ret;
}

void gate_pair_destroy(struct gate_pair *pair)
{
	if (pair->object != NULL)
		bpf_object__close(pair->object);
	if (pair->env.services != NULL)
		free(pair->env.services->slots);
	free((void *)(uintptr_t)pair->env.services);
	free((void *)(uintptr_t)pair->env.deny);
	free((void *)(uintptr_t)pair->env.trust);
	free(pair->tables);
	free(pair->seen);
	*pair = (struct gate_pair){0};
}

/* -- both -- */

static void map_put(const struct gate_pair *pair, enum gate_pair_map map, uint32_t key,
                    const void *value)
{
	if (pair->object != NULL && bpf_map_update_elem(pair->maps[map], &key, value, 0) != 0) {
		perror(map_names[map]);
		abort();
	}
}

void gate_pair_configure(struct gate_pair *pair, const struct gate_config *config)
{
	pair->config = *config;
	pair->config.unix_offset = (uint64_t)time(NULL) * NSEC_PER_SEC - gate_pair_now();
	map_put(pair, GATE_PAIR_CONFIG, 0, &pair->config);
}

static void list_put(struct gate_pair *pair, enum gate_pair_map map, const struct ranges **set,
                     const struct prefix *prefixes, uint32_t count)
{
	struct gate_lpm_key key;

	free((void *)(uintptr_t)*set);
	*set = ranges_create(prefixes, count);
	if (*set == NULL)
		abort();
	if (pair->object == NULL)
		return;
	while (bpf_map_get_next_key(pair->maps[map], NULL, &key) == 0)
		bpf_map_delete_elem(pair->maps[map], &key);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t one = 1;

		key.length = prefixes[i].length;
		memcpy(key.ip, prefixes[i].ip.bytes, sizeof(key.ip));
		bpf_map_update_elem(pair->maps[map], &key, &one, 0);
	}
}

void gate_pair_lists(struct gate_pair *pair, const struct prefix *deny, uint32_t n_deny,
                     const struct prefix *trust, uint32_t n_trust)
{
	list_put(pair, GATE_PAIR_DENY, &pair->env.deny, deny, n_deny);
	list_put(pair, GATE_PAIR_TRUST, &pair->env.trust, trust, n_trust);
}

static uint64_t prefix_hash(const struct gate_pair *pair, const struct gate_packet *packet)
{
	__u64 network[2];

	gate_prefix_of(packet->src, network);
	return gate_prefix_hash(&pair->config.hash, network);
}

void gate_pair_host_set(struct gate_pair *pair, const struct gate_guard *guard)
{
	pair->tables->host = *guard;
	map_put(pair, GATE_PAIR_HOST, 0, guard);
}

void gate_pair_prefix_set(struct gate_pair *pair, const struct gate_packet *packet,
                          const struct gate_guard *guard)
{
	uint32_t index = prefix_hash(pair, packet) & (GATE_PREFIXES - 1);

	pair->tables->prefixes[index] = *guard;
	map_put(pair, GATE_PAIR_PREFIXES, index, guard);
}

void gate_pair_forget(struct gate_pair *pair, const struct gate_packet *packet, const uint8_t *stun)
{
	static const struct gate_guard calm;
	static const uint64_t empty;
	const struct gate_hash_keys *keys = &pair->config.hash;
	uint64_t hash = gate_source_hash(keys, prefix_hash(pair, packet), packet->src);
	uint32_t source = hash & (GATE_SOURCES - 1);
	uint32_t verified = gate_verified_hash(keys, packet->src) & (GATE_SOURCES - 1);
	uint32_t seen = gate_request_hash(keys, hash, packet, stun) & (GATE_SEEN - 1);

	pair->tables->sources[source] = empty;
	map_put(pair, GATE_PAIR_SOURCES, source, &empty);
	pair->tables->verified[verified] = empty;
	map_put(pair, GATE_PAIR_VERIFIED, verified, &empty);
	pair->seen[seen] = empty;
	map_put(pair, GATE_PAIR_SEEN, seen, &empty);
	gate_pair_prefix_set(pair, packet, &calm);
	gate_pair_host_set(pair, &calm);
}

void gate_pair_client_set(struct gate_pair *pair, const struct gate_packet *packet)
{
	static const struct gate_clients first = {
	        {3, 5, 7, 11, [GATE_CLIENT_ENTRIES] = GATE_PAIR_CLIENT_ENTRIES}};
	uint64_t hash;

	memset(pair->clients, 0, sizeof(pair->clients));
	pair->clients[0] = first;
	if (packet != NULL) {
		hash = gate_client_hash(&first, packet->src, packet->src_port);
		pair->clients[gate_client_entry(hash, GATE_PAIR_CLIENT_ENTRIES)].words[3] =
		        (uint64_t)gate_client_tag(hash) << 32;
	}
	for (uint32_t i = 0; i < GATE_PAIR_CLIENT_ENTRIES; i++)
		map_put(pair, GATE_PAIR_CLIENTS, i, &pair->clients[i]);
}

static void counters_read(const struct gate_pair *pair, uint64_t counters[GATE_COUNTERS])
{
	uint64_t values[CPUS_MAX];

	for (uint32_t i = 0; i < GATE_COUNTERS; i++) {
		counters[i] = 0;
		if (bpf_map_lookup_elem(pair->maps[GATE_PAIR_COUNTERS], &i, values) != 0)
			abort();
		for (int cpu = 0; cpu < pair->cpus; cpu++)
			counters[i] += values[cpu];
	}
}

/* counters: before and after. Exactly one verdict is counted for a frame. */
static void outcome_of(struct gate_outcome *outcome, const uint64_t before[GATE_COUNTERS],
                       const uint64_t after[GATE_COUNTERS])
{
	unsigned int verdicts = 0;

	for (int i = 0; i < GATE_COUNTERS; i++) {
		outcome->counters[i] = after[i] - before[i];
		if (i == GATE_EVENT_NO_SOCKET)
			outcome->counters[i] = 0; /* a test run has no sockets at all */
		if (i < GATE_VERDICTS && outcome->counters[i] != 0) {
			verdicts += outcome->counters[i];
			outcome->verdict = i;
		}
	}
	if (verdicts != 1) {
		fprintf(stderr, "gate: one frame, %u verdicts\n", verdicts);
		abort();
	}
}

int gate_pair_xdp(struct gate_pair *pair, const uint8_t *frame, uint32_t length,
                  struct gate_outcome *outcome)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = length, .repeat = 1);
	uint64_t before[GATE_COUNTERS], after[GATE_COUNTERS];
	int ret;

	counters_read(pair, before);
	ret = bpf_prog_test_run_opts(pair->program, &run);
	if (ret != 0)
		return ret;
	counters_read(pair, after);
	outcome_of(outcome, before, after);
	outcome->dropped = run.retval == XDP_DROP;
	return 0;
}

void gate_pair_twin(struct gate_pair *pair, const uint8_t *frame, uint32_t length,
                    struct gate_outcome *outcome)
{
	uint64_t before[GATE_COUNTERS];

	memcpy(before, pair->counters, sizeof(before));
	pair->env.now = gate_pair_now();
	pair->env.frame = frame;
	pair->env.end = frame + length;
	outcome->dropped = gate_conclude(&pair->env, gate_frame(&pair->env, frame, frame + length));
	outcome_of(outcome, before, pair->counters);
}
