/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/frame.h"

#include "net/headers.h"
#include "net/next_hop.h"

static void headers_write(struct frame_template *frame, const struct endpoint *endpoint,
                          const struct port *port, const struct next_hop *hop,
                          const struct rte_ether_addr *mac)
{
	const struct headers headers = {
	        .src = &endpoint->local.ip,
	        .dst = &endpoint->remote.ip,
	        .src_port = endpoint->local.port,
	        .dst_port = endpoint->remote.port,
	        .hop_limit = HEADERS_HOP_LIMIT,
	        .dont_fragment = true,
	};
	uint64_t pseudo =
	        checksum_ip(headers.src) + checksum_ip(headers.dst) + RTE_BE16(IPPROTO_UDP);
	bool v4 = ip_addr_is_v4(headers.dst);
	uint8_t l2 = headers_l2_length(hop->vlan), l3 = headers_l3_length(v4);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(frame->bytes + FRAME_HEADERS_MAX) - 1;
	uint8_t *ip = (uint8_t *)udp - l3;

	frame->v4 = v4;
	frame->offload = l2 | l3 << RTE_MBUF_L2_LEN_BITS;
	frame->length = l2 + l3 + sizeof(*udp);
	frame->plain = v4 && frame->length <= FRAME_SHORT;
	headers_ethernet_write(ip - l2, &port->mac, mac, hop->vlan, v4);
	/* no lengths yet: each packet has its own */
	headers_ip_write(ip, &headers, v4 ? 0 : l3, v4);
	if (v4)
		frame->ip_sum = (uint16_t) ~((struct rte_ipv4_hdr *)ip)->hdr_checksum;
	headers_udp_write(udp, &headers, 0);
	udp->dgram_cksum = 0;
	frame->room = RTE_MAX(next_hop_mtu(hop, port), l3 + sizeof(*udp)) - l3 - sizeof(*udp);
	frame->tx_checksum = port->tx_checksum;
	if (!frame->tx_checksum)
		pseudo += (uint64_t)headers.src_port + headers.dst_port;
	frame->pseudo_sum = checksum_fold(pseudo);
}

bool frame_build(struct worker *worker, struct endpoint *endpoint)
{
	struct frame_template *frame = &endpoint->frame;
	uint32_t generation = __atomic_load_n(&worker->dp->output_generation, __ATOMIC_ACQUIRE);
	const struct next_hop *hop = next_hop_find(worker, &endpoint->remote.ip);
	const struct port *port;
	struct rte_ether_addr mac;
	uint64_t word;

	frame->generation = 0;
	/* 0 says that a next hop is not remembered: it may change and nothing tells */
	if (hop->generation != generation || hop->local || hop->port == PORT_NONE)
		return false;
	word = __atomic_load_n(&worker->dp->neighbours->slots[hop->neighbour].word,
	                       __ATOMIC_RELAXED);
	if (hop->neighbour == 0 || word >> 48 != NEIGHBOUR_REACHED)
		return false;
	port = &worker->dp->ports->table[hop->port];
	memcpy(&mac, &word, sizeof(mac));
	headers_write(frame, endpoint, port, hop, &mac);
	frame->port = hop->port;
	frame->neighbour = (uint16_t)hop->neighbour;
	frame->neighbour_word = word;
	frame->generation = generation;
	return true;
}
