/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regions: a fleet of 100 regions and 10,000 nodes in memory, on the code that the control plane
 * runs. It has no sockets, and time is passed in.
 */
#include "bench.h"

#include "region/answer.h"
#include "region/view.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#define REGIONS   100
#define NODES     100 /* of each */
#define FLEET     (REGIONS * NODES)
#define SESSIONS  1000000
#define ROUNDS    9
#define ANSWERS   100000 /* of a round */
#define MAKES     5      /* snapshots of a round */
#define CAPACITY  112    /* sessions of a node: 1,000,000 fill nine tenths of the fleet */
#define REFRESHES 100    /* of the loads, while sessions come */

struct fleet {
	struct view *view;
	uint64_t now, seq;
	uint32_t *sessions; /* of each node */
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* -- the fleet -- */

static struct node_record record_make(const struct fleet *fleet, uint32_t node)
{
	uint32_t sessions = fleet->sessions[node];
	struct node_record record = {
	        .addr4 = {.ip = {[10] = 0xff, 0xff, 10, node >> 16, node >> 8, node},
	                  .port = htons(3478)},
	        .addr6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [13] = node >> 16, node >> 8, node},
	                  .port = htons(3478)},
	        .load_ppm = (uint64_t)sessions * NODE_LOAD_FULL / CAPACITY,
	        .allocations = sessions,
	        .capacity_pps = 1000000,
	        .seq = fleet->seq,
	};

	snprintf(record.region, sizeof(record.region), "region-%02u", node / NODES);
	snprintf(record.id, sizeof(record.id), "node-%04u", node);
	return record;
}

/* A beat of each node. */
static int fleet_beat(struct fleet *fleet)
{
	fleet->seq++;
	fleet->now += 2 * VIEW_TICK_NS;
	for (uint32_t i = 0; i < FLEET; i++) {
		struct node_record record = record_make(fleet, i);

		if (view_beat(fleet->view, fleet->now, record.region, &record) != 0)
			return -1;
	}
	view_tick(fleet->view, fleet->now, NULL, NULL);
	return 0;
}

static int fleet_make(struct fleet *fleet)
{
	char name[16];

	*fleet = (struct fleet){.view = view_create("region-00", "node-0000"), .now = 1};
	fleet->sessions = calloc(FLEET, sizeof(*fleet->sessions));
	if (fleet->view == NULL || fleet->sessions == NULL)
		return -1;
	for (int i = 0; i < REGIONS; i++) {
		/* spread over the globe */
		struct place place = {true, (i % 10) * 16000000 - 72000000,
		                      (i / 10) * 36000000 - 180000000};

		snprintf(name, sizeof(name), "region-%02d", i);
		if (view_region_set(fleet->view, name, &place) != 0)
			return -1;
	}
	return fleet_beat(fleet) != 0 || fleet_beat(fleet) != 0 ? -1 : 0;
}

static void fleet_end(struct fleet *fleet)
{
	view_destroy(fleet->view);
	free(fleet->sessions);
}

static int session_name(char *name, size_t room, uint32_t number)
{
	return snprintf(name, room, "meeting-%07u", number);
}

/* -- how fast -- */

struct steer {
	struct snapshot *snapshot;
	struct credential_key key;
	bool placed, answered; /* whether clients say where they are; the whole answer is written */
	uint64_t bytes;        /* so that nothing is optimised away */
};

static void steer_once(struct steer *steer, uint32_t number)
{
	char session[24], text[ANSWER_MAX];
	size_t length = session_name(session, sizeof(session), number);
	const struct choice_where where = {
	        .place = {steer->placed, (int32_t)(number * 2654435761u % 180000000) - 90000000,
	                  (int32_t)(number * 40503u % 360000000) - 180000000}};
	const struct answer answer = {
	        .snapshot = steer->snapshot,
	        .node = choice_make(steer->snapshot, session, length, &where),
	        .session = session,
	        .length = length,
	        .key = &steer->key,
	        .expires = 1800000000,
	};

	steer->bytes += steer->answered ? answer_write(&answer, text, sizeof(text))
	                                : answer.node->record.id[0];
}

/* Only the name: what any answer costs beside the choice. */
static void name_once(struct steer *steer, uint32_t number)
{
	char session[24];

	steer->bytes += choice_hash(session, session_name(session, sizeof(session), number)) & 1;
}

