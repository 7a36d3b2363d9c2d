/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TAP twin of a port that DPDK owns alone: an interface of the port's name and MAC, on which
 * the kernel keeps its addresses, its routes and its neighbours. Control thread only.
 */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <stdint.h>

struct dataplane;
struct rte_ether_addr;
struct rte_mbuf;
struct tap;

/* NULL with errno set. *ifindex: the kernel's interface. */
struct tap *tap_create(struct dataplane *dp, const char *name, uint16_t port,
                       const struct rte_ether_addr *mac, uint16_t mtu, uint32_t *ifindex);
void tap_destroy(struct tap *tap);

/* A frame to the kernel, whose checksum is completed where it is open. 0 or -errno; the mbuf stays
 * the caller's. */
int tap_write(struct tap *tap, struct rte_mbuf *mbuf);

#endif
