/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/graph.h"
#include "graph/node.h"
#include "worker.h"

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <stdio.h>

const char *const graph_nodes[] = {
        "port_rx",        "srtp_backlog", "srtp_encrypt",   "classify",     "gate",
        "stun_input",     "turn_request", "turn_send",      "turn_to_peer", "loopback",
        "turn_to_client", "srtp_decrypt", "media_route",    "rtcp",         "ip_output",
        "port_tx",        "hand_over",    "neighbour_wait", "kernel",       "drop",
};
const uint32_t graph_nodes_count = RTE_DIM(graph_nodes);

static void graph_name(const struct worker *worker, char name[RTE_GRAPH_NAMESIZE])
{
	snprintf(name, RTE_GRAPH_NAMESIZE, "worker-%u", worker->id);
}

int graph_create(struct worker *worker)
{
	char name[RTE_GRAPH_NAMESIZE];
	struct rte_graph_param param = {
	        .socket_id = SOCKET_ID_ANY,
	        .nb_node_patterns = graph_nodes_count,
	        .node_patterns = (const char **)(uintptr_t)graph_nodes,
	};

	graph_name(worker, name);
	if (rte_graph_create(name, &param) == RTE_GRAPH_ID_INVALID)
		return -rte_errno;
	worker->graph = rte_graph_lookup(name);
	for (uint32_t i = 0; i < graph_nodes_count; i++) {
		struct rte_node *node = rte_graph_node_get_by_name(name, graph_nodes[i]);

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
