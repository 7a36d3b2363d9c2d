/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one writer of Ethernet, IP and UDP headers: of what ip_output sends, of an endpoint's
 * template (media/frame.c), and of what a capture shows in front of a bare payload. Inlined: `v4`
 * is a constant where speed counts, and one body is two straight lines.
 */
#ifndef NET_HEADERS_H
#define NET_HEADERS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "net/checksum.h"
#include "net/ip_addr.h"

#define HEADERS_HOP_LIMIT 64 /* of what we send in our own name */

/* What a datagram's headers say, lengths and checksums apart. */
struct headers {
	const struct ip_addr *src, *dst;
	uint16_t src_port, dst_port; /* network order */
	uint8_t hop_limit;
	uint8_t traffic_class;
	bool dont_fragment; /* IPv4: DF, and no identification (RFC 6864, 4.1) */
	uint16_t ip_id;     /* IPv4 without DF */
};

static inline uint16_t headers_l2_length(uint16_t vlan)
{
	return sizeof(struct rte_ether_hdr) + (vlan != 0 ? sizeof(struct rte_vlan_hdr) : 0);
}

static inline uint16_t headers_l3_length(bool v4)
{
	return v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

/* vlan 0: no tag. */
static __rte_always_inline void headers_ethernet_write(void *at, const struct rte_ether_addr *src,
                                                       const struct rte_ether_addr *dst,
                                                       uint16_t vlan, bool v4)
{
	uint16_t type = v4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	struct rte_ether_hdr *ether = at;
	struct rte_vlan_hdr *tag = (struct rte_vlan_hdr *)(ether + 1);

	ether->dst_addr = *dst;
	ether->src_addr = *src;
	ether->ether_type = type;
	if (unlikely(vlan != 0)) {
		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_VLAN);
		tag->vlan_tci = rte_cpu_to_be_16(vlan);
		tag->eth_proto = type;
	}
}

/*
 * length: the header's own and all that follows it. The checksum is added up from the fields: to
 * read the header back that was just written piece by piece would stall.
 */
static __rte_always_inline void headers_ip4_write(struct rte_ipv4_hdr *ip,
                                                  const struct headers *headers, uint16_t length)
{
	uint16_t length_be = rte_cpu_to_be_16(length);
	uint16_t id = headers->dont_fragment ? 0 : rte_cpu_to_be_16(headers->ip_id);
	uint16_t fragment = headers->dont_fragment ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0;
	uint64_t sum = (uint64_t)rte_cpu_to_be_16(RTE_IPV4_VHL_DEF << 8 | headers->traffic_class) +
	               length_be + id + fragment +
	               rte_cpu_to_be_16((uint16_t)(headers->hop_limit << 8 | IPPROTO_UDP)) +
	               headers->src->words[3] + headers->dst->words[3];

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->type_of_service = headers->traffic_class;
	ip->total_length = length_be;
	ip->packet_id = id;
	ip->fragment_offset = fragment;
	ip->time_to_live = headers->hop_limit;
	ip->next_proto_id = IPPROTO_UDP;
	ip->hdr_checksum = (uint16_t)~checksum_fold(sum);
	ip->src_addr = headers->src->words[3];
	ip->dst_addr = headers->dst->words[3];
}

/* length: as of headers_ip4_write. */
static __rte_always_inline void headers_ip6_write(struct rte_ipv6_hdr *ip,
                                                  const struct headers *headers, uint16_t length)
{
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)headers->traffic_class
	                                                   << RTE_IPV6_HDR_TC_SHIFT);
	ip->payload_len = rte_cpu_to_be_16(length - sizeof(*ip));
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = headers->hop_limit;
	memcpy(&ip->src_addr, headers->src->bytes, sizeof(ip->src_addr));
	memcpy(&ip->dst_addr, headers->dst->bytes, sizeof(ip->dst_addr));
}

static __rte_always_inline void headers_ip_write(void *at, const struct headers *headers,
                                                 uint16_t length, bool v4)
{
	if (v4)
		headers_ip4_write(at, headers, length);
	else
		headers_ip6_write(at, headers, length);
}

/* length: the header's own and the payload's. The checksum is the caller's. */
static __rte_always_inline void headers_udp_write(struct rte_udp_hdr *udp,
                                                  const struct headers *headers, uint16_t length)
{
	udp->src_port = headers->src_port;
	udp->dst_port = headers->dst_port;
	udp->dgram_len = rte_cpu_to_be_16(length);
}

#endif
