/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/spread.h"
#include "dataplane.h"
#include "graph/node.h"
#include "net/port.h"

#include <rte_ether.h>
#include <rte_hash_crc.h>
#include <rte_ip.h>

/* 4 bytes of ports behind the IP header, where the frame has them. */
static uint32_t ports_read(const struct rte_mbuf *mbuf, uint32_t offset)
{
	uint32_t ports = 0;

	if (offset + sizeof(ports) <= mbuf->data_len)
		memcpy(&ports, rte_pktmbuf_mtod_offset(mbuf, uint8_t *, offset), sizeof(ports));
	return ports;
}

/* Of the source and the destination address, which follow each other; a frame aligns them to 2
 * bytes. */
static uint32_t addresses_hash(const void *addresses, uint32_t size, uint32_t ports)
{
	uint64_t words[4];

	memcpy(words, addresses, size);
	return rte_hash_crc(words, size, ports);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_TCP;
}

static uint32_t ip4_hash(const struct rte_mbuf *mbuf, uint32_t offset)
{
	const struct rte_ipv4_hdr *ip =
	        rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv4_hdr *, offset);
	uint32_t ports = 0;

	if (offset + sizeof(*ip) > mbuf->data_len)
		return 0;
	if (has_ports(ip->next_proto_id) &&
	    !(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)))
		ports = ports_read(mbuf, offset + rte_ipv4_hdr_len(ip));
	return addresses_hash(&ip->src_addr, sizeof(ip->src_addr) + sizeof(ip->dst_addr), ports);
}

static uint32_t ip6_hash(const struct rte_mbuf *mbuf, uint32_t offset)
{
	const struct rte_ipv6_hdr *ip =
	        rte_pktmbuf_mtod_offset(mbuf, const struct rte_ipv6_hdr *, offset);
	uint32_t ports = 0;

	if (offset + sizeof(*ip) > mbuf->data_len)
		return 0;
	if (has_ports(ip->proto))
		ports = ports_read(mbuf, offset + sizeof(*ip));
	return addresses_hash(&ip->src_addr, sizeof(ip->src_addr) + sizeof(ip->dst_addr), ports);
}

uint16_t spread_worker(const struct rte_mbuf *mbuf, uint16_t n_workers)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	uint32_t offset = sizeof(*ether), hash = 0;
	uint16_t type;

	if (mbuf->data_len < sizeof(*ether))
		return 0;
	type = ether->ether_type;
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
	    mbuf->data_len >= offset + sizeof(struct rte_vlan_hdr)) {
		type = ((const struct rte_vlan_hdr *)(ether + 1))->eth_proto;
		offset += sizeof(struct rte_vlan_hdr);
	}
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		hash = ip4_hash(mbuf, offset);
	else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		hash = ip6_hash(mbuf, offset);
	return ((uint64_t)hash * n_workers) >> 32;
}

static void frames_give(struct rte_graph *graph, struct rte_node *node, struct worker *to,
                        struct rte_mbuf **mbufs, uint16_t count)
{
	struct worker *worker = node_worker(node);
	uint16_t put;

	for (uint16_t i = 0; i < count; i++)
		packet_of(mbufs[i])->entry = PACKET_ENTRY_CLASSIFY;
	put = worker_inbox_put(to, mbufs, count);
	worker->handed_over += put;
	if (likely(put == count))
		return;
	worker->ring_full += count - put;
	for (uint16_t i = put; i < count; i++)
		packet_of(mbufs[i])->reason = DROP_RING_FULL;
	node_drop(graph, node, (void **)mbufs + put, count - put);
}

/* Each round gives one worker all that is its. */
uint16_t spread_burst(struct rte_graph *graph, struct rte_node *node, struct rte_mbuf **mbufs,
                      uint16_t count)
{
	struct worker *worker = node_worker(node);
	struct rte_mbuf *theirs[PORT_BURST];
	uint16_t owners[PORT_BURST];
	uint16_t own = 0, left = 0;

	for (uint16_t i = 0; i < count; i++) {
		uint16_t owner = spread_worker(mbufs[i], worker->dp->n_workers);

		if (owner == worker->id) {
			mbufs[own++] = mbufs[i];
			continue;
		}
		owners[left] = owner;
		theirs[left++] = mbufs[i];
	}
	while (left > 0) {
		struct rte_mbuf *given[PORT_BURST];
		uint16_t owner = owners[0], n_given = 0, kept = 0;

		for (uint16_t i = 0; i < left; i++) {
			if (owners[i] == owner) {
				given[n_given++] = theirs[i];
				continue;
			}
			owners[kept] = owners[i];
			theirs[kept++] = theirs[i];
		}
		frames_give(graph, node, worker->dp->workers[owner], given, n_given);
		left = kept;
	}
	return own;
}
