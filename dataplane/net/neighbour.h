/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours as the workers see them: (link, next hop) -> MAC, in slots found by a lock-free
 * rte_hash that the control thread alone writes, from the kernel's table. A slot, once given to a
 * next hop, keeps it until the hash is told to forget it, and then its generation moves. One that
 * has no MAC yet is asked for through the kernel (NTF_USE), and the first NEIGHBOUR_HOLD datagrams
 * wait in the control thread (net/punt.h).
 */
#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "net/ip_addr.h"

struct dataplane;
struct rte_hash;

#define NEIGHBOUR_HOLD 64 /* of one next hop; of all together an eighth of the mbufs */
#define NEIGHBOURS_MAX 16384

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
};

struct neighbours {
	struct rte_hash *hash;                  /* struct neighbour_key -> slot */
	struct neighbour slots[NEIGHBOURS_MAX]; /* [0] is none */
	uint32_t high;                          /* control thread: slots in use are below */
};

/* A port, and the VLAN on it: what a next hop is a neighbour on. */
static inline uint32_t neighbour_link(uint16_t port, uint16_t vlan)
{
	return (uint32_t)vlan << 16 | port;
}

struct neighbours *neighbours_create(struct dataplane *dp);
void neighbours_destroy(struct neighbours *neighbours);

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

/* Control thread. Finds or makes the slot; 0 where there is no room. */
uint32_t neighbour_slot(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip);

/* Control thread. mac NULL: NONE or FAILED by `state`. 0, -ENOSPC. */
int neighbour_set(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip,
                  enum neighbour_state state, const struct rte_ether_addr *mac);
/* Control thread: what the kernel has forgotten becomes NEIGHBOUR_NONE; its slot stays. */
void neighbour_delete(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip);
/* Control thread: a port went away; dp->ports' index may be given to another. */
void neighbours_forget_port(struct dataplane *dp, uint16_t port);

#endif
