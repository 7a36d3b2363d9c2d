/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about what we sent. One that tells of a smaller MTU is remembered for its
 * destination; one about what an allocation sent to a peer is told to its client (RFC 8656, 11.6).
 * Everything else is the kernel's.
 *
 * Anybody can send them, and name any packet. What counts is about a client that has an allocation,
 * or a peer that one permits.
 */
#include "graph/turn_relay.h"
#include "net/headers.h"
#include "net/path_mtu.h"
#include "net/service.h"
#include "random.h"
#include "stun/message.h"
#include "stun/writer.h"
#include "turn/state.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>

enum {
	ICMP_INPUT_DROP = EDGE_DROP,
	ICMP_INPUT_KERNEL,
	ICMP_INPUT_IP_OUTPUT,
	ICMP_INPUT_STREAM_OUTPUT,
};

#define ICMP_HEADER 8
/* Errors a second that are told to clients, of each worker: a flood of them reaches nobody. */
#define ICMP_RELAYED_SECOND 200
#define ICMP_RELAYED_BURST  50

/* An error, and the datagram that it quotes. */
struct icmp_message {
	uint8_t type, code;
	bool too_big;
	uint32_t mtu;
	uint32_t length; /* of the datagram, IP header included; 0: not told */
	struct transport_addr from, to;
};

static bool quoted4_read(const uint8_t *at, uint32_t left, struct icmp_message *icmp)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)at;
	const struct rte_udp_hdr *udp;
	uint32_t size;

	if (left < sizeof(*ip) || ip->version_ihl >> 4 != 4)
		return false;
	size = (ip->version_ihl & 15) * 4;
	if (size < sizeof(*ip) || left < size + sizeof(*udp) || ip->next_proto_id != IPPROTO_UDP ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)))
		return false;
	udp = (const struct rte_udp_hdr *)(at + size);
	icmp->length = rte_be_to_cpu_16(ip->total_length);
	icmp->from = (struct transport_addr){ip_addr_v4(ip->src_addr), udp->src_port, 0};
	icmp->to = (struct transport_addr){ip_addr_v4(ip->dst_addr), udp->dst_port, 0};
	return true;
}

static bool quoted6_read(const uint8_t *at, uint32_t left, struct icmp_message *icmp)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)at;
	const struct rte_ipv6_fragment_ext *fragment = (const void *)(ip + 1);
	const struct rte_udp_hdr *udp = (const void *)(ip + 1);
	uint32_t size = sizeof(*ip);
	uint8_t protocol;

	if (left < sizeof(*ip) + sizeof(*udp) || at[0] >> 4 != 6)
		return false;
	protocol = ip->proto;
	if (protocol == IPPROTO_FRAGMENT) {
		size += sizeof(*fragment);
		if (left < size + sizeof(*udp) || (fragment->frag_data & RTE_BE16(0xfff8)))
			return false;
		protocol = fragment->next_header;
		udp = (const void *)(fragment + 1);
	}
	if (protocol != IPPROTO_UDP)
		return false;
	icmp->length = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	icmp->from = (struct transport_addr){ip_addr_v6(&ip->src_addr), udp->src_port, 0};
	icmp->to = (struct transport_addr){ip_addr_v6(&ip->dst_addr), udp->dst_port, 0};
	return true;
}

static uint32_t read_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* RFC 8656, 11.6: which types a server tells its clients. */
static bool icmp4_read(const uint8_t *at, uint32_t length, struct icmp_message *icmp)
{
	if (length < ICMP_HEADER || checksum_bytes(at, length) != 0xffff)
		return false;
	icmp->type = at[0];
	icmp->code = at[1];
	icmp->too_big = icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED;
	icmp->mtu = read_u32(at + 4) & 0xffff;
	return (icmp->type == ICMP_DEST_UNREACH || icmp->type == ICMP_TIME_EXCEEDED) &&
	       quoted4_read(at + ICMP_HEADER, length - ICMP_HEADER, icmp);
}

