/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a decided datagram to a frame. A node that sends calls output_begin on the received mbuf,
 * moves the payload's start if it must (channel header off, ChannelData or Data header on), sets
 * addresses, and takes the edge to ip_output.
 */
#ifndef NET_OUTPUT_H
#define NET_OUTPUT_H

#include <rte_mbuf.h>

#include "graph/packet.h"
#include "net/checksum.h"
#include "net/headers.h"

/* What ends here is read, so its checksum counts. What is relayed keeps its sender's and is judged
 * by its receiver. The packet is as classify left it. */
static inline bool received_checksum_ok(const struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	const struct rte_udp_hdr *udp = (const void *)(payload - sizeof(*udp));

	if (udp->dgram_cksum == 0 || checksum_is_good(mbuf))
		return true;
	return checksum_udp(checksum_bytes(payload, packet->payload_length), &packet->flow.src,
	                    &packet->dst, udp->src_port, udp->dst_port,
	                    udp->dgram_len) == udp->dgram_cksum;
}

/*
 * The received datagram becomes its payload: headers off, what follows the UDP datagram off,
 * payload_sum drawn from the received checksum so that the payload itself is not read. An open
 * checksum says nothing of the payload: ip_output computes it.
 */
static inline void output_begin(struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	const struct rte_udp_hdr *udp;

	if (packet->payload_offset == 0) /* looped back: a payload already */
		return;
	udp = rte_pktmbuf_mtod_offset(mbuf, struct rte_udp_hdr *,
	                              packet->payload_offset - sizeof(struct rte_udp_hdr));
	if (udp->dgram_cksum == 0) {
		packet->sum = PACKET_SUM_NONE;
	} else if (unlikely(checksum_is_open(mbuf))) {
		packet->sum = PACKET_SUM_COMPUTE;
	} else {
		packet->sum = PACKET_SUM_KNOWN;
		packet->payload_sum = checksum_payload(udp, &packet->flow.src, &packet->dst);
	}
	mbuf->data_off += packet->payload_offset;
	mbuf->data_len = packet->payload_length;
	mbuf->pkt_len = packet->payload_length;
	mbuf->ol_flags = 0;
	packet->payload_offset = 0;
	packet->form = PACKET_DATAGRAM;
}

/* Our answer stands in its place, and goes back where it came from. */
static inline void output_answer(struct packet *packet)
{
	struct ip_addr client = packet->flow.src;
	uint16_t client_port = packet->flow.src_port;

	packet->flow.src = packet->dst;
	packet->flow.src_port = packet->dst_port;
	packet->dst = client;
	packet->dst_port = client_port;
	packet->hop_limit = HEADERS_HOP_LIMIT;
	packet->traffic_class = 0;
	packet->flags = PACKET_DONT_FRAGMENT;
	packet->sum = PACKET_SUM_COMPUTE;
}

#endif
