/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram for a relayed address of this very host: two clients here are each other's peers. It
 * never becomes a frame. Relayed addresses alone are reached this way: a listener would let a
 * client speak to us in our own name.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/service.h"

enum {
	LOOPBACK_DROP = EDGE_DROP,
	LOOPBACK_TO_CLIENT,
	LOOPBACK_EDGES,
};

static inline rte_edge_t loopback_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	struct packet *packet = packet_of(mbuf);
	const struct service *service = service_find(services, &packet->dst, packet->dst_port);

	if (unlikely(service == NULL || service->kind != SERVICE_RELAY))
		return drop(mbuf, DROP_NOT_OURS);
	packet->flow.service = service->index;
	packet->payload_offset = 0;
	packet->payload_length = mbuf->data_len;
	return LOOPBACK_TO_CLIENT;
}

static uint16_t loopback_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                 uint16_t nb_objs)
{
	return node_each(graph, node, objs, nb_objs, loopback_step);
}

static struct rte_node_register loopback_node = {
        .name = "loopback",
        .process = loopback_process,
        .nb_edges = LOOPBACK_EDGES,
        .next_nodes =
                {
                        [LOOPBACK_DROP] = "drop",
                        [LOOPBACK_TO_CLIENT] = "turn_to_client",
                },
};

RTE_NODE_REGISTER(loopback_node);
