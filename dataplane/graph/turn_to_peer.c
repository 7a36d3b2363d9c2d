/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ChannelData from a client (RFC 8656, 12.4): the four bytes of its header go, the rest leaves from
 * the relayed address. A burst is looked up together, stage by stage, so that no packet waits for
 * memory alone.
 */
#include "graph/turn_relay.h"
#include "stun/message.h"

#include <stdio.h>

/* A packet between the stages. */
struct to_peer {
	struct allocation *allocation;
	struct channel *channel; /* found without a lookup, or NULL */
	uint16_t number;
	uint16_t length; /* of the data */
	bool valid;
};

/* The header, and of the allocation's first channels the one that it names. */
static inline void to_peer_read(struct turn *turn, struct rte_mbuf *mbuf, struct to_peer *to_peer)
{
	const struct packet *packet = packet_of(mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);

	to_peer->channel = NULL;
	to_peer->valid = stun_channel_parse(payload, packet->payload_length, &to_peer->number,
	                                    &to_peer->length);
	if (unlikely(!to_peer->valid || to_peer->allocation == NULL))
		return;
	for (int i = 0; i < ALLOCATION_INLINE_CHANNELS; i++) {
		if (to_peer->allocation->channel_numbers[i] != to_peer->number)
			continue;
		to_peer->channel = &turn->channels[to_peer->allocation->channels[i]];
		rte_prefetch0(to_peer->channel);
		break;
	}
}

static inline rte_edge_t to_peer_relay(struct worker *worker, const struct turn_policy *policy,
                                       struct rte_mbuf *mbuf, const struct to_peer *to_peer)
{
	struct allocation *allocation = to_peer->allocation;
	const struct channel *channel = to_peer->channel;
	struct packet *packet = packet_of(mbuf);

	if (unlikely(!to_peer->valid))
		return drop(mbuf, DROP_TURN_MALFORMED);
	if (unlikely(allocation == NULL))
		return turn_client_elsewhere(worker, mbuf);
	if (unlikely(!allocation_alive(allocation, worker->now)))
		return drop(mbuf, DROP_TURN_EXPIRED);
	if (unlikely(channel == NULL))
		channel = channel_find(worker->dp->turn, allocation, to_peer->number);
	if (unlikely(channel == NULL))
		return drop(mbuf, DROP_TURN_NO_CHANNEL);
	if (unlikely(worker->now >= channel->expires))
		return drop(mbuf, DROP_TURN_EXPIRED);
	if (unlikely(!packet_hop(packet)))
		return drop(mbuf, DROP_HOP_LIMIT);
	if (unlikely(!turn_rate_pass(worker, policy, packet->flow.service, &allocation->to_peer_due,
	                             to_peer->length)))
		return drop(mbuf, DROP_TURN_RATE);
	output_begin(mbuf);
	payload_cut(mbuf, STUN_CHANNEL_HEADER_SIZE, to_peer->length);
	packet_to_peer(packet, &channel->relayed, channel->relayed_port, &channel->peer,
	               channel->peer_port);
	allocation_count_to_peer(worker->turn, allocation, to_peer->length);
	turn_count(worker->turn, TURN_CHANNEL_TO_PEER);
	return TURN_IP_OUTPUT;
}

static inline void to_peer_burst(struct rte_graph *graph, struct rte_node *node,
                                 struct node_run *run, void **objs, uint16_t start, uint16_t count)
{
	struct worker *worker = node_worker(node);
	const struct turn_policy *policy = turn_policy_now(worker->dp->turn);
	struct rte_mbuf **mbufs = (struct rte_mbuf **)objs + start;
	struct allocation *found[TURN_BURST];
	struct to_peer to_peer[TURN_BURST];

	turn_clients_find(worker, mbufs, count, found);
	for (uint16_t i = 0; i < count; i++) {
		to_peer[i].allocation = client_settle(worker, packet_of(mbufs[i]), found[i]);
		to_peer_read(worker->dp->turn, mbufs[i], &to_peer[i]);
	}
	for (uint16_t i = 0; i < count; i++) {
		rte_edge_t edge = to_peer_relay(worker, policy, mbufs[i], &to_peer[i]);

		node_run_next(graph, node, run, objs, start + i, edge);
	}
}

static uint16_t turn_to_peer_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	struct node_run run = {.edge = TURN_IP_OUTPUT, .start = 0};

	for (uint16_t start = 0; start < nb_objs; start += TURN_BURST)
		to_peer_burst(graph, node, &run, objs, start, RTE_MIN(nb_objs - start, TURN_BURST));
	node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

static void turn_to_peer_trace(const struct dataplane *dp, const struct trace_step *step,
                               char *text, size_t room)
{
	char peer[TRACE_TRANSPORT_MAX];

	trace_transport_text(&step->after.dst, step->after.dst_port, peer);
	snprintf(text, room, "channel 0x%02x%02x is peer %s", step->payload[0], step->payload[1],
	         peer);
}

GRAPH_NODE(turn_to_peer, .process = turn_to_peer_process, .trace = turn_to_peer_trace,
           .edges = {
                   [TURN_IP_OUTPUT] = "ip_output",
                   [TURN_HAND_OVER] = "hand_over",
           })
