/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of `region show` and `node show`. */
#include "fleet/state.h"

#include <stdio.h>
#include <string.h>

#define MS_NS 1000000ull

static uint32_t ms_of(uint64_t ns)
{
	return ns / MS_NS >= UINT32_MAX ? UINT32_MAX : ns / MS_NS;
}

static uint32_t seconds_of(uint64_t ns)
{
	return ns / MS_NS / 1000 >= UINT32_MAX ? UINT32_MAX : ns / MS_NS / 1000;
}

static void region_row(const struct fleet *fleet, const struct fleet_region *region,
                       struct sluice_region_row *row)
{
	struct view_region_info info = {.reason = ""};
	char at[HOST_TEXT_MAX];

	view_region_info(fleet->view, fleet_now(), region->config.name, &info);
	*row = (struct sluice_region_row){
	        .redis = region->config.redis,
	        .verdict = info.verdict,
	        .own = info.own,
	        .connected = redis_is_up(region->commands),
	        .nodes = info.nodes,
	        .healthy = info.healthy,
	        .beat_age_ms = ms_of(info.beat_age_ns),
	        .changed_s = seconds_of(info.changed_ns_ago),
	};
	snprintf(row->name, sizeof(row->name), "%s", region->config.name);
	snprintf(row->reason, sizeof(row->reason), "%s", info.reason);
	if (region->commands == NULL)
		return;
	snprintf(row->redis_at, sizeof(row->redis_at), "%.*s", (int)sizeof(row->redis_at) - 1,
	         redis_at(region->commands, at));
	snprintf(row->redis_why, sizeof(row->redis_why), "%.*s", (int)sizeof(row->redis_why) - 1,
	         redis_why(region->commands));
}

/* Sorted by name. */
uint32_t fleet_regions(struct fleet *fleet, struct sluice_region_row *rows, uint32_t max)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fleet->n_regions && count < max; i++) {
		uint32_t at = count++;

		for (; at > 0 && strcmp(fleet->regions[i]->config.name, rows[at - 1].name) < 0;
		     at--)
			rows[at] = rows[at - 1];
		region_row(fleet, fleet->regions[i], &rows[at]);
	}
	return count;
}

struct snapshot *fleet_snapshot(struct fleet *fleet)
{
	return fleet->snapshot != NULL ? snapshot_hold(fleet->snapshot) : NULL;
}

void fleet_node_row(const struct fleet *fleet, const struct snapshot *snapshot, uint32_t index,
                    struct sluice_node_row *row)
{
	const struct snapshot_node *node = &snapshot_nodes(snapshot)[index];
	const struct node_record *record = &node->record;

	*row = (struct sluice_node_row){
	        .addr4 = record->addr4,
	        .addr6 = record->addr6,
	        .verdict = node->verdict,
	        .state = record->state,
	        .own = strcmp(record->id, fleet->own.id) == 0 &&
	               strcmp(record->region, fleet->own.region) == 0,
	        .load_percent = record->load_ppm / (NODE_LOAD_FULL / 100),
	        .allocations = record->allocations,
	        .streams = record->streams,
	        .beat_age_ms = node->beat_age_ms,
	        .rtt_us = node->rtt_us,
	        .probes = node->probes,
	        .lost = node->lost,
	        .weight = node->weight,
	        .changed_s = node->changed_s,
	        .generation = snapshot->generation,
	};
	memcpy(row->id, record->id, sizeof(row->id));
	memcpy(row->region, record->region, sizeof(row->region));
	memcpy(row->reason, node->reason, sizeof(row->reason));
	memcpy(row->http, record->http, sizeof(row->http));
}

void fleet_snapshot_row(const struct fleet *fleet, struct sluice_snapshot_row *row)
{
	uint64_t age = view_age(fleet->view, fleet_now());

	*row = (struct sluice_snapshot_row){
	        .age_ms = age == UINT64_MAX ? UINT32_MAX : ms_of(age),
	        .held = view_held_since(fleet->view) != 0,
	        .state = fleet->drain.on ? SLUICE_NODE_DRAINING : SLUICE_NODE_ACTIVE,
	};
	memcpy(row->node, fleet->own.id, sizeof(row->node));
	if (fleet->snapshot == NULL)
		return;
	row->generation = fleet->snapshot->generation;
	row->regions = fleet->snapshot->n_regions;
	row->nodes = fleet->snapshot->n_nodes;
}
