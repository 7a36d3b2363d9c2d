/* SPDX-License-Identifier: BSD-3-Clause */
#include "region/snapshot.h"

#include "region/weight.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EARTH_KM 6371.0
#define DEGREES  (M_PI / 180 / 1000000)

struct snapshot *snapshot_create(uint32_t n_regions, uint32_t n_nodes)
{
	uint64_t nodes = sizeof(struct snapshot) + n_regions * sizeof(struct snapshot_region);
	uint64_t distances = nodes + n_nodes * sizeof(struct snapshot_node);
	uint64_t bytes = distances + (uint64_t)n_regions * n_regions * sizeof(uint32_t);
	struct snapshot *snapshot = calloc(1, bytes);

	if (snapshot == NULL)
		return NULL;
	snapshot->bytes = bytes;
	snapshot->own_region = UINT32_MAX;
	snapshot->n_regions = n_regions;
	snapshot->n_nodes = n_nodes;
	snapshot->references = 1;
	snapshot->offset_nodes = nodes;
	snapshot->offset_distances = distances;
	return snapshot;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
	snapshot->references++;
	return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
	if (snapshot != NULL && --snapshot->references == 0)
		free(snapshot);
}

struct snapshot_node *snapshot_nodes(const struct snapshot *snapshot)
{
	return (struct snapshot_node *)((char *)snapshot + snapshot->offset_nodes);
}

uint32_t *snapshot_distances(const struct snapshot *snapshot)
{
	return (uint32_t *)((char *)snapshot + snapshot->offset_distances);
}

/* -- what follows -- */

bool snapshot_node_is_open(const struct snapshot_node *node)
{
	return node->record.state == SLUICE_NODE_ACTIVE &&
	       (node->verdict == SLUICE_VERDICT_HEALTHY ||
	        node->verdict == SLUICE_VERDICT_DEGRADED);
}

void snapshot_point_make(struct snapshot_region *region)
{
	double lat = region->place.lat * DEGREES, lon = region->place.lon * DEGREES;

	region->x = cos(lat) * cos(lon);
	region->y = cos(lat) * sin(lon);
	region->z = sin(lat);
}

void snapshot_finish(struct snapshot *snapshot)
{
	struct snapshot_node *nodes = snapshot_nodes(snapshot);

	for (uint32_t r = 0; r < snapshot->n_regions; r++) {
		struct snapshot_region *region = &snapshot->regions[r];

		snapshot_point_make(region);
		region->hash = choice_hash(region->name, strlen(region->name));
		region->weight = region->open = 0;
		for (uint32_t n = region->first; n < region->first + region->count; n++) {
			const struct node_record *record = &nodes[n].record;

			nodes[n].region = r;
			nodes[n].hash = choice_hash(record->id, strlen(record->id)) ^ region->hash;
			nodes[n].weight =
			        snapshot_node_is_open(&nodes[n]) ? choice_weight(record) : 0;
			region->weight += nodes[n].weight;
			region->open += nodes[n].weight > 0;
		}
	}
}

uint32_t snapshot_distance(const struct snapshot_region *a, const struct snapshot_region *b)
{
	double cosine = (double)a->x * b->x + (double)a->y * b->y + (double)a->z * b->z;

	if (!a->place.known || !b->place.known)
		return SNAPSHOT_FAR;
	return EARTH_KM * acos(fmin(fmax(cosine, -1), 1));
}

void snapshot_distances_fill(struct snapshot *snapshot)
{
	uint32_t *km = snapshot_distances(snapshot);

	for (uint32_t a = 0; a < snapshot->n_regions; a++)
		for (uint32_t b = 0; b < snapshot->n_regions; b++, km++)
			if (a == b)
				*km = 0;
			else if (*km == SNAPSHOT_FAR)
				*km = snapshot_distance(&snapshot->regions[a],
				                        &snapshot->regions[b]);
}

/* -- finding -- */

const struct snapshot_region *snapshot_region_find(const struct snapshot *snapshot,
                                                   const char *name)
{
	uint32_t low = 0, high = snapshot->n_regions;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = strcmp(name, snapshot->regions[middle].name);

		if (order == 0)
			return &snapshot->regions[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct snapshot_node *node_find(const struct snapshot *snapshot,
                                             const struct snapshot_region *region, const char *id)
{
	const struct snapshot_node *nodes = snapshot_nodes(snapshot);
	uint32_t low = region->first, high = region->first + region->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = strcmp(id, nodes[middle].record.id);

		if (order == 0)
			return &nodes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct snapshot_node *snapshot_node_find(const struct snapshot *snapshot, const char *region,
                                               const char *id)
{
	const struct snapshot_node *node = NULL;

	for (uint32_t r = 0; r < snapshot->n_regions && node == NULL; r++)
		if (region == NULL || strcmp(snapshot->regions[r].name, region) == 0)
			node = node_find(snapshot, &snapshot->regions[r], id);
	return node;
}

/* -- comparing -- */

static bool regions_are_equivalent(const struct snapshot_region *a, const struct snapshot_region *b)
{
	return strcmp(a->name, b->name) == 0 && a->verdict == b->verdict && a->first == b->first &&
	       a->count == b->count && a->weight == b->weight && a->place.known == b->place.known &&
	       a->place.lat == b->place.lat && a->place.lon == b->place.lon;
}

static bool addrs_are_equal(const struct sluice_addr *a, const struct sluice_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool nodes_are_equivalent(const struct snapshot_node *a, const struct snapshot_node *b)
{
	return strcmp(a->record.id, b->record.id) == 0 && a->weight == b->weight &&
	       a->verdict == b->verdict && a->record.state == b->record.state &&
	       strcmp(a->record.http, b->record.http) == 0 &&
	       addrs_are_equal(&a->record.addr4, &b->record.addr4) &&
	       addrs_are_equal(&a->record.addr6, &b->record.addr6);
}

bool snapshot_is_equivalent(const struct snapshot *a, const struct snapshot *b)
{
	const struct snapshot_node *a_nodes = snapshot_nodes(a), *b_nodes = snapshot_nodes(b);

	if (a->n_regions != b->n_regions || a->n_nodes != b->n_nodes || a->held != b->held ||
	    a->own_region != b->own_region)
		return false;
	for (uint32_t i = 0; i < a->n_regions; i++)
		if (!regions_are_equivalent(&a->regions[i], &b->regions[i]))
			return false;
	for (uint32_t i = 0; i < a->n_nodes; i++)
		if (!nodes_are_equivalent(&a_nodes[i], &b_nodes[i]))
			return false;
	return memcmp(snapshot_distances(a), snapshot_distances(b),
	              (size_t)a->n_regions * a->n_regions * sizeof(uint32_t)) == 0;
}
