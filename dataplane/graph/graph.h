/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's graph: all nodes that have registered themselves, each clone knowing its worker. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include <stdint.h>

#define GRAPH_NODES_MAX 64

struct graph_node;
struct worker;

/*
 * The architecture; docs/graph.md draws it. The first graph_create puts the nodes in the order of a
 * packet's way, as far as that does not turn back (loopback); const from then on.
 */
extern const struct graph_node *graph_nodes[GRAPH_NODES_MAX];
extern uint32_t graph_nodes_count;

/* Sets worker->graph. 0 or -errno. */
int graph_create(struct worker *worker);
void graph_destroy(struct worker *worker);

#endif
