/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours as the workers see them: (link, next hop) -> MAC, in slots found by a lock-free
 * rte_hash that the control thread alone writes, from the kernel's table. A slot is taken for a
 * next hop that is sent to, and for no other neighbour of the kernel's. It is given back when the
 * kernel forgets the next hop, when it did not answer, or when it is among the longest unused and
 * room is needed; workers remember slots (net/next_hop.h), so it is taken again only after the
 * output generation has moved and all have walked on. Gateways keep theirs while a route names
 * them, and have a reserve. A next hop that has no MAC yet is asked for through the kernel
 * (NTF_USE), and the first NEIGHBOUR_HOLD datagrams wait in the control thread (net/punt.h).
 */
#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "net/ip_addr.h"
#include "part.h"

struct dataplane;
struct rte_hash;

#define NEIGHBOUR_HOLD 64 /* of one next hop; of all together an eighth of the mbufs */
#define NEIGHBOURS_MAX 16384
/* Slots that only gateways take. */
#define NEIGHBOURS_RESERVE 1024
/* Given back together: once for so many is waited for the workers. */
#define NEIGHBOURS_EVICTED 1024

enum neighbour_state {
	NEIGHBOUR_NONE,    /* unknown or being resolved */
	NEIGHBOUR_REACHED, /* has a MAC; the kernel may call it stale */
	NEIGHBOUR_FAILED,  /* did not answer; asked again once a second while packets come */
};

struct neighbour {
	uint64_t word; /* atomic, control thread writes: MAC in the low 48 bits as in memory, state
	                  above */
	struct ip_addr ip;
	uint32_t link;
	uint8_t used;  /* set by workers, cleared by the control thread: keep it fresh */
	uint8_t stale; /* control thread: the kernel doubts it */
	uint8_t taken; /* control thread */
	/* control thread: its datagrams wait (net/punt.h), or it has been forgotten and waits for
	 * the workers */
	uint8_t waits, leaves;
	uint32_t gateways; /* control thread: the last set of routes that names it; 0: none */
	uint32_t touched;  /* control thread: neighbours.time when it was last seen in use */
};

struct neighbours {
	struct rte_hash *hash;                  /* struct neighbour_key -> slot */
	struct neighbour slots[NEIGHBOURS_MAX]; /* [0] is none */
	/* control thread */
	struct dataplane *dp;
	uint32_t high; /* slots in use are below */
	uint32_t n_free, n_leaving;
	uint16_t free[NEIGHBOURS_MAX], leaving[NEIGHBOURS_MAX];
	uint32_t gateways; /* the set of routes in force */
	uint32_t time;     /* counts neighbours_tick */
};

/* A port, and the VLAN on it: what a next hop is a neighbour on. */
static inline uint32_t neighbour_link(uint16_t port, uint16_t vlan)
{
	return (uint32_t)vlan << 16 | port;
}

extern const struct part neighbours_part;

/* Worker. The slot of a next hop, or 0. */
uint32_t neighbour_find(const struct neighbours *neighbours, uint32_t link,
                        const struct ip_addr *ip);

/* Worker. The state, and the MAC where it is NEIGHBOUR_REACHED. slot 0 is NEIGHBOUR_NONE. */
static inline enum neighbour_state neighbour_read(struct neighbours *neighbours, uint32_t slot,
                                                  struct rte_ether_addr *mac)
{
	struct neighbour *neighbour = &neighbours->slots[slot];
	uint64_t word = __atomic_load_n(&neighbour->word, __ATOMIC_RELAXED);

	if (!neighbour->used)
		neighbour->used = 1;
	memcpy(mac, &word, sizeof(*mac));
	return (enum neighbour_state)(word >> 48);
}

/* Control thread. Finds or makes the slot; 0 where there is no room, not even for a gateway. */
uint32_t neighbour_slot(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip);
uint32_t neighbour_slot_gateway(struct neighbours *neighbours, uint32_t link,
                                const struct ip_addr *ip);

/* Control thread. mac NULL: NONE or FAILED by `state`. 0, -ENOSPC. */
int neighbour_set(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip,
                  enum neighbour_state state, const struct rte_ether_addr *mac);
/* Control thread: what the kernel has forgotten becomes NEIGHBOUR_NONE, and leaves its slot. */
void neighbour_delete(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip);
/* Control thread: the same by the slot. What waits, and gateways, keep it. */
void neighbour_release(struct neighbours *neighbours, uint32_t slot);

/* Control thread: neighbour_slot_gateway was asked for all gateways of new routes, which are in
 * force now; who was a gateway of the old ones alone is none any more. */
void neighbours_gateways_set(struct neighbours *neighbours);

/* Control thread, each few seconds: who is in use, and slots of those that left. `used` is cleared:
 * in_use is called with each slot that had it. */
void neighbours_tick(struct neighbours *neighbours, void (*in_use)(void *arg, uint32_t slot),
                     void *arg);

/* Control thread: a port went away; dp->ports' index may be given to another. */
void neighbours_forget_port(struct dataplane *dp, uint16_t port);

#endif
