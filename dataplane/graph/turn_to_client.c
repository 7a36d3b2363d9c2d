/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram at a relayed address (RFC 8656, 12.5 and 11.5): goes to the allocation's client as
 * ChannelData where a channel is bound to the peer, as a Data indication where there is a
 * permission alone. Any worker relays it; only the owner may write the allocation.
 */
#include "graph/icmp_error.h"
#include "graph/turn_relay.h"
#include "net/headers.h"
#include "net/path_mtu.h"
#include "random.h"
#include "stun/attribute.h"
#include "stun/message.h"
#include "stun/writer.h"

#include <stdio.h>

enum {
	TO_CLIENT_DROP = EDGE_DROP,
	TO_CLIENT_IP_OUTPUT,
	TO_CLIENT_STREAM_OUTPUT,
};

/* A packet between the stages. */
struct to_client {
	struct allocation *allocation; /* NULL: none */
	const struct channel *channel; /* NULL: none; the permission is asked then */
};

/* Each stage asks for the lines that the next one reads. */
static inline void port_prefetch(const struct turn *turn, const struct packet *packet)
{
	const struct relay *relay = &turn->relays[packet->flow.service];

	rte_prefetch0(&relay->ports[rte_be_to_cpu_16(packet->dst_port)]);
}

static inline struct allocation *port_allocation(struct turn *turn, const struct packet *packet)
{
	uint32_t index = relay_port_owner(&turn->relays[packet->flow.service],
	                                  rte_be_to_cpu_16(packet->dst_port));
	struct allocation *allocation;

	if (unlikely(index == 0))
		return NULL;
	allocation = turn_allocation(turn, index);
	rte_prefetch0(allocation);
	rte_prefetch0_write(&allocation->to_peer_packets);
	return allocation;
}

static inline void channels_prefetch(const struct turn *turn, const struct allocation *allocation)
{
	if (unlikely(allocation == NULL))
		return;
	for (int i = 0; i < ALLOCATION_INLINE_CHANNELS; i++)
		if (allocation->channel_numbers[i] != 0)
			rte_prefetch0(&turn->channels[allocation->channels[i]]);
}

/* The peer's channel, or NULL. */
static inline const struct channel *
peer_channel(struct turn *turn, const struct allocation *allocation, const struct packet *packet)
{
	bool full = true;

	for (int i = 0; i < ALLOCATION_INLINE_CHANNELS; i++) {
		const struct channel *channel = &turn->channels[allocation->channels[i]];

		if (allocation->channel_numbers[i] == 0)
			full = false;
		else if (likely(channel->peer_port == packet->flow.src_port &&
		                ip_addr_equal(&channel->peer, &packet->flow.src)))
			return channel;
	}
	/* while an inline place is free, no channel is elsewhere */
	return unlikely(full) ? channel_find_peer(turn, allocation, &packet->flow.src,
	                                          packet->flow.src_port)
	                      : NULL;
}

static inline bool payload_prepend(struct rte_mbuf *mbuf, const void *header, uint16_t length)
{
	struct packet *packet = packet_of(mbuf);
	char *room = rte_pktmbuf_prepend(mbuf, length);

	if (unlikely(room == NULL))
		return false;
	memcpy(room, header, length);
	packet->payload_sum = checksum_add(packet->payload_sum, checksum_bytes(header, length));
	return true;
}

/* Over UDP ChannelData needs no padding (RFC 8656, 12.5). */
static inline enum drop_reason channel_header_put(struct rte_mbuf *mbuf, uint16_t number)
{
	const uint16_t header[2] = {rte_cpu_to_be_16(number), rte_cpu_to_be_16(mbuf->data_len)};

	return likely(payload_prepend(mbuf, header, sizeof(header))) ? DROP_NONE : DROP_HEADROOM;
}

/* DATA's header, whose value is there already. */
#define DATA_HEADER_SIZE    4
#define DATA_INDICATION_MAX (STUN_HEADER_SIZE + 4 + 20 + DATA_HEADER_SIZE)

