/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers in front of an endpoint's packets, made once: each packet copies them and sets the
 * lengths and checksums. A template is valid while the next hop is; then it is built again.
 */
#ifndef MEDIA_FRAME_H
#define MEDIA_FRAME_H

#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane.h"
#include "media/state.h"
#include "net/checksum.h"
#include "net/neighbour.h"

/* Copied at once where the headers are no longer: Ethernet, VLAN, IPv4 and UDP are 46 bytes. */
#define FRAME_SHORT 48

/* False: the way there is not known, ip_output must do it. */
bool frame_build(struct worker *worker, struct endpoint *endpoint);

/* generation: the dataplane's, as it is now. */
static inline bool frame_valid(struct neighbours *neighbours, const struct frame_template *frame,
                               uint32_t generation)
{
	struct neighbour *neighbour = &neighbours->slots[frame->neighbour];

	if (unlikely(frame->generation != generation ||
	             __atomic_load_n(&neighbour->word, __ATOMIC_RELAXED) != frame->neighbour_word))
		return false;
	if (unlikely(!neighbour->used))
		neighbour->used = 1;
	return true;
}

static inline void frame_ip4_lengths(const struct frame_template *frame, uint8_t *udp,
                                     uint16_t udp_length)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)udp - 1;
	uint16_t length = rte_cpu_to_be_16(sizeof(*ip) + udp_length);

	ip->total_length = length;
	ip->hdr_checksum = (uint16_t)~checksum_add(frame->ip_sum, length);
}

/* The headers end at `end`. FRAME_HEADERS_MAX bytes before it may be overwritten. plain: constant,
 * as the template says, or false. */
static __rte_always_inline void frame_write(const struct frame_template *frame, uint8_t *end,
                                            uint16_t payload, bool plain)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)end - 1;
	uint16_t length = sizeof(*udp) + payload;

	if (plain || frame->length <= FRAME_SHORT)
		memcpy(end - FRAME_SHORT, frame->bytes + FRAME_HEADERS_MAX - FRAME_SHORT,
		       FRAME_SHORT);
	else
		memcpy(end - FRAME_HEADERS_MAX, frame->bytes, FRAME_HEADERS_MAX);
	udp->dgram_len = rte_cpu_to_be_16(length);
	udp->dgram_cksum = checksum_add(frame->pseudo_sum, udp->dgram_len);
	if (plain || frame->v4)
		frame_ip4_lengths(frame, (uint8_t *)udp, length);
	else
		((struct rte_ipv6_hdr *)udp - 1)->payload_len = udp->dgram_len;
}

/* Where no NIC does it: the payload stands behind the headers. */
static inline void frame_checksum(const struct frame_template *frame, uint8_t *end,
                                  uint16_t payload)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)end - 1;
	uint16_t sum = (uint16_t)~checksum_fold((uint64_t)frame->pseudo_sum + 2 * udp->dgram_len +
	                                        checksum_bytes(end, payload));

	udp->dgram_cksum = sum == 0 ? 0xffff : sum;
}

/* What the NIC must know to go on from pseudo_sum. In whole words: bit-fields would be read back
 * while their stores are still on the way. */
static __rte_always_inline void frame_offload(const struct frame_template *frame,
                                              struct rte_mbuf *mbuf, bool plain)
{
	mbuf->tx_offload = frame->offload;
	mbuf->ol_flags = RTE_MBUF_F_TX_UDP_CKSUM |
	                 (plain || frame->v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

#endif
