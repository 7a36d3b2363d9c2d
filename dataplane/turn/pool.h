/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Free indices of a table, from 1 on. All workers share one ring, and each keeps a few of its own,
 * so that taking and giving mostly touches nothing shared.
 */
#ifndef TURN_POOL_H
#define TURN_POOL_H

#include <stdint.h>

#include <rte_ring.h>

#define INDEX_CACHE_MAX 256

struct index_pool {
	struct rte_ring *ring; /* of uint32_t; multi-producer, multi-consumer */
	uint32_t count;
	uint32_t keep; /* what a cache holds at most: what idle workers hoard never starves the
	                  others */
};

/* One worker's. */
struct index_cache {
	uint32_t count;
	uint32_t indices[INDEX_CACHE_MAX];
};

/* Holds 1 .. count. 0 or -ENOMEM. */
int index_pool_init(struct index_pool *pool, uint32_t count, uint32_t workers);
/* Those that are not taken (used[index]) alone; nothing has been taken from it yet. */
void index_pool_without(struct index_pool *pool, const uint8_t *used);
void index_pool_destroy(struct index_pool *pool);

/* 0: none left. */
uint32_t index_take(struct index_pool *pool, struct index_cache *cache);
/* The one that the next index_take will give, or 0: it is not known before. */
static inline uint32_t index_next(const struct index_cache *cache)
{
	return cache->count == 0 ? 0 : cache->indices[cache->count - 1];
}
void index_give(struct index_pool *pool, struct index_cache *cache, uint32_t index);

#endif
