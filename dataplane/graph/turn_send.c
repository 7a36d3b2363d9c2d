/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send indications (RFC 8656, 11.2): what is in DATA leaves from the relayed address of the peer's
 * family. An indication has no answer, so all that is wrong with it is a counted drop.
 */
#include "graph/turn_relay.h"

#include "stun/message.h"

/* What the indication asks for. */
struct send {
	struct stun_message message;
	struct transport_addr peer;
};

static inline enum drop_reason send_read(const struct rte_mbuf *mbuf, const struct packet *packet,
                                         struct send *send)
{
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	uint16_t cursor = 0;

	if (unlikely(stun_parse(&send->message, payload, packet->payload_length) < 0))
		return DROP_STUN_MALFORMED;
	if (unlikely(!stun_fingerprint_ok(&send->message)))
		return DROP_STUN_FINGERPRINT;
	if (unlikely(send->message.n_unknown != 0 || !stun_has(&send->message, STUN_KNOWN_DATA)))
		return DROP_TURN_MALFORMED;
	switch (stun_peer_next(&send->message, &cursor, &send->peer)) {
	case 1:
		return likely(send->peer.port != 0) ? DROP_NONE : DROP_TURN_MALFORMED;
	case -EAFNOSUPPORT:
		return DROP_TURN_PEER_DENIED;
	default:
		return DROP_TURN_MALFORMED;
	}
}

/* May the allocation send there? The peer itself was judged when its permission was made. */
static inline enum drop_reason send_check(struct worker *worker,
                                          const struct allocation *allocation,
                                          const struct send *send, const struct relay_leg **leg)
{
	const struct permission *permission;

	*leg = &allocation->legs[ip_addr_is_v4(&send->peer.ip) ? 0 : 1];
	if (unlikely((*leg)->relay == 0))
		return DROP_TURN_FAMILY;
	permission = permission_find(worker->dp->turn, allocation, &send->peer.ip);
	if (unlikely(permission == NULL))
		return DROP_TURN_NO_PERMISSION;
	return likely(worker->now < permission->expires) ? DROP_NONE : DROP_TURN_EXPIRED;
}

static inline rte_edge_t send_relay(struct worker *worker, const struct turn_policy *policy,
                                    struct rte_mbuf *mbuf, struct allocation *allocation)
{
	struct turn *turn = worker->dp->turn;
	struct packet *packet = packet_of(mbuf);
	const struct relay_leg *leg;
	const struct stun_span *data;
	struct send send;
	enum drop_reason reason;

	if (unlikely(allocation == NULL))
		return turn_client_elsewhere(worker, mbuf);
	if (unlikely(!allocation_alive(allocation, worker->now)))
		return drop(mbuf, DROP_TURN_EXPIRED);
	reason = send_read(mbuf, packet, &send);
	if (likely(reason == DROP_NONE))
		reason = send_check(worker, allocation, &send, &leg);
	if (unlikely(reason != DROP_NONE))
		return drop(mbuf, reason);
	if (unlikely(!packet_hop(packet)))
		return drop(mbuf, DROP_HOP_LIMIT);
	data = &send.message.attrs[STUN_KNOWN_DATA];
	if (unlikely(!turn_rate_pass(worker, policy, &allocation->to_peer_due, data->length)))
		return drop(mbuf, DROP_TURN_RATE);
	output_begin(mbuf);
	payload_cut(mbuf, data->offset, data->length);
	if (stun_has(&send.message, STUN_KNOWN_DONT_FRAGMENT))
		packet->flags |= PACKET_DONT_FRAGMENT;
	packet_to_peer(packet, &turn->relays[leg->relay - 1].ip, rte_cpu_to_be_16(leg->port),
	               &send.peer.ip, send.peer.port);
	allocation_count_to_peer(allocation, data->length);
	turn_count(worker->turn, TURN_SEND_TO_PEER);
	return TURN_IP_OUTPUT;
}

static inline void send_burst(struct rte_graph *graph, struct rte_node *node, struct node_run *run,
                              void **objs, uint16_t start, uint16_t count)
{
	struct worker *worker = node_worker(node);
	const struct turn_policy *policy = turn_policy_now(worker->dp->turn);
	struct rte_mbuf **mbufs = (struct rte_mbuf **)objs + start;
	struct allocation *found[TURN_BURST];

	turn_clients_find(worker, mbufs, count, found);
	for (uint16_t i = 0; i < count; i++) {
		rte_edge_t edge = send_relay(worker, policy, mbufs[i],
		                             client_settle(worker, packet_of(mbufs[i]), found[i]));

		node_run_next(graph, node, run, objs, start + i, edge);
	}
}

static uint16_t turn_send_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                  uint16_t nb_objs)
{
	struct node_run run = {.edge = TURN_IP_OUTPUT, .start = 0};

	for (uint16_t start = 0; start < nb_objs; start += TURN_BURST)
		send_burst(graph, node, &run, objs, start, RTE_MIN(nb_objs - start, TURN_BURST));
	node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

static struct rte_node_register turn_send_node = {
        .name = "turn_send",
        .process = turn_send_process,
        .nb_edges = TURN_EDGES,
        .next_nodes =
                {
                        [TURN_DROP] = "drop",
                        [TURN_IP_OUTPUT] = "ip_output",
                        [TURN_HAND_OVER] = "hand_over",
                },
};

RTE_NODE_REGISTER(turn_send_node);
