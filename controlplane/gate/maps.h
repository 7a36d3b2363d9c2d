/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP program's maps, pinned where it was loaded. The control plane owns what is in them. */
#ifndef GATE_MAPS_FILE_H
#define GATE_MAPS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/settings.h"

#include <gate_state.h>
#include <gate_verdict.h>

enum gate_map {
	GATE_MAP_CONFIG,
	GATE_MAP_COUNTERS,
	GATE_MAP_DENY,
	GATE_MAP_TRUST,
	GATE_MAP_HOST,
	GATE_MAP_PREFIXES,
	GATE_MAP_TOP_SOURCES,
	GATE_MAP_TOP_PREFIXES,
	GATE_MAP_SEEN,
	GATE_MAPS,
};

struct gate_maps {
	int fds[GATE_MAPS]; /* -1: not open */
	uint32_t id;        /* of the configuration's map: new maps have another */
	uint32_t seen;      /* words of the memory of arrivals */
	int cpus;
};

enum gate_maps_found {
	GATE_MAPS_NONE, /* nothing is pinned */
	GATE_MAPS_SAME,
	GATE_MAPS_NEW, /* others than before: *maps is open on them */
};

void gate_maps_start(struct gate_maps *maps);
void gate_maps_close(struct gate_maps *maps);
static inline bool gate_maps_are_open(const struct gate_maps *maps)
{
	return maps->fds[GATE_MAP_CONFIG] >= 0;
}

/* Opens what is pinned. Where it is new, the old is closed: read its counters before. */
enum gate_maps_found gate_maps_look(const struct gate_maps *maps, struct gate_maps *found);

/* 0 or -errno. */
int gate_maps_config_read(const struct gate_maps *maps, struct gate_config *config);
int gate_maps_config_write(const struct gate_maps *maps, const struct gate_config *config);
/* Makes the trie hold these keys and no others. held: what it holds; NULL: that is not known. 0 or
 * -errno: some of them perhaps. */
int gate_maps_list_write(const struct gate_maps *maps, enum gate_map list,
                         const struct gate_list *wanted, const struct gate_list *held);
/* Adds what the maps have counted. */
void gate_maps_counters_add(const struct gate_maps *maps, uint64_t counters[GATE_COUNTERS]);
/* Of the host; 0 where it is not attacked. now: CLOCK_MONOTONIC, ns. */
uint64_t gate_maps_host_attacked(const struct gate_maps *maps, uint64_t now);
uint32_t gate_maps_prefixes_attacked(const struct gate_maps *maps, uint64_t now);
/* One entry of the tables of the most frequent. 0 or -errno. */
int gate_maps_top(const struct gate_maps *maps, enum gate_map table, uint32_t index,
                  struct gate_top *top);

#endif
