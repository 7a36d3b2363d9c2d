/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/ranges.h"

#include <stdbool.h>
#include <stdlib.h>

typedef unsigned __int128 wide; /* an address as a number */

/* A prefix on its way into the array: sorted, and open while the sweep is inside it. */
struct span {
	wide first, last;
	uint32_t prefix;
};

#define PREFIX_LENGTHS 129 /* prefixes nest, so no more can be open at once */

static wide wide_of(const struct ip_addr *ip)
{
	return (wide)rte_be_to_cpu_64(ip->quads[0]) << 64 | rte_be_to_cpu_64(ip->quads[1]);
}

static struct ip_addr wide_to_ip(wide number)
{
	return (struct ip_addr){.quads = {rte_cpu_to_be_64((uint64_t)(number >> 64)),
	                                  rte_cpu_to_be_64((uint64_t)number)}};
}

/* By address, then the wider first, then as in the list. */
static int span_compare(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	if (left->last != right->last)
		return left->last > right->last ? -1 : 1;
	return left->prefix < right->prefix ? -1 : left->prefix > right->prefix;
}

/* From `first` on, `prefix` holds. */
static void range_append(struct ranges *ranges, wide first, uint32_t prefix)
{
	struct ip_addr ip = wide_to_ip(first);

	if (ranges->count == 0 || !ip_addr_equal(&ranges->list[ranges->count - 1].first, &ip))
		ranges->count++;
	ranges->list[ranges->count - 1] = (struct range){.first = ip, .prefix = prefix};
}

/* Closes every open span that ends before `first`: behind it, the one around it holds again. */
static uint32_t spans_close(struct ranges *ranges, struct span *open, uint32_t depth, wide first,
                            bool all)
{
	while (depth > 0 && (all || open[depth - 1].last < first)) {
		wide last = open[--depth].last;

		if (last != ~(wide)0)
			range_append(ranges, last + 1,
			             depth > 0 ? open[depth - 1].prefix : RANGE_NONE);
	}
	return depth;
}

static void ranges_fill(struct ranges *ranges, const struct span *sorted, uint32_t count)
{
	struct span open[PREFIX_LENGTHS];
	uint32_t depth = 0;

	range_append(ranges, 0, RANGE_NONE);
	for (uint32_t i = 0; i < count; i++) {
		const struct span *span = &sorted[i];

		depth = spans_close(ranges, open, depth, span->first, false);
		if (depth > 0 && open[depth - 1].first == span->first &&
		    open[depth - 1].last == span->last)
			continue; /* the same prefix again */
		open[depth++] = *span;
		range_append(ranges, span->first, span->prefix);
	}
	spans_close(ranges, open, depth, 0, true);
}

struct ranges *ranges_create(const struct prefix *prefixes, uint32_t count)
{
	/* each prefix opens one range and closes one */
	struct ranges *ranges =
	        malloc(sizeof(*ranges) + (2 * (size_t)count + 1) * sizeof(ranges->list[0]));
	struct span *sorted = malloc((count + (size_t)1) * sizeof(*sorted));

	if (ranges == NULL || sorted == NULL) {
		free(ranges);
		free(sorted);
		return NULL;
	}
	ranges->prefixes = count;
	ranges->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		wide host = prefixes[i].length >= 128 ? 0 : ~(wide)0 >> prefixes[i].length;
		wide first = wide_of(&prefixes[i].ip) & ~host;

		sorted[i] = (struct span){first, first | host, i};
	}
	qsort(sorted, count, sizeof(*sorted), span_compare);
	ranges_fill(ranges, sorted, count);
	free(sorted);
	return ranges;
}

uint32_t ranges_find(const struct ranges *ranges, const struct ip_addr *ip)
{
	uint64_t high = rte_be_to_cpu_64(ip->quads[0]);
	uint64_t low = rte_be_to_cpu_64(ip->quads[1]);
	uint32_t from = 0, count = ranges->count;

	/* the last range that begins at or below ip; list[0] always does */
	while (count > 1) {
		uint32_t half = count / 2;
		const struct ip_addr *first = &ranges->list[from + half].first;
		uint64_t first_high = rte_be_to_cpu_64(first->quads[0]);
		uint64_t first_low = rte_be_to_cpu_64(first->quads[1]);
		bool below = first_high < high || (first_high == high && first_low <= low);

		from += below ? half : 0;
		count -= half;
	}
	return ranges->list[from].prefix;
}
