/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/neighbour.h"
#include "dataplane.h"

#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#include <errno.h>
#include <stdlib.h>

struct neighbour_key {
	struct ip_addr ip;
	uint32_t link;
	uint32_t zero;
};

static int create(struct dataplane *dp)
{
	struct rte_hash_parameters parameters = {
	        .name = "neighbours",
	        .entries = NEIGHBOURS_MAX,
	        .key_len = sizeof(struct neighbour_key),
	        .hash_func = rte_hash_crc,
	        .hash_func_init_val = (uint32_t)rte_rdtsc(),
	        .socket_id = SOCKET_ID_ANY,
	        .extra_flag =
	                RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash_rcu_config rcu = {.v = dp->qsbr, .mode = RTE_HASH_QSBR_MODE_DQ};
	struct neighbours *neighbours =
	        rte_zmalloc("neighbours", sizeof(*neighbours), RTE_CACHE_LINE_SIZE);

	dp->neighbours = neighbours;
	if (neighbours == NULL)
		return -ENOMEM;
	neighbours->dp = dp;
	neighbours->high = 1;
	neighbours->gateways = 1;
	neighbours->hash = rte_hash_create(&parameters);
	return neighbours->hash != NULL && rte_hash_rcu_qsbr_add(neighbours->hash, &rcu) == 0
	               ? 0
	               : -ENOMEM;
}

static void destroy(struct dataplane *dp)
{
	if (dp->neighbours == NULL)
		return;
	rte_hash_free(dp->neighbours->hash);
	rte_free(dp->neighbours);
}

const struct part neighbours_part = {
        .name = "neighbours",
        .create = create,
        .destroy = destroy,
};

uint32_t neighbour_find(const struct neighbours *neighbours, uint32_t link,
                        const struct ip_addr *ip)
{
	struct neighbour_key key = {.ip = *ip, .link = link};
	void *slot;

	if (rte_hash_lookup_data(neighbours->hash, &key, &slot) < 0)
		return 0;
	return (uint32_t)(uintptr_t)slot;
}

/* -- slots come and go -- */

static bool is_gateway(const struct neighbours *neighbours, const struct neighbour *neighbour)
{
	return neighbour->gateways >= neighbours->gateways;
}

/* Not to be found any more. Workers may still remember the slot. */
static void slot_leave(struct neighbours *neighbours, uint32_t slot)
{
	struct neighbour *neighbour = &neighbours->slots[slot];
	struct neighbour_key key = {.ip = neighbour->ip, .link = neighbour->link};

	rte_hash_del_key(neighbours->hash, &key);
	__atomic_store_n(&neighbour->word, 0, __ATOMIC_RELAXED);
	neighbour->leaves = 1;
	neighbours->leaving[neighbours->n_leaving++] = slot;
}

/* No worker remembers a slot once the generation has moved and all have walked on. */
static void leaving_free(struct neighbours *neighbours)
{
	if (neighbours->n_leaving == 0)
		return;
	dataplane_output_changed(neighbours->dp);
	dataplane_quiesce(neighbours->dp);
	while (neighbours->n_leaving > 0) {
		uint16_t slot = neighbours->leaving[--neighbours->n_leaving];

		neighbours->slots[slot] = (struct neighbour){0};
		neighbours->free[neighbours->n_free++] = slot;
	}
}

void neighbour_release(struct neighbours *neighbours, uint32_t slot)
{
	struct neighbour *neighbour = &neighbours->slots[slot];

	if (slot == 0 || !neighbour->taken || neighbour->leaves)
		return;
	if (neighbour->waits || is_gateway(neighbours, neighbour))
		__atomic_store_n(&neighbour->word, 0, __ATOMIC_RELAXED);
	else
		slot_leave(neighbours, slot);
}

/* What is longest out of use first. */
static int touched_compare(const void *a, const void *b, void *arg)
{
	const struct neighbours *neighbours = arg;
	uint32_t left = neighbours->slots[*(const uint16_t *)a].touched;
	uint32_t right = neighbours->slots[*(const uint16_t *)b].touched;

	return left < right ? -1 : left > right;
}

static void longest_unused_leave(struct neighbours *neighbours)
{
	uint16_t candidates[NEIGHBOURS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 1; i < neighbours->high; i++) {
		struct neighbour *neighbour = &neighbours->slots[i];

		if (!neighbour->taken || neighbour->leaves || neighbour->waits ||
		    is_gateway(neighbours, neighbour))
			continue;
		if (neighbour->used)
			neighbour->touched = neighbours->time + 1;
		candidates[count++] = i;
	}
	qsort_r(candidates, count, sizeof(candidates[0]), touched_compare, neighbours);
	for (uint32_t i = 0; i < RTE_MIN(count, (uint32_t)NEIGHBOURS_EVICTED); i++)
		slot_leave(neighbours, candidates[i]);
}

static uint32_t room_left(const struct neighbours *neighbours)
{
	return neighbours->n_free + NEIGHBOURS_MAX - neighbours->high;
}

static uint32_t slot_take(struct neighbours *neighbours, bool gateway)
{
	uint32_t reserve = gateway ? 0 : NEIGHBOURS_RESERVE;

	if (room_left(neighbours) <= reserve)
		leaving_free(neighbours);
	if (room_left(neighbours) <= reserve) {
		longest_unused_leave(neighbours);
		leaving_free(neighbours);
	}
	if (room_left(neighbours) <= reserve)
		return 0;
	return neighbours->n_free > 0 ? neighbours->free[--neighbours->n_free] : neighbours->high++;
}

static uint32_t slot_for(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip,
                         bool gateway)
{
	struct neighbour_key key = {.ip = *ip, .link = link};
	uint32_t slot = neighbour_find(neighbours, link, ip);

	if (slot != 0)
		return slot;
	slot = slot_take(neighbours, gateway);
	if (slot == 0)
		return 0;
	neighbours->slots[slot] = (struct neighbour){
	        .ip = *ip, .link = link, .taken = 1, .touched = neighbours->time};
	if (rte_hash_add_key_data(neighbours->hash, &key, (void *)(uintptr_t)slot) != 0) {
		neighbours->slots[slot].taken = 0;
		neighbours->free[neighbours->n_free++] = slot;
		return 0;
	}
	return slot;
}

uint32_t neighbour_slot(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip)
{
	return slot_for(neighbours, link, ip, false);
}

/* -- gateways: those of the set in force, and of the one that is being made -- */

uint32_t neighbour_slot_gateway(struct neighbours *neighbours, uint32_t link,
                                const struct ip_addr *ip)
{
	uint32_t slot = slot_for(neighbours, link, ip, true);

	if (slot != 0)
		neighbours->slots[slot].gateways = neighbours->gateways + 1;
	return slot;
}

void neighbours_gateways_set(struct neighbours *neighbours)
{
	neighbours->gateways++;
}

void neighbours_tick(struct neighbours *neighbours, void (*in_use)(void *arg, uint32_t slot),
                     void *arg)
{
	neighbours->time++;
	for (uint32_t i = 1; i < neighbours->high; i++) {
		struct neighbour *neighbour = &neighbours->slots[i];

		if (!neighbour->used)
			continue;
		neighbour->used = 0;
		neighbour->touched = neighbours->time;
		in_use(arg, i);
	}
	leaving_free(neighbours);
}

/* -- what the kernel says -- */

int neighbour_set(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip,
                  enum neighbour_state state, const struct rte_ether_addr *mac)
{
	uint32_t slot = neighbour_slot(neighbours, link, ip);
	uint64_t word = 0;

	if (slot == 0)
		return -ENOSPC;
	if (mac != NULL)
		memcpy(&word, mac, sizeof(*mac));
	word |= (uint64_t)state << 48;
	__atomic_store_n(&neighbours->slots[slot].word, word, __ATOMIC_RELAXED);
	return 0;
}

void neighbour_delete(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip)
{
	neighbour_release(neighbours, neighbour_find(neighbours, link, ip));
}

void neighbours_forget_port(struct dataplane *dp, uint16_t port)
{
	struct neighbours *neighbours = dp->neighbours;

	for (uint32_t i = 1; i < neighbours->high; i++) {
		const struct neighbour *neighbour = &neighbours->slots[i];

		if (neighbour->taken && !neighbour->leaves && (uint16_t)neighbour->link == port)
			slot_leave(neighbours, i);
	}
	/* also where there was none: what workers remember of the port goes */
	dataplane_output_changed(dp);
	dataplane_quiesce(dp);
	leaving_free(neighbours);
}
