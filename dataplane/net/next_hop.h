/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's memory of where destinations lie: one probe instead of the service table, the routes
 * and the neighbours' hash. Direct-mapped; an entry counts while its generation is the dataplane's.
 */
#ifndef NET_NEXT_HOP_H
#define NET_NEXT_HOP_H

#include "dataplane.h"
#include "net/fib.h"
#include "net/neighbour.h"
#include "net/path_mtu.h"
#include "net/port.h"
#include "net/service.h"
#include "part.h"

#define NEXT_HOPS 1024

/* Routes, services, and each worker's memory of them. */
extern const struct part routes_part;

struct next_hop {
	struct ip_addr dst;
	uint32_t generation; /* 0: empty */
	uint32_t neighbour;  /* slot; 0: not known yet, or local */
	uint16_t port;       /* PORT_NONE: no route */
	uint16_t vlan;
	uint16_t local; /* dst is a service address of ours, or announced as one */
	uint16_t mtu;   /* of the way there: PATH_MTU_NONE, or less than the port may take */
};
static_assert(sizeof(struct next_hop) == 32, "two in a cache line");

static inline void next_hop_resolve(const struct dataplane *dp, const struct ip_addr *dst,
                                    struct next_hop *hop)
{
	const struct services *services = __atomic_load_n(&dp->services, __ATOMIC_ACQUIRE);
	const struct fib_entry *entry;

	*hop = (struct next_hop){.dst = *dst, .port = PORT_NONE, .mtu = PATH_MTU_NONE};
	hop->local = service_has_ip(services, dst) || service_announces_ip(services, dst);
	if (hop->local)
		return;
	entry = fib_find(__atomic_load_n(&dp->fib, __ATOMIC_ACQUIRE), dst);
	hop->port = entry->port;
	hop->vlan = entry->vlan;
	if (entry->port == PORT_NONE)
		return;
	hop->neighbour = entry->neighbour != 0
	                         ? entry->neighbour
	                         : neighbour_find(dp->neighbours,
	                                          neighbour_link(entry->port, entry->vlan), dst);
}

static inline const struct next_hop *next_hop_find(const struct worker *worker,
                                                   const struct ip_addr *dst)
{
	struct next_hop *hop = &worker->next_hops[service_hash(dst) & (NEXT_HOPS - 1)];
	uint32_t generation = __atomic_load_n(&worker->dp->output_generation, __ATOMIC_ACQUIRE);

	if (likely(hop->generation == generation && ip_addr_equal(&hop->dst, dst)))
		return hop;
	next_hop_resolve(worker->dp, dst, hop);
	hop->mtu = path_mtu_find(worker->dp->paths, dst, worker->now);
	/* a next hop without a slot will have one soon, and nothing will tell */
	hop->generation =
	        hop->local || hop->port == PORT_NONE || hop->neighbour != 0 ? generation : 0;
	return hop;
}

/* Its next hop has no MAC: the kernel may have forgotten it, and its slot is another one by the
 * time that it is known again. */
static inline void next_hop_forget(const struct worker *worker, const struct ip_addr *dst)
{
	worker->next_hops[service_hash(dst) & (NEXT_HOPS - 1)].generation = 0;
}

/* The largest packet that goes that way whole. */
static inline uint16_t next_hop_mtu(const struct next_hop *hop, const struct port *port)
{
	return RTE_MIN(__atomic_load_n(&port->mtu, __ATOMIC_RELAXED), hop->mtu);
}

#endif
