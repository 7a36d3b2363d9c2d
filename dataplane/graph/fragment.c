/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram that is larger than its way leaves in fragments (RFC 791; RFC 8200, 4.5), as a
 * kernel's socket would send it, so that nothing is lost for its size. Each fragment is a copy: the
 * one place but reassembly where a payload is moved, since media of any browser is smaller.
 */
#include "graph/node.h"
#include "net/headers.h"
#include "net/ip_id.h"
#include "net/next_hop.h"
#include "random.h"

#include <stdio.h>

enum {
	FRAGMENT_DROP = EDGE_DROP,
	FRAGMENT_PORT_TX,
};

#define FRAGMENTS_MAX 128
#define FRAGMENT_UNIT 8 /* offsets are in these */

/* Where a datagram's fragments go, and what each may hold. */
struct way {
	const struct port *port;
	struct rte_ether_addr mac;
	uint16_t index; /* of the port */
	uint16_t vlan;
	uint16_t l2_length;
	uint16_t mtu;
	uint32_t id6; /* of IPv6: which datagram's */
	bool v4;
};

static enum drop_reason way_find(struct worker *worker, const struct packet *packet,
                                 struct way *way)
{
	const struct next_hop *hop = next_hop_find(worker, &packet->dst);
	uint16_t learned = path_mtu_find(worker->dp->paths, &packet->dst, worker->now);

	if (hop->port == PORT_NONE)
		return DROP_NO_ROUTE;
	if (hop->mtu != learned) /* it was forgotten */
		dataplane_output_changed(worker->dp);
	way->port = &worker->dp->ports->table[hop->port];
	way->index = hop->port;
	way->vlan = hop->vlan;
	way->l2_length = headers_l2_length(hop->vlan);
	way->mtu = RTE_MIN(__atomic_load_n(&way->port->mtu, __ATOMIC_RELAXED), learned);
	way->v4 = ip_addr_is_v4(&packet->dst);
	if (neighbour_read(worker->dp->neighbours, hop->neighbour, &way->mac) != NEIGHBOUR_REACHED)
		return DROP_NEIGHBOUR_PENDING;
	return DROP_NONE;
}

static void udp_write(struct rte_udp_hdr *udp, const struct headers *headers,
                      const struct packet *packet, uint16_t length, bool v4)
{
	uint16_t sum = packet->payload_sum;

	headers_udp_write(udp, headers, sizeof(*udp) + length);
	udp->dgram_cksum = 0;
	if (packet->sum == PACKET_SUM_NONE && v4)
		return;
	if (packet->sum != PACKET_SUM_KNOWN)
		sum = checksum_bytes(udp + 1, length);
	udp->dgram_cksum = checksum_udp(sum, headers->src, headers->dst, udp->src_port,
	                                udp->dst_port, udp->dgram_len);
}

