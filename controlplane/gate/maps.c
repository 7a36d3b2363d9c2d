/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define CPUS_MAX 1024
#define BATCH    4096

static const char *const names[GATE_MAPS] = {
        [GATE_MAP_CONFIG] = "config",
        [GATE_MAP_COUNTERS] = "counters",
        [GATE_MAP_DENY] = "deny",
        [GATE_MAP_TRUST] = "trust",
        [GATE_MAP_HOST] = "host",
        [GATE_MAP_PREFIXES] = "prefixes",
        [GATE_MAP_TOP_SOURCES] = "top_sources",
        [GATE_MAP_TOP_PREFIXES] = "top_prefixes",
        [GATE_MAP_SEEN] = "seen",
};

static int map_open(enum gate_map map)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/fs/bpf/sluice_gate_%s", names[map]);
	return bpf_obj_get(path);
}

static uint32_t map_id(int fd, uint32_t value_size)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0 || info.value_size != value_size)
		return 0;
	return info.id;
}

/* 0: not known, or no power of two. */
static uint32_t map_entries(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0 ||
	    (info.max_entries & (info.max_entries - 1)) != 0)
		return 0;
	return info.max_entries;
}

void gate_maps_start(struct gate_maps *maps)
{
	*maps = (struct gate_maps){.cpus = libbpf_num_possible_cpus()};
	for (int i = 0; i < GATE_MAPS; i++)
		maps->fds[i] = -1;
}

void gate_maps_close(struct gate_maps *maps)
{
	for (int i = 0; i < GATE_MAPS; i++)
		if (maps->fds[i] >= 0)
			close(maps->fds[i]);
	gate_maps_start(maps);
}

enum gate_maps_found gate_maps_look(const struct gate_maps *maps, struct gate_maps *found)
{
	bool whole = true;

	gate_maps_start(found);
	found->fds[GATE_MAP_CONFIG] = map_open(GATE_MAP_CONFIG);
	if (found->fds[GATE_MAP_CONFIG] >= 0)
		found->id = map_id(found->fds[GATE_MAP_CONFIG], sizeof(struct gate_config));
	if (found->id == 0 || (gate_maps_are_open(maps) && found->id == maps->id)) {
		enum gate_maps_found what = found->id == 0 ? GATE_MAPS_NONE : GATE_MAPS_SAME;

		gate_maps_close(found);
		return what;
	}
	for (int i = GATE_MAP_CONFIG + 1; i < GATE_MAPS; i++) {
		found->fds[i] = map_open(i);
		whole = whole && found->fds[i] >= 0;
	}
	found->seen = whole ? map_entries(found->fds[GATE_MAP_SEEN]) : 0;
	/* they are just being pinned, or taken away */
	if (found->seen == 0 || found->cpus <= 0 || found->cpus > CPUS_MAX) {
		gate_maps_close(found);
		return GATE_MAPS_NONE;
	}
	return GATE_MAPS_NEW;
}

int gate_maps_config_read(const struct gate_maps *maps, struct gate_config *config)
{
	const uint32_t zero = 0;

	return bpf_map_lookup_elem(maps->fds[GATE_MAP_CONFIG], &zero, config) == 0 ? 0 : -errno;
}

int gate_maps_config_write(const struct gate_maps *maps, const struct gate_config *config)
{
	const uint32_t zero = 0;

	return bpf_map_update_elem(maps->fds[GATE_MAP_CONFIG], &zero, config, BPF_ANY) == 0
	               ? 0
	               : -errno;
}

static int key_put(int fd, const struct gate_lpm_key *key)
{
	const uint32_t one = 1;

	return bpf_map_update_elem(fd, key, &one, BPF_ANY) == 0 ? 0 : -errno;
}

static int key_take(int fd, const struct gate_lpm_key *key)
{
	return bpf_map_delete_elem(fd, key) == 0 || errno == ENOENT ? 0 : -errno;
}

