/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet as people see it, whatever its mbuf holds at the moment: addresses, ports, payload. */
#ifndef CAPTURE_VIEW_H
#define CAPTURE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "graph/packet.h"

struct dataplane;

struct view {
	struct ip_addr src, dst;
	uint16_t src_port, dst_port; /* network order */
	bool ip;                     /* src and dst are known */
	bool udp;                    /* ports and payload too */
	uint32_t length;             /* of the mbuf's data */
	uint32_t stream;             /* PACKET_RTP: index; 0: none */
	const uint8_t *payload;
	uint16_t payload_length; /* what of it lies in the first segment */
};

/* Ethernet, IP and UDP from hostile bytes: what they claim is checked against `length`. */
void view_read_frame(struct view *view, const uint8_t *data, uint32_t length);

void view_read(struct view *view, const struct dataplane *dp, struct rte_mbuf *mbuf,
               enum packet_form form);

/* Ethernet, IP and UDP headers that stand for those that a packet has not, or no longer. */
#define VIEW_HEADERS_MAX 62
uint16_t view_headers_write(const struct view *view, uint8_t headers[VIEW_HEADERS_MAX]);

#endif
