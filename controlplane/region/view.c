/* SPDX-License-Identifier: BSD-3-Clause */
#include "region/view_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISTANCES_MAX 8192
#define RTT_SHIFT     2 /* of the smoothing: an eighth would be slow at two probes a second */

struct view *view_create(const char *own_region, const char *own_id)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return NULL;
	view->last_beat = NEVER;
	view_own_set(view, own_region, own_id);
	return view;
}

void view_own_set(struct view *view, const char *region, const char *id)
{
	snprintf(view->own_region, sizeof(view->own_region), "%s", region);
	snprintf(view->own_id, sizeof(view->own_id), "%s", id);
}

static void region_free(struct view_region *region)
{
	for (uint32_t i = 0; i < region->n_nodes; i++)
		free(region->nodes[i]);
	free(region->nodes);
	free(region);
}

void view_destroy(struct view *view)
{
	if (view == NULL)
		return;
	for (uint32_t i = 0; i < view->n_regions; i++)
		region_free(view->regions[i]);
	free(view->distances);
	free(view);
}

uint64_t since(uint64_t now, uint64_t then)
{
	return then == NEVER ? NEVER : now > then ? now - then : 0;
}

/* -- regions -- */

static uint32_t region_place(const struct view *view, const char *name, bool *there)
{
	uint32_t i = 0;
	int order = 1;

	while (i < view->n_regions && (order = strcmp(view->regions[i]->name, name)) < 0)
		i++;
	*there = i < view->n_regions && order == 0;
	return i;
}

struct view_region *region_find(const struct view *view, const char *name)
{
	bool there;
	uint32_t i = region_place(view, name, &there);

	return there ? view->regions[i] : NULL;
}

bool region_is_own(const struct view *view, const struct view_region *region)
{
	return strcmp(view->own_region, region->name) == 0;
}

int view_region_set(struct view *view, const char *name, const struct place *place)
{
	struct view_region *region;
	bool there;
	uint32_t i = region_place(view, name, &there);

	if (there) {
		view->regions[i]->place = *place;
		return 0;
	}
	if (view->n_regions == SLUICE_REGIONS_MAX)
		return -ENOSPC;
	region = calloc(1, sizeof(*region));
	if (region == NULL)
		return -ENOMEM;
	snprintf(region->name, sizeof(region->name), "%s", name);
	snprintf(region->judged.reason, sizeof(region->judged.reason), "nothing was seen yet");
	region->place = *place;
	region->read = region->judged.changed = NEVER;
	memmove(&view->regions[i + 1], &view->regions[i],
	        (view->n_regions - i) * sizeof(view->regions[0]));
	view->regions[i] = region;
	view->n_regions++;
	return 0;
}

int view_region_remove(struct view *view, const char *name)
{
	bool there;
	uint32_t i = region_place(view, name, &there);

	if (!there)
		return -ENOENT;
	region_free(view->regions[i]);
	view->n_regions--;
	memmove(&view->regions[i], &view->regions[i + 1],
	        (view->n_regions - i) * sizeof(view->regions[0]));
	return 0;
}

