/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is not ours, on a port that DPDK owns alone: the TAP twin shows it to the kernel. On AF_XDP
 * ports the kernel has seen its packets before us, and what reaches this node is dropped.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/port.h"
#include "net/punt.h"

#include <stdio.h>

static uint16_t kernel_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                               uint16_t nb_objs)
{
	const struct ports *ports = node_worker(node)->dp->ports;
	uint16_t start = 0;

	for (uint16_t i = 0; i < nb_objs; i++) {
		struct packet *packet = packet_of(objs[i]);

		if (ports->table[packet->port].tap != NULL)
			continue;
		if (i > start)
			punt_burst(graph, node, objs + start, i - start, PUNT_KERNEL);
		drop(objs[i], DROP_KERNEL_NONE);
		node_drop(graph, node, &objs[i], 1);
		start = i + 1;
	}
	if (nb_objs > start)
		punt_burst(graph, node, objs + start, nb_objs - start, PUNT_KERNEL);
	return nb_objs;
}

static void kernel_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                         size_t room)
{
	snprintf(text, room, "handed to the kernel");
}

GRAPH_NODE(kernel, .process = kernel_process, .trace = kernel_trace)