static int double_order(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* ns of each: the best round, and the median. */
static void steer_time(struct steer *steer, void (*once)(struct steer *steer, uint32_t number),
                       uint32_t count, double *best, double *median)
{
	double rounds[ROUNDS];

	for (uint32_t i = 0; i < count; i++) {
		double start = seconds_now();

		for (uint32_t n = 0; n < ANSWERS; n++)
			once(steer, i * ANSWERS + n);
		rounds[i] = (seconds_now() - start) / ANSWERS * 1e9;
	}
	qsort(rounds, count, sizeof(rounds[0]), double_order);
	*best = rounds[0];
	*median = rounds[count / 2];
}

static void steer_row(struct rows *rows, const char *name, struct steer *steer)
{
	struct row *row = row_add(rows, "%s", name);
	double limit, median;

	steer_time(steer, steer_once, rows->quick ? 1 : ROUNDS, &row->ns, &row->median_ns);
	steer_time(steer, name_once, rows->quick ? 1 : ROUNDS, &limit, &median);
	row->mpps = 1e3 / row->ns;
	row->limit = "the hash of a session's name";
	row->limit_mpps = 1e3 / limit;
	row_value(row, "answers_per_s", 1e9 / row->ns);
}

static int steer_case(struct rows *rows, const char *name, struct fleet *fleet, bool placed,
                      bool answered)
{
	struct steer steer = {
	        .snapshot = view_snapshot(fleet->view, fleet->now),
	        .placed = placed,
	        .answered = answered,
	};

	if (steer.snapshot == NULL)
		return -1;
	credential_key_make(&steer.key, "north");
	steer_row(rows, name, &steer);
	snapshot_release(steer.snapshot);
	return steer.bytes != 0 ? 0 : -1;
}

static int run_steer(struct rows *rows, const char *name, struct fleet *fleet)
{
	return steer_case(rows, name, fleet, false, true);
}

static int run_steer_placed(struct rows *rows, const char *name, struct fleet *fleet)
{
	return steer_case(rows, name, fleet, true, true);
}

static int run_choice(struct rows *rows, const char *name, struct fleet *fleet)
{
	return steer_case(rows, name, fleet, false, false);
}

/* -- what a snapshot costs -- */

static double copy_ns(const struct snapshot *snapshot)
{
	void *copy = malloc(snapshot->bytes);
	double start, best = INFINITY;

	for (int i = 0; i < ROUNDS && copy != NULL; i++) {
		start = seconds_now();
		memcpy(copy, snapshot, snapshot->bytes);
		best = fmin(best, (seconds_now() - start) * 1e9);
	}
	free(copy);
	return best;
}

static int run_snapshot(struct rows *rows, const char *name, struct fleet *fleet)
{
	struct row *row = row_add(rows, "%s", name);
	struct snapshot *snapshot = NULL;
	double times[ROUNDS];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		double start = seconds_now();

		for (int n = 0; n < MAKES; n++) {
			snapshot_release(snapshot);
			snapshot = view_snapshot(fleet->view, fleet->now);
		}
		if (snapshot == NULL)
			return -1;
		times[i] = (seconds_now() - start) / MAKES * 1e9;
	}
	qsort(times, ROUNDS, sizeof(times[0]), double_order);
	row->ns = times[0];
	row->median_ns = times[ROUNDS / 2];
	row->mpps = 1e3 / row->ns;
	row->limit = "a copy of it";
	row->limit_mpps = 1e3 / copy_ns(snapshot);
	row_value(row, "megabytes", snapshot->bytes / 1e6);
	row_value(row, "bytes_per_node", (double)snapshot->bytes / FLEET);
	snapshot_release(snapshot);
	return 0;
}

/* -- where sessions go -- */

/* Sessions come, and the loads that follow from them. */
static int sessions_come(struct fleet *fleet, uint32_t *owners)
{
	struct snapshot *snapshot = NULL;
	char session[24];

	for (uint32_t i = 0; i < SESSIONS; i++) {
		if (i % (SESSIONS / REFRESHES) == 0) {
			snapshot_release(snapshot);
			if (fleet_beat(fleet) != 0)
				return -1;
			snapshot = view_snapshot(fleet->view, fleet->now);
			if (snapshot == NULL)
				return -1;
		}
		owners[i] = choice_make(snapshot, session,
		                        session_name(session, sizeof(session), i), NULL) -
		            snapshot_nodes(snapshot);
		fleet->sessions[owners[i]]++;
	}
	snapshot_release(snapshot);
	return 0;
}

/* Deviations from an even share, as a part of it. */
struct spread {
	double worst, p99, deviation;
};

