/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send indications (RFC 8656, 11.2): what is in DATA leaves from the relayed address of the peer's
 * family. An indication has no answer, so all that is wrong with it is a counted drop.
 */
#include "graph/turn_relay.h"
#include "stun/message.h"

#include <stdio.h>

/* A packet between the stages: what its indication asks for. */
struct send {
	struct allocation *allocation;
	enum drop_reason reason; /* DROP_NONE: it can be read */
	struct stun_span data;
	uint16_t dont_fragment; /* packet flags */
	struct transport_addr peer;
};

static inline enum drop_reason send_parse(const struct rte_mbuf *mbuf, const struct packet *packet,
                                          struct send *send)
{
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	struct stun_message message;
	uint16_t cursor = 0;

	if (unlikely(stun_parse(&message, payload, packet->payload_length) < 0))
		return DROP_STUN_MALFORMED;
	if (unlikely(!stun_fingerprint_ok(&message)))
		return DROP_STUN_FINGERPRINT;
	if (unlikely(message.bad_length || message.n_unknown != 0 ||
	             !stun_has(&message, STUN_KNOWN_DATA)))
		return DROP_TURN_MALFORMED;
	send->data = message.attrs[STUN_KNOWN_DATA];
	send->dont_fragment = stun_has(&message, STUN_KNOWN_DONT_FRAGMENT)
	                              ? PACKET_DONT_FRAGMENT | PACKET_WHOLE
	                              : 0;
	switch (stun_peer_next(&message, &cursor, &send->peer)) {
	case 1:
		return likely(send->peer.port != 0) ? DROP_NONE : DROP_TURN_MALFORMED;
	case -EAFNOSUPPORT:
		return DROP_TURN_PEER_DENIED;
	default:
		return DROP_TURN_MALFORMED;
	}
}

static inline void send_read(struct worker *worker, struct rte_mbuf *mbuf, struct send *send)
{
	if (unlikely(send->allocation == NULL))
		return;
	send->reason = send_parse(mbuf, packet_of(mbuf), send);
	if (likely(send->reason == DROP_NONE))
		permission_prefetch_head(worker->dp->turn, send->allocation, &send->peer.ip);
}

static inline bool send_readable(const struct send *send)
{
	return likely(send->allocation != NULL && send->reason == DROP_NONE);
}

/* May the allocation send there? The peer itself was judged when its permission was made. */
static inline enum drop_reason send_check(struct worker *worker, const struct send *send,
                                          const struct relay_leg **leg)
{
	const struct permission *permission;

	if (unlikely(!allocation_alive(send->allocation, worker->now)))
		return DROP_TURN_EXPIRED;
	if (unlikely(send->reason != DROP_NONE))
		return send->reason;
	*leg = &send->allocation->legs[family_index(&send->peer.ip)];
	if (unlikely((*leg)->relay == 0))
		return DROP_TURN_FAMILY;
	permission = permission_find(worker->dp->turn, send->allocation, &send->peer.ip);
	if (unlikely(permission == NULL))
		return DROP_TURN_NO_PERMISSION;
	return likely(worker->now < permission->expires) ? DROP_NONE : DROP_TURN_EXPIRED;
}

static inline rte_edge_t send_relay(struct worker *worker, const struct turn_policy *policy,
                                    struct rte_mbuf *mbuf, const struct send *send)
{
	struct turn *turn = worker->dp->turn;
	struct packet *packet = packet_of(mbuf);
	const struct relay_leg *leg = NULL;
	enum drop_reason reason;

	if (unlikely(send->allocation == NULL))
		return turn_client_elsewhere(worker, mbuf);
	reason = send_check(worker, send, &leg);
	if (unlikely(reason != DROP_NONE))
		return drop(mbuf, reason);
	if (unlikely(!packet_hop(packet)))
		return drop(mbuf, DROP_HOP_LIMIT);
	if (unlikely(!turn_rate_pass(worker, policy, packet->flow.service,
	                             &send->allocation->to_peer_due, send->data.length)))
		return drop(mbuf, DROP_TURN_RATE);
	output_begin(mbuf);
	payload_cut(mbuf, send->data.offset, send->data.length);
	packet->flags |= send->dont_fragment;
	packet_to_peer(packet, &turn->relays[leg->relay - 1].ip, rte_cpu_to_be_16(leg->port),
	               &send->peer.ip, send->peer.port);
	allocation_count_to_peer(worker->turn, send->allocation, send->data.length);
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
	struct send sends[TURN_BURST];

	turn_clients_find(worker, mbufs, count, found);
	for (uint16_t i = 0; i < count; i++) {
		sends[i].allocation = client_settle(worker, packet_of(mbufs[i]), found[i]);
		send_read(worker, mbufs[i], &sends[i]);
	}
	for (uint16_t i = 0; i < count; i++)
		if (send_readable(&sends[i]))
			permission_prefetch(worker->dp->turn, sends[i].allocation,
			                    &sends[i].peer.ip);
	for (uint16_t i = 0; i < count; i++) {
		rte_edge_t edge = send_relay(worker, policy, mbufs[i], &sends[i]);

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

static void turn_send_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                            size_t room)
{
	char peer[TRACE_TRANSPORT_MAX];

	trace_transport_text(&step->after.dst, step->after.dst_port, peer);
	snprintf(text, room, "permitted, to peer %s", peer);
}

GRAPH_NODE(turn_send, .process = turn_send_process, .trace = turn_send_trace,
           .edges = {
                   [TURN_IP_OUTPUT] = "ip_output",
                   [TURN_HAND_OVER] = "hand_over",
           })
