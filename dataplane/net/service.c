/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/service.h"
#include "dataplane.h"
#include "net/gate_map.h"

#include <rte_bitops.h>
#include <rte_malloc.h>

#include <errno.h>
#include <stdlib.h>

static int service_compare(const void *a, const void *b)
{
	const struct service *left = a, *right = b;
	int order = memcmp(left->ip.bytes, right->ip.bytes, sizeof(left->ip.bytes));

	return order != 0 ? order : (int)left->first_port - (int)right->first_port;
}

static void slot_add(struct services *services, uint32_t first, uint32_t count)
{
	const struct ip_addr *ip = &services->list[first].ip;
	uint32_t i = service_hash(ip) & services->mask;

	while (services->slots[i].count != 0)
		i = (i + 1) & services->mask;
	services->slots[i] = (struct service_slot){.ip = *ip, .first = first, .count = count};
}

static struct services *services_build(const struct service *list, uint32_t count)
{
	uint32_t n_slots = rte_align32pow2(RTE_MAX(2 * count, (uint32_t)SERVICE_SLOTS_MIN));
	struct services *services = rte_zmalloc("services", sizeof(*services), 0);

	if (services == NULL)
		return NULL;
	services->mask = n_slots - 1;
	services->count = count;
	services->slots = rte_zmalloc("service slots", n_slots * sizeof(*services->slots),
	                              RTE_CACHE_LINE_SIZE);
	services->list = rte_zmalloc("services", (count + 1) * sizeof(*list), RTE_CACHE_LINE_SIZE);
	if (services->slots == NULL || services->list == NULL) {
		services_free(services);
		return NULL;
	}
	if (count > 0)
		memcpy(services->list, list, count * sizeof(*list));
	qsort(services->list, count, sizeof(*list), service_compare);
	for (uint32_t i = 0, first = 0; i < count; i++) {
		if (i + 1 < count &&
		    ip_addr_equal(&services->list[i + 1].ip, &services->list[first].ip))
			continue;
		slot_add(services, first, i + 1 - first);
		first = i + 1;
	}
	return services;
}

static bool is_media(const struct service *service)
{
	return service->kind == SERVICE_MEDIA;
}

/* The new part, and of the table in force the other one. */
static uint32_t parts_join(const struct services *now, bool media, const struct service *list,
                           uint32_t count, struct service *joined)
{
	uint32_t total = count;

	if (count > 0)
		memcpy(joined, list, count * sizeof(*list));
	for (uint32_t i = 0; now != NULL && i < now->count; i++)
		if (is_media(&now->list[i]) != media)
			joined[total++] = now->list[i];
	return total;
}

static int part_set(struct dataplane *dp, bool media, const struct service *list, uint32_t count,
                    const struct service *announced, uint32_t n_announced)
{
	struct service joined[2 * SERVICES_MAX];
	struct services *services, *old;

	if (count > SERVICES_MAX || n_announced > SERVICES_MAX)
		return -ENOSPC;
	count = parts_join(dp->services, media, list, count, joined);
	if (count > SERVICES_MAX)
		return -ENOSPC;
	services = services_build(joined, count);
	if (services == NULL)
		return -ENOMEM;
	if (n_announced > 0) {
		services->announced = services_build(announced, n_announced);
		if (services->announced == NULL) {
			services_free(services);
			return -ENOMEM;
		}
	}
	old = __atomic_exchange_n(&dp->services, services, __ATOMIC_ACQ_REL);
	dataplane_output_changed(dp);
	gate_map_sync(dp);
	dataplane_quiesce(dp);
	services_free(old);
	return 0;
}

int services_set(struct dataplane *dp, const struct service *list, uint32_t count,
                 const struct service *announced, uint32_t n_announced)
{
	return part_set(dp, false, list, count, announced, n_announced);
}

int services_set_media(struct dataplane *dp, const struct service *list, uint32_t count)
{
	const struct services *announced = dp->services != NULL ? dp->services->announced : NULL;

	return part_set(dp, true, list, count, announced != NULL ? announced->list : NULL,
	                announced != NULL ? announced->count : 0);
}

void services_free(struct services *services)
{
	if (services == NULL)
		return;
	services_free(services->announced);
	rte_free(services->slots);
	rte_free(services->list);
	rte_free(services);
}
