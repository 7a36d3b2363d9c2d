/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram for a relayed address of this very host: two clients here are each other's peers. It
 * never becomes a frame. Relayed addresses alone are reached this way: a listener would let a
 * client speak to us in our own name.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "net/service.h"
#include "turn/state.h"

enum {
	LOOPBACK_DROP = EDGE_DROP,
	LOOPBACK_TO_CLIENT,
};

/*
 * The source address that the receiving client should see. Behind a NAT in front, a datagram sent
 * to the announced address would show the sender's announced one; the client may have permitted
 * either.
 */
static void source_name(struct turn *turn, struct packet *packet, const struct services *services,
                        bool announced)
{
	const struct turn_policy *policy = turn_policy_now(turn);
	const struct service *from =
	        service_find(services, &packet->flow.src, packet->flow.src_port);
	uint32_t index = relay_port_owner(&turn->relays[packet->flow.service],
	                                  rte_be_to_cpu_16(packet->dst_port));
	const struct ip_addr *told, *first, *second;

	if (from == NULL || from->kind != SERVICE_RELAY || index == 0)
		return;
	told = &policy->relays_told[from->index];
	if (likely(ip_addr_equal(told, &from->ip)))
		return;
	first = announced ? told : &from->ip;
	second = announced ? &from->ip : told;
	if (permission_find(turn, turn_allocation(turn, index), first) == NULL &&
	    permission_find(turn, turn_allocation(turn, index), second) != NULL)
		first = second;
	packet->flow.src = *first;
}

static inline rte_edge_t loopback_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct services *services = __atomic_load_n(&worker->dp->services, __ATOMIC_ACQUIRE);
	struct packet *packet = packet_of(mbuf);
	const struct service *service = service_find(services, &packet->dst, packet->dst_port);
	bool announced = service == NULL;

	if (announced)
		service = service_find_announced(services, &packet->dst, packet->dst_port);
	if (unlikely(service == NULL || service->kind != SERVICE_RELAY))
		return drop(mbuf, DROP_NOT_OURS);
	packet->flow.service = service->index;
	if (unlikely(services->announced != NULL))
		source_name(worker->dp->turn, packet, services, announced);
	packet->payload_offset = 0;
	packet->payload_length = mbuf->data_len;
	return LOOPBACK_TO_CLIENT;
}

static uint16_t loopback_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                 uint16_t nb_objs)
{
	return node_each(graph, node, objs, nb_objs, loopback_step);
}

GRAPH_NODE(loopback, .process = loopback_process,
           .edges = {
                   [LOOPBACK_TO_CLIENT] = "turn_to_client",
           })
