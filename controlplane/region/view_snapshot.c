/* SPDX-License-Identifier: BSD-3-Clause */
/* From the view to a snapshot, and back after a restart. */
#include "region/view_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

static uint32_t ms_of(uint64_t ns)
{
	return ns == NEVER || ns / MS >= UINT32_MAX ? UINT32_MAX : ns / MS;
}

static void node_copy(struct snapshot_node *to, const struct view_node *node, uint64_t now)
{
	to->record = node->record;
	to->verdict = node->judged.verdict;
	memcpy(to->reason, node->judged.reason, sizeof(to->reason));
	to->beat_age_ms = ms_of(since(now, node->beat));
	to->rtt_us = node->rtt_us;
	to->probes = node->probes;
	to->lost = node->probes - __builtin_popcount(node->answers);
	to->changed_s = ms_of(since(now, node->judged.changed)) / 1000;
}

static void region_copy(struct snapshot *snapshot, uint32_t index, uint32_t first,
                        const struct view_region *region, uint64_t now)
{
	struct snapshot_region *to = &snapshot->regions[index];
	struct snapshot_node *nodes = snapshot_nodes(snapshot) + first;

	memcpy(to->name, region->name, sizeof(to->name));
	memcpy(to->reason, region->judged.reason, sizeof(to->reason));
	to->place = region->place;
	to->verdict = region->judged.verdict;
	to->first = first;
	to->count = region->n_nodes;
	for (uint32_t i = 0; i < region->n_nodes; i++)
		node_copy(&nodes[i], region->nodes[i], now);
}

static void distances_copy(struct snapshot *snapshot, const struct view *view)
{
	uint32_t *km = snapshot_distances(snapshot), n = snapshot->n_regions;

	for (uint32_t i = 0; i < n * n; i++)
		km[i] = SNAPSHOT_FAR;
	for (uint32_t i = 0; i < view->n_distances; i++) {
		const struct view_distance *distance = &view->distances[i];
		const struct snapshot_region *from = snapshot_region_find(snapshot, distance->from);
		const struct snapshot_region *to = snapshot_region_find(snapshot, distance->to);

		if (from == NULL || to == NULL)
			continue;
		km[(from - snapshot->regions) * n + (to - snapshot->regions)] = distance->km;
		km[(to - snapshot->regions) * n + (from - snapshot->regions)] = distance->km;
	}
}

struct snapshot *view_snapshot(const struct view *view, uint64_t now)
{
	uint32_t n_nodes = 0, first = 0;
	struct snapshot *snapshot;

	for (uint32_t i = 0; i < view->n_regions; i++)
		n_nodes += view->regions[i]->n_nodes;
	snapshot = snapshot_create(view->n_regions, n_nodes);
	if (snapshot == NULL)
		return NULL;
	for (uint32_t i = 0; i < view->n_regions; i++) {
		region_copy(snapshot, i, first, view->regions[i], now);
		first += view->regions[i]->n_nodes;
		if (region_is_own(view, view->regions[i]))
			snapshot->own_region = i;
	}
	snapshot->held = view->held != 0;
	snapshot_finish(snapshot);
	distances_copy(snapshot, view);
	snapshot_distances_fill(snapshot);
	return snapshot;
}

static void node_restore(struct view *view, struct view_region *region, uint64_t now,
                         const struct snapshot_node *from)
{
	bool there;
	uint32_t place = node_place(region, from->record.id, &there);

	if (there || strcmp(from->record.region, region->name) != 0)
		return;
	view_beat(view, now, region->name, &from->record);
	place = node_place(region, from->record.id, &there);
	if (!there)
		return;
	region->nodes[place]->judged.verdict = from->verdict;
	region->nodes[place]->rtt_us = from->rtt_us;
	snprintf(region->nodes[place]->judged.reason, sizeof(region->nodes[place]->judged.reason),
	         "as it was before this control plane started");
}

void view_restore(struct view *view, uint64_t now, const struct snapshot *snapshot)
{
	const struct snapshot_node *nodes = snapshot_nodes(snapshot);

	for (uint32_t i = 0; i < snapshot->n_regions; i++) {
		const struct snapshot_region *from = &snapshot->regions[i];
		struct view_region *region = region_find(view, from->name);

		if (region == NULL)
			continue;
		region->judged.verdict = from->verdict;
		region->judged.changed = now;
		for (uint32_t n = from->first; n < from->first + from->count; n++)
			node_restore(view, region, now, &nodes[n]);
	}
}

bool view_region_info(const struct view *view, uint64_t now, const char *name,
                      struct view_region_info *info)
{
	const struct view_region *region = region_find(view, name);

	if (region == NULL)
		return false;
	*info = (struct view_region_info){
	        .reason = region->judged.reason,
	        .verdict = region->judged.verdict,
	        .own = region_is_own(view, region),
	        .nodes = region->n_nodes,
	        .beat_age_ns = since(now, region_beat(region)),
	        .changed_ns_ago = since(now, region->judged.changed),
	};
	for (uint32_t i = 0; i < region->n_nodes; i++)
		info->healthy += region->nodes[i]->judged.verdict == SLUICE_VERDICT_HEALTHY;
	return true;
}
