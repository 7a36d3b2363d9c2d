/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-bench gate: what each verdict costs, in XDP (BPF_PROG_TEST_RUN, the kernel's own clock)
 * and in its twin in C, and how much of that is above a program that does nothing.
 */
#include "bench.h"

#include "gate_case.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REPEAT 100000 /* short, so that some rounds meet nobody else on the core */
#define ROUNDS 99
#define HOUR   3600000000000ull

/* What state a verdict that comes again and again needs. */
enum gate_bench_state {
	STATE_OPEN,   /* no limits */
	STATE_SOURCE, /* the source's bucket is empty */
	STATE_HOST,   /* the host is under attack: first and second arrivals take turns */
	STATE_PREFIX, /* the prefix is */
	STATE_EMPTY,  /* the prefix is, and its bucket is empty */
};

struct gate_bench_row {
	const char *name; /* of the row */
	const char *row;  /* of gate_cases */
	enum gate_bench_state state;
	enum gate_verdict verdict;
};

static const struct gate_bench_row bench_rows[] = {
        {"kernel", "other_port", STATE_OPEN, GATE_PASS_KERNEL},
        {"unguarded", "unset", STATE_OPEN, GATE_PASS_UNGUARDED},
        {"relay", "relay", STATE_OPEN, GATE_PASS_RELAY},
        {"channel_data", "channel_data", STATE_OPEN, GATE_PASS_CHANNEL_DATA},
        {"channel_data_v6", "channel_data_v6", STATE_OPEN, GATE_PASS_CHANNEL_DATA},
        {"indication", "send_indication", STATE_OPEN, GATE_PASS_INDICATION},
        {"verified", "verified", STATE_OPEN, GATE_PASS_VERIFIED},
        {"verified_v6", "verified_v6", STATE_OPEN, GATE_PASS_VERIFIED},
        {"verified_previous", "verified_previous", STATE_OPEN, GATE_PASS_VERIFIED},
        {"verified_late", "verified_late", STATE_OPEN, GATE_PASS_VERIFIED},
        {"stale", "stale", STATE_OPEN, GATE_PASS_STALE},
        {"trusted", "trusted", STATE_OPEN, GATE_PASS_TRUSTED},
        {"unverified", "binding", STATE_OPEN, GATE_PASS_UNVERIFIED},
        {"unverified_forged", "forged", STATE_OPEN, GATE_PASS_UNVERIFIED},
        {"second", "binding", STATE_HOST, GATE_PASS_SECOND},
        {"second_forged", "forged", STATE_HOST, GATE_PASS_SECOND},
        {"second_forged_v6", "forged_v6", STATE_HOST, GATE_PASS_SECOND},
        {"second_forged_crowded", "forged_crowded", STATE_HOST, GATE_PASS_SECOND},
        {"unparsed", "fragment", STATE_OPEN, GATE_DROP_UNPARSED},
        {"source", "loopback_source", STATE_OPEN, GATE_DROP_SOURCE},
        {"denied", "denied", STATE_OPEN, GATE_DROP_DENIED},
        {"udp_length", "udp_tiny", STATE_OPEN, GATE_DROP_UDP_LENGTH},
        {"class", "dtls", STATE_OPEN, GATE_DROP_CLASS},
        {"stun_length", "stun_length", STATE_OPEN, GATE_DROP_STUN_LENGTH},
        {"stun_cookie", "stun_cookie", STATE_OPEN, GATE_DROP_STUN_COOKIE},
        {"stun_response", "binding_success", STATE_OPEN, GATE_DROP_STUN_RESPONSE},
        {"stun_method", "data_indication", STATE_OPEN, GATE_DROP_STUN_METHOD},
        {"port_zero", "port_zero", STATE_OPEN, GATE_DROP_PORT_ZERO},
        {"port_privileged", "port_privileged", STATE_OPEN, GATE_DROP_PORT_PRIVILEGED},
        {"no_transport", "allocate_bare", STATE_OPEN, GATE_DROP_NO_TRANSPORT},
        {"no_integrity", "refresh_bare", STATE_OPEN, GATE_DROP_NO_INTEGRITY},
        {"limit_verified", "verified_late", STATE_SOURCE, GATE_DROP_LIMIT_VERIFIED},
        {"limit_source", "binding", STATE_SOURCE, GATE_DROP_LIMIT_SOURCE},
        {"limit_source_forged", "forged", STATE_SOURCE, GATE_DROP_LIMIT_SOURCE},
        {"limit_prefix", "binding", STATE_EMPTY, GATE_DROP_LIMIT_PREFIX},
        {"limit_prefix_forged", "forged", STATE_EMPTY, GATE_DROP_LIMIT_PREFIX},
        {"first_prefix", "binding", STATE_PREFIX, GATE_DROP_FIRST_PREFIX},
        {"first_host", "binding", STATE_HOST, GATE_DROP_FIRST_HOST},
};

static const struct gate_case *case_find(const char *name)
{
	for (uint32_t i = 0; i < gate_cases_count; i++)
		if (strcmp(gate_cases[i].name, name) == 0)
			return &gate_cases[i];
	return NULL;
}

static struct gate_config config_of(const struct gate_bench_row *row)
{
	struct gate_config config = gate_case_config(case_find(row->row));

	config.hold = HOUR;
	config.source.interval = config.prefix.interval = config.host.interval = 0;
	config.verified.interval = 0;
	if (row->state == STATE_SOURCE) {
		config.source.interval = config.verified.interval = HOUR;
		config.source.slack = config.verified.slack = 0;
	}
	if (row->state == STATE_EMPTY) {
		config.prefix.interval = HOUR;
		config.prefix.slack = 0;
	}
	return config;
}

static void state_set(struct gate_pair *pair, const struct gate_bench_row *row,
                      const uint8_t *frame, uint16_t length)
{
	const uint64_t until = gate_pair_now() + HOUR;
	const struct gate_guard guard = {.due = row->state == STATE_EMPTY ? until + HOUR : 0,
	                                 .attacked = until};
	struct gate_packet packet = {0};

	gate_case_prepare(pair, case_find(row->row), frame, length);
	gate_parse(&packet, frame, frame + length);
	if (row->state == STATE_HOST)
		gate_pair_host_set(pair, &guard);
	if (row->state == STATE_PREFIX || row->state == STATE_EMPTY)
		gate_pair_prefix_set(pair, &packet, &guard);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* -- what runs -- */

struct gate_run {
	struct gate_pair *pair;
	int program; /* to run in the kernel */
	const uint8_t *frame;
	uint16_t length;
};

/* ns for each of REPEAT runs. */
static double xdp_round(struct gate_run *run)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->frame, .data_size_in = run->length,
	            .repeat = REPEAT);

	return bpf_prog_test_run_opts(run->program, &options) == 0 ? (double)options.duration : -1;
}

