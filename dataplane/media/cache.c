/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/cache.h"

#include "graph/packet.h"

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_malloc.h>

struct cached_packet {
	struct rte_mbuf *mbuf; /* NULL: empty */
	uint64_t index;
	uint64_t tsc; /* when it was put */
};

/*
 * Slots are the sequence number's low bits. Times rise with the order of arrival, which is not
 * the order of the slots: what ages is looked for at `oldest`, that goes round behind.
 */
struct packet_cache {
	struct packet_cache_quota *quota;
	uint64_t max_age;
	uint32_t mask;
	uint32_t held;
	uint32_t oldest; /* slot where the search for old packets goes on */
	struct cached_packet packets[];
};

uint32_t packet_cache_size(uint32_t packets)
{
	return sizeof(struct packet_cache) +
	       rte_align32pow2(packets) * sizeof(struct cached_packet);
}

struct packet_cache *packet_cache_create(struct packet_cache_quota *quota, uint32_t packets,
                                         uint64_t max_age)
{
	struct packet_cache *cache =
	        rte_zmalloc("packet cache", packet_cache_size(packets), RTE_CACHE_LINE_SIZE);

	if (cache == NULL)
		return NULL;
	cache->quota = quota;
	cache->max_age = max_age;
	cache->mask = rte_align32pow2(packets) - 1;
	return cache;
}

void packet_cache_destroy(struct packet_cache *cache)
{
	if (cache == NULL)
		return;
	for (uint32_t slot = 0; slot <= cache->mask; slot++)
		rte_pktmbuf_free(cache->packets[slot].mbuf);
	__atomic_fetch_add(&cache->quota->returned, cache->held, __ATOMIC_RELAXED);
	rte_free(cache);
}

static bool quota_full(const struct packet_cache_quota *quota)
{
	return quota->taken - quota->given - __atomic_load_n(&quota->returned, __ATOMIC_RELAXED) >=
	       quota->limit;
}

static void slot_clear(struct packet_cache *cache, struct cached_packet *cached)
{
	rte_pktmbuf_free(cached->mbuf);
	cached->mbuf = NULL;
	cache->held--;
	cache->quota->given++;
}

static bool slot_old(const struct packet_cache *cache, const struct cached_packet *cached,
                     uint64_t tsc)
{
	return tsc - cached->tsc > cache->max_age;
}

void packet_cache_age(struct packet_cache *cache, uint64_t tsc, uint32_t budget)
{
	/* empty slots count too: the walk is bounded, and goes on where it stopped */
	while (cache->held != 0 && budget-- != 0) {
		struct cached_packet *cached = &cache->packets[cache->oldest];

		if (cached->mbuf != NULL) {
			if (!slot_old(cache, cached, tsc))
				return;
			slot_clear(cache, cached);
		}
		cache->oldest = (cache->oldest + 1) & cache->mask;
	}
}

/* A packet that came late does not take the place of a later one; one of the next numbering does.
 */
static bool slot_later(const struct packet_cache *cache, const struct cached_packet *cached,
                       struct rte_mbuf *mbuf, uint64_t tsc)
{
	const struct packet_media *media = &packet_of(mbuf)->media;

	return cached->index > media->index && !slot_old(cache, cached, tsc) &&
	       packet_of(cached->mbuf)->media.serial == media->serial;
}

void packet_cache_put(struct packet_cache *cache, struct rte_mbuf *mbuf, uint64_t tsc)
{
	uint64_t index = packet_of(mbuf)->media.index;
	struct cached_packet *cached = &cache->packets[index & cache->mask];

	if (cached->mbuf != NULL) {
		if (slot_later(cache, cached, mbuf, tsc)) {
			rte_pktmbuf_free(mbuf);
			return;
		}
		slot_clear(cache, cached);
		if (cache->oldest == (index & cache->mask))
			cache->oldest = (cache->oldest + 1) & cache->mask;
	}
	if (cache->held == 0)
		cache->oldest = index & cache->mask;
	packet_cache_age(cache, tsc, 4);
	if (unlikely(quota_full(cache->quota))) {
		cache->quota->refused++;
		rte_pktmbuf_free(mbuf);
		return;
	}
	*cached = (struct cached_packet){.mbuf = mbuf, .index = index, .tsc = tsc};
	cache->held++;
	cache->quota->taken++;
}

struct rte_mbuf *packet_cache_find(const struct packet_cache *cache, uint64_t index, uint64_t tsc)
{
	const struct cached_packet *cached = &cache->packets[index & cache->mask];

	if (cached->mbuf == NULL || cached->index != index || slot_old(cache, cached, tsc))
		return NULL;
	return cached->mbuf;
}
