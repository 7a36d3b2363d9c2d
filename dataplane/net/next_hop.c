/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/next_hop.h"

#include <rte_malloc.h>

#include <errno.h>

static int routes_create(struct dataplane *dp)
{
	return services_set(dp, NULL, 0, NULL, 0) == 0 && fib_set(dp, NULL, 0) == 0 ? 0 : -ENOMEM;
}

static void routes_destroy(struct dataplane *dp)
{
	services_free(dp->services);
	fib_free(dp->fib);
}

static int memory_create(struct worker *worker)
{
	worker->next_hops =
	        rte_zmalloc("next hops", NEXT_HOPS * sizeof(struct next_hop), RTE_CACHE_LINE_SIZE);
	return worker->next_hops != NULL ? 0 : -ENOMEM;
}

static void memory_destroy(struct worker *worker)
{
	rte_free(worker->next_hops);
}

const struct part routes_part = {
        .name = "routes and services",
        .create = routes_create,
        .destroy = routes_destroy,
        .worker_create = memory_create,
        .worker_destroy = memory_destroy,
};
