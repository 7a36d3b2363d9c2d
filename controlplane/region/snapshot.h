/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of all regions at one moment: immutable, and all that a choice reads. One piece of
 * memory without pointers into itself, so that it goes to disk as it is.
 */
#ifndef REGION_SNAPSHOT_H
#define REGION_SNAPSHOT_H

#include "region/node.h"

#define SNAPSHOT_FAR UINT32_MAX /* km where nothing says how far a region is */

struct snapshot_region {
	char name[SLUICE_REGION_NAME_MAX];
	char reason[SLUICE_REGION_REASON_MAX];
	struct place place;
	float x, y, z;         /* of the place, on the unit sphere */
	uint32_t verdict;      /* enum sluice_verdict */
	uint32_t first, count; /* its nodes */
	uint32_t open;         /* of them, how many take new work */
	uint64_t weight;       /* of them all */
	uint64_t hash;
};

struct snapshot_node {
	struct node_record record;
	char reason[SLUICE_REGION_REASON_MAX];
	uint32_t verdict;
	uint32_t region; /* index */
	uint32_t weight; /* spare capacity in coarse steps; 0: takes nothing new */
	uint32_t beat_age_ms, rtt_us, probes, lost, changed_s;
	uint64_t hash;
};

struct snapshot {
	uint64_t generation; /* grows whenever a choice may come out otherwise */
	uint64_t bytes;      /* all of it */
	uint32_t own_region; /* index; UINT32_MAX: none is ours */
	uint32_t held;       /* 1: we see nobody, and keep what we saw last */
	uint32_t n_regions, n_nodes;
	uint32_t references; /* of the control plane's one thread */
	uint32_t pad;
	uint32_t offset_nodes, offset_distances;
	struct snapshot_region
	        regions[]; /* sorted by name; behind them nodes, and distances in km */
};

/* Zeroed, with one reference. NULL: no memory. */
struct snapshot *snapshot_create(uint32_t n_regions, uint32_t n_nodes);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/* Sorted by region, then by id. */
struct snapshot_node *snapshot_nodes(const struct snapshot *snapshot);
/* From each region to each: [from * n_regions + to]. */
uint32_t *snapshot_distances(const struct snapshot *snapshot);

/* What follows from regions, nodes and their verdicts: weights, hashes, points on the sphere. */
void snapshot_finish(struct snapshot *snapshot);
/* After that: distances that follow from places, where none is known otherwise. */
void snapshot_distances_fill(struct snapshot *snapshot);
void snapshot_point_make(struct snapshot_region *region);
/* In km, or SNAPSHOT_FAR. */
uint32_t snapshot_distance(const struct snapshot_region *a, const struct snapshot_region *b);

/* NULL: there is none. */
const struct snapshot_region *snapshot_region_find(const struct snapshot *snapshot,
                                                   const char *name);
/* `region` NULL: in any. */
const struct snapshot_node *snapshot_node_find(const struct snapshot *snapshot, const char *region,
                                               const char *id);

/* Whether every choice from both is the same. */
bool snapshot_is_equivalent(const struct snapshot *a, const struct snapshot *b);

/* Whether new work may be sent there. */
bool snapshot_node_is_open(const struct snapshot_node *node);

/* -- on disk: snapshot_file.c -- */

/* Atomically. 0 or -errno. */
int snapshot_save(const struct snapshot *snapshot, const char *path);
/* NULL with -errno in *error: -ENOENT, or -EBADMSG where it is damaged. */
struct snapshot *snapshot_load(const char *path, int *error);

#endif
