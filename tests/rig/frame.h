/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet frames that carry one UDP datagram, written and judged without any of the dataplane's
 * own code for headers and checksums: what the packet tests and the bench send and what they
 * expect.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "net/ip_addr.h"

#define FRAME_MAX 9728

struct frame {
	struct rte_ether_addr to_mac, from_mac;
	uint16_t vlan; /* 0: untagged */
	struct transport_addr from, to;
	uint8_t hop_limit;
	uint8_t traffic_class;
	bool dont_fragment; /* IPv4's DF */
	bool no_checksum;   /* UDP checksum 0 */
	const uint8_t *payload;
	uint16_t length;
};

/* The frame's length, or 0 where `size` bytes do not hold it. */
uint16_t frame_write(uint8_t *room, size_t size, const struct frame *frame);

/* Every length and every checksum is checked: NULL, or what is wrong. payload points into data. */
const char *frame_read(struct frame *frame, const uint8_t *data, uint16_t length);

/* Where the IP and the UDP header of a frame that frame_write made begin. */
uint16_t frame_ip_offset(const uint8_t *data);
uint16_t frame_udp_offset(const uint8_t *data);

/* After an edit: the checksums are made right again, as far as the frame reaches. */
void frame_mend(uint8_t *data, uint16_t length);

#endif
