/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-bench srtp: packets written for subscriptions, beside the cipher alone and beside the loop
 * that servers run with libsrtp2. The three take turns, so that what else the host does hits all; a
 * row tells of each the round that a tenth of the rounds are better than.
 */
#include "bench.h"

#include "srtp_case.h"
#include "srtp_limit.h"
#include "srtp_run.h"

#include <rte_cycles.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMORY_CASE "srtp/memory"
#define MBUFS       8191
/* What our own packets take turns in: a walk's, a NIC's queue, and some in the pool's cache. */
#define BUFFERS       (256 + SRTP_RUN_QUEUE)
#define ROUNDS        200
#define ROUNDS_MIN    10
#define BEST_SHARE    10
#define ROUND_PACKETS 3000u
/* Of two workers: threads meet at its begin and its end. */
#define ROUND_THREADS 12000u
/* Of an engine that takes microseconds. */
#define ROUND_SLOW 300u
/* The others have had the cache: so much of a round comes before it. */
#define WARM_SHARE 2

/* One population, and what was measured in it. */
struct srtp_bench {
	struct rows *rows;
	struct srtp_case last; /* that the population was made for */
	bool open;
	struct srtp_population population;
	struct srtp_run run;
};

/* raw: IV and then call, packet by packet, as one writes it first. ahead: all IVs of a burst before
 * the first call, whose wide load of an IV has to wait for a store that was just made; the engine
 * does that as well, so that this is what nothing can be faster than. */
struct limits {
	struct srtp_limit *raw, *ahead, *peer;
};

struct rounds {
	uint32_t count, packets;
	double ns[ROUNDS], raw[ROUNDS], ahead[ROUNDS], peer[ROUNDS];
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double limit_round(struct srtp_limit *limit, uint32_t packets)
{
	uint64_t start;

	srtp_limit_run(limit, packets / WARM_SHARE);
	start = rte_rdtsc_precise();
	srtp_limit_run(limit, packets);
	return (double)(rte_rdtsc_precise() - start) * 1e9 / rte_get_tsc_hz() / packets;
}

/* In a round each key has its turn. */
static void rounds_plan(struct rounds *rounds, const struct srtp_case *test, bool quick)
{
	bool slow = test->engine == &srtp_engine_libsrtp2;
	uint32_t packets = slow ? ROUND_SLOW : ROUND_PACKETS;

	if (test->workers > 1)
		packets = slow ? ROUND_PACKETS : ROUND_THREADS;
	packets =
	        RTE_MAX(packets, test->audience->streams * test->audience->legs * SRTP_RUN_PICTURE);
	rounds->packets = packets;
	rounds->count = slow ? ROUNDS_MIN
	                     : RTE_MAX((uint32_t)ROUNDS_MIN,
	                               ROUNDS * RTE_MIN(ROUND_PACKETS, packets) / packets);
	if (quick)
		rounds->count = 1;
}

static void rounds_sort(struct rounds *rounds)
{
	qsort(rounds->ns, rounds->count, sizeof(rounds->ns[0]), compare);
	qsort(rounds->raw, rounds->count, sizeof(rounds->raw[0]), compare);
	qsort(rounds->ahead, rounds->count, sizeof(rounds->ahead[0]), compare);
	qsort(rounds->peer, rounds->count, sizeof(rounds->peer[0]), compare);
}

static int rounds_run(struct srtp_run *run, const struct limits *limits, struct rounds *rounds,
                      struct row *row)
{
	uint32_t packets = RTE_MIN(rounds->packets, ROUND_THREADS);
	struct rte_graph *graph = run->population->rig.dp->workers[0]->graph;

