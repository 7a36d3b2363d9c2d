/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel stays the host's control stack: its links, routes and neighbours are read over
 * rtnetlink, at the start and whenever they change, into what the workers use (net/fib.h,
 * net/neighbour.h). Control thread only.
 */
#ifndef NET_MIRROR_H
#define NET_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "part.h"

struct dataplane;
struct ip_addr;
struct mirror;

extern const struct part mirror_part;

/* An interface that a port serves has this address, or one without a wire (lo, dummy). True without
 * a mirror, where it is not known. */
bool mirror_has_address(const struct dataplane *dp, const struct ip_addr *ip);

/* The port table has changed: everything is read again. */
void mirror_port_changed(struct dataplane *dp);

/* Asks the kernel to resolve, or to confirm, a neighbour (NTF_USE). Does nothing without a mirror.
 */
void mirror_ask(struct dataplane *dp, uint32_t slot);
/* The same of one that has just got its slot: what the kernel knows of it already is told too. */
void mirror_ask_first(struct dataplane *dp, uint32_t slot);

#endif
