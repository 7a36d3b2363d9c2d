/* SPDX-License-Identifier: BSD-3-Clause */
/* The words for what a packet looked like at each node, and for what became of it there. */
#ifndef CAPTURE_TRACE_TEXT_H
#define CAPTURE_TRACE_TEXT_H

#include <sluice/capture.h>

#include "graph/trace.h"

#define TRACE_STEPS_MAX 16

struct trace_packet {
	uint32_t ready; /* atomic: the rest is written */
	uint16_t worker;
	uint16_t n_steps;
	struct trace_step steps[TRACE_STEPS_MAX];
};

struct dataplane;

/* number: of the packet, from 1. */
void trace_row_write(struct sluice_trace_row *row, const struct dataplane *dp,
                     const struct trace_packet *packet, uint32_t step, uint32_t number);

#endif
