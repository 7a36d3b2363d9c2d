/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to their ports. A tx queue has one worker: the one that polls the rx queue of its number.
 * A worker without a queue of its own on a port hands its frames to one that has.
 */
#include "capture/capture.h"
#include "dataplane.h"
#include "graph/node.h"
#include "net/port_burst.h"

#include <stdio.h>

static void frames_drop(struct rte_graph *graph, struct rte_node *node, struct rte_mbuf **mbufs,
                        uint16_t count, enum drop_reason reason)
{
	for (uint16_t i = 0; i < count; i++) {
		packet_of(mbufs[i])->reason = reason;
		packet_of(mbufs[i])->form = PACKET_FRAME_OUT;
	}
	node_drop(graph, node, (void **)mbufs, count);
}

static void frames_hand_over(struct rte_graph *graph, struct rte_node *node, struct worker *owner,
                             struct rte_mbuf **mbufs, uint16_t count)
{
	struct worker *worker = node_worker(node);
	unsigned int put;

	for (uint16_t i = 0; i < count; i++)
		packet_of(mbufs[i])->entry = PACKET_ENTRY_PORT_TX;
	put = worker_inbox_put(owner, mbufs, count);
	worker->handed_over += put;
	if (unlikely(put < count)) {
		worker->ring_full += count - put;
		frames_drop(graph, node, mbufs + put, count - put, DROP_RING_FULL);
	}
}

static inline void frames_send(struct rte_graph *graph, struct rte_node *node, uint16_t index,
                               struct rte_mbuf **mbufs, uint16_t count)
{
	struct worker *worker = node_worker(node);
	struct dataplane *dp = worker->dp;
	struct port *port = &dp->ports->table[index];
	const struct capture_set *captures = capture_at(dp, SLUICE_CAPTURE_SENT);
	uint16_t queue, owner, sent;

	if (unlikely(__atomic_load_n(&port->state, __ATOMIC_RELAXED) != SLUICE_PORT_UP ||
	             __atomic_load_n(&port->paused, __ATOMIC_ACQUIRE))) {
		frames_drop(graph, node, mbufs, count, DROP_PORT_DOWN);
		return;
	}
	queue = port_tx_queue(dp, worker->id, index);
	owner = port_queue_worker(dp, index, queue);
	if (unlikely(owner != worker->id)) {
		frames_hand_over(graph, node, dp->workers[owner], mbufs, count);
		return;
	}
	if (unlikely(captures != NULL))
		capture_packets(dp, captures, SLUICE_CAPTURE_SENT, worker->id, mbufs, count);
	sent = port_send(worker, port, queue, mbufs, count);
	if (unlikely(captures != NULL))
		capture_sent(captures, worker->id, sent);
	if (unlikely(sent < count)) {
		port->tx_full[worker->id] += count - sent;
		frames_drop(graph, node, mbufs + sent, count - sent, DROP_TX_FULL);
	}
}

static uint16_t port_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                uint16_t nb_objs)
{
	struct rte_mbuf **mbufs = (struct rte_mbuf **)objs;
	uint16_t start = 0;

	while (start < nb_objs) {
		uint16_t port = packet_of(mbufs[start])->port;
		uint16_t end = start + 1;

		while (end < nb_objs && packet_of(mbufs[end])->port == port)
			end++;
		frames_send(graph, node, port, mbufs + start, end - start);
		start = end;
	}
	return nb_objs;
}

/* The worker that has the queue which this worker's frames leave by. */
static uint16_t sender_of(const struct dataplane *dp, uint16_t worker, uint16_t port)
{
	if (port >= PORTS_MAX || dp->ports->table[port].tx_queues == 0)
		return worker;
	return port_queue_worker(dp, port, port_tx_queue(dp, worker, port));
}

static void port_tx_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                          size_t room)
{
	uint16_t sender = sender_of(dp, step->worker, step->before.port);

	if (sender != step->worker)
		snprintf(text, room, "handed to worker %u, to be sent", sender);
	else
		snprintf(text, room, "sent by %s", trace_port_name(dp, step->before.port));
}

GRAPH_NODE(port_tx, .process = port_tx_process, .trace = port_tx_trace)
