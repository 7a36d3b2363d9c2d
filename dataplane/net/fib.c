/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/fib.h"
#include "dataplane.h"
#include "net/neighbour.h"
#include "net/port.h"

#include <rte_malloc.h>

#include <errno.h>
#include <stdlib.h>

typedef unsigned __int128 wide; /* an address as a number */

/* A prefix whose range is open while the sweep is inside it. */
struct open_route {
	const struct route *route;
	wide last;
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

static wide wide_host_bits(uint8_t length)
{
	return length >= 128 ? 0 : ~(wide)0 >> length;
}

/* By address, then the wider first, then the better. */
static int route_compare(const void *a, const void *b)
{
	const struct route *left = a, *right = b;
	int order = memcmp(left->prefix.bytes, right->prefix.bytes, sizeof(left->prefix.bytes));

	if (order != 0)
		return order;
	if (left->length != right->length)
		return left->length < right->length ? -1 : 1;
	return left->metric < right->metric ? -1 : left->metric > right->metric;
}

/* From `first` on, `route` holds; NULL: none. */
static void fib_append(struct dataplane *dp, struct fib *fib, wide first, const struct route *route)
{
	static const struct ip_addr on_link;
	struct fib_entry *entry = &fib->entries[fib->count];
	struct ip_addr ip = wide_to_ip(first);

	if (fib->count > 0 && ip_addr_equal(&fib->entries[fib->count - 1].first, &ip))
		entry--;
	else
		fib->count++;
	*entry = (struct fib_entry){.first = ip, .port = PORT_NONE};
	if (route == NULL)
		return;
	entry->port = route->port;
	entry->vlan = route->vlan;
	entry->gateway = route->gateway;
	if (route->port != PORT_NONE && !ip_addr_equal(&route->gateway, &on_link))
		entry->neighbour = neighbour_slot_gateway(
		        dp->neighbours, neighbour_link(route->port, route->vlan), &route->gateway);
}

/* Closes every open range that ends before `start`: behind it, the one around it holds again. */
static uint32_t fib_close(struct dataplane *dp, struct fib *fib, struct open_route *open,
                          uint32_t depth, wide start, bool all)
{
	while (depth > 0 && (all || open[depth - 1].last < start)) {
		wide last = open[--depth].last;

		if (last != ~(wide)0)
			fib_append(dp, fib, last + 1, depth > 0 ? open[depth - 1].route : NULL);
	}
	return depth;
}

static void fib_fill(struct dataplane *dp, struct fib *fib, const struct route *sorted,
                     uint32_t count)
{
	struct open_route open[PREFIX_LENGTHS];
	uint32_t depth = 0;

	fib_append(dp, fib, 0, NULL);
	for (uint32_t i = 0; i < count; i++) {
		const struct route *route = &sorted[i];
		wide start = wide_of(&route->prefix);

		depth = fib_close(dp, fib, open, depth, start, false);
		if (depth > 0 && open[depth - 1].route->length == route->length)
			continue; /* the same prefix with a larger metric */
		open[depth++] = (struct open_route){route, start | wide_host_bits(route->length)};
		fib_append(dp, fib, start, route);
	}
	fib_close(dp, fib, open, depth, 0, true);
}

int fib_set(struct dataplane *dp, const struct route *routes, uint32_t count)
{
	/* each prefix opens one range and closes one */
	struct fib *fib =
	        rte_zmalloc("fib", sizeof(*fib) + (2 * (size_t)count + 1) * sizeof(fib->entries[0]),
	                    RTE_CACHE_LINE_SIZE);
	struct route *sorted = calloc(count + 1, sizeof(*sorted));
	struct fib *old;

	if (fib == NULL || sorted == NULL) {
		rte_free(fib);
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		sorted[i] = routes[i];
		/* what is behind the length would spoil the order that the sweep lives by */
		sorted[i].prefix =
		        wide_to_ip(wide_of(&routes[i].prefix) & ~wide_host_bits(routes[i].length));
	}
	qsort(sorted, count, sizeof(*sorted), route_compare);
	fib_fill(dp, fib, sorted, count);
	free(sorted);
	old = __atomic_exchange_n(&dp->fib, fib, __ATOMIC_ACQ_REL);
	dataplane_output_changed(dp);
	dataplane_quiesce(dp);
	neighbours_gateways_set(dp->neighbours);
	rte_free(old);
	return 0;
}

const struct fib_entry *fib_find(const struct fib *fib, const struct ip_addr *ip)
{
	uint64_t high = rte_be_to_cpu_64(ip->quads[0]);
	uint64_t low = rte_be_to_cpu_64(ip->quads[1]);
	uint32_t from = 0, count = fib->count;

	/* the last entry that begins at or below ip; entries[0] always does */
	while (count > 1) {
		uint32_t half = count / 2;
		const struct ip_addr *first = &fib->entries[from + half].first;
		uint64_t first_high = rte_be_to_cpu_64(first->quads[0]);
		uint64_t first_low = rte_be_to_cpu_64(first->quads[1]);
		bool below = first_high < high || (first_high == high && first_low <= low);

		from += below ? half : 0;
		count -= half;
	}
	return &fib->entries[from];
}