static inline enum drop_reason data_header_put(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	uint16_t length = mbuf->data_len;
	uint16_t padding = -length & 3;
	uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint8_t header[DATA_INDICATION_MAX] __rte_aligned(4);
	struct stun_writer writer;
	char *end = rte_pktmbuf_append(mbuf, padding);
	uint16_t head;

	if (unlikely(end == NULL))
		return DROP_HEADROOM;
	memset(end, 0, padding);
	random_bytes(worker->random, transaction, sizeof(transaction));
	stun_begin(&writer, header, sizeof(header), STUN_DATA, STUN_INDICATION, transaction);
	stun_put_xor_addr(&writer, STUN_ATTR_XOR_PEER_ADDRESS, &packet->flow.src,
	                  packet->flow.src_port);
	head = stun_end(&writer);
	*(uint16_t *)&header[head] = RTE_BE16(STUN_ATTR_DATA);
	*(uint16_t *)&header[head + 2] = rte_cpu_to_be_16(length);
	head += DATA_HEADER_SIZE;
	*(uint16_t *)&header[2] = rte_cpu_to_be_16(head + length + padding - STUN_HEADER_SIZE);
	return likely(payload_prepend(mbuf, header, head)) ? DROP_NONE : DROP_HEADROOM;
}

static inline uint32_t ip_headers(const struct ip_addr *ip)
{
	return headers_l3_length(ip_addr_is_v4(ip)) + sizeof(struct rte_udp_hdr);
}

static inline void peer_find(struct turn *turn, const struct packet *packet,
                             struct to_client *to_client)
{
	to_client->channel = NULL;
	if (unlikely(to_client->allocation == NULL))
		return;
	to_client->channel = peer_channel(turn, to_client->allocation, packet);
	if (to_client->channel == NULL)
		permission_prefetch_head(turn, to_client->allocation, &packet->flow.src);
}

static inline void permission_ask(struct turn *turn, const struct packet *packet,
                                  const struct to_client *to_client)
{
	if (to_client->channel == NULL && to_client->allocation != NULL)
		permission_prefetch(turn, to_client->allocation, &packet->flow.src);
}

/* May the peer use its channel, or (*channel NULL then) its permission? DROP_NONE, or why neither.
 */
static inline enum drop_reason peer_check(struct worker *worker, const struct to_client *to_client,
                                          const struct packet *packet,
                                          const struct channel **channel)
{
	const struct permission *permission;

	if (unlikely(to_client->allocation == NULL))
		return DROP_TURN_NO_ALLOCATION;
	if (unlikely(!allocation_alive(to_client->allocation, worker->now)))
		return DROP_TURN_EXPIRED;
	*channel = to_client->channel;
	if (likely(*channel != NULL && worker->now < (*channel)->expires))
		return DROP_NONE;
	*channel = NULL;
	permission = permission_find(worker->dp->turn, to_client->allocation, &packet->flow.src);
	if (unlikely(permission == NULL))
		return DROP_TURN_NO_PERMISSION;
	return likely(worker->now < permission->expires) ? DROP_NONE : DROP_TURN_EXPIRED;
}

/* A peer that asks not to be fragmented, and sends more than goes whole to the client, is told what
 * would. Its datagram goes on, in fragments. */
static void peer_tell(struct worker *worker, const struct rte_mbuf *mbuf,
                      const struct ip_addr *client, bool channel)
{
	const struct packet *packet = packet_of((struct rte_mbuf *)(uintptr_t)mbuf);
	const struct ip_addr *peer = &packet->flow.src;
	uint32_t mtu = path_mtu_find(worker->dp->paths, client, worker->now);
	uint32_t added = channel ? STUN_CHANNEL_HEADER_SIZE
	                         : STUN_HEADER_SIZE + STUN_ATTR_HEADER_SIZE + DATA_HEADER_SIZE + 3 +
	                                   (ip_addr_is_v4(peer) ? 8 : 20);
	uint32_t room;

	if (mtu == PATH_MTU_NONE || mtu < ip_headers(client) + added)
		return;
	room = mtu - ip_headers(client) - added;
	if (packet->payload_length > room)
		icmp_too_big(worker, mbuf, (uint16_t)(room + ip_headers(peer)));
}

static inline void allocation_count_to_client(struct allocation *allocation,
                                              const struct worker *worker, uint16_t bytes)
{
	if (likely(allocation->owner == worker->id)) {
		allocation->to_client_packets++;
		allocation->to_client_bytes += bytes;
	} else {
		__atomic_fetch_add(&allocation->stray_packets, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&allocation->stray_bytes, bytes, __ATOMIC_RELAXED);
	}
}

static inline rte_edge_t to_client_relay(struct worker *worker, const struct turn_policy *policy,
                                         struct rte_mbuf *mbuf, const struct to_client *to_client)
{
	struct allocation *allocation = to_client->allocation;
	struct packet *packet = packet_of(mbuf);
	const struct transport_addr *listener;
	const struct five_tuple *client;
	const struct channel *channel = NULL;
	uint16_t length = packet->payload_length;
	enum drop_reason reason = peer_check(worker, to_client, packet, &channel);

