/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers in front of an endpoint's packets, made once: each packet copies them and sets the
 * lengths and checksums. A template holds while the next hop does; then it is made anew.
 */
#ifndef MEDIA_FRAME_H
#define MEDIA_FRAME_H

#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane.h"
#include "media/state.h"
#include "net/checksum.h"
#include "net/neighbour.h"

#define FRAME_HOP_LIMIT 64
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

/* Of a datagram with so many bytes of payload; does it fit the next hop? */
static inline bool frame_fits(const struct frame_template *frame, uint16_t payload)
{
	return frame->length - frame->l2_length + payload <= frame->mtu;
}

/* The headers end at `end`. FRAME_HEADERS_MAX bytes before it may be overwritten. */
static inline void frame_write(const struct frame_template *frame, uint8_t *end, uint16_t payload)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)end - 1;
	uint16_t udp_length = rte_cpu_to_be_16(sizeof(*udp) + payload);

	if (likely(frame->length <= FRAME_SHORT))
		memcpy(end - FRAME_SHORT, frame->bytes + FRAME_HEADERS_MAX - FRAME_SHORT,
		       FRAME_SHORT);
	else
		memcpy(end - FRAME_HEADERS_MAX, frame->bytes, FRAME_HEADERS_MAX);
	udp->dgram_len = udp_length;
	if (frame->tx_checksum)
		udp->dgram_cksum = checksum_fold((uint64_t)frame->pseudo_sum + udp_length);
	if (likely(frame->v4)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)udp - 1;
		uint16_t length = rte_cpu_to_be_16(sizeof(*ip) + sizeof(*udp) + payload);

		ip->total_length = length;
		ip->hdr_checksum = (uint16_t)~checksum_fold((uint64_t)frame->ip_sum + length);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)udp - 1;

		ip->payload_len = udp_length;
	}
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

/* What the NIC must know to go on from pseudo_sum. */
static inline void frame_offload(const struct frame_template *frame, struct rte_mbuf *mbuf)
{
	mbuf->tx_offload = 0;
	mbuf->l2_len = frame->l2_length;
	mbuf->l3_len = frame->v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	mbuf->ol_flags =
	        RTE_MBUF_F_TX_UDP_CKSUM | (frame->v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

#endif
