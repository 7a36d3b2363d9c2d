/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes as the workers see them: immutable. The control thread makes a new table from the kernel's
 * routes and swaps it in (RCU).
 */
#ifndef NET_FIB_H
#define NET_FIB_H

#include <stdint.h>

#include "net/ip_addr.h"

struct dataplane;
struct fib;

/* A prefix as the kernel has it. length: in the 128-bit form, so 96 more than IPv4's own. */
struct route {
	struct ip_addr prefix;
	uint8_t length;
	uint8_t pad;
	uint16_t vlan; /* tag to send with; 0: none */
	uint16_t pad2;
	uint16_t port;   /* index into the port table, or PORT_NONE: unreachable, or through an
	                    interface that is no port of ours */
	uint32_t metric; /* the smallest wins between equal prefixes */
	struct ip_addr gateway; /* all zero: on link */
};

struct fib_entry {
	uint16_t port;
	uint16_t vlan;
	uint32_t neighbour; /* the gateway's slot (net/neighbour.h); 0: on link */
	struct ip_addr gateway;
};

/* Control thread: replaces all routes. 0, -ENOMEM. */
int fib_set(struct dataplane *dp, const struct route *routes, uint32_t count);
void fib_free(struct fib *fib);

/* Never NULL: an entry whose port is PORT_NONE where there is no route. */
const struct fib_entry *fib_find(const struct fib *fib, const struct ip_addr *ip);

#endif
