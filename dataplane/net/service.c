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

/* Sorted: a listener of TURN and one of sessions at the same port become one. */
static uint32_t sessions_merge(struct service *list, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct service *last = kept > 0 ? &list[kept - 1] : NULL;
		bool shared = last != NULL && last->first_port == list[i].first_port &&
		              ip_addr_equal(&last->ip, &list[i].ip);

		if (list[i].kind == SERVICE_SESSION)
			list[i].session = list[i].index + 1;
		if (shared && last->kind == SERVICE_TURN && list[i].kind == SERVICE_SESSION) {
			last->session = list[i].session;
		} else if (shared && last->kind == SERVICE_SESSION &&
		           list[i].kind == SERVICE_TURN) {
			list[i].session = last->session;
			*last = list[i];
		} else {
			list[kept++] = list[i];
		}
	}
	return kept;
}

static struct services *services_build(const struct service *list, uint32_t count)
{
	uint32_t n_slots = rte_align32pow2(RTE_MAX(2 * count, (uint32_t)SERVICE_SLOTS_MIN));
	struct services *services = rte_zmalloc("services", sizeof(*services), 0);

	if (services == NULL)
		return NULL;
	services->mask = n_slots - 1;
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
	count = services->count = sessions_merge(services->list, count);
	for (uint32_t i = 0, first = 0; i < count; i++) {
		if (i + 1 < count &&
		    ip_addr_equal(&services->list[i + 1].ip, &services->list[first].ip))
			continue;
		slot_add(services, first, i + 1 - first);
		first = i + 1;
	}
	return services;
}

/* Whose part of the table it is: each sets its own. */
enum services_part { PART_TURN, PART_MEDIA, PART_SESSIONS };

static enum services_part part_of(const struct service *service)
{
	switch (service->kind) {
	case SERVICE_MEDIA:
		return PART_MEDIA;
	case SERVICE_SESSION:
		return PART_SESSIONS;
	default:
		return PART_TURN;
	}
}

/* The new part, and of the table in force the others. */
static uint32_t parts_join(const struct services *now, enum services_part part,
                           const struct service *list, uint32_t count, struct service *joined)
{
	uint32_t total = count;

	if (count > 0)
		memcpy(joined, list, count * sizeof(*list));
	for (uint32_t i = 0; now != NULL && i < now->count; i++) {
		struct service own = now->list[i], shared = own;

		own.session = 0;
		if (part_of(&own) != part)
			joined[total++] = own;
		if (own.kind != SERVICE_TURN || shared.session == 0 || part == PART_SESSIONS)
			continue;
		shared.kind = SERVICE_SESSION;
		shared.index = shared.session - 1;
		joined[total++] = shared;
	}
	return total;
}

static int part_set(struct dataplane *dp, enum services_part part, const struct service *list,
                    uint32_t count, const struct service *announced, uint32_t n_announced)
{
	struct service joined[3 * SERVICES_MAX];
	struct services *services, *old;

	if (count > SERVICES_MAX || n_announced > SERVICES_MAX)
		return -ENOSPC;
	count = parts_join(dp->services, part, list, count, joined);
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
	return part_set(dp, PART_TURN, list, count, announced, n_announced);
}

/* What is announced stays. */
static int unannounced_set(struct dataplane *dp, enum services_part part,
                           const struct service *list, uint32_t count)
{
	const struct services *announced = dp->services != NULL ? dp->services->announced : NULL;

	return part_set(dp, part, list, count, announced != NULL ? announced->list : NULL,
	                announced != NULL ? announced->count : 0);
}

int services_set_media(struct dataplane *dp, const struct service *list, uint32_t count)
{
	return unannounced_set(dp, PART_MEDIA, list, count);
}

int services_set_sessions(struct dataplane *dp, const struct service *list, uint32_t count)
{
	return unannounced_set(dp, PART_SESSIONS, list, count);
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
