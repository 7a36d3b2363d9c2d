/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, VLAN, IP and UDP are parsed here, once: what later nodes need goes into the metadata.
 * RFC 7983 decides the class. A packet that is not for a service of ours goes to the kernel as it
 * came, however odd it is; one that is must be without fault.
 */
#include "dataplane.h"
#include "gate/gate.h"
#include "gate_packet.h"
#include "graph/node.h"
#include "net/checksum.h"
#include "net/port.h"
#include "net/service.h"
#include "session/session.h"
#include "srtp/rtp.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <stdio.h>

enum {
	CLASSIFY_DROP = EDGE_DROP,
	CLASSIFY_KERNEL,
	CLASSIFY_GATE,
	CLASSIFY_STUN,
	CLASSIFY_TO_PEER,
	CLASSIFY_TO_CLIENT,
	CLASSIFY_SRTP,
	CLASSIFY_REASSEMBLE,
	CLASSIFY_ICMP,
	CLASSIFY_DTLS,
};

/* Where the cursor stands: every advance is checked against `end` first. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

static inline const void *cursor_take(struct cursor *cursor, size_t length)
{
	const void *taken = cursor->at;

	if (unlikely((size_t)(cursor->end - cursor->at) < length))
		return NULL;
	cursor->at += length;
	return taken;
}

/* The ethertype behind the tags in network order, 0 where the frame is too short. */
static inline uint16_t ethertype_of(struct cursor *cursor)
{
	const struct rte_ether_hdr *ether = cursor_take(cursor, sizeof(*ether));
	uint16_t type;

	if (ether == NULL)
		return 0;
	type = ether->ether_type;
	for (int i = 0; i < GATE_VLAN_TAGS_MAX; i++) {
		const struct rte_vlan_hdr *vlan;

		if (likely(type != RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
		           type != RTE_BE16(RTE_ETHER_TYPE_QINQ)))
			break;
		vlan = cursor_take(cursor, sizeof(*vlan));
		if (vlan == NULL)
			return 0;
		type = vlan->eth_proto;
	}
	return type;
}

/* No host may send from these: 0/8, 127/8, 224/3. */
static inline bool ip4_source_bad(uint32_t src_be)
{
	uint8_t first = ((const uint8_t *)&src_be)[0];

	return first == 0 || first == 127 || first >= 224;
}

/* ff00::/8, ::, ::1, and the v4-mapped and -compatible forms, which would be an IPv4 address's
 * second name. */
static inline bool ip6_source_bad(const struct ip_addr *src)
{
	return src->bytes[0] == 0xff ||
	       (src->quads[0] == 0 && (src->words[2] == 0 || src->words[2] == IP_ADDR_V4_PREFIX));
}

/* Options or a fragment: the cursor moves to the UDP header, by whose port the kernel's are told
 * from ours. Of a later fragment the node `reassemble` can tell: *protocol 0. */
static enum drop_reason ip4_part(struct cursor *cursor, const struct rte_ipv4_hdr *ip,
                                 uint8_t *protocol)
{
	uint8_t size = (ip->version_ihl & 15) * 4;

	if (ip->version_ihl >> 4 != 4 || size < sizeof(*ip) ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) ||
	    cursor_take(cursor, size - sizeof(*ip)) == NULL)
		*protocol = 0;
	return ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)
	               ? DROP_IP_FRAGMENT
	               : DROP_IP4_OPTIONS;
}

/*
 * The IP header, its addresses into the metadata, the cursor behind it and its end at the
 * datagram's end. DROP_NONE, or what is wrong with it; *protocol is 0 until it is known.
 */
static inline enum drop_reason ip4_parse(struct cursor *cursor, struct packet *packet,
                                         uint64_t ol_flags, uint8_t *protocol)
{
	const struct rte_ipv4_hdr *ip = cursor_take(cursor, sizeof(*ip));
	uint16_t total;

	if (unlikely(ip == NULL))
		return DROP_IP_HEADER;
	packet->flow.src = ip_addr_v4(ip->src_addr);
	packet->dst = ip_addr_v4(ip->dst_addr);
	packet->hop_limit = ip->time_to_live;
	packet->traffic_class = ip->type_of_service;
	*protocol = ip->next_proto_id;
	if (unlikely(ip->version_ihl != RTE_IPV4_VHL_DEF ||
	             (ip->fragment_offset &
	              RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))))
		return ip4_part(cursor, ip, protocol);
	if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))
		packet->flags |= PACKET_DONT_FRAGMENT;
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total < sizeof(*ip) ||
	             total - sizeof(*ip) > (size_t)(cursor->end - cursor->at)))
		return DROP_IP_HEADER;
	cursor->end = cursor->at + total - sizeof(*ip);
	if (unlikely((ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
	             checksum_ip4_header(ip) != 0xffff))
		return DROP_IP4_CHECKSUM;
	return unlikely(ip4_source_bad(ip->src_addr)) ? DROP_IP_SOURCE : DROP_NONE;
}

