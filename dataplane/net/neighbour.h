/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours as the workers see them: (port, next hop) -> MAC, in a lock-free rte_hash that the control thread alone
 * writes, from the kernel's table. A neighbour that is not there is asked for through the kernel (NTF_USE), and the first
 * NEIGHBOUR_HOLD packets wait in the control thread.
 */
#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"

struct dataplane;
struct neighbours;
struct rte_ether_addr;

#define NEIGHBOUR_HOLD 8

enum neighbour_state {
	NEIGHBOUR_NONE,     /* unknown or being resolved */
	NEIGHBOUR_REACHED,  /* has a MAC; the kernel may call it stale */
	NEIGHBOUR_FAILED,   /* did not answer; asked again once a second */
};

struct neighbours *neighbours_create(struct dataplane *dp);
void neighbours_destroy(struct neighbours *neighbours);

/* Worker. The state, and the MAC where it is NEIGHBOUR_REACHED. Marks the entry as in use, so that the kernel is asked to keep it fresh. */
enum neighbour_state neighbour_find(struct neighbours *neighbours, uint16_t port, const struct ip_addr *ip,
				    struct rte_ether_addr *mac);

/* Control thread. mac NULL: NONE or FAILED by `state`. 0, -ENOSPC. */
int neighbour_set(struct neighbours *neighbours, uint16_t port, const struct ip_addr *ip,
		  enum neighbour_state state, const struct rte_ether_addr *mac);
void neighbour_delete(struct neighbours *neighbours, uint16_t port, const struct ip_addr *ip);

#endif
