/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TAP twin of a port that DPDK owns alone: an interface of the port's name and MAC, on which
 * the kernel keeps its addresses, its routes and its neighbours. Control thread only.
 */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <stdbool.h>
#include <stdint.h>

struct dataplane;
struct rte_ether_addr;
struct rte_mbuf;
struct tap;

/*
 * NULL with errno set and a clear line in *why. *ifindex: the kernel's interface. It stays when the
 * process ends, with the addresses and routes that it was given, and the next process takes it
 * over.
 */
struct tap *tap_create(struct dataplane *dp, const char *name, uint16_t port,
                       const struct rte_ether_addr *mac, uint16_t mtu, uint32_t *ifindex,
                       char *why);
/* remove: the interface goes too. */
void tap_destroy(struct tap *tap, bool remove);

/* The NIC's link, for the kernel and its routing daemons. */
void tap_carrier(struct tap *tap, bool up);
/* udev gives a new interface a MAC of its own choice, for which the NIC would hear nothing: puts
 * the NIC's back where the kernel says that it has another. */
void tap_mac_keep(const char *name, const struct rte_ether_addr *mac,
                  const struct rte_ether_addr *now);

/* A frame to the kernel, whose checksum is completed where it is open. 0 or -errno; the mbuf stays
 * the caller's. */
int tap_write(struct tap *tap, struct rte_mbuf *mbuf);

#endif
