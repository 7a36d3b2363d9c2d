/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_cost.h"

#include "capture/capture.h"

#include <rte_cycles.h>

#include <fnmatch.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Short ones, and many: two that follow each other meet the same machine. */
#define ROUNDS        600
#define ROUND_BATCHES 16
#define RELAYED       (1u << SLUICE_CAPTURE_RECEIVED | 1u << SLUICE_CAPTURE_SENT)

static const struct cost_case {
	const char *name;
	uint32_t points, sample, snap;
} cases[] = {
        {"turn/capture/dropped", 1u << SLUICE_CAPTURE_DROPPED, 1, 65535}, /* and nothing is */
        {"turn/capture/1000", RELAYED, 1000, 65535},
        {"turn/capture/1000/snap", RELAYED, 1000, 128},
        {"turn/capture/100", RELAYED, 100, 65535},
        {"turn/capture/full/snap", RELAYED, 1, 128},
        {"turn/capture/full", RELAYED, 1, 65535},
};

bool capture_cost_wanted(const char *glob)
{
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		if (fnmatch(glob, cases[i].name, 0) == 0)
			return true;
	return false;
}

/* Takes what comes, and keeps none of it. */
static void *pipe_read(void *fd)
{
	static char bytes[1 << 20];

	while (read(*(int *)fd, bytes, sizeof(bytes)) > 0)
		continue;
	return NULL;
}

/* Threads that are made meanwhile run where this one does not. */
static void elsewhere_begin(cpu_set_t *own)
{
	cpu_set_t others;

	sched_getaffinity(0, sizeof(*own), own);
	CPU_ZERO(&others);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (!CPU_ISSET(cpu, own))
			CPU_SET(cpu, &others);
	sched_setaffinity(0, sizeof(others), &others);
}

static void elsewhere_end(const cpu_set_t *own)
{
	sched_setaffinity(0, sizeof(*own), own);
}

static struct capture *cost_start(struct rig *rig, const struct cost_case *cost, int fd)
{
	const struct sluice_capture wanted = {
	        .filter = {.points = cost->points, .sample = cost->sample},
	        .snap = cost->snap,
	        .buffer_kb = 16384,
	};
	const struct capture_client client = {.pid = (uint32_t)getpid()};
	const struct timespec pause = {.tv_nsec = 1000000};
	struct capture *capture = NULL;
	char why[SLUICE_API_ERROR_MAX] = "";

	if (capture_start(rig->dp, &wanted, fd, &client, &capture, why) != 0) {
		fprintf(stderr, "%s\n", why);
		return NULL;
	}
	while (!capture_begun(capture))
		nanosleep(&pause, NULL);
	return capture;
}

/* ns a packet, or 0 where packets were lost. */
static double round_run(struct load *load)
{
	uint64_t cycles = 0;

	for (int i = 0; i < ROUND_BATCHES; i++) {
		uint64_t batch = load_batch(load, LOAD_BATCH);

		if (batch == 0)
			return 0;
		cycles += batch;
	}
	return (double)cycles * 1e9 / rte_get_tsc_hz() / (ROUND_BATCHES * LOAD_BATCH);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of what each pair says, so that whatever else the machine does meets both. */
static int rounds_run(struct load *load, int rounds, struct row *row)
{
	struct dataplane *dp = load->rig->dp;
	struct capture_set *set = dp->captures;
	double with[ROUNDS], ratio[ROUNDS];

	for (int i = 0; i < rounds; i++) {
		double without;

		dp->captures = NULL;
		without = round_run(load);
		dp->captures = set;
		with[i] = round_run(load);
		if (with[i] == 0 || without == 0) {
			fprintf(stderr, "relayed packets were lost\n");
			return -1;
		}
		ratio[i] = without / with[i];
	}
	qsort(with, rounds, sizeof(with[0]), compare);
	qsort(ratio, rounds, sizeof(ratio[0]), compare);
	row->ns = with[0];
	row->median_ns = with[rounds / 2];
	row->mpps = 1e3 / row->median_ns;
	row->limit = "the same without a capture, in turn";
	row->limit_mpps = row->mpps / ratio[rounds / 2];
	return 0;
}

static void cost_end(struct rig *rig, struct capture *capture)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct sluice_capture_row row;

	capture_stop(capture);
	do {
		nanosleep(&pause, NULL);
		capture_row(capture, &row);
	} while (!row.done);
	capture_release(capture);
	captures_tick(rig->dp);
}

static int case_run(struct load *load, const struct cost_case *cost, int rounds, struct row *row)
{
	struct capture *capture;
	pthread_t reader;
	cpu_set_t own;
	int pipes[2], ret = -1;

	if (pipe(pipes) != 0)
		return -1;
	elsewhere_begin(&own);
	if (pthread_create(&reader, NULL, pipe_read, &pipes[0]) != 0)
		return -1;
	capture = cost_start(load->rig, cost, pipes[1]);
	elsewhere_end(&own);
	if (capture != NULL) {
		ret = rounds_run(load, rounds, row);
		cost_end(load->rig, capture);
	} else {
		close(pipes[1]);
	}
	pthread_join(reader, NULL);
	close(pipes[0]);
	return ret;
}

void capture_cost_run(struct load *load, const char *glob, struct rows *rows)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct row *row;

		if (fnmatch(glob, cases[i].name, 0) != 0)
			continue;
		row = row_add(rows, "%s", cases[i].name);
		if (case_run(load, &cases[i], rows->quick ? 2 : ROUNDS, row) != 0)
			row_fail(rows, row, "no capture, or relayed packets were lost");
	}
}