	for (int round = -1; round < (int)rounds->count; round++) {
		int at = RTE_MAX(round, 0); /* the first one warms up */

		if (srtp_run_round(run, rounds->packets / WARM_SHARE) == 0)
			return -1;
		rounds->ns[at] = srtp_run_round(run, rounds->packets);
		if (rounds->ns[at] == 0)
			return -1;
		if (round < 0) {
			row_nodes_add(row, graph, -1);
			run->sent = 0;
		}
		rounds->raw[at] = limit_round(limits->raw, packets);
		rounds->ahead[at] = limit_round(limits->ahead, packets);
		rounds->peer[at] = limit_round(limits->peer, ROUND_SLOW);
	}
	row_nodes_add(row, graph, 1);
	row_nodes_average(row, (double)run->sent);
	rounds_sort(rounds);
	return 0;
}

static void row_fill(struct row *row, const struct rounds *rounds, uint16_t workers)
{
	uint32_t best = rounds->count / BEST_SHARE;

	row->ns = rounds->ns[best];
	row->median_ns = rounds->ns[rounds->count / 2];
	row->mpps = 1e3 / row->ns;
	row->limit = workers == 1 ? "ipsec-mb alone" : "ipsec-mb alone, times two";
	row->limit_mpps = 1e3 / rounds->raw[best] * workers;
	row->peer = "libsrtp2's loop";
	row->peer_mpps = 1e3 / rounds->peer[best];
	row_value(row, "ivs_ahead_mpps", 1e3 / rounds->ahead[best] * workers);
	row_value(row, "ratio_ivs_ahead", rounds->ahead[best] / row->ns / workers);
}

static int case_measure(struct srtp_bench *bench, const struct srtp_case *test, struct row *row)
{
	const struct srtp_limit_plan plan = {
	        .profile = test->profile,
	        .keys = bench->population.n_endpoints,
	        .times = SRTP_RUN_PICTURE,
	        .buffers = BUFFERS,
	        .size = test->size,
	        .pool = bench->population.rig.dp->pool,
	};
	uint32_t burst = srtp_profiles[test->profile].aead ? 1 : SRTP_BURST;
	bool suits = srtp_limit_suits();
	struct limits limits = {
	        .raw = suits ? srtp_limit_raw(&plan, burst) : srtp_limit_libsrtp2(&plan),
	        .ahead = suits ? srtp_limit_raw(&plan, SRTP_BURST) : srtp_limit_libsrtp2(&plan),
	        .peer = srtp_limit_libsrtp2(&plan),
	};
	struct rounds rounds;
	int ret = -1;

	bench->run.size = test->size;
	srtp_population_checksum(&bench->population, !test->checksum);
	rounds_plan(&rounds, test, bench->rows->quick);
	if (limits.raw == NULL || limits.ahead == NULL || limits.peer == NULL)
		fprintf(stderr, "no memory for the limits\n");
	else
		ret = rounds_run(&bench->run, &limits, &rounds, row);
	if (ret == 0)
		row_fill(row, &rounds, test->workers);
	if (ret == 0 && !suits)
		row->limit = "libsrtp2's loop: no AES instructions here";
	srtp_limit_destroy(limits.raw);
	srtp_limit_destroy(limits.ahead);
	srtp_limit_destroy(limits.peer);
	return ret;
}

/* The last population serves this case as well, or is made anew. */
static int population_open(struct srtp_bench *bench, const struct srtp_case *test)
{
	const struct srtp_population_plan plan = {
	        .profile = test->profile,
	        .engine = test->engine,
	        .workers = test->workers,
	        .streams = test->audience->streams,
	        .legs = test->audience->legs,
	        .room = test->audience->room,
	        .extensions = test->audience->extensions,
	        .told = test->audience->told,
	        .like = test->audience->mapped ? &srtp_mapped : NULL,
	        .mbufs = MBUFS,
	};

	if (bench->open && bench->last.audience == test->audience &&
	    bench->last.engine == test->engine && bench->last.profile == test->profile &&
	    bench->last.workers == test->workers)
		return 0;
	if (bench->open)
		srtp_population_destroy(&bench->population);
	bench->open = srtp_population_create(&bench->population, &plan) == 0;
	bench->last = *test;
	bench->run = (struct srtp_run){.population = &bench->population, .stream = 1, .index = 1};
	return bench->open ? 0 : -1;
}

static int case_run(const struct srtp_case *test, const char *name, void *context)
{
	struct srtp_bench *bench = context;

	struct row *row = row_add(bench->rows, "%s", name);

	if (population_open(bench, test) != 0) {
		row_fail(bench->rows, row, "no population");
	} else if (case_measure(bench, test, row) != 0) {
		row_fail(bench->rows, row, "%s",
		         bench->run.why[0] != '\0' ? bench->run.why : "no memory");
		/* Packets of it are still on their way. */
		srtp_population_destroy(&bench->population);
		bench->open = false;
	}
	return 0;
}

/* The largest population, each subscription with an endpoint and keys of its own. */
static void memory_run(struct srtp_bench *bench)
{
	const struct srtp_case test = {
	        .audience = &srtp_audiences[srtp_audiences_count - 1],
	        .profile = SLUICE_SRTP_GCM128,
	        .engine = &srtp_engine_ipsec_mb,
	        .workers = 1,
	};
	struct row *row;

	row = row_add(bench->rows, MEMORY_CASE);
	if (population_open(bench, &test) != 0) {
		row_fail(bench->rows, row, "no population");
		return;
	}
	row->bytes = bench->population.bytes;
	row->limit = "for subscription, endpoint and GCM keys of both directions themselves";
	row->limit_bytes = sizeof(struct subscription) + sizeof(struct endpoint) +
	                   2 * test.engine->session_size(test.profile);
}

static int case_size(const struct srtp_case *test, const char *name, void *context)
{
	uint32_t *subscriptions = context;

	*subscriptions = RTE_MAX(*subscriptions, test->audience->streams * test->audience->legs);
	return 0;
}

uint32_t srtp_bench_megabytes(const char *glob)
{
	uint32_t subscriptions = 0;

	srtp_cases_each(glob, case_size, &subscriptions);
	if (fnmatch(glob, MEMORY_CASE, 0) == 0)
		subscriptions = UINT32_MAX;
	return subscriptions > 10000 ? 320 : 192;
}

int srtp_bench(const char *glob, struct rows *rows)
{
	struct srtp_bench bench = {.rows = rows};

	srtp_cases_each(glob, case_run, &bench);
	if (fnmatch(glob, MEMORY_CASE, 0) == 0)
		memory_run(&bench);
	if (bench.open)
		srtp_population_destroy(&bench.population);
	return 0;
}
