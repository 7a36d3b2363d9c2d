/* SPDX-License-Identifier: BSD-3-Clause */
#include "graph/turn_relay.h"

rte_edge_t turn_client_elsewhere(struct worker *worker, struct rte_mbuf *mbuf)
{
	const struct dataplane *dp = worker->dp;
	struct packet *packet = packet_of(mbuf);

	if (packet->flags & PACKET_HANDED_OVER || dp->n_workers == 1 ||
	    !homes_may_have(&dp->turn->homes, clients_hash(&worker->turn->clients, &packet->flow)))
		return drop(mbuf, DROP_TURN_NO_ALLOCATION);
	for (uint16_t id = 0; id < dp->n_workers; id++) {
		const struct worker *other = dp->workers[id];

		if (other == worker ||
		    clients_find(&other->turn->clients, dp->turn->allocations, &packet->flow) == 0)
			continue;
		packet->worker = id;
		return TURN_HAND_OVER;
	}
	return drop(mbuf, DROP_TURN_NO_ALLOCATION);
}

struct allocation *turn_client_allocation(const struct worker *worker,
                                          const struct five_tuple *client)
{
	const struct dataplane *dp = worker->dp;

	if (!homes_may_have(&dp->turn->homes, clients_hash(&worker->turn->clients, client)))
		return NULL;
	for (uint16_t id = 0; id < dp->n_workers; id++) {
		uint32_t index = clients_find(&dp->workers[id]->turn->clients,
		                              dp->turn->allocations, client);

		if (index != 0)
			return turn_allocation(dp->turn, allocation_of_place(dp->turn, index));
	}
	return NULL;
}

struct allocation *turn_peer_allocation(const struct worker *worker, const struct service *relay,
                                        uint16_t port, const struct ip_addr *peer)
{
	struct turn *turn = worker->dp->turn;
	uint32_t index = relay_port_owner(&turn->relays[relay->index], rte_be_to_cpu_16(port));
	struct allocation *allocation = turn_allocation(turn, index);
	const struct permission *permission;

	if (index == 0 || !allocation_alive(allocation, worker->now))
		return NULL;
	permission = permission_find(turn, allocation, peer);
	return permission != NULL && worker->now < permission->expires ? allocation : NULL;
}
