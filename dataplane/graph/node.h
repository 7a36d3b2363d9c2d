/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop around packets, once. A node is a file that says: its edges, its step ("given this
 * packet, what next?"), its trace, its registration (GRAPH_NODE), in that order. The step is
 * inlined into the loop. A new node is its file, a line in meson.build, an edge that leads to it,
 * and its row in docs/graph.md.
 */
#ifndef GRAPH_NODE_H
#define GRAPH_NODE_H

#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_prefetch.h>

#include "graph/drop.h"
#include "graph/packet.h"
#include "graph/trace.h"

struct worker;

#define GRAPH_EDGES_MAX 16

struct graph_node {
	const char *name;
	rte_node_process_t process;
	uint64_t flags;                     /* RTE_NODE_SOURCE_F: has packets of its own */
	const char *edges[GRAPH_EDGES_MAX]; /* where each edge leads; EDGE_DROP is there already */
	trace_formatter trace;              /* NULL: its name says all */
};

/* Before main; by GRAPH_NODE alone. */
void graph_node_register(const struct graph_node *node);

/* GRAPH_NODE(port_tx, .process = port_tx_process): the file's node, known to every graph. */
#define GRAPH_NODE(node, ...)                                                                      \
	static const struct graph_node graph_node_##node = {.name = #node, __VA_ARGS__};           \
	RTE_INIT(graph_node_register_##node)                                                       \
	{                                                                                          \
		graph_node_register(&graph_node_##node);                                           \
	}

#define NODE_PREFETCH 4 /* packets ahead */

/* The worker that walks this graph; graph_create puts it into every node's context. */
static inline struct worker *node_worker(const struct rte_node *node)
{
	return *(struct worker *const *)node->ctx;
}

typedef rte_edge_t (*node_step)(struct worker *worker, struct rte_mbuf *mbuf);

/* Records which node drops each packet; only the way to drop pays for it. */
static inline void node_mark(const struct rte_node *node, void **objs, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		packet_of(objs[i])->node = (uint16_t)node->id;
}

/* The caller has set packet->reason of each. */
static inline void node_drop(struct rte_graph *graph, struct rte_node *node, void **objs,
                             uint16_t count)
{
	node_mark(node, objs, count);
	rte_node_enqueue(graph, node, EDGE_DROP, objs, count);
}

/* Packets that go to the speculated edge: objs[start .. end) are still in place. */
struct node_run {
	rte_edge_t edge;
	uint16_t start;
};

static __rte_always_inline void node_run_end(struct rte_graph *graph, struct rte_node *node,
                                             struct node_run *run, void **objs, uint16_t end)
{
	if (unlikely(run->edge == EDGE_DROP))
		node_mark(node, objs + run->start, end - run->start);
	if (end != run->start)
		rte_node_enqueue(graph, node, run->edge, objs + run->start, end - run->start);
}

/* Packet i goes to `edge`: runs of equal edges are moved at once. */
static __rte_always_inline void node_run_next(struct rte_graph *graph, struct rte_node *node,
                                              struct node_run *run, void **objs, uint16_t i,
                                              rte_edge_t edge)
{
	if (unlikely(edge != run->edge)) {
		node_run_end(graph, node, run, objs, i);
		run->edge = edge;
		run->start = i;
	}
}

/* The whole burst took one edge: its array is swapped into the next node, nothing is copied. */
static __rte_always_inline void node_run_finish(struct rte_graph *graph, struct rte_node *node,
                                                struct node_run *run, void **objs, uint16_t nb_objs)
{
	if (likely(run->start == 0 && objs == node->objs && node->idx == nb_objs)) {
		if (unlikely(run->edge == EDGE_DROP))
			node_mark(node, objs, nb_objs);
		rte_node_next_stream_move(graph, node, run->edge);
	} else {
		node_run_end(graph, node, run, objs, nb_objs);
	}
}

/* What a step reads is prefetched NODE_PREFETCH packets ahead: the metadata, or the headers as
 * well. */
enum node_reads { NODE_READS_METADATA, NODE_READS_HEADERS };

static __rte_always_inline uint16_t node_each_reading(struct rte_graph *graph,
                                                      struct rte_node *node, void **objs,
                                                      uint16_t nb_objs, node_step step,
                                                      enum node_reads reads)
{
	struct worker *worker = node_worker(node);
	struct node_run run = {.edge = EDGE_DROP, .start = 0};

	for (uint16_t i = 0; i < nb_objs; i++) {
		rte_edge_t edge;

		if (likely(i + NODE_PREFETCH < nb_objs)) {
			struct rte_mbuf *ahead = objs[i + NODE_PREFETCH];

			rte_prefetch0(packet_of(ahead));
			if (reads == NODE_READS_HEADERS)
				rte_prefetch0(rte_pktmbuf_mtod(ahead, void *));
		}
		edge = step(worker, objs[i]);
		if (i == 0)
			run.edge = edge;
		node_run_next(graph, node, &run, objs, i, edge);
	}
	if (nb_objs != 0)
		node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

static __rte_always_inline uint16_t node_each(struct rte_graph *graph, struct rte_node *node,
                                              void **objs, uint16_t nb_objs, node_step step)
{
	return node_each_reading(graph, node, objs, nb_objs, step, NODE_READS_METADATA);
}

#endif
