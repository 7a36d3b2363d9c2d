/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/fib.h"
#include "dataplane.h"
#include "net/neighbour.h"
#include "net/port.h"
#include "net/ranges.h"

#include <rte_malloc.h>

#include <errno.h>
#include <stdlib.h>

struct fib {
	struct ranges *ranges;      /* of the routes' prefixes: entry i + 1 is prefix i's */
	struct fib_entry entries[]; /* [0]: no route */
};

/* The better first: of equal prefixes the first one counts. */
static int route_compare(const void *a, const void *b)
{
	const struct route *left = a, *right = b;

	return left->metric < right->metric ? -1 : left->metric > right->metric;
}

static struct fib_entry entry_of(struct dataplane *dp, const struct route *route)
{
	static const struct ip_addr on_link;
	struct fib_entry entry = {
	        .port = route->port, .vlan = route->vlan, .gateway = route->gateway};

	if (route->port != PORT_NONE && !ip_addr_equal(&route->gateway, &on_link))
		entry.neighbour = neighbour_slot_gateway(
		        dp->neighbours, neighbour_link(route->port, route->vlan), &route->gateway);
	return entry;
}

/* Of the routes that any address finds. */
static void entries_fill(struct dataplane *dp, struct fib *fib, const struct route *sorted)
{
	fib->entries[0] = (struct fib_entry){.port = PORT_NONE};
	for (uint32_t i = 0; i < fib->ranges->count; i++) {
		uint32_t found = fib->ranges->list[i].prefix;

		if (found != RANGE_NONE)
			fib->entries[found + 1] = entry_of(dp, &sorted[found]);
	}
}

static struct fib *fib_create(struct dataplane *dp, const struct route *routes, uint32_t count)
{
	size_t size = sizeof(struct fib) + (count + (size_t)1) * sizeof(struct fib_entry);
	struct fib *fib = rte_zmalloc("fib", size, RTE_CACHE_LINE_SIZE);
	struct route *sorted = calloc(count + (size_t)1, sizeof(*sorted));
	struct prefix *prefixes = calloc(count + (size_t)1, sizeof(*prefixes));

	if (fib == NULL || sorted == NULL || prefixes == NULL)
		goto out;
	if (count != 0)
		memcpy(sorted, routes, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), route_compare);
	for (uint32_t i = 0; i < count; i++)
		prefixes[i] = (struct prefix){sorted[i].prefix, sorted[i].length};
	fib->ranges = ranges_create(prefixes, count);
	if (fib->ranges != NULL)
		entries_fill(dp, fib, sorted);
out:
	free(sorted);
	free(prefixes);
	if (fib != NULL && fib->ranges != NULL)
		return fib;
	fib_free(fib);
	return NULL;
}

void fib_free(struct fib *fib)
{
	if (fib != NULL)
		free(fib->ranges);
	rte_free(fib);
}

int fib_set(struct dataplane *dp, const struct route *routes, uint32_t count)
{
	struct fib *fib = fib_create(dp, routes, count), *old;

	if (fib == NULL)
		return -ENOMEM;
	old = __atomic_exchange_n(&dp->fib, fib, __ATOMIC_ACQ_REL);
	dataplane_output_changed(dp);
	dataplane_quiesce(dp);
	neighbours_gateways_set(dp->neighbours);
	fib_free(old);
	return 0;
}

const struct fib_entry *fib_find(const struct fib *fib, const struct ip_addr *ip)
{
	return &fib->entries[ranges_find(fib->ranges, ip) + 1];
}
