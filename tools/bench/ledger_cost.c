/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger_cost.h"

#include "ledger/ledger.h"

#include <rte_cycles.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAIRS         1024
#define ROUND_BATCHES 4
#define TAKE_S        5.0

static const char *const cases[] = {"turn/ledger/allocate", "turn/ledger/refresh",
                                    "turn/ledger/relay"};

bool ledger_cost_wanted(const char *glob)
{
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		if (fnmatch(glob, cases[i], 0) == 0)
			return true;
	return false;
}

bool ledger_take_wanted(const char *glob)
{
	return fnmatch(glob, "turn/ledger/take", 0) == 0;
}

static void path_make(char path[64])
{
	snprintf(path, 64, "/dev/shm/sluice-bench-ledger.%d", getpid());
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of what each pair says, so that whatever else the machine does meets both. */
static void row_write(const char *name, const char *glob, struct population_pairs *pairs,
                      struct rows *rows)
{
	const double ns = 1e9 / rte_get_tsc_hz();
	struct row *row;

	if (fnmatch(glob, name, 0) != 0)
		return;
	row = row_add(rows, "%s", name);
	if (pairs->count == 0) {
		row_fail(rows, row, "no pair was measured");
		return;
	}
	qsort(pairs->with, pairs->count, sizeof(pairs->with[0]), compare);
	qsort(pairs->ratio, pairs->count, sizeof(pairs->ratio[0]), compare);
	row->ns = pairs->with[0] * ns;
	row->median_ns = pairs->with[pairs->count / 2] * ns;
	row->mpps = 1e3 / row->median_ns;
	row->limit = "the same without a ledger, in turn";
	row->limit_mpps = row->mpps / pairs->ratio[pairs->count / 2];
}

/* Cycles a packet, or 0 where packets were lost. */
static double round_run(struct load *load)
{
	uint64_t cycles = 0;

	for (int i = 0; i < ROUND_BATCHES; i++) {
		uint64_t batch = load_batch(load, LOAD_BATCH);

		if (batch == 0)
			return 0;
		cycles += batch;
	}
	return (double)cycles / (ROUND_BATCHES * LOAD_BATCH);
}

static void relay_pairs(struct load *load, void *context)
{
	struct population_pairs *pairs = context;

	for (pairs->count = 0; pairs->count < pairs->room; pairs->count++) {
		double without;

		load->rig->dp->ledger = NULL;
		without = round_run(load);
		load->rig->dp->ledger = pairs->ledger;
		pairs->with[pairs->count] = round_run(load);
		if (without == 0 || pairs->with[pairs->count] == 0)
			return;
		pairs->ratio[pairs->count] = without / pairs->with[pairs->count];
	}
}

void ledger_cost_run(uint32_t clients, const char *glob, struct rows *rows,
                     void (*relay)(struct population *population, void *context,
                                   void (*run)(struct load *load, void *context)))
{
	static double with[PAIRS], ratio[PAIRS];
	struct population_pairs pairs = {
	        .with = with, .ratio = ratio, .room = rows->quick ? 4 : PAIRS};
	struct population population;
	char path[64];

	path_make(path);
	if (population_create_paired(&population, clients, path, &pairs) != 0) {
		row_fail(rows, row_add(rows, "turn/ledger"), "clients were not answered");
		return;
	}
	row_write(cases[0], glob, &pairs, rows);
	population_refresh(&population, clients);
	row_write(cases[1], glob, &pairs, rows);
	if (fnmatch(glob, cases[2], 0) == 0) {
		relay(&population, &pairs, relay_pairs);
		row_write(cases[2], glob, &pairs, rows);
	}
	population_destroy(&population);
	ledger_remove(path);
}

void ledger_take_run(uint32_t clients, struct rows *rows)
{
	struct row *row = row_add(rows, "turn/ledger/take");
	struct population_pairs pairs = {.room = 0};
	struct population population;
	uint32_t records;
	double seconds;
	char path[64];

	path_make(path);
	if (population_create_paired(&population, clients, path, &pairs) != 0) {
		row_fail(rows, row, "clients were not answered");
		return;
	}
	seconds = population_take(&population, path, &records);
	if (seconds == 0 || records < 3 * clients) {
		row_fail(rows, row, "it was not taken over");
	} else {
		row->ns = row->median_ns = seconds * 1e9 / clients;
		row->mpps = clients / seconds / 1e6;
		row->limit = "all of them within five seconds";
		row->limit_mpps = clients / TAKE_S / 1e6;
	}
	population_destroy(&population);
	ledger_remove(path);
}
