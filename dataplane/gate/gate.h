/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate of the workers: the rules of bpf/gate_rules.h for ports without XDP, and for those whose
 * maps nobody has configured. The control thread writes the policy, workers share the tables.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <sluice/gate.h>

#include "common/attack_log.h"
#include "gate/env.h"
#include "part.h"
#include "worker.h"

struct dataplane;
struct gate_program;
struct gate_source;

/* Immutable, swapped whole (RCU). */
struct gate_policy {
	struct gate_config config;
	struct gate_set *deny, *trust;
	uint64_t judged; /* ports, a bit each, whose XDP program has judged what they receive */
};

/* Written by its worker, read by the control thread. */
struct gate_counters {
	uint64_t values[GATE_COUNTERS];
} __rte_cache_aligned;

struct gate {
	struct dataplane *dp;
	struct gate_policy *policy;    /* atomic pointer; written by the control thread */
	struct gate_tables *tables;    /* written by every worker, without a lock */
	uint64_t *seen;                /* the same: words of what has arrived */
	struct gate_program *programs; /* control thread: gate/program.h */
	struct gate_source *source;    /* control thread: what policies are built from */
	struct attack_log attacks;     /* control thread */
	struct gate_counters counters[WORKERS_MAX];
};

extern const struct part gate_part;

/* After turn_create: its keys are the gate's. NULL without memory. */
struct gate *gate_create(struct dataplane *dp);
void gate_destroy(struct gate *gate);

/* Words in so many MiB: a power of two. 0: as many as there are by default. */
uint32_t gate_seen_words(uint32_t megabytes);

/*
 * Configuration; control thread only. 0 or -errno, and on error a clear line in *why
 * (SLUICE_API_ERROR_MAX bytes). flags: enum sluice_api_flag.
 */
int gate_limit_set(struct gate *gate, const struct sluice_gate_limit *limit, char *why);
int gate_prefix_add(struct gate *gate, enum sluice_gate_list list,
                    const struct sluice_gate_prefix *prefix, uint32_t flags, char *why);
int gate_prefix_delete(struct gate *gate, enum sluice_gate_list list,
                       const struct sluice_gate_prefix *prefix, char *why);
int gate_ports_set(struct gate *gate, const struct sluice_gate_ports *ports, char *why);
int gate_mode_set(struct gate *gate, const struct sluice_gate_mode_set *mode, char *why);
int gate_keys_set(struct gate *gate, const struct sluice_gate_keys *keys, char *why);

/* SLUICE_CONFIG_COMMIT: what was not set again is as it was at the start. */
void gate_config_sweep(struct gate *gate);

/* Control thread, once a second and after turn_tick: TURN's keys and clock; attacks are logged. */
void gate_tick(struct gate *gate);

/* Control thread: a port came or went, and its program with it. */
void gate_ports_changed(struct gate *gate);

void gate_show(struct gate *gate, struct sluice_gate_row *row);
uint64_t gate_counter_sum(const struct gate *gate, uint32_t index);

/* The worker's time as the gate counts it: nanoseconds since the dataplane's start. */
uint64_t gate_clock(const struct worker *worker);

static inline const struct gate_policy *gate_policy_now(const struct gate *gate)
{
	return __atomic_load_n(&gate->policy, __ATOMIC_ACQUIRE);
}

#endif
