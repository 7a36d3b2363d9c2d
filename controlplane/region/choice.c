/* SPDX-License-Identifier: BSD-3-Clause */
#include "region/choice.h"

#include <stdlib.h>
#include <string.h>

#define ONE     (1ll << 30) /* numbers with 30 bits behind the point */
#define LN2     744261118ll /* of them */
#define NEAR_KM 50          /* regions that differ by less are equally near */

static uint32_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x >> 32;
}

/*
 * -ln(u) of an odd number u of 32 bits as a fraction: an exponential draw. In integers, since the
 * last bits of floating point differ between builds and processors. ln(m) = 2 atanh((m - 1) / (m +
 * 1)), with m between 0.75 and 1.5, where four terms are good for seven digits, and exact near 1:
 * the least draws decide.
 */
static uint64_t draw_make(uint32_t u)
{
	int64_t exponent, m, s, square, series;

	exponent = __builtin_clz(u) + 1;
	m = (int64_t)u << (exponent - 1) >> 1;
	if (m >= ONE + ONE / 2) {
		m >>= 1;
		exponent--;
	}
	s = (m - ONE) * ONE / (m + ONE);
	square = s * s >> 30;
	series = ONE / 7;
	series = ONE / 5 + (square * series >> 30);
	series = ONE / 3 + (square * series >> 30);
	series = ONE + (square * series >> 30);
	return exponent * LN2 - 2 * (s * series >> 30);
}

/* The best candidate so far. */
struct contest {
	uint64_t session;
	uint64_t draw, weight; /* weight 0: nobody yet */
	uint32_t winner;
};

/* Whether draw / weight loses against the best so far. */
static bool contest_loses(const struct contest *contest, uint64_t draw, uint64_t weight)
{
	return (unsigned __int128)draw * contest->weight >=
	       (unsigned __int128)contest->draw * weight;
}

static void contest_enter(struct contest *contest, uint32_t candidate, uint64_t hash,
                          uint64_t weight)
{
	uint32_t u = mix(hash ^ contest->session) | 1;
	uint64_t draw;

	if (weight == 0)
		return;
	/* -ln(u) is no less than 1 - u: most are out of it without a division. */
	if (contest->weight != 0 && contest_loses(contest, (uint32_t)-u >> 2, weight))
		return;
	draw = draw_make(u);
	if (contest->weight != 0 && contest_loses(contest, draw, weight))
		return;
	contest->draw = draw;
	contest->weight = weight;
	contest->winner = candidate;
}

/* -- weights -- */

/* -- where -- */

/* The client's distances: from its region, or from its place. */
struct distances {
	const uint32_t *km; /* to each region; NULL: none are known, or they follow from ... */
	bool placed;
	struct snapshot_region at; /* ... this */
};

static void distances_find(struct distances *distances, const struct snapshot *snapshot,
                           const struct choice_where *where)
{
	const struct snapshot_region *region = NULL;

	distances->km = NULL;
	distances->placed = false;
	if (where == NULL)
		return;
	if (where->region != NULL)
		region = snapshot_region_find(snapshot, where->region);
	if (region != NULL) {
		distances->km = snapshot_distances(snapshot) +
		                (size_t)(region - snapshot->regions) * snapshot->n_regions;
		return;
	}
	distances->placed = where->place.known;
	distances->at.place = where->place;
	if (distances->placed)
		snapshot_point_make(&distances->at);
}

/* In coarse steps, so that no rounding decides between neighbours. */
static uint32_t distance_to(const struct distances *distances, const struct snapshot *snapshot,
                            uint32_t region)
{
	uint32_t km = 0;

	if (distances->km != NULL)
		km = distances->km[region];
	else if (distances->placed)
		km = snapshot_distance(&distances->at, &snapshot->regions[region]);
	return km == SNAPSHOT_FAR ? km : km / NEAR_KM;
}

/* -- choosing -- */

/* Regions that are out of it already. */
struct taken {
	uint64_t bits[SLUICE_REGIONS_MAX / 64];
};

static bool is_taken(const struct taken *taken, uint32_t region)
{
	return taken->bits[region / 64] >> region % 64 & 1;
}

/* Which region; UINT32_MAX: none with this verdict. `full`: of those that take nothing more. */
static uint32_t region_choose(const struct snapshot *snapshot, uint64_t session,
                              const struct distances *distances, const struct taken *taken,
                              uint32_t verdict, bool full)
{
	struct contest contest = {.session = session, .winner = UINT32_MAX};
	uint32_t nearest = SNAPSHOT_FAR;

	for (uint32_t i = 0; i < snapshot->n_regions; i++) {
		const struct snapshot_region *region = &snapshot->regions[i];
		uint64_t weight = full ? region->count : region->weight;
		uint32_t distance;

		if (region->verdict != verdict || weight == 0 || is_taken(taken, i))
			continue;
		distance = distance_to(distances, snapshot, i);
		if (distance > nearest)
			continue;
		if (distance < nearest)
			contest.weight = 0;
		nearest = distance;
		contest_enter(&contest, i, region->hash, weight);
	}
	return contest.winner;
}

static const struct snapshot_node *node_choose(const struct snapshot *snapshot, uint64_t session,
                                               uint32_t index, bool full)
{
	const struct snapshot_region *region = &snapshot->regions[index];
	const struct snapshot_node *nodes = snapshot_nodes(snapshot) + region->first;
	struct contest contest = {.session = session, .winner = UINT32_MAX};

	for (uint32_t i = 0; i < region->count; i++)
		contest_enter(&contest, i, nodes[i].hash,
		              full ? snapshot_node_is_open(&nodes[i]) : nodes[i].weight);
	return contest.winner != UINT32_MAX ? &nodes[contest.winner] : NULL;
}