/* A first fragment of a UDP datagram: the cursor moves to its header. Others have no ports:
 * *protocol 0. */
static enum drop_reason ip6_part(struct cursor *cursor, uint8_t *protocol)
{
	const struct rte_ipv6_fragment_ext *fragment = cursor_take(cursor, sizeof(*fragment));

	*protocol = 0;
	if (fragment != NULL && (fragment->frag_data & RTE_BE16(GATE_IP6_OFFSET)) == 0)
		*protocol = fragment->next_header;
	return DROP_IP_FRAGMENT;
}

/* Skips the extension headers that carry nothing for us. *protocol: in the first, out the last. */
static inline enum drop_reason ip6_extensions(struct cursor *cursor, uint8_t *protocol)
{
	for (int i = 0; i < GATE_IP6_EXTENSIONS_MAX; i++) {
		const uint8_t *extension;

		if (*protocol != IPPROTO_HOPOPTS && *protocol != IPPROTO_DSTOPTS)
			break;
		extension = cursor_take(cursor, 8);
		if (extension == NULL || cursor_take(cursor, extension[1] * 8) == NULL)
			return DROP_IP6_EXTENSION;
		*protocol = extension[0];
	}
	if (*protocol == IPPROTO_FRAGMENT)
		return ip6_part(cursor, protocol);
	return *protocol == IPPROTO_HOPOPTS || *protocol == IPPROTO_DSTOPTS ? DROP_IP6_EXTENSION
	                                                                    : DROP_NONE;
}

static inline enum drop_reason ip6_parse(struct cursor *cursor, struct packet *packet,
                                         uint8_t *protocol)
{
	const struct rte_ipv6_hdr *ip = cursor_take(cursor, sizeof(*ip));
	uint32_t vtc_flow;
	uint16_t length;

	if (unlikely(ip == NULL))
		return DROP_IP_HEADER;
	packet->flow.src = ip_addr_v6(&ip->src_addr);
	packet->dst = ip_addr_v6(&ip->dst_addr);
	vtc_flow = rte_be_to_cpu_32(ip->vtc_flow);
	packet->hop_limit = ip->hop_limits;
	packet->traffic_class = (vtc_flow >> RTE_IPV6_HDR_TC_SHIFT) & 0xff;
	*protocol = ip->proto;
	length = rte_be_to_cpu_16(ip->payload_len);
	if (unlikely(vtc_flow >> 28 != 6 || length > (size_t)(cursor->end - cursor->at)))
		return DROP_IP_HEADER;
	cursor->end = cursor->at + length;
	if (unlikely(*protocol != IPPROTO_UDP)) {
		enum drop_reason reason = ip6_extensions(cursor, protocol);

		if (reason != DROP_NONE)
			return reason;
	}
	return unlikely(ip6_source_bad(&packet->flow.src)) ? DROP_IP_SOURCE : DROP_NONE;
}

/* UDP length 0 (jumbograms, RFC 2675) is not served. A zero checksum is legal over IPv4 alone (RFC
 * 8200, 8.1). */
