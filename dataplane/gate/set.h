/* SPDX-License-Identifier: BSD-3-Clause */
/* A set of addresses given as prefixes: disjoint ranges, sorted; immutable once built. */
#ifndef GATE_SET_H
#define GATE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"

struct gate_prefix {
	struct ip_addr ip; /* bits behind the length are ignored */
	uint8_t length;    /* in the 128-bit form: 96 more than IPv4's own */
};

struct gate_range {
	struct ip_addr first, last; /* both included */
};

struct gate_set {
	uint32_t count;
	struct gate_range ranges[];
};

/* NULL where there is no memory; freed with free(). */
struct gate_set *gate_set_build(const struct gate_prefix *prefixes, uint32_t count);

static inline bool gate_set_has(const struct gate_set *set, const struct ip_addr *ip)
{
	uint32_t low = 0, high = set->count;

	/* the last range that begins at or before ip */
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (memcmp(set->ranges[middle].first.bytes, ip->bytes, sizeof(ip->bytes)) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 &&
	       memcmp(ip->bytes, set->ranges[low - 1].last.bytes, sizeof(ip->bytes)) <= 0;
}

#endif
