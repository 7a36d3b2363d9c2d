/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/pool.h"

#include "turn/table.h"

#include <errno.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_ring_elem.h>

#define FILL_BATCH 256

/* A ring holds one less than its size. */
static uint32_t ring_slots(uint32_t count)
{
	return rte_align32pow2(count + 1);
}

static void pool_fill(struct index_pool *pool)
{
	uint32_t batch[FILL_BATCH];

	for (uint32_t first = 1; first <= pool->count; first += FILL_BATCH) {
		uint32_t n = RTE_MIN(pool->count - first + 1, (uint32_t)FILL_BATCH);

		for (uint32_t i = 0; i < n; i++)
			batch[i] = first + i;
		rte_ring_enqueue_bulk_elem(pool->ring, batch, sizeof(batch[0]), n, NULL);
	}
}

int index_pool_init(struct index_pool *pool, uint32_t count, uint32_t workers)
{
	uint32_t slots = ring_slots(count);
	uint32_t keep = count / (8 * workers);

	pool->ring = table_map(rte_ring_get_memsize_elem(sizeof(uint32_t), slots));
	if (pool->ring == NULL)
		return -ENOMEM;
	rte_ring_init(pool->ring, "indices", slots, 0);
	pool->count = count;
	keep = RTE_MAX(keep, 1u);
	pool->keep = RTE_MIN(keep, (uint32_t)INDEX_CACHE_MAX);
	pool_fill(pool);
	return 0;
}

void index_pool_without(struct index_pool *pool, const uint8_t *used)
{
	uint32_t index;

	for (uint32_t i = 0; i < pool->count; i++)
		if (rte_ring_dequeue_elem(pool->ring, &index, sizeof(index)) == 0 && !used[index])
			rte_ring_enqueue_elem(pool->ring, &index, sizeof(index));
}

void index_pool_destroy(struct index_pool *pool)
{
	table_unmap(pool->ring,
	            rte_ring_get_memsize_elem(sizeof(uint32_t), ring_slots(pool->count)));
	pool->ring = NULL;
}

uint32_t index_take(struct index_pool *pool, struct index_cache *cache)
{
	if (cache->count == 0)
		cache->count = rte_ring_dequeue_burst_elem(
		        pool->ring, cache->indices, sizeof(uint32_t), (pool->keep + 1) / 2, NULL);
	return cache->count == 0 ? 0 : cache->indices[--cache->count];
}

void index_give(struct index_pool *pool, struct index_cache *cache, uint32_t index)
{
	if (cache->count >= pool->keep) {
		uint32_t n = (pool->keep + 1) / 2;

		cache->count -= n;
		rte_ring_enqueue_bulk_elem(pool->ring, &cache->indices[cache->count],
		                           sizeof(uint32_t), n, NULL);
	}
	cache->indices[cache->count++] = index;
}