/*
 * The region that the client asked for, where it lives and only our probes are lost: that says
 * something about the way from here to there, and little about the client's own. UINT32_MAX: there
 * is none.
 */
static uint32_t region_asked_for(const struct snapshot *snapshot, const struct choice_where *where)
{
	const struct snapshot_region *region = NULL;

	if (where != NULL && where->region != NULL)
		region = snapshot_region_find(snapshot, where->region);
	return region != NULL && region->verdict == SLUICE_VERDICT_DEGRADED
	               ? (uint32_t)(region - snapshot->regions)
	               : UINT32_MAX;
}

const struct snapshot_node *choice_make(const struct snapshot *snapshot, const char *session,
                                        size_t length, const struct choice_where *where)
{
	static const struct {
		uint32_t verdict;
		bool full;
	} rounds[] = {
	        {SLUICE_VERDICT_HEALTHY, false},
	        {SLUICE_VERDICT_DEGRADED, false},
	        {SLUICE_VERDICT_HEALTHY, true},
	        {SLUICE_VERDICT_DEGRADED, true},
	};
	static const struct taken none;
	uint64_t hash = choice_hash(session, length);
	const struct snapshot_node *node = NULL;
	struct distances distances;
	uint32_t region;

	distances_find(&distances, snapshot, where);
	region = region_asked_for(snapshot, where);
	if (region != UINT32_MAX)
		node = node_choose(snapshot, hash, region, false);
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]) && node == NULL; i++) {
		region = region_choose(snapshot, hash, &distances, &none, rounds[i].verdict,
		                       rounds[i].full);
		if (region != UINT32_MAX)
			node = node_choose(snapshot, hash, region, rounds[i].full);
	}
	return node;
}

uint32_t choice_regions(const struct snapshot *snapshot, const char *session, size_t length,
                        const struct choice_where *where, const struct snapshot_region **list,
                        uint32_t max)
{
	uint64_t hash = choice_hash(session, length);
	struct distances distances;
	struct taken taken = {0};
	uint32_t count = 0, region;

	distances_find(&distances, snapshot, where);
	region = region_asked_for(snapshot, where);
	if (region != UINT32_MAX && max > 0) {
		taken.bits[region / 64] |= 1ull << region % 64;
		list[count++] = &snapshot->regions[region];
	}
	/* `full`: an owner that takes nothing new keeps what it has. */
	while (count < max &&
	       (region = region_choose(snapshot, hash, &distances, &taken, SLUICE_VERDICT_HEALTHY,
	                               true)) != UINT32_MAX) {
		taken.bits[region / 64] |= 1ull << region % 64;
		list[count++] = &snapshot->regions[region];
	}
	return count;
}

static bool lives(uint32_t verdict)
{
	return verdict == SLUICE_VERDICT_HEALTHY || verdict == SLUICE_VERDICT_DEGRADED;
}

bool choice_keeps(const struct snapshot *snapshot, const struct snapshot_node *owner)
{
	return owner->record.state != SLUICE_NODE_STOPPED && lives(owner->verdict) &&
	       lives(snapshot->regions[owner->region].verdict);
}

/* -- alternates -- */

struct alternate {
	const struct snapshot_node *node;
	uint32_t verdict, distance, weight;
};

static int alternate_order(const void *a, const void *b)
{
	const struct alternate *left = a, *right = b;

	if (left->verdict != right->verdict)
		return left->verdict < right->verdict ? -1 : 1;
	if (left->distance != right->distance)
		return left->distance < right->distance ? -1 : 1;
	if (left->weight != right->weight)
		return left->weight > right->weight ? -1 : 1;
	return strcmp(left->node->record.id, right->node->record.id);
}

uint32_t choice_alternates(const struct snapshot *snapshot, const char *own_id,
                           const struct snapshot_node **list, uint32_t max)
{
	const struct snapshot_node *nodes = snapshot_nodes(snapshot);
	struct alternate *all = calloc(snapshot->n_nodes + 1, sizeof(*all));
	struct choice_where where = {0};
	struct distances distances;
	uint32_t count = 0;

	if (all == NULL)
		return 0;
	if (snapshot->own_region != UINT32_MAX)
		where.region = snapshot->regions[snapshot->own_region].name;
	distances_find(&distances, snapshot, &where);
	for (uint32_t i = 0; i < snapshot->n_nodes; i++) {
		uint32_t verdict = snapshot->regions[nodes[i].region].verdict;

		if (nodes[i].weight == 0 || verdict == SLUICE_VERDICT_UNREACHABLE ||
		    verdict == SLUICE_VERDICT_UNKNOWN || strcmp(nodes[i].record.id, own_id) == 0)
			continue;
		all[count++] = (struct alternate){
		        .node = &nodes[i],
		        .verdict = verdict,
		        .distance = distance_to(&distances, snapshot, nodes[i].region),
		        .weight = nodes[i].weight,
		};
	}
	qsort(all, count, sizeof(*all), alternate_order);
	if (count > max)
		count = max;
	for (uint32_t i = 0; i < count; i++)
		list[i] = all[i].node;
	free(all);
	return count;
}
