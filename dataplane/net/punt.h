/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the workers to the control thread: frames for the kernel (TAP twin) and datagrams whose next
 * hop has no MAC yet. The control thread looks into the ring once a millisecond while something
 * comes; a worker wakes it where it sleeps.
 */
#ifndef NET_PUNT_H
#define NET_PUNT_H

#include <stdint.h>

#include "net/ip_addr.h"
#include "net/neighbour.h"
#include "part.h"

struct dataplane;
struct rte_graph;
struct rte_node;

#define PUNT_RING_SIZE 4096

enum punt_kind {
	PUNT_KERNEL,    /* a whole frame; packet->port: received on */
	PUNT_NEIGHBOUR, /* as ip_output got it */
};

extern const struct part punt_part;

/* Worker, from a node: the burst goes to the control thread; what does not fit takes the node's
 * edge to drop. */
void punt_burst(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t nb_objs,
                enum punt_kind kind);

/* Control thread: the ring is emptied, waiting datagrams are looked after. Its timer calls this;
 * tests do it themselves. Returns what was in the ring. */
unsigned int punt_poll(struct dataplane *dp);

/*
 * Control thread: what the kernel says of a next hop; mac as for neighbour_set. Datagrams that wait
 * for it go on in their order, those that were still on their way to us among them, or are dropped.
 */
void punt_neighbour_set(struct dataplane *dp, uint32_t slot, enum neighbour_state state,
                        const struct rte_ether_addr *mac);

/* The control thread's own drops, DROP_REASONS of them. */
const uint64_t *punt_drops(const struct dataplane *dp);

#endif
