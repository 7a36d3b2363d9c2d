/* SPDX-License-Identifier: BSD-3-Clause */
/* The graph's source: bursts from this worker's queues, and what other threads have put into its
 * inbox. */
#include "capture/capture.h"
#include "dataplane.h"
#include "graph/node.h"
#include "graph/spread.h"
#include "net/port_burst.h"
#include "net/service.h"

/* Packets a walk: as many as a node's array holds from the start. */
#define WALK_MAX RTE_GRAPH_BURST_SIZE

enum {
	PORT_RX_DROP = EDGE_DROP,
	PORT_RX_CLASSIFY,
	PORT_RX_IP_OUTPUT,
	PORT_RX_PORT_TX,
	PORT_RX_SRTP_ENCRYPT,
	PORT_RX_STUN_INPUT,
	PORT_RX_SRTP_DECRYPT,
	PORT_RX_STREAM_OUTPUT,
};

static const rte_edge_t entry_edges[] = {
        [PACKET_ENTRY_CLASSIFY] = PORT_RX_CLASSIFY,
        [PACKET_ENTRY_IP_OUTPUT] = PORT_RX_IP_OUTPUT,
        [PACKET_ENTRY_PORT_TX] = PORT_RX_PORT_TX,
        [PACKET_ENTRY_SRTP_ENCRYPT] = PORT_RX_SRTP_ENCRYPT,
        [PACKET_ENTRY_STUN] = PORT_RX_STUN_INPUT,
        [PACKET_ENTRY_SRTP_DECRYPT] = PORT_RX_SRTP_DECRYPT,
        [PACKET_ENTRY_STREAM_OUTPUT] = PORT_RX_STREAM_OUTPUT,
};

static void inbox_drain(struct rte_graph *graph, struct rte_node *node, struct worker *worker)
{
	struct rte_mbuf *mbufs[PORT_BURST];
	unsigned int count =
	        rte_ring_sc_dequeue_burst(worker->inbox, (void **)mbufs, PORT_BURST, NULL);

	for (unsigned int i = 0; i < count; i++)
		rte_node_enqueue_x1(graph, node, entry_edges[packet_of(mbufs[i])->entry], mbufs[i]);
	worker->busy |= count > 0;
}

static inline void packets_begin(struct rte_mbuf **mbufs, uint16_t count,
                                 const struct port_queue *queue)
{
	for (uint16_t i = 0; i < count; i++) {
		struct packet *packet = packet_of(mbufs[i]);

		if (i + NODE_PREFETCH < count)
			rte_prefetch0(packet_of(mbufs[i + NODE_PREFETCH]));
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
		packet->flags = 0;
		packet->service_kind = SERVICE_NONE;
		packet->form = PACKET_FRAME;
		packet->port = queue->port;
		packet->queue = queue->queue;
	}
}

/* The bursts of all queues gather in the node's own array, which then moves to classify whole. */
static uint16_t queues_poll(struct rte_graph *graph, struct rte_node *node, struct worker *worker,
                            const struct port_queue_list *list)
{
	uint16_t total = 0;

	for (uint16_t i = 0; i < list->count && total + PORT_BURST <= WALK_MAX; i++) {
		const struct port_queue *queue;
		struct rte_mbuf **mbufs = (struct rte_mbuf **)node->objs + total;
		uint16_t count;

		if (worker->next_queue >= list->count)
			worker->next_queue = 0;
		queue = &list->queues[worker->next_queue++];
		count = port_receive(queue, mbufs, PORT_BURST);
		worker->bursts += count > 0;
		worker->rx_packets += count;
		worker->busy |= count > 0;
		packets_begin(mbufs, count, queue);
		capture_point(worker, SLUICE_CAPTURE_RECEIVED, mbufs, count);
		if (unlikely(queue->spread))
			count = spread_burst(graph, node, mbufs, count);
		total += count;
	}
	return total;
}

static uint16_t port_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	const struct port_queue_list *list = __atomic_load_n(&worker->queues, __ATOMIC_ACQUIRE);
	uint16_t total;

	if (unlikely(!rte_ring_empty(worker->inbox)))
		inbox_drain(graph, node, worker);
	if (unlikely(list == NULL))
		return 0;
	total = queues_poll(graph, node, worker, list);
	if (total == 0)
		return 0;
	node->idx = total;
	rte_node_next_stream_move(graph, node, PORT_RX_CLASSIFY);
	return total;
}

GRAPH_NODE(port_rx, .process = port_rx_process, .flags = RTE_NODE_SOURCE_F,
           .edges = {
                   [PORT_RX_CLASSIFY] = "classify",
                   [PORT_RX_IP_OUTPUT] = "ip_output",
                   [PORT_RX_PORT_TX] = "port_tx",
                   [PORT_RX_SRTP_ENCRYPT] = "srtp_encrypt",
                   [PORT_RX_STUN_INPUT] = "stun_input",
                   [PORT_RX_SRTP_DECRYPT] = "srtp_decrypt",
                   [PORT_RX_STREAM_OUTPUT] = "stream_output",
           })
