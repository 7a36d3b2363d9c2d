/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a payload and its metadata to a frame: next hop, then UDP, IP and Ethernet headers written
 * into the headroom. A destination that is a service address of ours turns round here (loopback).
 */
#include "graph/node.h"
#include "net/headers.h"
#include "net/ip_id.h"
#include "net/next_hop.h"

#include <stdio.h>

enum {
	IP_OUTPUT_DROP = EDGE_DROP,
	IP_OUTPUT_PORT_TX,
	IP_OUTPUT_LOOPBACK,
	IP_OUTPUT_NEIGHBOUR_WAIT,
	IP_OUTPUT_FRAGMENT,
};

/* The NIC adds the payload to the pseudo header's sum that the field holds. */
static inline uint16_t checksum_offload(struct rte_mbuf *mbuf, const struct packet *packet,
                                        uint16_t length_be, uint8_t l2_len, bool v4)
{
	mbuf->l2_len = l2_len;
	mbuf->l3_len = headers_l3_length(v4);
	mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
	return checksum_fold(checksum_ip(&packet->flow.src) + checksum_ip(&packet->dst) +
	                     RTE_BE16(IPPROTO_UDP) + length_be);
}

static inline uint16_t udp_checksum(const struct rte_udp_hdr *udp, const struct packet *packet,
                                    bool v4)
{
	uint16_t payload_sum = packet->payload_sum;

	if (packet->sum == PACKET_SUM_NONE && v4)
		return 0;
	if (packet->sum != PACKET_SUM_KNOWN)
		payload_sum =
		        checksum_bytes(udp + 1, rte_be_to_cpu_16(udp->dgram_len) - sizeof(*udp));
	return checksum_udp(payload_sum, &packet->flow.src, &packet->dst, udp->src_port,
	                    udp->dst_port, udp->dgram_len);
}

/* `v4` is constant in both calls: one body, two straight lines. */
static __rte_always_inline rte_edge_t headers_write(struct worker *worker, struct rte_mbuf *mbuf,
                                                    const struct next_hop *hop,
                                                    const struct port *port,
                                                    const struct rte_ether_addr *mac, bool v4)
{
	const uint16_t l3_len = headers_l3_length(v4), l2_len = headers_l2_length(hop->vlan);
	const uint32_t ip_length = l3_len + sizeof(struct rte_udp_hdr) + mbuf->data_len;
	struct packet *packet = packet_of(mbuf);
	struct headers headers = {
	        .src = &packet->flow.src,
	        .dst = &packet->dst,
	        .src_port = packet->flow.src_port,
	        .dst_port = packet->dst_port,
	        .hop_limit = packet->hop_limit,
	        .traffic_class = packet->traffic_class,
	        .dont_fragment = packet->flags & PACKET_DONT_FRAGMENT,
	};
	struct rte_udp_hdr *udp;
	uint8_t *frame;

	if (unlikely(ip_length > next_hop_mtu(hop, port)))
		return IP_OUTPUT_FRAGMENT;
	frame = (uint8_t *)rte_pktmbuf_prepend(mbuf, l2_len + l3_len + sizeof(*udp));
	if (unlikely(frame == NULL))
		return drop(mbuf, DROP_HEADROOM);
	if (v4 && !headers.dont_fragment)
		headers.ip_id = ip_id_next(worker);
	udp = (struct rte_udp_hdr *)(frame + l2_len + l3_len);
	headers_udp_write(udp, &headers, ip_length - l3_len);
	if (packet->sum == PACKET_SUM_COMPUTE && port->tx_checksum)
		udp->dgram_cksum = checksum_offload(mbuf, packet, udp->dgram_len, l2_len, v4);
	else
		udp->dgram_cksum = udp_checksum(udp, packet, v4);
	headers_ip_write(frame + l2_len, &headers, ip_length, v4);
	headers_ethernet_write(frame, &port->mac, mac, hop->vlan, v4);
	packet->port = hop->port;
	return IP_OUTPUT_PORT_TX;
}

static inline rte_edge_t ip_output_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	const struct next_hop *hop = next_hop_find(worker, &packet->dst);
	struct rte_ether_addr mac;
	const struct port *port;

	if (unlikely(hop->local))
		return IP_OUTPUT_LOOPBACK;
	if (unlikely(hop->port == PORT_NONE))
		return drop(mbuf, DROP_NO_ROUTE);
	port = &worker->dp->ports->table[hop->port];
	if (unlikely(__atomic_load_n(&port->state, __ATOMIC_RELAXED) != SLUICE_PORT_UP))
		return drop(mbuf, DROP_PORT_DOWN);
	if (unlikely(neighbour_read(worker->dp->neighbours, hop->neighbour, &mac) !=
	             NEIGHBOUR_REACHED)) {
		next_hop_forget(worker, &packet->dst);
		return IP_OUTPUT_NEIGHBOUR_WAIT;
	}
	if (ip_addr_is_v4(&packet->dst))
		return headers_write(worker, mbuf, hop, port, &mac, true);
	return headers_write(worker, mbuf, hop, port, &mac, false);
}

static uint16_t ip_output_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                  uint16_t nb_objs)
{
	return node_each(graph, node, objs, nb_objs, ip_output_step);
}

/* "198.18.2.2 behind dp1, 02:00:00:00:00:09" */
static void ip_output_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                            size_t room)
{
	const uint8_t *mac = step->data;
	char ip[TRACE_TRANSPORT_MAX];
	struct next_hop hop;

	next_hop_resolve(dp, &step->dst, &hop);
	trace_ip_text(hop.neighbour != 0 ? &dp->neighbours->slots[hop.neighbour].ip : &step->dst,
	              ip);
	if (strcmp(step->next, "loopback") == 0)
		snprintf(text, room, "%s is ours", ip);
	else if (strcmp(step->next, "fragment") == 0)
		snprintf(text, room, "larger than the way to %s", ip);
	else if (strcmp(step->next, "neighbour_wait") == 0)
		snprintf(text, room, "next hop %s on %s, its MAC is not known", ip,
		         trace_port_name(dp, hop.port));
	else
		snprintf(text, room, "next hop %s on %s, %02x:%02x:%02x:%02x:%02x:%02x", ip,
		         trace_port_name(dp, step->after.port), mac[0], mac[1], mac[2], mac[3],
		         mac[4], mac[5]);
}

GRAPH_NODE(ip_output, .process = ip_output_process, .trace = ip_output_trace,
           .edges = {
                   [IP_OUTPUT_PORT_TX] = "port_tx",
                   [IP_OUTPUT_LOOPBACK] = "loopback",
                   [IP_OUTPUT_NEIGHBOUR_WAIT] = "neighbour_wait",
                   [IP_OUTPUT_FRAGMENT] = "fragment",
           })
