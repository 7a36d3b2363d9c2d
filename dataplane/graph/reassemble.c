/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments for addresses of ours: those of a datagram that a client or a peer of ours sends gather
 * here, and go back to classify as one. All others are the kernel's. The first fragment, which has
 * the ports, must come first.
 *
 * The adversary sends first fragments and nothing behind them. Nobody's are kept but those of a
 * client that has an allocation, and of a peer that one has permitted; a request comes in one
 * piece.
 */
#include "graph/turn_relay.h"
#include "net/reassembly.h"
#include "net/service.h"
#include "stun/message.h"
#include "turn/state.h"

#include <stdio.h>

enum {
	REASSEMBLE_DROP = EDGE_DROP,
	REASSEMBLE_CLASSIFY,
	REASSEMBLE_KERNEL,
	REASSEMBLE_HAND_OVER,
};

/* Of UDP's data in the first fragment: what tells ChannelData from an indication. */
#define CLASS_SIZE 2

static bool ip4_read(struct fragment *fragment, const uint8_t *ip_at, uint32_t left)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)ip_at;
	uint16_t field, total;

	if (left < sizeof(*ip) || ip->version_ihl != RTE_IPV4_VHL_DEF ||
	    ip->next_proto_id != IPPROTO_UDP || checksum_ip4_header(ip) != 0xffff)
		return false;
	total = rte_be_to_cpu_16(ip->total_length);
	if (total < sizeof(*ip) || total > left)
		return false;
	field = rte_be_to_cpu_16(ip->fragment_offset);
	fragment->v4 = true;
	fragment->id = ip->packet_id;
	fragment->offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	fragment->more = field & RTE_IPV4_HDR_MF_FLAG;
	fragment->data = ip_at + sizeof(*ip);
	fragment->length = total - sizeof(*ip);
	return true;
}

/* Nothing stands between the IPv6 header and the fragment's: no host of ours sends it. */
static bool ip6_read(struct fragment *fragment, const uint8_t *ip_at, uint32_t left)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)ip_at;
	const struct rte_ipv6_fragment_ext *header = (const struct rte_ipv6_fragment_ext *)(ip + 1);
	uint16_t field, length;

	if (left < sizeof(*ip) + sizeof(*header) || ip->proto != IPPROTO_FRAGMENT ||
	    header->next_header != IPPROTO_UDP)
		return false;
	length = rte_be_to_cpu_16(ip->payload_len);
	if (length < sizeof(*header) || length > left - sizeof(*ip))
		return false;
	field = rte_be_to_cpu_16(header->frag_data);
	fragment->id = header->id;
	fragment->offset = field & RTE_IPV6_EHDR_FO_MASK;
	fragment->more = field & RTE_IPV6_EHDR_MF_MASK;
	fragment->data = (const uint8_t *)(header + 1);
	fragment->length = length - sizeof(*header);
	return true;
}

/* False: the kernel's. */
static bool fragment_read(const struct rte_mbuf *mbuf, struct fragment *fragment)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint16_t at = packet_ip_offset(mbuf);

	*fragment = (struct fragment){
	        .src = packet->flow.src, .dst = packet->dst, .l2_length = at, .frame = frame};
	return ip_addr_is_v4(&packet->dst) ? ip4_read(fragment, frame + at, mbuf->data_len - at)
	                                   : ip6_read(fragment, frame + at, mbuf->data_len - at);
}

/* RSS sees no ports in fragments, and need not treat the first like the others. */
static uint16_t fragment_worker(const struct worker *worker, const struct fragment *fragment)
{
	return (service_hash(&fragment->src) ^ service_hash(&fragment->dst)) %
	       worker->dp->n_workers;
}

/* A service of ours has the ports: is its datagram worth a buffer? */
static enum drop_reason first_judge(const struct worker *worker, const struct fragment *fragment,
                                    const struct service *service, const struct rte_udp_hdr *udp)
{
	const uint8_t *payload = (const uint8_t *)(udp + 1);
	const struct five_tuple flow = {
	        .src = fragment->src, .src_port = udp->src_port, .service = service->index};

	if (fragment->length < sizeof(*udp) + CLASS_SIZE)
		return DROP_IP_FRAGMENT;
	switch (service->kind) {
	case SERVICE_RELAY:
		return turn_peer_allocation(worker, service, udp->dst_port, &fragment->src) != NULL
		               ? DROP_NONE
		               : DROP_TURN_NO_PERMISSION;
	case SERVICE_TURN:
		if ((payload[0] & 0xc0) != 0x40 && (stun_class_of(payload) != STUN_INDICATION ||
		                                    stun_method_of(payload) != STUN_SEND))
			return DROP_IP_FRAGMENT;
		return turn_client_allocation(worker, &flow) != NULL ? DROP_NONE
		                                                     : DROP_TURN_NO_ALLOCATION;
	default:
		return DROP_IP_FRAGMENT;
	}
}

