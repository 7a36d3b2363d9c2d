/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate of the workers: the rules of bpf/gate_rules.h for ports without XDP, and for those whose
 * maps are not configured. The control thread writes the policy, workers share the tables.
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

/* Immutable, swapped whole (RCU). */
struct gate_policy {
	struct gate_config config;
	struct ranges *deny, *trust; /* the next policy may have the same */
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
	struct gate_clients *clients;  /* the same: turn/callers.h */
	struct gate_program *programs; /* control thread: gate/program.h */
	struct gate_config config;     /* control thread: what policies are made from */
	uint32_t denied, trusted;      /* control thread: prefixes of its lists */
	struct attack_log attacks;     /* control thread */
	struct gate_counters counters[WORKERS_MAX];
};

extern const struct part gate_part;

/* After turn_create: its keys are the gate's. NULL without memory. */
struct gate *gate_create(struct dataplane *dp);
void gate_destroy(struct gate *gate);

/* Words in so many MiB: a power of two. 0: as many as there are by default. */
uint32_t gate_seen_words(uint32_t megabytes);

/* Of the table of clients that have an allocation (bpf/gate_client.h). */
uint32_t gate_clients_entries(const struct dataplane *dp);
/* Control thread: keeps the programs' table up to date from the time on when there is one. */
void gate_clients_follow(struct gate *gate);

/*
 * The whole of what is configured, as the control plane has compiled it; control thread only. keys:
 * compiled->denied of them, then compiled->trusted. Clock, hash keys and sizes stay the gate's own,
 * and a nonce_since of 0 leaves TURN its keys. 0 or -errno, and then nothing has changed and there
 * is a clear line in *why (SLUICE_API_ERROR_MAX bytes).
 */
int gate_set(struct gate *gate, const struct gate_compiled *compiled,
             const struct gate_lpm_key *keys, char *why);
/* The same but for one thing: what is set now, without its lists, to be changed and set again. */
struct gate_compiled gate_compiled_now(const struct gate *gate);

/* Control thread, once a second and after turn_tick: TURN's keys and clock; attacks are logged. */
void gate_tick(struct gate *gate);

/* How often a browser's first Allocate comes, over IPv4, until it is answered under attack, where
 * the realm has this many bytes: 2 or more. */
uint32_t gate_realm_arrivals(size_t length);

/* Puts what is configured into force, with what TURN and the ports are now. 0 or -ENOMEM: then the
 * old policy stays. */
int gate_policy_publish(struct gate *gate);

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
