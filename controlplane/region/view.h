/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this node sees of all regions. Two witnesses that know nothing of each other: beats (fresh
 * as long as their number keeps changing, by our clock) and probes of the nodes' TURN addresses.
 * Time comes in with each call, in ns of a clock that never goes back; nothing here does I/O.
 */
#ifndef REGION_VIEW_H
#define REGION_VIEW_H

#include "region/snapshot.h"

#define VIEW_NODES_MAX  4096 /* of one region */
#define VIEW_TICK_NS    500000000ull
#define VIEW_BEAT_STALE 2200000000ull  /* ns without a change of seq: two beats missed */
#define VIEW_FORGET_NS  60000000000ull /* a node that nobody sees, and that is in no Redis */
#define VIEW_PROBES     10             /* that are remembered */
#define VIEW_BAD        3              /* samples in a row that make a verdict worse ... */
#define VIEW_GOOD       10             /* ... and better */
#define VIEW_WITNESSES  3              /* nodes of a region that are probed */

struct view;

/* own_id: this node's. NULL: no memory. */
struct view *view_create(const char *own_region, const char *own_id);
void view_destroy(struct view *view);
/* Who we are. */
void view_own_set(struct view *view, const char *region, const char *id);

/* -- what is configured -- */

/* Adds or changes. 0, -ENOSPC, -ENOMEM. */
int view_region_set(struct view *view, const char *name, const struct place *place);
/* With its nodes. 0 or -ENOENT. */
int view_region_remove(struct view *view, const char *name);
/* Either way. SNAPSHOT_FAR: not known. 0, -ENOSPC. */
int view_distance_set(struct view *view, const char *from, const char *to, uint32_t km);

/* -- what is seen -- */

/*
 * A node's record was read from its region's Redis; `region` is whose Redis that was. Its own node
 * comes here too, from the control plane itself. 0; -ENOENT: no such region; -EINVAL: the record
 * says another region; -ENOSPC, -ENOMEM.
 */
int view_beat(struct view *view, uint64_t now, const char *region,
              const struct node_record *record);
/* All that the region's Redis holds has been read. */
void view_region_read(struct view *view, uint64_t now, const char *region);
/* A probe was answered, or not in time. */
void view_probe(struct view *view, uint64_t now, const char *region, const char *id, bool answered,
                uint32_t rtt_us);

/* Where to probe: at most `max` of the region's nodes. Returns how many. */
uint32_t view_witnesses(const struct view *view, const char *region,
                        const struct node_record **list, uint32_t max);

/* A verdict that changed. */
struct view_change {
	const char *region, *id; /* id NULL: the region's own */
	enum sluice_verdict before, after;
	const char *reason;
};
typedef void view_changed_fn(void *arg, const struct view_change *change);

/* Judges; every VIEW_TICK_NS. `changed` may be NULL. */
void view_tick(struct view *view, uint64_t now, view_changed_fn *changed, void *arg);
/* We see nobody, and keep the last view: since when; 0: we see somebody. */
uint64_t view_held_since(const struct view *view);
/* ns since the last beat of anybody else came in; UINT64_MAX: none ever did. */
uint64_t view_age(const struct view *view, uint64_t now);

/* -- snapshots -- */

/* All of it as it is now. NULL: no memory. The generation is the caller's to set. */
struct snapshot *view_snapshot(const struct view *view, uint64_t now);
/* Starts from what a snapshot holds; only regions that are configured. Verdicts stay until there
 * is evidence. */
void view_restore(struct view *view, uint64_t now, const struct snapshot *snapshot);

/* What a row of `region show` tells. */
struct view_region_info {
	const char *reason;
	enum sluice_verdict verdict;
	bool own;
	uint32_t nodes, healthy;
	uint64_t beat_age_ns; /* UINT64_MAX: never */
	uint64_t changed_ns_ago;
};
/* false: no such region. */
bool view_region_info(const struct view *view, uint64_t now, const char *region,
                      struct view_region_info *info);

#endif