/* What tells a fragment of IPv4 from a whole datagram. */
static void ip4_mark(struct rte_ipv4_hdr *ip, uint32_t offset, bool more)
{
	ip->fragment_offset = rte_cpu_to_be_16(
	        (uint16_t)(offset / FRAGMENT_UNIT | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~checksum_ip4_header(ip);
}

static void ip6_mark(struct rte_ipv6_hdr *ip, const struct way *way, uint32_t offset, bool more)
{
	struct rte_ipv6_fragment_ext *fragment = (struct rte_ipv6_fragment_ext *)(ip + 1);

	ip->proto = IPPROTO_FRAGMENT;
	fragment->next_header = IPPROTO_UDP;
	fragment->reserved = 0;
	fragment->frag_data = rte_cpu_to_be_16((uint16_t)(offset | more));
	fragment->id = way->id6;
}

/* A datagram's part as a frame of its own; a whole datagram where it is all of it. */
static void piece_write(struct rte_mbuf *piece, const struct packet *packet, const struct way *way,
                        const struct headers *headers, const uint8_t *datagram, uint32_t offset,
                        uint32_t length, bool more)
{
	bool whole = offset == 0 && !more;
	uint8_t *frame = rte_pktmbuf_mtod(piece, uint8_t *), *ip = frame + way->l2_length;
	uint16_t head = headers_l3_length(way->v4) +
	                (way->v4 || whole ? 0 : sizeof(struct rte_ipv6_fragment_ext));

	headers_ethernet_write(frame, &way->port->mac, &way->mac, way->vlan, way->v4);
	headers_ip_write(ip, headers, head + length, way->v4);
	if (!whole && way->v4)
		ip4_mark((struct rte_ipv4_hdr *)ip, offset, more);
	else if (!whole)
		ip6_mark((struct rte_ipv6_hdr *)ip, way, offset, more);
	memcpy(ip + head, datagram + offset, length);
	piece->data_len = way->l2_length + head + length;
	piece->pkt_len = piece->data_len;
	*packet_of(piece) = *packet;
	packet_of(piece)->port = way->index;
	packet_of(piece)->form = PACKET_FRAME_OUT;
}

/* How much of the datagram the longest piece takes; `total` where it goes whole. */
static uint32_t piece_size(const struct worker *worker, const struct way *way, uint32_t total)
{
	const struct options *options = &worker->dp->options;
	uint32_t ip = headers_l3_length(way->v4);
	uint32_t extension = way->v4 ? 0 : sizeof(struct rte_ipv6_fragment_ext);
	uint32_t room = options->mbuf_size - RTE_PKTMBUF_HEADROOM - way->l2_length;
	uint32_t most = RTE_MIN((uint32_t)way->mtu, room);

	if (ip + total <= most)
		return total;
	return most < ip + extension + FRAGMENT_UNIT
	               ? 0
	               : (most - ip - extension) / FRAGMENT_UNIT * FRAGMENT_UNIT;
}

/* Its pieces, as frames, and how many; 0 with the reason. */
static uint16_t datagram_cut(struct worker *worker, struct rte_mbuf *mbuf,
                             struct rte_mbuf *pieces[FRAGMENTS_MAX], enum drop_reason *reason)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t total = sizeof(struct rte_udp_hdr) + mbuf->data_len, size;
	uint16_t payload = mbuf->data_len, count;
	struct headers headers;
	struct way way;
	uint8_t *datagram;

	*reason = way_find(worker, packet, &way);
	if (*reason != DROP_NONE)
		return 0;
	size = piece_size(worker, &way, total);
	*reason = DROP_TOO_BIG;
	if (size == 0 || total > UINT16_MAX || total > FRAGMENTS_MAX * size ||
	    (size < total && (packet->flags & PACKET_WHOLE)))
		return 0;
	datagram = (uint8_t *)rte_pktmbuf_prepend(mbuf, sizeof(struct rte_udp_hdr));
	*reason = DROP_HEADROOM;
	if (datagram == NULL)
		return 0;
	headers = (struct headers){
	        .src = &packet->flow.src,
	        .dst = &packet->dst,
	        .src_port = packet->flow.src_port,
	        .dst_port = packet->dst_port,
	        .hop_limit = packet->hop_limit,
	        .traffic_class = packet->traffic_class,
	        .dont_fragment = size == total && (packet->flags & PACKET_DONT_FRAGMENT),
	        .ip_id = ip_id_next(worker),
	};
	random_bytes(worker->random, &way.id6, sizeof(way.id6));
	udp_write((struct rte_udp_hdr *)datagram, &headers, packet, payload, way.v4);
	count = (total + size - 1) / size;
	*reason = DROP_NO_BUFFER;
	if (rte_pktmbuf_alloc_bulk(worker->dp->pool, pieces, count) != 0)
		return 0;
	for (uint32_t i = 0, offset = 0; i < count; i++, offset += size)
		piece_write(pieces[i], packet, &way, &headers, datagram, offset,
		            RTE_MIN(size, total - offset), i + 1u < count);
	worker->ip_counters[IP_FRAGMENTED] += count > 1;
	worker->ip_counters[IP_FRAGMENTS_SENT] += count > 1 ? count : 0;
	return count;
}

static uint16_t fragment_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                 uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct rte_mbuf *pieces[FRAGMENTS_MAX];

	for (uint16_t i = 0; i < nb_objs; i++) {
		enum drop_reason reason;
		uint16_t count = datagram_cut(worker, objs[i], pieces, &reason);

		if (count == 0) {
			drop(objs[i], reason);
			node_drop(graph, node, &objs[i], 1);
			continue;
		}
		rte_node_enqueue(graph, node, FRAGMENT_PORT_TX, (void **)pieces, count);
		rte_pktmbuf_free(objs[i]);
	}
	return nb_objs;
}

static void fragment_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                           size_t room)
{
	if (step->next == NULL)
		snprintf(text, room, "left in fragments");
}

GRAPH_NODE(fragment, .process = fragment_process, .trace = fragment_trace,
           .edges = {
                   [FRAGMENT_PORT_TX] = "port_tx",
           })
