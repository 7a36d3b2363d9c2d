/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate twice, in one state: the XDP program, run by the kernel over frames that never saw an
 * interface (BPF_PROG_TEST_RUN), and its twin in C. The tests hold them to each other, the bench
 * measures both. Without root there is the twin alone.
 */
#ifndef BENCH_GATE_PAIR_H
#define BENCH_GATE_PAIR_H

#include <stdbool.h>

#include "gate/env.h"

struct bpf_object;

/* In the order of gate_pair.c's table of names. */
enum gate_pair_map {
	GATE_PAIR_SERVICES,
	GATE_PAIR_ADDRESSES,
	GATE_PAIR_NEAR,
	GATE_PAIR_COUNTERS,
	GATE_PAIR_CONFIG,
	GATE_PAIR_SOURCES,
	GATE_PAIR_VERIFIED,
	GATE_PAIR_PREFIXES,
	GATE_PAIR_HOST,
	GATE_PAIR_SEEN,
	GATE_PAIR_DENY,
	GATE_PAIR_TRUST,
	GATE_PAIR_UFRAGS,
	GATE_PAIR_CLIENTS,
	GATE_PAIR_MAPS,
};

#define GATE_PAIR_CLIENT_ENTRIES                                                                   \
	64 /* as the program's map has them unless it is told otherwise                            \
	    */

struct gate_pair {
	struct bpf_object *object; /* NULL: the twin alone */
	int program;
	int maps[GATE_PAIR_MAPS];
	int cpus;
	struct gate_config config;
	struct gate_env env;
	struct gate_tables *tables;
	uint64_t *seen; /* GATE_SEEN words */
	struct gate_clients clients[GATE_PAIR_CLIENT_ENTRIES];
	uint64_t counters[GATE_COUNTERS];
};

/* What one of the two did with a frame. */
struct gate_outcome {
	bool dropped;
	int verdict;                      /* enum gate_verdict */
	uint64_t counters[GATE_COUNTERS]; /* what this frame added */
};

/* object_path NULL: the twin alone. 0 or -errno with a line on stderr. */
int gate_pair_create(struct gate_pair *pair, const char *object_path);
void gate_pair_destroy(struct gate_pair *pair);

/* Listeners at 198.18.1.1:3478 and [2001:2:0:1::1]:3478, relays on 198.18.2.1 and 2001:2:0:2::1. */
extern const struct service gate_pair_services[];
extern const uint32_t gate_pair_services_count;
/* What sessions' checks are told by. */
extern const struct gate_ufrags gate_pair_ufrags;

/* config.unix_offset is set here: Unix time is what it is. */
void gate_pair_configure(struct gate_pair *pair, const struct gate_config *config);
/* What is denied, what is trusted: replaces both lists. */
void gate_pair_lists(struct gate_pair *pair, const struct prefix *deny, uint32_t n_deny,
                     const struct prefix *trust, uint32_t n_trust);

/* Forgets what the buckets and tables hold of this packet's source and request, and of the host. */
void gate_pair_forget(struct gate_pair *pair, const struct gate_packet *packet,
                      const uint8_t *stun);
/* Both now believe this of the host, or of the packet's prefix. */
void gate_pair_host_set(struct gate_pair *pair, const struct gate_guard *guard);
void gate_pair_prefix_set(struct gate_pair *pair, const struct gate_packet *packet,
                          const struct gate_guard *guard);

/* The packet's source has an allocation, in both; NULL: nobody has one. */
void gate_pair_client_set(struct gate_pair *pair, const struct gate_packet *packet);

/* frame: 14 bytes at least, or the kernel will not run it. */
int gate_pair_xdp(struct gate_pair *pair, const uint8_t *frame, uint32_t length,
                  struct gate_outcome *outcome);
void gate_pair_twin(struct gate_pair *pair, const uint8_t *frame, uint32_t length,
                    struct gate_outcome *outcome);

/* CLOCK_MONOTONIC as XDP's clock reads it. */
uint64_t gate_pair_now(void);

#endif