static bool icmp6_read(const struct packet *packet, const uint8_t *at, uint32_t length,
                       struct icmp_message *icmp)
{
	uint64_t pseudo = checksum_ip(&packet->flow.src) + checksum_ip(&packet->dst) +
	                  RTE_BE16(IPPROTO_ICMPV6) + rte_cpu_to_be_16((uint16_t)length);

	if (length < ICMP_HEADER || checksum_fold(pseudo + checksum_bytes(at, length)) != 0xffff)
		return false;
	icmp->type = at[0];
	icmp->code = at[1];
	icmp->too_big = icmp->type == ICMP6_PACKET_TOO_BIG;
	icmp->mtu = read_u32(at + 4);
	return icmp->type >= ICMP6_DST_UNREACH && icmp->type <= ICMP6_TIME_EXCEEDED &&
	       quoted6_read(at + ICMP_HEADER, length - ICMP_HEADER, icmp);
}

static bool icmp_read(const struct rte_mbuf *mbuf, struct icmp_message *icmp)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	uint16_t at = packet_ip_offset(mbuf);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, at);
	uint32_t length;

	if (ip_addr_is_v4(&packet->dst)) {
		length = rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length);
		return icmp4_read(ip + sizeof(struct rte_ipv4_hdr),
		                  length - sizeof(struct rte_ipv4_hdr), icmp);
	}
	length = rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)ip)->payload_len);
	return ((const struct rte_ipv6_hdr *)ip)->proto == IPPROTO_ICMPV6 &&
	       length <= mbuf->data_len - at - sizeof(struct rte_ipv6_hdr) &&
	       icmp6_read(packet, ip + sizeof(struct rte_ipv6_hdr), length, icmp);
}

/* A datagram that is not larger than the MTU is nobody's who tells the truth. */
static bool mtu_learn(struct worker *worker, const struct icmp_message *icmp)
{
	if (!icmp->too_big || icmp->length <= icmp->mtu)
		return false;
	if (path_mtu_learn(worker->dp->paths, &icmp->to.ip, icmp->mtu, worker->now)) {
		worker->ip_counters[IP_TOO_BIG_LEARNED]++;
		dataplane_output_changed(worker->dp);
	}
	return true;
}

static bool relayed_rate(struct worker *worker)
{
	uint64_t interval = worker->tsc_hz / ICMP_RELAYED_SECOND;
	uint64_t due = RTE_MAX(worker->icmp_relayed_due, worker->tsc);

	if (due - worker->tsc > interval * (ICMP_RELAYED_BURST - 1))
		return false;
	worker->icmp_relayed_due = due + interval;
	return true;
}

/* RFC 8656, 18.13: 7 bits of type, 9 of code; the MTU where that is what it is about, or 0. */
static uint16_t indication_write(struct worker *worker, const struct icmp_message *icmp,
                                 uint8_t *at, uint16_t room)
{
	uint8_t transaction[STUN_TRANSACTION_SIZE], *value;
	struct stun_writer writer;

	random_bytes(worker->random, transaction, sizeof(transaction));
	stun_begin(&writer, at, room, STUN_DATA, STUN_INDICATION, transaction);
	stun_put_xor_addr(&writer, STUN_ATTR_XOR_PEER_ADDRESS, &icmp->to.ip, icmp->to.port);
	value = stun_put(&writer, STUN_ATTR_ICMP, 8);
	if (value != NULL) {
		const uint32_t words[2] = {rte_cpu_to_be_32((uint32_t)icmp->type << 9 | icmp->code),
		                           icmp->too_big ? rte_cpu_to_be_32(icmp->mtu) : 0};

		memcpy(value, words, sizeof(words));
	}
	return stun_end(&writer);
}

