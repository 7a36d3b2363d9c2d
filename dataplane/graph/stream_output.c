/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages to a client that came by TCP, TLS or DTLS: into the ring of its connection's thread. */
#include "dataplane.h"
#include "graph/node.h"
#include "stream/stream.h"

#include <stdio.h>

static uint16_t stream_output_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                      uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct rte_mbuf **mbufs = (struct rte_mbuf **)objs;
	uint32_t sent;

	for (uint16_t i = 0; i < nb_objs; i += sent) {
		sent = stream_send(worker, mbufs + i, nb_objs - i);
		if (likely(sent != 0))
			continue;
		drop(mbufs[i], DROP_STREAM_FULL);
		node_drop(graph, node, objs + i, 1);
		sent = 1;
	}
	return nb_objs;
}

static void stream_output_trace(const struct dataplane *dp, const struct trace_step *step,
                                char *text, size_t room)
{
	char client[TRACE_TRANSPORT_MAX];

	trace_transport_text(&step->dst, step->dst_port, client);
	snprintf(text, room, "to the connection of client %s", client);
}

GRAPH_NODE(stream_output, .process = stream_output_process, .trace = stream_output_trace)
