/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's graph: the nodes of graph_nodes[], each clone knowing its worker. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include <stdint.h>

struct worker;

/* The architecture, in the order of the packet's way; docs/graph.md draws it. */
extern const char *const graph_nodes[];
extern const uint32_t graph_nodes_count;

/* Sets worker->graph. 0 or -errno. */
int graph_create(struct worker *worker);
void graph_destroy(struct worker *worker);

#endif