static void spread_find(struct spread *spread, const uint32_t *counts, uint32_t count)
{
	double even = (double)SESSIONS / count, sum = 0;
	double *off = calloc(count, sizeof(*off));

	for (uint32_t i = 0; off != NULL && i < count; i++) {
		off[i] = fabs(counts[i] - even) / even;
		sum += off[i] * off[i];
	}
	if (off == NULL)
		return;
	qsort(off, count, sizeof(*off), double_order);
	spread->worst = off[count - 1];
	spread->p99 = off[count * 99 / 100];
	spread->deviation = sqrt(sum / count);
	free(off);
}

static int run_spread(struct rows *rows, const char *name, struct fleet *fleet)
{
	uint32_t *owners = calloc(SESSIONS, sizeof(*owners)), regions[REGIONS] = {0};
	struct row *row = row_add(rows, "%s", name);
	struct spread of_regions = {0}, of_nodes = {0};
	int error = owners != NULL ? sessions_come(fleet, owners) : -1;

	for (uint32_t i = 0; i < FLEET; i++)
		regions[i / NODES] += fleet->sessions[i];
	spread_find(&of_regions, regions, REGIONS);
	spread_find(&of_nodes, fleet->sessions, FLEET);
	row->limit = "even: 0";
	row_value(row, "regions_worst_percent", 100 * of_regions.worst);
	row_value(row, "nodes_worst_percent", 100 * of_nodes.worst);
	row_value(row, "nodes_p99_percent", 100 * of_nodes.p99);
	row_value(row, "nodes_deviation_percent", 100 * of_nodes.deviation);
	free(owners);
	memset(fleet->sessions, 0, FLEET * sizeof(*fleet->sessions));
	return error;
}

/* -- what a death moves -- */

static int owners_choose(struct fleet *fleet, uint32_t *owners)
{
	struct snapshot *snapshot = view_snapshot(fleet->view, fleet->now);
	char session[24];

	if (snapshot == NULL)
		return -1;
	for (uint32_t i = 0; i < SESSIONS; i++)
		owners[i] = choice_make(snapshot, session,
		                        session_name(session, sizeof(session), i), NULL) -
		            snapshot_nodes(snapshot);
	snapshot_release(snapshot);
	return 0;
}

/* No beat of the region comes any more, until its verdict follows. */
static int region_die(struct fleet *fleet, uint32_t dead)
{
	for (int tick = 0; tick < 10; tick++) {
		fleet->now += VIEW_TICK_NS;
		fleet->seq++;
		for (uint32_t i = 0; i < FLEET; i++) {
			struct node_record record = record_make(fleet, i);

			if (i / NODES != dead &&
			    view_beat(fleet->view, fleet->now, record.region, &record) != 0)
				return -1;
		}
		view_tick(fleet->view, fleet->now, NULL, NULL);
	}
	return 0;
}

static int run_death(struct rows *rows, const char *name, struct fleet *fleet)
{
	uint32_t *before = calloc(SESSIONS, sizeof(*before));
	uint32_t *after = calloc(SESSIONS, sizeof(*after));
	uint32_t dead = REGIONS / 2, moved = 0, there = 0;
	struct row *row = row_add(rows, "%s", name);
	int error = -1;

	if (before != NULL && after != NULL && fleet_beat(fleet) == 0 &&
	    owners_choose(fleet, before) == 0 && region_die(fleet, dead) == 0)
		error = owners_choose(fleet, after);
	for (uint32_t i = 0; error == 0 && i < SESSIONS; i++) {
		moved += before[i] != after[i];
		there += before[i] / NODES == dead;
	}
	row->limit = "the sessions of one region";
	row_value(row, "sessions", SESSIONS);
	row_value(row, "were_there", there);
	row_value(row, "moved", moved);
	row_value(row, "moved_percent", 100.0 * moved / SESSIONS);
	free(before);
	free(after);
	return error;
}

/* -- */

uint32_t regions_bench_megabytes(const char *glob)
{
	return 0;
}

int regions_bench(const char *glob, struct rows *rows)
{
	static const struct {
		const char *name;
		int (*run)(struct rows *rows, const char *name, struct fleet *fleet);
	} cases[] = {
	        {"regions/steer", run_steer},   {"regions/steer/place", run_steer_placed},
	        {"regions/choice", run_choice}, {"regions/snapshot", run_snapshot},
	        {"regions/spread", run_spread}, {"regions/death", run_death},
	};
	struct fleet fleet;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t before = rows->count;

		if (fnmatch(glob, cases[i].name, 0) != 0)
			continue;
		if (fleet_make(&fleet) != 0 || cases[i].run(rows, cases[i].name, &fleet) != 0)
			row_fail(rows,
			         rows->count > before ? &rows->rows[before]
			                              : row_add(rows, "%s", cases[i].name),
			         "no memory for the fleet, or no answer");
		fleet_end(&fleet);
	}
	return 0;
}
