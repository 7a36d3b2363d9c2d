/* SPDX-License-Identifier: BSD-3-Clause */
/* What a packet looked like at each node, and the words for it. */
#ifndef CAPTURE_TRACE_TEXT_H
#define CAPTURE_TRACE_TEXT_H

#include <sluice/capture.h>

#include "capture/view.h"

#define TRACE_STEPS_MAX 16

struct trace_step {
	const char *node;
	const char *next; /* NULL: the packet left the graph here */
	struct ip_addr src, dst;
	uint16_t src_port, dst_port;
	uint16_t port, queue;
	uint16_t payload_length;
	uint8_t form;   /* enum packet_form */
	uint8_t reason; /* enum drop_reason, at the node drop */
	bool ip, udp;
	uint32_t length;
	uint8_t payload[12];
};

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
