/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-bench webrtc: what a handshake costs its thread, beside OpenSSL alone; the memory of a
 * session; packets written for viewers, beside the same number of subscriptions that were
 * configured with static keys and are mapped in the same way.
 */
#include "bench.h"

#include "srtp_case.h"
#include "srtp_run.h"
#include "webrtc_population.h"

#include <fnmatch.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE        1000 /* bytes of a payload */
#define ROUNDS      50
#define ROUND_LEAST 3000u
#define BEST_SHARE  10
#define ALONE       200
#define QUICK_SHARE 10
#define MBUFS       8191
#define HANDSHAKE   "handshake"
#define MEMORY      "memory"
#define MEDIA       "media"

static const uint32_t populations[] = {1000, 10000};

static bool wanted(const char *glob, const char *what, uint32_t count)
{
	char name[64];

	snprintf(name, sizeof(name), "webrtc/%s/%u", what, count);
	return fnmatch(glob, name, 0) == 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct pace {
	double best, median; /* ns a packet; 0: packets were lost */
};

static struct pace pace_of(struct srtp_population *population, bool quick, char *why, size_t room)
{
	struct srtp_run run = {.population = population, .size = SIZE, .stream = 1, .index = 1};
	uint32_t packets = RTE_MAX(ROUND_LEAST, population->plan.legs * SRTP_RUN_PICTURE);
	int rounds = quick ? 1 : ROUNDS;
	double ns[ROUNDS];

	for (int round = -1; round < rounds; round++) { /* the first one warms up */
		double took = srtp_run_round(&run, packets);

		if (took == 0) {
			snprintf(why, room, "%s", run.why);
			return (struct pace){0};
		}
		ns[RTE_MAX(round, 0)] = took;
	}
	qsort(ns, (size_t)rounds, sizeof(ns[0]), compare);
	return (struct pace){ns[rounds / BEST_SHARE], ns[rounds / 2]};
}

/* Of as many subscriptions with keys from the configuration. */
static struct pace pace_of_static(uint32_t legs, bool quick)
{
	const struct srtp_population_plan plan = {
	        .profile = SLUICE_SRTP_GCM128,
	        .engine = &srtp_engine_ipsec_mb,
	        .workers = 1,
	        .streams = 1,
	        .legs = legs,
	        .extensions = true,
	        .like = &srtp_mapped,
	        .mbufs = MBUFS,
	};
	struct srtp_population population;
	struct pace pace = {0};
	char why[96];

	if (srtp_population_create(&population, &plan) != 0)
		return pace;
	pace = pace_of(&population, quick, why, sizeof(why));
	srtp_population_destroy(&population);
	return pace;
}

static void handshake_row(struct rows *rows, const struct webrtc_population *population,
                          uint32_t count)
{
	struct row *row = row_add(rows, "webrtc/" HANDSHAKE "/%u", count);
	double alone = webrtc_openssl_alone(population->clients, rows->quick ? 10 : ALONE);

	if (population->thread_ns == 0 || alone == 0) {
		row_fail(rows, row, "no CPU clock, or OpenSSL alone fails");
		return;
	}
	row->ns = row->median_ns = population->thread_ns;
	row->mpps = 1e3 / population->thread_ns;
	row->limit = "OpenSSL alone, of its CPU time";
	row->limit_mpps = 1e3 / alone;
	row_value(row, "per_s_of_thread", 1e9 / population->thread_ns);
	row_value(row, "per_s_with_clients", population->per_s);
	row_value(row, "control_us", population->control_ns / 1e3);
}

/* least: of a dataplane with one session, of which most is not the session's. */
static void memory_row(struct rows *rows, const struct webrtc_population *population, double least,
                       uint32_t count)
{
	struct row *row = row_add(rows, "webrtc/" MEMORY "/%u", count);

	if (least == 0) {
		row_fail(rows, row, "no dataplane of one session");
		return;
	}
	row->bytes = (population->memory - least) / (population->count - 1);
	row->limit = "may be, besides packets";
	row->limit_bytes = 24 * 1024;
}

static void media_row(struct rows *rows, struct webrtc_population *population, struct pace keys,
                      uint32_t count)
{
	struct row *row = row_add(rows, "webrtc/" MEDIA "/%u", count);
	char why[96] = "";
	struct pace pace = pace_of(&population->media, rows->quick, why, sizeof(why));

	if (pace.best == 0 || keys.best == 0) {
		row_fail(rows, row, "%s", why[0] != '\0' ? why : "no static keys to compare with");
		return;
	}
	row->ns = pace.best;
	row->median_ns = pace.median;
	row->mpps = 1e3 / pace.best;
	row->limit = "static keys, mapped alike";
	row->limit_mpps = 1e3 / keys.best;
}

static void rows_fail(struct rows *rows, const char *glob, uint32_t count)
{
	static const char *const kinds[] = {HANDSHAKE, MEMORY, MEDIA};

	for (size_t i = 0; i < RTE_DIM(kinds); i++)
		if (wanted(glob, kinds[i], count))
			row_fail(rows, row_add(rows, "webrtc/%s/%u", kinds[i], count),
			         "browsers were not answered");
}

static double memory_of_one(const struct webrtc_clients *clients, bool quick)
{
	struct webrtc_population population;
	double memory;

	if (webrtc_population_create(&population, clients, 1) != 0)
		return 0;
	webrtc_population_weigh(&population, !quick);
	memory = population.memory;
	webrtc_population_destroy(&population);
	return memory;
}

static void population_run(const struct webrtc_clients *clients, uint32_t count, const char *glob,
                           struct rows *rows)
{
	uint32_t sessions = rows->quick ? count / QUICK_SHARE : count;
	struct webrtc_population population;
	struct pace keys = {0};
	double least = 0;

	if (wanted(glob, MEDIA, count))
		keys = pace_of_static(sessions - 1, rows->quick);
	if (wanted(glob, MEMORY, count))
		least = memory_of_one(clients, rows->quick);
	if (webrtc_population_create(&population, clients, sessions) != 0) {
		rows_fail(rows, glob, count);
		return;
	}
	if (wanted(glob, HANDSHAKE, count))
		handshake_row(rows, &population, count);
	if (wanted(glob, MEMORY, count)) {
		webrtc_population_weigh(&population, !rows->quick);
		memory_row(rows, &population, least, count);
	}
	if (wanted(glob, MEDIA, count))
		media_row(rows, &population, keys, count);
	webrtc_population_destroy(&population);
}

static bool population_wanted(const char *glob, uint32_t count)
{
	return wanted(glob, HANDSHAKE, count) || wanted(glob, MEMORY, count) ||
	       wanted(glob, MEDIA, count);
}

uint32_t webrtc_bench_megabytes(const char *glob)
{
	return population_wanted(glob, 10000) ? 512 : 192;
}

int webrtc_bench(const char *glob, struct rows *rows)
{
	struct webrtc_clients clients;

	mallopt(M_ARENA_MAX, 1); /* the thread of handshakes' memory is counted as well */
	if (webrtc_clients_create(&clients) != 0) {
		fprintf(stderr, "no memory for browsers\n");
		return -1;
	}
	for (size_t i = 0; i < RTE_DIM(populations); i++)
		if (population_wanted(glob, populations[i]))
			population_run(&clients, populations[i], glob, rows);
	webrtc_clients_destroy(&clients);
	return 0;
}
