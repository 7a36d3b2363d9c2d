/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STUN at a listener: the one place that checks the header and judges the class. Behind it
 * turn_request sees requests and turn_send sees Send indications; they read the attributes.
 */
#include "graph/node.h"
#include "net/output.h"
#include "net/service.h"
#include "stun/message.h"
#include "worker.h"

#include <stdio.h>

enum {
	STUN_INPUT_DROP = EDGE_DROP,
	STUN_INPUT_REQUEST,
	STUN_INPUT_SEND,
	STUN_INPUT_CHECK,
};

/* Where sessions are served a Binding may be a connectivity check; alone they know nothing else. */
static inline rte_edge_t request_edge(struct rte_mbuf *mbuf, const struct packet *packet,
                                      const uint8_t *payload)
{
	if (unlikely(packet->session != 0)) {
		if (stun_method_of(payload) == STUN_BINDING)
			return STUN_INPUT_CHECK;
		if (packet->service_kind == SERVICE_SESSION)
			return drop(mbuf, DROP_STUN_METHOD);
	}
	return STUN_INPUT_REQUEST;
}

static inline rte_edge_t stun_input_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);

	if (unlikely(!stun_header_valid(payload, packet->payload_length)))
		return drop(mbuf, DROP_STUN_MALFORMED);
	if (unlikely(packet->flow.src_port == 0))
		return drop(mbuf, DROP_STUN_SOURCE_PORT);
	switch (stun_class_of(payload)) {
	case STUN_REQUEST:
		return likely(received_checksum_ok(mbuf)) ? request_edge(mbuf, packet, payload)
		                                          : drop(mbuf, DROP_UDP_CHECKSUM);
	case STUN_INDICATION:
		return stun_method_of(payload) == STUN_SEND && packet->service_kind == SERVICE_TURN
		               ? STUN_INPUT_SEND
		               : drop(mbuf, DROP_STUN_METHOD);
	default:
		return drop(mbuf, DROP_STUN_RESPONSE);
	}
}

static uint16_t stun_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                   uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, stun_input_step, NODE_READS_HEADERS);
}

static void stun_input_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                             size_t room)
{
	char stun[TRACE_STUN_MAX];

	trace_stun_text(step->payload, stun);
	snprintf(text, room, "%s", stun);
}

GRAPH_NODE(stun_input, .process = stun_input_process, .trace = stun_input_trace,
           .edges = {
                   [STUN_INPUT_REQUEST] = "turn_request",
                   [STUN_INPUT_SEND] = "turn_send",
                   [STUN_INPUT_CHECK] = "ice_binding",
           })
