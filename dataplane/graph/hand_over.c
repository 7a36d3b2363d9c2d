/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet whose object another worker owns: goes, as it was received, into that worker's ring and
 * there through the graph again, once.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/service.h"

#include <stdio.h>

static uint16_t hand_over_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                  uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);

	for (uint16_t i = 0; i < nb_objs; i++) {
		struct rte_mbuf *mbuf = objs[i];
		struct packet *packet = packet_of(mbuf);

		packet->flags |= PACKET_HANDED_OVER;
		packet->entry = packet_entry_again(packet, packet->service_kind == SERVICE_MEDIA);
		if (likely(worker_inbox_put(worker->dp->workers[packet->worker], &mbuf, 1) == 1)) {
			worker->handed_over++;
		} else {
			worker->ring_full++;
			drop(mbuf, DROP_RING_FULL);
			node_drop(graph, node, &objs[i], 1);
		}
	}
	return nb_objs;
}

static void hand_over_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                            size_t room)
{
	snprintf(text, room, "handed to worker %u", step->before.worker);
}

GRAPH_NODE(hand_over, .process = hand_over_process, .trace = hand_over_trace)