static inline enum drop_reason udp_parse(const struct cursor *cursor, const struct rte_mbuf *mbuf,
                                         const struct rte_udp_hdr *udp, struct packet *packet,
                                         bool v4)
{
	uint16_t length = rte_be_to_cpu_16(udp->dgram_len);

	if (unlikely(length < sizeof(*udp) ||
	             length - sizeof(*udp) > (size_t)(cursor->end - cursor->at)))
		return DROP_UDP_LENGTH;
	packet->payload_offset = cursor->at - rte_pktmbuf_mtod(mbuf, const uint8_t *);
	packet->payload_length = length - sizeof(*udp);
	if (unlikely(udp->dgram_cksum == 0 && !v4))
		return DROP_UDP_CHECKSUM;
	if (unlikely((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD &&
	             udp->dgram_cksum != 0))
		return DROP_UDP_CHECKSUM;
	return DROP_NONE;
}

/* What sessions get besides checks: from here on it is theirs alone, even at a shared port. */
static inline rte_edge_t session_class(struct rte_mbuf *mbuf, struct packet *packet, uint8_t first)
{
	packet->flow.service = session_service(packet->session);
	if (likely((first & 0xc0) == 0x80)) {
		packet->service_kind = SERVICE_MEDIA;
		return CLASSIFY_SRTP;
	}
	packet->service_kind = SERVICE_SESSION;
	return first >= 20 && first < 64 ? CLASSIFY_DTLS : drop(mbuf, DROP_UNKNOWN_CLASS);
}

/* RFC 7983, 7, on a listener: 0 to 3 is STUN, 64 on ChannelData (stun/message.h: to 127). */
static inline rte_edge_t turn_class(struct rte_mbuf *mbuf, struct packet *packet,
                                    const uint8_t *payload)
{
	if (unlikely(packet->payload_length == 0))
		return drop(mbuf, DROP_UNKNOWN_CLASS);
	if (likely((payload[0] & 0xc0) == 0x40))
		return CLASSIFY_TO_PEER;
	if (likely(payload[0] < 4))
		return CLASSIFY_STUN;
	return packet->session != 0 ? session_class(mbuf, packet, payload[0])
	                            : drop(mbuf, DROP_UNKNOWN_CLASS);
}

static inline rte_edge_t sessions_class(struct rte_mbuf *mbuf, struct packet *packet,
                                        const uint8_t *payload)
{
	if (unlikely(packet->payload_length == 0))
		return drop(mbuf, DROP_UNKNOWN_CLASS);
	return payload[0] < 4 ? CLASSIFY_STUN : session_class(mbuf, packet, payload[0]);
}

/* The same where endpoints are: 128 to 191 is RTP and RTCP. */
static inline rte_edge_t media_class(struct rte_mbuf *mbuf, const struct packet *packet,
                                     const uint8_t *payload)
{
	if (likely(packet->payload_length != 0 && (payload[0] & 0xc0) == 0x80))
		return CLASSIFY_SRTP;
	return drop(mbuf, DROP_UNKNOWN_CLASS);
}

static inline rte_edge_t service_class(struct rte_mbuf *mbuf, struct packet *packet,
                                       const uint8_t *payload)
{
	switch (packet->service_kind) {
	case SERVICE_RELAY:
		return CLASSIFY_TO_CLIENT;
	case SERVICE_TURN:
		return turn_class(mbuf, packet, payload);
	case SERVICE_SESSION:
		return sessions_class(mbuf, packet, payload);
	default:
		return media_class(mbuf, packet, payload);
	}
}

/* XDP has judged what comes from its ports, where its program is set to. On other ports the gate
 * sees all STUN, and everything while prefixes are denied. */
static inline rte_edge_t gate_edge(const struct worker *worker, const struct packet *packet,
                                   rte_edge_t edge)
{
	const struct gate_policy *policy = gate_policy_now(worker->dp->gate);

	if ((policy->judged >> packet->port & 1) && !(packet->flags & PACKET_REASSEMBLED))
		return edge;
	return edge == CLASSIFY_STUN || (edge != CLASSIFY_DROP && policy->deny->prefixes > 0)
	               ? CLASSIFY_GATE
	               : edge;
}

static inline rte_edge_t udp_classify(struct worker *worker, struct rte_mbuf *mbuf,
                                      struct cursor *cursor, bool v4)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	struct packet *packet = packet_of(mbuf);
	const struct rte_udp_hdr *udp = cursor_take(cursor, sizeof(*udp));
	const struct service *service;
	enum drop_reason reason;

	if (unlikely(udp == NULL))
		return service_has_ip(services, &packet->dst) ? drop(mbuf, DROP_UDP_LENGTH)
		                                              : CLASSIFY_KERNEL;
	service = service_find(services, &packet->dst, udp->dst_port);
	if (unlikely(service == NULL))
		return CLASSIFY_KERNEL;
	packet->flow.src_port = udp->src_port;
	packet->flow.service = service->index;
	packet->flow.connection = 0;
	packet->dst_port = udp->dst_port;
	packet->service_kind = service->kind;
	packet->session = (uint8_t)service->session;
	reason = udp_parse(cursor, mbuf, udp, packet, v4);
	if (unlikely(reason != DROP_NONE))
		return drop(mbuf, reason);
	return gate_edge(worker, packet, service_class(mbuf, packet, cursor->at));
}

