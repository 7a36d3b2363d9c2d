/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate's rules for datagrams that the kernel brings to other threads than workers: what is
 * answered before its source has shown to be there is held to the same limits, in the same tables,
 * as requests at listeners.
 */
#ifndef GATE_HELLO_H
#define GATE_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include <gate_packet.h>
#include <gate_state.h>
#include <gate_verdict.h>

struct gate;
struct ranges;

/* A policy as another thread has it: its own copy, and sets that stay until it is given others. */
struct gate_rules {
	struct gate_config config;
	const struct ranges *deny, *trust; /* NULL: there are none yet, and nothing is configured */
};

/*
 * Whether a datagram is dropped that `answer` bytes would answer. identity: 12 bytes that a
 * retransmission repeats. counters: GATE_COUNTERS of the caller's, of verdicts and events.
 */
bool gate_hello_drops(struct gate *gate, const struct gate_rules *rules,
                      const struct gate_packet *packet, const uint8_t identity[12], uint32_t answer,
                      uint64_t *counters);

#endif
