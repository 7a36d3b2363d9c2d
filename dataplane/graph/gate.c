/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's rules for what no XDP program has judged. */
#include "gate/gate.h"
#include "dataplane.h"
#include "graph/node.h"

#include <stdio.h>
#include <string.h>

enum {
	GATE_NODE_DROP = EDGE_DROP,
	GATE_NODE_STUN,
	GATE_NODE_TO_PEER,
	GATE_NODE_TO_CLIENT,
	GATE_NODE_SRTP,
	GATE_NODE_DTLS,
};

/* What classify read, as the rules want it. */
static inline struct gate_packet gate_packet_of(const struct packet *packet)
{
	return (struct gate_packet){
	        .src = {packet->flow.src.quads[0], packet->flow.src.quads[1]},
	        .dst = {packet->dst.quads[0], packet->dst.quads[1]},
	        .src_port = packet->flow.src_port,
	        .dst_port = packet->dst_port,
	        .length = packet->payload_length,
	        .offset = packet->payload_offset,
	};
}

/* Where classify would have sent it. */
static inline rte_edge_t gate_passed(const struct packet *packet, const uint8_t *payload)
{
	switch (packet->service_kind) {
	case SERVICE_RELAY:
		return GATE_NODE_TO_CLIENT;
	case SERVICE_TURN:
		return payload[0] < 4 ? GATE_NODE_STUN : GATE_NODE_TO_PEER;
	case SERVICE_SESSION:
		return payload[0] < 4 ? GATE_NODE_STUN : GATE_NODE_DTLS;
	default:
		return GATE_NODE_SRTP;
	}
}

static inline rte_edge_t gate_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct gate *gate = worker->dp->gate;
	const struct gate_policy *policy = gate_policy_now(gate);
	const struct packet *packet = packet_of(mbuf);
	const uint8_t *payload =
	        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	const struct gate_packet judged = gate_packet_of(packet);
	const struct gate_env env = {
	        .config = &policy->config,
	        .deny = policy->deny,
	        .trust = policy->trust,
	        .ufrags = worker->dp->ufrags,
	        .tables = gate->tables,
	        .clients = gate->clients,
	        .seen = gate->seen,
	        .counters = gate->counters[worker->id].values,
	        .now = gate_clock(worker),
	};
	enum gate_verdict verdict = gate_judge(
	        &env, &judged, (struct gate_bytes){payload, payload + packet->payload_length},
	        gate_service_of(packet->service_kind, packet->session != 0));

	packet_of(mbuf)->verdict = verdict;
	if (gate_conclude(&env, verdict))
		return drop(mbuf, DROP_GATE);
	return gate_passed(packet, payload);
}

static uint16_t gate_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                             uint16_t nb_objs)
{
	return node_each_reading(graph, node, objs, nb_objs, gate_step, NODE_READS_HEADERS);
}

/* What the rules would drop passes where they observe. */
static void gate_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                       size_t room)
{
	uint8_t verdict = step->after.verdict;
	bool dropping = verdict >= GATE_DROP_FIRST;
	bool passed = step->next != NULL && strcmp(step->next, "drop") != 0;

	if (verdict < GATE_VERDICTS)
		snprintf(text, room, "%sgate.%s", passed && dropping ? "observed only, " : "",
		         gate_counter_infos[verdict].name);
}

GRAPH_NODE(gate, .process = gate_process, .trace = gate_trace,
           .edges = {
                   [GATE_NODE_STUN] = "stun_input",
                   [GATE_NODE_TO_PEER] = "turn_to_peer",
                   [GATE_NODE_TO_CLIENT] = "turn_to_client",
                   [GATE_NODE_SRTP] = "srtp_decrypt",
                   [GATE_NODE_DTLS] = "dtls_punt",
           })