int view_distance_set(struct view *view, const char *from, const char *to, uint32_t km)
{
	struct view_distance *grown;
	uint32_t i;

	for (i = 0; i < view->n_distances; i++)
		if (strcmp(view->distances[i].from, from) == 0 &&
		    strcmp(view->distances[i].to, to) == 0)
			break;
	if (i == view->n_distances) {
		if (i == DISTANCES_MAX)
			return -ENOSPC;
		grown = realloc(view->distances, (i + 1) * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		view->distances = grown;
		view->n_distances++;
	}
	snprintf(view->distances[i].from, sizeof(view->distances[i].from), "%s", from);
	snprintf(view->distances[i].to, sizeof(view->distances[i].to), "%s", to);
	view->distances[i].km = km;
	return 0;
}

/* -- nodes -- */

uint32_t node_place(const struct view_region *region, const char *id, bool *there)
{
	uint32_t low = 0, high = region->n_nodes;

	*there = false;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = strcmp(id, region->nodes[middle]->record.id);

		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool node_is_own(const struct view *view, const struct view_region *region,
                 const struct view_node *node)
{
	return region_is_own(view, region) && strcmp(view->own_id, node->record.id) == 0;
}

static int nodes_grow(struct view_region *region)
{
	uint32_t room = region->room > 0 ? 2 * region->room : 8;
	struct view_node **grown;

	if (region->n_nodes < region->room)
		return 0;
	if (region->n_nodes == VIEW_NODES_MAX)
		return -ENOSPC;
	grown = realloc(region->nodes, room * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	region->nodes = grown;
	region->room = room;
	return 0;
}

/* 0 or -errno. */
static int node_add(struct view_region *region, uint32_t place, uint64_t now,
                    const struct node_record *record)
{
	struct view_node *node;
	int error = nodes_grow(region);

	if (error < 0)
		return error;
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	node->record = *record;
	node->beat = node->probed = NEVER;
	node->rtt_us = UINT32_MAX;
	node->judged.changed = node->first_seen = now;
	memmove(&region->nodes[place + 1], &region->nodes[place],
	        (region->n_nodes - place) * sizeof(region->nodes[0]));
	region->nodes[place] = node;
	region->n_nodes++;
	return 0;
}

/* What a crashed node left in Redis is no beat: the first sight of a number says nothing about its
 * age, only its change does. */
int view_beat(struct view *view, uint64_t now, const char *region_name,
              const struct node_record *record)
{
	struct view_region *region = region_find(view, region_name);
	struct view_node *node;
	bool there;
	uint32_t place;
	int error;

	if (region == NULL)
		return -ENOENT;
	if (strcmp(record->region, region_name) != 0)
		return -EINVAL;
	place = node_place(region, record->id, &there);
	if (!there) {
		error = node_add(region, place, now, record);
		if (error < 0 || !node_is_own(view, region, region->nodes[place]))
			return error;
	}
	node = region->nodes[place];
	if (!there || node->record.seq != record->seq || node->record.started != record->started) {
		node->beat = now;
		if (!node_is_own(view, region, node))
			view->last_beat = now;
	}
	node->record = *record;
	return 0;
}

void view_region_read(struct view *view, uint64_t now, const char *name)
{
	struct view_region *region = region_find(view, name);

	if (region != NULL)
		region->read = now;
}

uint64_t region_beat(const struct view_region *region)
{
	uint64_t last = NEVER;

	for (uint32_t i = 0; i < region->n_nodes; i++)
		if (region->nodes[i]->beat != NEVER &&
		    (last == NEVER || region->nodes[i]->beat > last))
			last = region->nodes[i]->beat;
	return last;
}

uint64_t view_age(const struct view *view, uint64_t now)
{
	return since(now, view->last_beat);
}

uint64_t view_held_since(const struct view *view)
{
	return view->held;
}

/* -- probes -- */

void view_probe(struct view *view, uint64_t now, const char *region_name, const char *id,
                bool answered, uint32_t rtt_us)
{
	struct view_region *region = region_find(view, region_name);
	struct view_node *node;
	bool there = false;
	uint32_t place;

	if (region == NULL)
		return;
	place = node_place(region, id, &there);
	if (!there)
		return;
	node = region->nodes[place];
	node->answers = (node->answers << 1 | answered) & ((1u << VIEW_PROBES) - 1);
	if (node->probes < VIEW_PROBES)
		node->probes++;
	node->probed = now;
	node->fresh_result = true;
	if (!answered)
		return;
	if (node->rtt_us == UINT32_MAX)
		node->rtt_us = rtt_us;
	else
		node->rtt_us += ((int64_t)rtt_us - node->rtt_us) / (1 << RTT_SHIFT);
}

/*
 * Those that come first in this node's own order: different nodes look at different witnesses, and
 * each keeps to its own. Those that are gone for good do not stay witnesses.
 */
uint32_t view_witnesses(const struct view *view, const char *name, const struct node_record **list,
                        uint32_t max)
{
	const struct view_region *region = region_find(view, name);
	uint64_t own = 0xcbf29ce484222325ull;
	uint32_t start, count = 0;

	if (region == NULL || region->n_nodes == 0)
		return 0;
	for (const char *at = view->own_id; *at != '\0'; at++)
		own = (own ^ (uint8_t)*at) * 0x100000001b3ull;
	start = (own >> 32) % region->n_nodes;
	for (uint32_t i = 0; i < region->n_nodes && count < max; i++) {
		const struct view_node *node = region->nodes[(start + i) % region->n_nodes];

		if (node_is_own(view, region, node) ||
		    (node->record.addr4.port == 0 && node->record.addr6.port == 0))
			continue;
		list[count++] = &node->record;
	}
	return count;
}
