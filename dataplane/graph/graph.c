/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/graph.h"
#include "graph/node.h"
#include "worker.h"

#include <rte_common.h>
#include <rte_debug.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <stdio.h>
#include <string.h>

const struct graph_node *graph_nodes[GRAPH_NODES_MAX];
uint32_t graph_nodes_count;

/* What rte_graph wants to be told; it copies all of it. */
union registration {
	struct rte_node_register node;
	uint8_t room[sizeof(struct rte_node_register) + GRAPH_EDGES_MAX * sizeof(const char *)];
};

/* The drop node itself has no edges. */
static rte_edge_t edges_count(const struct graph_node *node)
{
	rte_edge_t count = strcmp(node->name, "drop") == 0 ? 0 : 1;

	while (count > 0 && count < GRAPH_EDGES_MAX && node->edges[count] != NULL)
		count++;
	return count;
}

void graph_node_register(const struct graph_node *node)
{
	union registration registration = {.node = {
	                                           .process = node->process,
	                                           .flags = node->flags,
	                                           .parent_id = RTE_NODE_ID_INVALID,
	                                           .nb_edges = edges_count(node),
	                                   }};

	RTE_VERIFY(graph_nodes_count < GRAPH_NODES_MAX);
	graph_nodes[graph_nodes_count++] = node;
	snprintf(registration.node.name, sizeof(registration.node.name), "%s", node->name);
	for (rte_edge_t edge = 0; edge < registration.node.nb_edges; edge++)
		registration.node.next_nodes[edge] = edge == EDGE_DROP ? "drop" : node->edges[edge];
	RTE_VERIFY(__rte_node_register(&registration.node) != RTE_NODE_ID_INVALID);
}

/* The nodes on their way into order: those from `first` on have their place. */
struct order {
	const struct graph_node *nodes[GRAPH_NODES_MAX];
	bool visited[GRAPH_NODES_MAX]; /* by place in graph_nodes[] */
	uint32_t first;
};

static void node_visit(struct order *order, const char *name)
{
	uint32_t i = 0;

	while (i < graph_nodes_count && strcmp(graph_nodes[i]->name, name) != 0)
		i++;
	if (i == graph_nodes_count || order->visited[i])
		return;
	order->visited[i] = true;
	for (rte_edge_t edge = edges_count(graph_nodes[i]); edge-- > 1;)
		node_visit(order, graph_nodes[i]->edges[edge]);
	order->nodes[--order->first] = graph_nodes[i];
}

/* Depth first from the sources; what is finished last comes first. A node that no edge leads to
 * stands in front: rte_graph_create will refuse it. */
static void nodes_order(void)
{
	struct order order = {.first = graph_nodes_count};

	node_visit(&order, "drop");
	for (uint32_t i = graph_nodes_count; i-- > 0;)
		if (graph_nodes[i]->flags & RTE_NODE_SOURCE_F)
			node_visit(&order, graph_nodes[i]->name);
	for (uint32_t i = 0; i < graph_nodes_count; i++)
		node_visit(&order, graph_nodes[i]->name);
	memcpy(graph_nodes, order.nodes, graph_nodes_count * sizeof(graph_nodes[0]));
}

static void graph_name(const struct worker *worker, char name[RTE_GRAPH_NAMESIZE])
{
	snprintf(name, RTE_GRAPH_NAMESIZE, "worker-%u", worker->id);
}

int graph_create(struct worker *worker)
{
	char name[RTE_GRAPH_NAMESIZE];
	const char *patterns[GRAPH_NODES_MAX];
	struct rte_graph_param param = {
	        .socket_id = SOCKET_ID_ANY,
	        .nb_node_patterns = (uint16_t)graph_nodes_count,
	        .node_patterns = patterns,
	};

	nodes_order();
	for (uint32_t i = 0; i < graph_nodes_count; i++)
		patterns[i] = graph_nodes[i]->name;
	graph_name(worker, name);
	if (rte_graph_create(name, &param) == RTE_GRAPH_ID_INVALID)
		return -rte_errno;
	worker->graph = rte_graph_lookup(name);
	for (uint32_t i = 0; i < graph_nodes_count; i++) {
		struct rte_node *node = rte_graph_node_get_by_name(name, patterns[i]);

		if (node == NULL)
			return -ENOENT;
		*(struct worker **)node->ctx = worker;
	}
	return 0;
}

void graph_destroy(struct worker *worker)
{
	char name[RTE_GRAPH_NAMESIZE];

	if (worker->graph == NULL)
		return;
	graph_name(worker, name);
	rte_graph_destroy(rte_graph_from_name(name));
	worker->graph = NULL;
}
