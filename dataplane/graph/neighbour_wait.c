/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams whose next hop has no MAC yet wait in the control thread, which asks the kernel. */
#include "graph/node.h"
#include "net/punt.h"

#include <stdio.h>

static uint16_t neighbour_wait_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                       uint16_t nb_objs)
{
	punt_burst(graph, node, objs, nb_objs, PUNT_NEIGHBOUR);
	return nb_objs;
}

static void neighbour_wait_trace(const struct dataplane *dp, const struct trace_step *step,
                                 char *text, size_t room)
{
	snprintf(text, room, "waits for its next hop's address");
}

GRAPH_NODE(neighbour_wait, .process = neighbour_wait_process, .trace = neighbour_wait_trace)