/* In the received packet's own buffer. */
static void client_tell(struct worker *worker, struct rte_mbuf *mbuf,
                        const struct icmp_message *icmp, const struct five_tuple *client)
{
	const struct transport_addr *listener = &worker->dp->turn->listeners[client->service];
	struct packet *packet = packet_of(mbuf);

	rte_pktmbuf_reset_headroom(mbuf);
	mbuf->data_len = indication_write(worker, icmp, rte_pktmbuf_mtod(mbuf, uint8_t *),
	                                  mbuf->buf_len - mbuf->data_off);
	mbuf->pkt_len = mbuf->data_len;
	mbuf->ol_flags = 0;
	packet->flow.src = listener->ip;
	packet->flow.src_port = listener->port;
	packet->dst = client->src;
	packet->dst_port = client->src_port;
	packet->flow.connection = client->connection;
	packet->payload_offset = 0;
	packet->sum = PACKET_SUM_COMPUTE;
	packet->flags = PACKET_DONT_FRAGMENT;
	packet->hop_limit = HEADERS_HOP_LIMIT;
	packet->traffic_class = 0;
	packet->form = PACKET_DATAGRAM;
	worker->ip_counters[IP_ICMP_RELAYED]++;
}

/* Its client's way is narrower than our ports: peers that ask not to be fragmented are told. */
static rte_edge_t client_narrow(struct worker *worker, struct rte_mbuf *mbuf,
                                const struct icmp_message *icmp, struct allocation *allocation)
{
	if (allocation == NULL)
		return drop(mbuf, DROP_ICMP_UNKNOWN);
	if (mtu_learn(worker, icmp))
		__atomic_fetch_or(&allocation->flags, ALLOCATION_NARROW, __ATOMIC_RELAXED);
	return drop(mbuf, DROP_ICMP_TAKEN);
}

static rte_edge_t icmp_input_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	const struct service *service;
	struct allocation *allocation = NULL;
	const struct five_tuple *client;
	struct icmp_message icmp;

	if (!icmp_read(mbuf, &icmp))
		return ICMP_INPUT_KERNEL;
	service = service_find(services, &icmp.from.ip, icmp.from.port);
	if (service == NULL)
		return ICMP_INPUT_KERNEL;
	if (service->kind == SERVICE_TURN) {
		const struct five_tuple client = {
		        .src = icmp.to.ip, .src_port = icmp.to.port, .service = service->index};

		return client_narrow(worker, mbuf, &icmp, turn_client_allocation(worker, &client));
	}
	if (service->kind == SERVICE_RELAY)
		allocation = turn_peer_allocation(worker, service, icmp.from.port, &icmp.to.ip);
	if (allocation == NULL)
		return drop(mbuf, DROP_ICMP_UNKNOWN);
	mtu_learn(worker, &icmp);
	if (!relayed_rate(worker))
		return drop(mbuf, DROP_ICMP_RATE);
	client = allocation_client(worker->dp->turn, allocation);
	client_tell(worker, mbuf, &icmp, client);
	return client->connection == 0 ? ICMP_INPUT_IP_OUTPUT : ICMP_INPUT_STREAM_OUTPUT;
}

static uint16_t icmp_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                   uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, icmp_input_step, NODE_READS_HEADERS);
}

static void icmp_input_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                             size_t room)
{
	char client[TRACE_TRANSPORT_MAX];

	if (step->next == NULL || step->after.form != PACKET_DATAGRAM)
		return;
	trace_transport_text(&step->after.dst, step->after.dst_port, client);
	snprintf(text, room, "an ICMP error, told to client %s", client);
}

GRAPH_NODE(icmp_input, .process = icmp_input_process, .trace = icmp_input_trace,
           .edges = {
                   [ICMP_INPUT_KERNEL] = "kernel",
                   [ICMP_INPUT_IP_OUTPUT] = "ip_output",
                   [ICMP_INPUT_STREAM_OUTPUT] = "stream_output",
           })
