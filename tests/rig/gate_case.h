/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet, a configuration and a state, and what the gate must make of them. */
#ifndef BENCH_GATE_CASE_H
#define BENCH_GATE_CASE_H

#include "frame.h"
#include "gate_pair.h"

#define GATE_CASE_MAX 2048

struct gate_case {
	const char *name;
	/* the packet: a payload, and what is done to the frame around it */
	uint16_t (*payload)(uint8_t *payload, const struct gate_config *config,
	                    const struct frame *frame);
	uint16_t (*edit)(uint8_t *frame, uint16_t length);
	const char *from;   /* NULL: 198.18.1.2, or 2001:2:0:1::2 to an IPv6 address */
	const char *to;     /* NULL: 198.18.1.1 */
	uint16_t from_port; /* 0: 40000; 65535: really 0 */
	uint16_t to_port;   /* 0: 3478 */
	/* the configuration, where it is not the default */
	uint32_t mode;      /* enum gate_mode; 0: enforce */
	uint32_t flags;     /* enum gate_flag */
	uint32_t challenge; /* bytes of a 401; 0: of realm "sluice" */
	bool unset;         /* nobody has configured the gate */
	/* the state */
	bool host_attacked, prefix_attacked;
	uint32_t arrivals; /* of the same packet; 0: 1 */
	/* what the last arrival meets */
	enum gate_verdict verdict;
	uint32_t event; /* enum gate_event that it adds as well; 0: none */
	bool passes;    /* although the verdict is a drop */
};

extern const struct gate_case gate_cases[];
extern const uint32_t gate_cases_count;

/* The default, with fixed keys, and limits that no clock fills while a test runs. */
struct gate_config gate_case_config(const struct gate_case *row);
/* The frame's length; config: as it is in force, with its clock. */
uint16_t gate_case_frame(const struct gate_case *row, const struct gate_config *config,
                         uint8_t frame[GATE_CASE_MAX]);
/* Configuration and state into both. */
void gate_case_prepare(struct gate_pair *pair, const struct gate_case *row, const uint8_t *frame,
                       uint16_t length);

#endif
