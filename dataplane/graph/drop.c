/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of every packet that goes nowhere: counts its reason, frees the burst. */
#include "graph/drop.h"
#include "capture/capture.h"
#include "graph/node.h"
#include "worker.h"

#include <stdio.h>

static uint16_t drop_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                             uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);

	for (uint16_t i = 0; i < nb_objs; i++)
		worker->drops[packet_of(objs[i])->reason]++;
	capture_point(worker, SLUICE_CAPTURE_DROPPED, (struct rte_mbuf **)objs, nb_objs);
	rte_pktmbuf_free_bulk((struct rte_mbuf **)objs, nb_objs);
	return nb_objs;
}

static void drop_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                       size_t room)
{
	uint8_t reason = step->before.reason;
	const struct drop_reason_info *info =
	        &drop_reasons[reason < DROP_REASONS ? reason : DROP_NONE];

	snprintf(text, room, "dropped, %s: %s", info->name, info->help);
}

GRAPH_NODE(drop, .process = drop_process, .trace = drop_trace)
