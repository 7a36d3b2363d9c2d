/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the view share: view.c (what comes in), verdict.c (judging), view_snapshot.c.
 */
#ifndef REGION_VIEW_STATE_H
#define REGION_VIEW_STATE_H

#include "region/view.h"

#define NEVER UINT64_MAX

/* A verdict with its hysteresis. */
struct judged {
	enum sluice_verdict verdict;
	uint32_t worse, better;             /* samples in a row */
	uint32_t bad;                       /* of them, degraded or unreachable */
	enum sluice_verdict mildest, worst; /* of those in a row: the verdict to come */
	uint64_t changed;
	char reason[SLUICE_REGION_REASON_MAX];
};

struct view_node {
	struct node_record record;
	uint64_t beat;   /* when seq last changed; NEVER */
	uint64_t probed; /* when a probe last had its result; NEVER */
	uint64_t first_seen;
	uint32_t probes;   /* how many of `answers` count */
	uint32_t answers;  /* bits, the latest lowest */
	uint32_t rtt_us;   /* smoothed; UINT32_MAX: none */
	bool fresh_result; /* since the last tick */
	struct judged judged;
};

struct view_region {
	char name[SLUICE_REGION_NAME_MAX];
	struct place place;
	struct view_node **nodes; /* sorted by id */
	uint32_t n_nodes, room;
	uint64_t read; /* when its Redis was last read whole; NEVER */
	struct judged judged;
	enum sluice_verdict sample; /* of the last tick; UNKNOWN: none */
};

struct view_distance {
	char from[SLUICE_REGION_NAME_MAX], to[SLUICE_REGION_NAME_MAX];
	uint32_t km;
};

struct view {
	char own_region[SLUICE_REGION_NAME_MAX];
	char own_id[SLUICE_NODE_ID_MAX];
	struct view_region *regions[SLUICE_REGIONS_MAX]; /* sorted by name */
	uint32_t n_regions;
	struct view_distance *distances;
	uint32_t n_distances;
	uint64_t held;      /* since; 0: not */
	uint64_t last_beat; /* of another node; NEVER */
};

struct view_region *region_find(const struct view *view, const char *name);
/* Where the node is, or would be. */
uint32_t node_place(const struct view_region *region, const char *id, bool *there);
bool node_is_own(const struct view *view, const struct view_region *region,
                 const struct view_node *node);
bool region_is_own(const struct view *view, const struct view_region *region);
uint64_t since(uint64_t now, uint64_t then);            /* NEVER where `then` is */
uint64_t region_beat(const struct view_region *region); /* of its freshest node */

#endif