/*
 * An IP header with a fault. Ours are dropped for it; what is for another service of the host goes
 * to the kernel, and so does what cannot be told apart. Behind extension headers that were not
 * walked the address alone decides.
 */
static rte_edge_t fault_classify(struct worker *worker, struct rte_mbuf *mbuf,
                                 struct cursor *cursor, uint8_t protocol, enum drop_reason reason)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	const struct packet *packet = packet_of(mbuf);
	const struct rte_udp_hdr *udp;

	if (reason == DROP_IP_FRAGMENT && service_has_ip(services, &packet->dst))
		return CLASSIFY_REASSEMBLE;
	if (reason == DROP_IP6_EXTENSION)
		return service_has_ip(services, &packet->dst) ? drop(mbuf, reason)
		                                              : CLASSIFY_KERNEL;
	udp = cursor_take(cursor, sizeof(*udp));
	if (protocol != IPPROTO_UDP || udp == NULL ||
	    service_find(services, &packet->dst, udp->dst_port) == NULL)
		return CLASSIFY_KERNEL;
	return drop(mbuf, reason);
}

/* Errors about what we sent are ours. */
static rte_edge_t icmp_classify(struct worker *worker, const struct packet *packet,
                                uint8_t protocol)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);

	return (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) &&
	                       service_has_ip(services, &packet->dst)
	               ? CLASSIFY_ICMP
	               : CLASSIFY_KERNEL;
}

static inline rte_edge_t classify_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	const uint8_t *data = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	struct cursor cursor = {.at = data, .end = data + mbuf->data_len};
	struct packet *packet = packet_of(mbuf);
	enum drop_reason reason;
	uint8_t protocol = 0;
	uint16_t type;

	if (unlikely(mbuf->nb_segs != 1))
		return drop(mbuf, DROP_SEGMENTED);
	type = ethertype_of(&cursor);
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		reason = ip4_parse(&cursor, packet, mbuf->ol_flags, &protocol);
	else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		reason = ip6_parse(&cursor, packet, &protocol);
	else
		return type == 0 ? drop(mbuf, DROP_ETHERNET_SHORT) : CLASSIFY_KERNEL;

	if (unlikely(reason != DROP_NONE))
		return fault_classify(worker, mbuf, &cursor, protocol, reason);
	if (unlikely(protocol != IPPROTO_UDP))
		return icmp_classify(worker, packet, protocol);
	return udp_classify(worker, mbuf, &cursor, type == RTE_BE16(RTE_ETHER_TYPE_IPV4));
}

static uint16_t classify_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                 uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, classify_step, NODE_READS_HEADERS);
}

static void classify_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                           size_t room)
{
	const uint8_t *payload = step->payload;

	switch (step->after.service_kind) {
	case SERVICE_TURN:
		snprintf(text, room, "%s at a TURN listener",
		         payload[0] < 4 ? "STUN" : "ChannelData");
		return;
	case SERVICE_SESSION:
		snprintf(text, room, "%s at an address of sessions",
		         payload[0] < 4 ? "STUN" : "DTLS");
		return;
	case SERVICE_RELAY:
		snprintf(text, room, "a datagram at a relayed address");
		return;
	case SERVICE_MEDIA:
		snprintf(text, room, "%s at an address of %s",
		         rtp_is_rtcp(payload[1]) ? "SRTCP" : "SRTP",
		         step->after.session != 0 ? "sessions" : "endpoints");
		return;
	default:
		snprintf(text, room, "for no service of ours");
	}
}

GRAPH_NODE(classify, .process = classify_process, .trace = classify_trace,
           .edges = {
                   [CLASSIFY_KERNEL] = "kernel",
                   [CLASSIFY_GATE] = "gate",
                   [CLASSIFY_STUN] = "stun_input",
                   [CLASSIFY_TO_PEER] = "turn_to_peer",
                   [CLASSIFY_TO_CLIENT] = "turn_to_client",
                   [CLASSIFY_SRTP] = "srtp_decrypt",
                   [CLASSIFY_REASSEMBLE] = "reassemble",
                   [CLASSIFY_ICMP] = "icmp_input",
                   [CLASSIFY_DTLS] = "dtls_punt",
           })
