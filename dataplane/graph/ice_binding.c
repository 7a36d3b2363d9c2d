/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binding requests at a port of sessions: connectivity checks (RFC 8445, 7.3), which are answered
 * in their own place by whoever owns the session, or TURN's where that shares the port. A check
 * that does not authenticate gets no answer.
 */
#include "graph/node.h"
#include "net/output.h"
#include "net/service.h"
#include "session/session.h"
#include "stun/message.h"

#include <stdio.h>

enum {
	ICE_BINDING_DROP = EDGE_DROP,
	ICE_BINDING_IP_OUTPUT,
	ICE_BINDING_HAND_OVER,
	ICE_BINDING_TURN,
	ICE_BINDING_STREAM_OUTPUT,
};

static inline rte_edge_t ice_binding_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	uint16_t reason = DROP_ICE_UNKNOWN;
	struct stun_message message;

	if (unlikely(stun_parse(&message, payload, packet->payload_length) < 0))
		return drop(mbuf, DROP_STUN_MALFORMED);
	if (!session_is_check(&message))
		return packet->service_kind == SERVICE_TURN ? ICE_BINDING_TURN
		                                            : drop(mbuf, DROP_ICE_UNKNOWN);
	switch (session_check(worker, mbuf, &message, &reason)) {
	case SESSION_ANSWER:
		output_answer(packet);
		return likely(packet->flow.connection == 0) ? ICE_BINDING_IP_OUTPUT
		                                            : ICE_BINDING_STREAM_OUTPUT;
	case SESSION_HAND_OVER:
		return ICE_BINDING_HAND_OVER;
	default:
		return drop(mbuf, reason);
	}
}

static uint16_t ice_binding_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                    uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, ice_binding_step, NODE_READS_HEADERS);
}

static void ice_binding_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                              size_t room)
{
	char stun[TRACE_STUN_MAX];

	if (step->after.form != PACKET_DATAGRAM || step->data_length < STUN_HEADER_SIZE)
		return;
	trace_stun_text(step->data, stun);
	snprintf(text, room, "a check of a session: %s", stun);
}

GRAPH_NODE(ice_binding, .process = ice_binding_process, .trace = ice_binding_trace,
           .edges = {
                   [ICE_BINDING_IP_OUTPUT] = "ip_output",
                   [ICE_BINDING_HAND_OVER] = "hand_over",
                   [ICE_BINDING_TURN] = "turn_request",
                   [ICE_BINDING_STREAM_OUTPUT] = "stream_output",
           })