__attribute__((noinline)) static int twin_once(const struct gate_env *env, const uint8_t *frame,
                                               const uint8_t *end)
{
	return gate_conclude(env, gate_frame(env, frame, end));
}

__attribute__((noinline)) static int nothing_once(const struct gate_env *env, const uint8_t *frame,
                                                  const uint8_t *end)
{
	__asm__ volatile("");
	return 0;
}

static double c_round(struct gate_run *run, int (*once)(const struct gate_env *env,
                                                        const uint8_t *frame, const uint8_t *end))
{
	struct gate_env *env = &run->pair->env;
	uint64_t begin = clock_ns();

	env->now = gate_pair_now();
	env->frame = run->frame;
	env->end = run->frame + run->length;
	for (int i = 0; i < REPEAT; i++)
		once(env, run->frame, env->end);
	return (double)(clock_ns() - begin) / REPEAT;
}

static double twin_round(struct gate_run *run)
{
	return c_round(run, twin_once);
}

static double nothing_round(struct gate_run *run)
{
	return c_round(run, nothing_once);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static int rounds_of(const struct rows *rows)
{
	return rows->quick ? 1 : ROUNDS;
}

/* The best round, and the median. */
static double measure(struct gate_run *run, double (*round)(struct gate_run *run), int count,
                      double *median)
{
	double rounds[ROUNDS];

	for (int i = 0; i < count; i++)
		rounds[i] = round(run);
	qsort(rounds, count, sizeof(rounds[0]), compare);
	*median = rounds[count / 2];
	return rounds[0];
}

/* XDP_PASS and nothing else. */
static int empty_load(void)
{
	const struct bpf_insn insns[] = {
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
	        {.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "empty", "BSD", insns, 2, NULL);
}

/* Did what was measured meet the verdict that it is named for? */
static bool verdict_met(struct gate_pair *pair, bool xdp, const struct gate_bench_row *row,
                        const uint8_t *frame, uint16_t length)
{
	for (int i = 0; i < 2; i++) {
		struct gate_outcome outcome;

		if (!xdp)
			gate_pair_twin(pair, frame, length, &outcome);
		else if (gate_pair_xdp(pair, frame, length, &outcome) != 0)
			return false;
		if (outcome.verdict == (int)row->verdict)
			return true;
	}
	return false;
}

static void row_run(struct gate_pair *pair, bool xdp, const struct gate_bench_row *bench,
                    const struct row *empty, struct rows *rows)
{
	struct gate_config config = config_of(bench);
	uint8_t frame[GATE_CASE_MAX];
	struct gate_run run = {pair, pair->program, frame, 0};
	struct row *row = row_add(rows, "gate/%s/%s", xdp ? "xdp" : "c", bench->name);

	gate_pair_configure(pair, &config);
	run.length = gate_case_frame(case_find(bench->row), &pair->config, frame);
	state_set(pair, bench, frame, run.length);
	row->ns = measure(&run, xdp ? xdp_round : twin_round, rounds_of(rows), &row->median_ns);
	row->over_empty_ns = row->ns - empty->ns;
	row->limit = empty->limit;
	if (row->ns < 0 || !verdict_met(pair, xdp, bench, frame, run.length))
		row_fail(rows, row, "it met another verdict");
}

static int half_run(struct gate_pair *pair, bool xdp, const char *glob, struct rows *rows)
{
	static const uint8_t frame[64];
	struct gate_run run = {pair, -1, frame, sizeof(frame)};
	struct row empty = {.limit = xdp ? "an empty program" : "an empty function"};
	char name[64];

	if (xdp) {
		run.program = empty_load();
		if (run.program < 0)
			return -1;
	}
	empty.ns =
	        measure(&run, xdp ? xdp_round : nothing_round, rounds_of(rows), &empty.median_ns);
	if (xdp)
		close(run.program);
	for (size_t i = 0; i < sizeof(bench_rows) / sizeof(bench_rows[0]); i++) {
		snprintf(name, sizeof(name), "gate/%s/%s", xdp ? "xdp" : "c", bench_rows[i].name);
		if (fnmatch(glob, name, 0) == 0)
			row_run(pair, xdp, &bench_rows[i], &empty, rows);
	}
	return 0;
}

uint32_t gate_bench_megabytes(const char *glob)
{
	return 64;
}

int gate_bench(const char *glob, struct rows *rows)
{
	const char *object = getenv("SLUICE_XDP_OBJECT");
	bool root = geteuid() == 0;
	struct gate_pair pair;
	int ret = 0;

	if (!root)
		fprintf(stderr, "sluice-bench: not root: gate/xdp is left out\n");
	if (gate_pair_create(&pair, root ? (object != NULL ? object : SLUICE_XDP_OBJECT) : NULL))
		return -1;
	if (root)
		ret = half_run(&pair, true, glob, rows);
	if (ret == 0)
		ret = half_run(&pair, false, glob, rows);
	gate_pair_destroy(&pair);
	return ret;
}
