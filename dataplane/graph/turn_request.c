/* SPDX-License-Identifier: BSD-3-Clause */
/* Binding and the TURN requests: the response is written in the request's place and goes back where
 * it came from. */
#include "graph/turn_relay.h"
#include "stun/message.h"

#include <stdio.h>

/* A client that moves is known by its ticket alone (RFC 8016). */
static bool ticket_is_elsewhere(struct worker *worker, struct rte_mbuf *mbuf,
                                const uint8_t *payload)
{
	struct packet *packet = packet_of(mbuf);
	uint16_t owner;

	if (packet->flags & PACKET_HANDED_OVER ||
	    !mobility_is_elsewhere(worker->turn, payload, packet->payload_length, &owner))
		return false;
	packet->worker = owner;
	return true;
}

/* If another worker owns the client's allocation, hand the request over: this one would wrongly
 * answer 437. */
static inline bool client_is_elsewhere(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct packet *packet = packet_of(mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);

	if (likely(worker->dp->n_workers == 1) || stun_method_of(payload) == STUN_BINDING ||
	    clients_find(&worker->turn->clients, worker->dp->turn->allocations, &packet->flow) != 0)
		return false;
	return turn_client_elsewhere(worker, mbuf) == TURN_HAND_OVER ||
	       ticket_is_elsewhere(worker, mbuf, payload);
}

static inline rte_edge_t turn_request_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct packet *packet = packet_of(mbuf);
	struct transport_addr local = {.ip = packet->dst, .port = packet->dst_port};
	uint16_t reason = DROP_STUN_MALFORMED;
	uint16_t length;

	if (unlikely(client_is_elsewhere(worker, mbuf)))
		return TURN_HAND_OVER;
	output_begin(mbuf);
	length = turn_request(worker, &packet->flow, &local, rte_pktmbuf_mtod(mbuf, uint8_t *),
	                      mbuf->data_len, mbuf->buf_len - mbuf->data_off, &reason);
	if (unlikely(length == 0))
		return drop(mbuf, reason);
	mbuf->data_len = length;
	mbuf->pkt_len = length;
	output_answer(packet);
	packet->flow.src = local.ip;
	packet->flow.src_port = local.port;
	return likely(packet->flow.connection == 0) ? TURN_IP_OUTPUT : TURN_STREAM_OUTPUT;
}

static uint16_t turn_request_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, turn_request_step, NODE_READS_HEADERS);
}

/* The answer: of an error its code (RFC 8489, 14.8), which comes first. */
static void turn_request_trace(const struct dataplane *dp, const struct trace_step *step,
                               char *text, size_t room)
{
	const uint8_t *error = step->data + STUN_HEADER_SIZE;
	char stun[TRACE_STUN_MAX];

	if (step->data_length < STUN_HEADER_SIZE)
		return;
	trace_stun_text(step->data, stun);
	if (stun_class_of(step->data) == STUN_ERROR && step->data_length >= STUN_HEADER_SIZE + 8 &&
	    (error[0] << 8 | error[1]) == STUN_ATTR_ERROR_CODE)
		snprintf(text, room, "%s %u", stun, error[6] * 100u + error[7]);
	else
		snprintf(text, room, "%s", stun);
}

GRAPH_NODE(turn_request, .process = turn_request_process, .trace = turn_request_trace,
           .edges = {
                   [TURN_IP_OUTPUT] = "ip_output",
                   [TURN_HAND_OVER] = "hand_over",
                   [TURN_STREAM_OUTPUT] = "stream_output",
           })
