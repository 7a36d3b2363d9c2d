/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/neighbour.h"
#include "dataplane.h"

#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#include <errno.h>

struct neighbour_key {
	struct ip_addr ip;
	uint32_t link;
	uint32_t zero;
};

struct neighbours *neighbours_create(struct dataplane *dp)
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

	if (neighbours == NULL)
		return NULL;
	neighbours->high = 1;
	neighbours->hash = rte_hash_create(&parameters);
	if (neighbours->hash == NULL || rte_hash_rcu_qsbr_add(neighbours->hash, &rcu) != 0) {
		neighbours_destroy(neighbours);
		return NULL;
	}
	return neighbours;
}

void neighbours_destroy(struct neighbours *neighbours)
{
	rte_hash_free(neighbours->hash);
	rte_free(neighbours);
}

uint32_t neighbour_find(const struct neighbours *neighbours, uint32_t link,
                        const struct ip_addr *ip)
{
	struct neighbour_key key = {.ip = *ip, .link = link};
	void *slot;

	if (rte_hash_lookup_data(neighbours->hash, &key, &slot) < 0)
		return 0;
	return (uint32_t)(uintptr_t)slot;
}

static uint32_t slot_take(struct neighbours *neighbours)
{
	if (neighbours->high < NEIGHBOURS_MAX)
		return neighbours->high++;
	for (uint32_t i = 1; i < NEIGHBOURS_MAX; i++)
		if (!neighbours->slots[i].taken)
			return i;
	return 0;
}

uint32_t neighbour_slot(struct neighbours *neighbours, uint32_t link, const struct ip_addr *ip)
{
	struct neighbour_key key = {.ip = *ip, .link = link};
	uint32_t slot = neighbour_find(neighbours, link, ip);

	if (slot != 0)
		return slot;
	slot = slot_take(neighbours);
	if (slot == 0)
		return 0;
	neighbours->slots[slot] = (struct neighbour){.ip = *ip, .link = link, .taken = 1};
	if (rte_hash_add_key_data(neighbours->hash, &key, (void *)(uintptr_t)slot) != 0) {
		neighbours->slots[slot].taken = 0;
		return 0;
	}
	return slot;
}

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
	uint32_t slot = neighbour_find(neighbours, link, ip);

	if (slot != 0)
		__atomic_store_n(&neighbours->slots[slot].word, 0, __ATOMIC_RELAXED);
}

void neighbours_forget_port(struct dataplane *dp, uint16_t port)
{
	struct neighbours *neighbours = dp->neighbours;

	for (uint32_t i = 1; i < neighbours->high; i++) {
		struct neighbour *neighbour = &neighbours->slots[i];
		struct neighbour_key key = {.ip = neighbour->ip, .link = neighbour->link};

		if (!neighbour->taken || (uint16_t)neighbour->link != port)
			continue;
		rte_hash_del_key(neighbours->hash, &key);
		__atomic_store_n(&neighbour->word, 0, __ATOMIC_RELAXED);
	}
	/* no worker remembers a slot of that port once the generation has moved and all have walked
	 * on */
	dataplane_output_changed(dp);
	dataplane_quiesce(dp);
	for (uint32_t i = 1; i < neighbours->high; i++)
		if ((uint16_t)neighbours->slots[i].link == port)
			neighbours->slots[i].taken = 0;
}
