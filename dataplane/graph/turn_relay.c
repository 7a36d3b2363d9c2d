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
