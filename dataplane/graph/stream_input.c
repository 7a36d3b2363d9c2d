/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The graph's second source: messages of clients that came by TCP, TLS and DTLS, each whole in a
 * buffer, as the stream threads have put them into this worker's rings. They go the way that
 * datagrams go. A connection's end is the end of its allocation, unless the client may come back by
 * another one (turn/mobility.h); a session has other paths, or waits for one.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/service.h"
#include "stream/stream.h"
#include "turn/mobility.h"
#include "turn/store.h"

#include <stdio.h>

enum {
	STREAM_INPUT_DROP = EDGE_DROP,
	STREAM_INPUT_STUN,
	STREAM_INPUT_TO_PEER,
	STREAM_INPUT_SRTP,
	STREAM_INPUT_DTLS,
};

/* Messages a walk. */
#define WALK_MAX 64

static void connection_end(struct worker *worker, const struct five_tuple *client)
{
	struct allocation *allocation = allocation_find(worker->turn, client);

	if (allocation == NULL)
		return;
	if (turn_policy_now(worker->turn->turn)->mobility &&
	    mobility_ticket(worker->turn->turn, allocation) != 0)
		return; /* its client may come back */
	if (!(allocation->flags & ALLOCATION_CLOSED))
		turn_count(worker->turn, TURN_ALLOCATION_LEFT);
	allocation_end(worker->turn, allocation, SLUICE_ALLOCATION_DISCONNECTED);
}

/* RFC 7983, 7: what a frame of a session's holds (RFC 4571). */
static rte_edge_t session_step(struct rte_mbuf *mbuf, uint8_t first)
{
	if (first >> 6 == 2) {
		packet_of(mbuf)->service_kind = SERVICE_MEDIA;
		return STREAM_INPUT_SRTP;
	}
	if (first < 4)
		return STREAM_INPUT_STUN;
	return first >= 20 && first < 64 ? STREAM_INPUT_DTLS : drop(mbuf, DROP_UNKNOWN_CLASS);
}

/* A TURN client's first byte was judged where it was cut out (RFC 7983). What ends here is read,
 * and TCP has summed it. */
static rte_edge_t stream_input_step(struct rte_mbuf *mbuf)
{
	const uint8_t *message = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	if (unlikely(packet_of(mbuf)->session != 0))
		return session_step(mbuf, message[0]);
	return message[0] >> 6 == 1 ? STREAM_INPUT_TO_PEER : STREAM_INPUT_STUN;
}

static uint16_t stream_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct rte_mbuf *mbufs[WALK_MAX];
	uint32_t count = stream_take(worker, mbufs, WALK_MAX);

	if (likely(count == 0))
		return 0;
	worker->busy = true;
	for (uint32_t i = 0; i < count; i++) {
		if (unlikely(packet_of(mbufs[i])->flags & PACKET_CONNECTION_END)) {
			connection_end(worker, &packet_of(mbufs[i])->flow);
			rte_pktmbuf_free(mbufs[i]);
			continue;
		}
		rte_node_enqueue_x1(graph, node, stream_input_step(mbufs[i]), mbufs[i]);
	}
	return (uint16_t)count;
}

static void stream_input_trace(const struct dataplane *dp, const struct trace_step *step,
                               char *text, size_t room)
{
	static const char *const kinds[] = {"STUN", "ChannelData", "SRTP", "nothing"};
	uint8_t first = step->data[0];

	snprintf(text, room, "%s of a client's connection",
	         first >= 20 && first < 64 ? "DTLS" : kinds[first >> 6]);
}

GRAPH_NODE(stream_input, .process = stream_input_process, .trace = stream_input_trace,
           .flags = RTE_NODE_SOURCE_F,
           .edges = {
                   [STREAM_INPUT_STUN] = "stun_input",
                   [STREAM_INPUT_TO_PEER] = "turn_to_peer",
                   [STREAM_INPUT_SRTP] = "srtp_decrypt",
                   [STREAM_INPUT_DTLS] = "dtls_punt",
           })
