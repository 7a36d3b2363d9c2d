/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/frame.h"

#include "net/next_hop.h"

static uint8_t *ethernet_write(uint8_t *at, const struct port *port,
                               const struct rte_ether_addr *mac, uint16_t vlan, bool v4)
{
	uint16_t type = v4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)at;
	struct rte_vlan_hdr *tag = (struct rte_vlan_hdr *)(ether + 1);

	ether->dst_addr = *mac;
	ether->src_addr = port->mac;
	ether->ether_type = vlan != 0 ? RTE_BE16(RTE_ETHER_TYPE_VLAN) : type;
	if (vlan == 0)
		return (uint8_t *)(ether + 1);
	tag->vlan_tci = rte_cpu_to_be_16(vlan);
	tag->eth_proto = type;
	return (uint8_t *)(tag + 1);
}

/* An atomic datagram needs no identification (RFC 6864, 4.1). */
static void ip4_write(struct frame_template *frame, struct rte_ipv4_hdr *ip,
                      const struct endpoint *endpoint)
{
	*ip = (struct rte_ipv4_hdr){
	        .version_ihl = RTE_IPV4_VHL_DEF,
	        .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
	        .time_to_live = FRAME_HOP_LIMIT,
	        .next_proto_id = IPPROTO_UDP,
	        .src_addr = endpoint->local.ip.words[3],
	        .dst_addr = endpoint->remote.ip.words[3],
	};
	frame->ip_sum = checksum_ip4_header(ip);
}

static void ip6_write(struct rte_ipv6_hdr *ip, const struct endpoint *endpoint)
{
	ip->vtc_flow = RTE_BE32(6u << 28);
	ip->payload_len = 0;
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = FRAME_HOP_LIMIT;
	memcpy(&ip->src_addr, endpoint->local.ip.bytes, sizeof(ip->src_addr));
	memcpy(&ip->dst_addr, endpoint->remote.ip.bytes, sizeof(ip->dst_addr));
}

static void headers_write(struct frame_template *frame, const struct endpoint *endpoint,
                          const struct port *port, const struct next_hop *hop,
                          const struct rte_ether_addr *mac)
{
	const struct rte_udp_hdr udp = {.src_port = endpoint->local.port,
	                                .dst_port = endpoint->remote.port};
	uint64_t pseudo = checksum_ip(&endpoint->local.ip) + checksum_ip(&endpoint->remote.ip) +
	                  RTE_BE16(IPPROTO_UDP);
	bool v4 = ip_addr_is_v4(&endpoint->remote.ip);
	uint8_t l2 = sizeof(struct rte_ether_hdr) + (hop->vlan ? sizeof(struct rte_vlan_hdr) : 0);
	uint8_t l3 = v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint8_t *begin, *ip;

	frame->v4 = v4;
	frame->offload = l2 | l3 << RTE_MBUF_L2_LEN_BITS;
	frame->length = l2 + l3 + sizeof(udp);
	frame->plain = v4 && frame->length <= FRAME_SHORT;
	begin = frame->bytes + FRAME_HEADERS_MAX - frame->length;
	ip = ethernet_write(begin, port, mac, hop->vlan, frame->v4);
	if (frame->v4)
		ip4_write(frame, (struct rte_ipv4_hdr *)ip, endpoint);
	else
		ip6_write((struct rte_ipv6_hdr *)ip, endpoint);
	memcpy(frame->bytes + FRAME_HEADERS_MAX - sizeof(udp), &udp, sizeof(udp));
	frame->room = RTE_MAX(port->mtu, l3 + sizeof(udp)) - l3 - sizeof(udp);
	frame->tx_checksum = port->tx_checksum;
	if (!frame->tx_checksum)
		pseudo += (uint64_t)udp.src_port + udp.dst_port;
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
