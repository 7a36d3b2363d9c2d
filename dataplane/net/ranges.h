/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which prefix of a list holds an address: the longest. Disjoint address ranges, sorted, in one
 * immutable array; a lookup is a binary search with one body for both families. Of the routes
 * (net/fib.h), the gate's lists and TURN's peers.
 */
#ifndef NET_RANGES_H
#define NET_RANGES_H

#include <stdint.h>

#include "net/ip_addr.h"

#define RANGE_NONE UINT32_MAX

struct prefix {
	struct ip_addr ip; /* bits behind the length are ignored */
	uint8_t length;    /* in the 128-bit form: 96 more than IPv4's own */
};

struct range {
	struct ip_addr first; /* it begins here and ends where the next one begins */
	uint32_t prefix;      /* index in the list; RANGE_NONE: in none */
	uint32_t pad;
};

struct ranges {
	uint32_t prefixes; /* of the list */
	uint32_t count;
	struct range list[]; /* [0] begins at :: */
};

/* Of equal prefixes the first one counts. NULL without memory; freed with free(). */
struct ranges *ranges_create(const struct prefix *prefixes, uint32_t count);

/* The index of the prefix, or RANGE_NONE. Any thread. */
uint32_t ranges_find(const struct ranges *ranges, const struct ip_addr *ip);

#endif