static rte_edge_t reassemble_first(struct worker *worker, struct rte_mbuf *mbuf,
                                   const struct fragment *fragment)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)fragment->data;
	const struct service *service;
	enum drop_reason reason;

	if (fragment->length < sizeof(*udp))
		return REASSEMBLE_KERNEL;
	service = service_find(services, &fragment->dst, udp->dst_port);
	if (service == NULL)
		return REASSEMBLE_KERNEL;
	reason = first_judge(worker, fragment, service, udp);
	return reason == DROP_NONE ? REASSEMBLE_CLASSIFY : drop(mbuf, reason);
}

static rte_edge_t fragment_refuse(struct rte_mbuf *mbuf, enum reassembly_result result)
{
	switch (result) {
	case REASSEMBLY_UNKNOWN:
		return REASSEMBLE_KERNEL;
	case REASSEMBLY_NO_BUFFER:
		return drop(mbuf, DROP_FRAGMENT_FULL);
	case REASSEMBLY_OVERLAP:
		return drop(mbuf, DROP_FRAGMENT_OVERLAP);
	default:
		return drop(mbuf, DROP_IP_FRAGMENT);
	}
}

/* *whole: what goes on where that is a datagram; NULL: the fragment was kept, or takes the edge. */
static rte_edge_t reassemble_step(struct worker *worker, struct rte_mbuf *mbuf,
                                  struct rte_mbuf **whole)
{
	struct packet *packet = packet_of(mbuf);
	enum reassembly_result result;
	struct fragment fragment;
	rte_edge_t edge;

	*whole = NULL;
	if (!fragment_read(mbuf, &fragment))
		return REASSEMBLE_KERNEL;
	packet->worker = fragment_worker(worker, &fragment);
	if (packet->worker != worker->id && !(packet->flags & PACKET_HANDED_OVER))
		return REASSEMBLE_HAND_OVER;
	if (fragment.offset == 0 && !reassembly_knows(worker->reassembly, &fragment)) {
		edge = reassemble_first(worker, mbuf, &fragment);
		if (edge != REASSEMBLE_CLASSIFY)
			return edge;
	}
	result = reassembly_take(worker->reassembly, &fragment, worker->now, whole);
	if (result != REASSEMBLY_HELD && result != REASSEMBLY_WHOLE)
		return fragment_refuse(mbuf, result);
	worker->ip_counters[IP_FRAGMENTS_TAKEN]++;
	if (result == REASSEMBLY_WHOLE) {
		*packet_of(*whole) = *packet;
		packet_of(*whole)->flags = PACKET_REASSEMBLED;
		worker->ip_counters[IP_REASSEMBLED]++;
	}
	return REASSEMBLE_CLASSIFY;
}

static uint16_t reassemble_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                   uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);

	for (uint16_t i = 0; i < nb_objs; i++) {
		struct rte_mbuf *whole;
		rte_edge_t edge = reassemble_step(worker, objs[i], &whole);

		if (edge == REASSEMBLE_CLASSIFY) {
			if (whole != NULL)
				rte_node_enqueue_x1(graph, node, REASSEMBLE_CLASSIFY, whole);
			rte_pktmbuf_free(objs[i]);
		} else {
			if (edge == REASSEMBLE_DROP)
				node_mark(node, &objs[i], 1);
			rte_node_enqueue_x1(graph, node, edge, objs[i]);
		}
	}
	return nb_objs;
}

static void reassemble_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                             size_t room)
{
	if (step->next == NULL)
		snprintf(text, room, "a fragment, kept until its datagram is whole");
}

GRAPH_NODE(reassemble, .process = reassemble_process, .trace = reassemble_trace,
           .edges = {
                   [REASSEMBLE_CLASSIFY] = "classify",
                   [REASSEMBLE_KERNEL] = "kernel",
                   [REASSEMBLE_HAND_OVER] = "hand_over",
           })