	if (unlikely(reason != DROP_NONE)) {
		if (reason == DROP_TURN_NO_ALLOCATION)
			icmp_port_unreachable(worker, mbuf);
		return drop(mbuf, reason);
	}
	client = allocation_client(worker->dp->turn, allocation);
	if (unlikely(allocation->flags & ALLOCATION_NARROW) &&
	    (packet->flags & PACKET_DONT_FRAGMENT))
		peer_tell(worker, mbuf, &client->src, channel != NULL);
	if (unlikely(!packet_hop(packet)))
		return drop(mbuf, DROP_HOP_LIMIT);
	if (unlikely(!turn_rate_pass(worker, policy, client->service, &allocation->to_client_due,
	                             length)))
		return drop(mbuf, DROP_TURN_RATE);
	output_begin(mbuf);
	reason = channel != NULL ? channel_header_put(mbuf, channel->number)
	                         : data_header_put(worker, mbuf);
	if (unlikely(reason != DROP_NONE))
		return drop(mbuf, reason);
	listener = &worker->dp->turn->listeners[client->service];
	packet->flow.src = listener->ip;
	packet->flow.src_port = listener->port;
	packet->dst = client->src;
	packet->dst_port = client->src_port;
	packet->flow.connection = client->connection;
	allocation_count_to_client(allocation, worker, length);
	worker->turn->counters[TURN_TO_CLIENT_BYTES] += length;
	turn_count(worker->turn, channel != NULL ? TURN_CHANNEL_TO_CLIENT : TURN_DATA_TO_CLIENT);
	return likely(packet->flow.connection == 0) ? TO_CLIENT_IP_OUTPUT : TO_CLIENT_STREAM_OUTPUT;
}

static inline void to_client_burst(struct rte_graph *graph, struct rte_node *node,
                                   struct node_run *run, void **objs, uint16_t start,
                                   uint16_t count)
{
	struct worker *worker = node_worker(node);
	struct turn *turn = worker->dp->turn;
	const struct turn_policy *policy = turn_policy_now(turn);
	struct rte_mbuf **mbufs = (struct rte_mbuf **)objs + start;
	struct to_client to_client[TURN_BURST];

	for (uint16_t i = 0; i < count; i++)
		port_prefetch(turn, packet_of(mbufs[i]));
	for (uint16_t i = 0; i < count; i++)
		to_client[i].allocation = port_allocation(turn, packet_of(mbufs[i]));
	for (uint16_t i = 0; i < count; i++)
		channels_prefetch(turn, to_client[i].allocation);
	for (uint16_t i = 0; i < count; i++)
		peer_find(turn, packet_of(mbufs[i]), &to_client[i]);
	for (uint16_t i = 0; i < count; i++)
		permission_ask(turn, packet_of(mbufs[i]), &to_client[i]);
	for (uint16_t i = 0; i < count; i++) {
		rte_edge_t edge = to_client_relay(worker, policy, mbufs[i], &to_client[i]);

		node_run_next(graph, node, run, objs, start + i, edge);
	}
}

static uint16_t turn_to_client_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                       uint16_t nb_objs)
{
	struct node_run run = {.edge = TO_CLIENT_IP_OUTPUT, .start = 0};

	for (uint16_t start = 0; start < nb_objs; start += TURN_BURST)
		to_client_burst(graph, node, &run, objs, start,
		                RTE_MIN(nb_objs - start, TURN_BURST));
	node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

/* In a channel, or in a Data indication. */
static void turn_to_client_trace(const struct dataplane *dp, const struct trace_step *step,
                                 char *text, size_t room)
{
	char client[TRACE_TRANSPORT_MAX];

	trace_transport_text(&step->after.dst, step->after.dst_port, client);
	if (step->data_length >= STUN_CHANNEL_HEADER_SIZE && step->data[0] >> 6 == 1)
		snprintf(text, room, "channel 0x%02x%02x of client %s", step->data[0],
		         step->data[1], client);
	else
		snprintf(text, room, "Data indication to client %s", client);
}

GRAPH_NODE(turn_to_client, .process = turn_to_client_process, .trace = turn_to_client_trace,
           .edges = {
                   [TO_CLIENT_IP_OUTPUT] = "ip_output",
                   [TO_CLIENT_STREAM_OUTPUT] = "stream_output",
           })