/* What only `a` has of two sorted lists. 0, or the first -errno. */
static int each_only(int fd, const struct gate_list *a, const struct gate_list *b,
                     int (*each)(int fd, const struct gate_lpm_key *key))
{
	uint32_t j = 0;
	int ret = 0;

	for (uint32_t i = 0; i < a->count && ret == 0; i++) {
		while (j < b->count && gate_key_compare(&b->keys[j], &a->keys[i]) < 0)
			j++;
		if (j == b->count || gate_key_compare(&b->keys[j], &a->keys[i]) != 0)
			ret = each(fd, &a->keys[i]);
	}
	return ret;
}

/* What goes makes room for what comes. */
static int list_change(int fd, const struct gate_list *wanted, const struct gate_list *held)
{
	int ret = each_only(fd, held, wanted, key_take);

	return ret == 0 ? each_only(fd, wanted, held, key_put) : ret;
}

static int key_order(const void *a, const void *b)
{
	return gate_key_compare(a, b);
}

/* What the trie holds. A walk goes on from a key that is still there. */
static int list_read(int fd, struct gate_list *held)
{
	struct gate_lpm_key *keys = calloc(GATE_LPM_MAX, sizeof(*keys));
	uint32_t count = 0;

	if (keys == NULL)
		return -ENOMEM;
	while (count < GATE_LPM_MAX &&
	       bpf_map_get_next_key(fd, count > 0 ? &keys[count - 1] : NULL, &keys[count]) == 0)
		count++;
	qsort(keys, count, sizeof(*keys), key_order);
	*held = (struct gate_list){keys, count};
	return 0;
}

int gate_maps_list_write(const struct gate_maps *maps, enum gate_map list,
                         const struct gate_list *wanted, const struct gate_list *held)
{
	struct gate_list found;
	int ret;

	if (held != NULL)
		return list_change(maps->fds[list], wanted, held);
	ret = list_read(maps->fds[list], &found);
	if (ret != 0)
		return ret;
	ret = list_change(maps->fds[list], wanted, &found);
	free(found.keys);
	return ret;
}

void gate_maps_counters_add(const struct gate_maps *maps, uint64_t counters[GATE_COUNTERS])
{
	uint64_t values[CPUS_MAX];

	for (uint32_t i = 0; i < GATE_COUNTERS; i++) {
		if (bpf_map_lookup_elem(maps->fds[GATE_MAP_COUNTERS], &i, values) != 0)
			continue;
		for (int cpu = 0; cpu < maps->cpus; cpu++)
			counters[i] += values[cpu];
	}
}

uint64_t gate_maps_host_attacked(const struct gate_maps *maps, uint64_t now)
{
	const uint32_t zero = 0;
	struct gate_guard host;

	if (bpf_map_lookup_elem(maps->fds[GATE_MAP_HOST], &zero, &host) != 0)
		return 0;
	return host.attacked > now ? host.attacked : 0;
}

uint32_t gate_maps_prefixes_attacked(const struct gate_maps *maps, uint64_t now)
{
	struct gate_guard *guards = calloc(BATCH, sizeof(*guards));
	uint32_t *keys = calloc(BATCH, sizeof(*keys));
	uint32_t place = 0, attacked = 0, count;
	bool first = true;
	int ret = 0;

	while (guards != NULL && keys != NULL && ret == 0) {
		count = BATCH;
		ret = bpf_map_lookup_batch(maps->fds[GATE_MAP_PREFIXES], first ? NULL : &place,
		                           &place, keys, guards, &count, NULL);
		if (ret != 0 && errno != ENOENT)
			break;
		first = false;
		for (uint32_t i = 0; i < count; i++)
			attacked += guards[i].attacked > now;
	}
	free(guards);
	free(keys);
	return attacked;
}

int gate_maps_top(const struct gate_maps *maps, enum gate_map table, uint32_t index,
                  struct gate_top *top)
{
	return bpf_map_lookup_elem(maps->fds[table], &index, top) == 0 ? 0 : -errno;
}
