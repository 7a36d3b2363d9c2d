/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/bounds.h"

#include "turn/hash.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_S 1000
/* One that only begins handshakes has places as well, until these are paid for: an address's and a
 * prefix's. */
#define PLACES_PER_CONNECTION 8
/* Each has one of so many places: where it is looked for is bounded, however many come. */
#define PLACES_TRIED 32

int bounds_create(struct bounds *bounds, uint32_t total, uint64_t seed)
{
	uint32_t places =
	        rte_align32pow2(RTE_MAX(total * PLACES_PER_CONNECTION, (uint32_t)PLACES_TRIED));

	*bounds = (struct bounds){.mask = places - 1, .total = total, .seed = seed};
	bounds->entries = calloc(places, sizeof(bounds->entries[0]));
	if (bounds->entries == NULL)
		return -ENOMEM;
	pthread_mutex_init(&bounds->lock, NULL);
	return 0;
}

void bounds_destroy(struct bounds *bounds)
{
	if (bounds->entries == NULL)
		return;
	pthread_mutex_destroy(&bounds->lock);
	free(bounds->entries);
	bounds->entries = NULL;
}

void bounds_set(struct bounds *bounds, uint32_t source, uint32_t handshakes)
{
	pthread_mutex_lock(&bounds->lock);
	bounds->source = source;
	bounds->handshakes = handshakes;
	pthread_mutex_unlock(&bounds->lock);
}

static struct ip_addr source_of(const struct ip_addr *ip)
{
	struct ip_addr source = *ip;

	if (!ip_addr_is_v4(ip))
		source.quads[1] = 0;
	return source;
}

/* Written as what is no source's address, as both are in one table. */
static struct ip_addr prefix_of(const struct ip_addr *ip)
{
	struct ip_addr prefix = *ip;

	if (ip_addr_is_v4(ip)) {
		prefix.bytes[0] = 0xff;
		prefix.bytes[15] = 0;
	} else {
		memset(prefix.bytes + 6, 0, 10);
		prefix.bytes[15] = 1;
	}
	return prefix;
}

/* Both halves are keyed: networks of IPv6 differ in the first one alone, and hosts in the last
 * byte. */
static uint32_t place_of(const struct bounds *bounds, const struct ip_addr *key)
{
	uint64_t mixed = hash_mix(key->quads[0] ^ bounds->seed, key->quads[1] ^ ~bounds->seed << 1);

	return (uint32_t)hash_mix(mixed, bounds->seed | 1) & bounds->mask;
}

static bool entry_is_idle(const struct bounds_entry *entry, uint64_t now_ms)
{
	return entry->connections == 0 && entry->due_ms <= now_ms;
}

/* The entry of `key`, or an idle one for it, but not `taken`. NULL: all that it may have are in
 * use. */
static struct bounds_entry *entry_find(struct bounds *bounds, const struct ip_addr *key,
                                       const struct bounds_entry *taken, uint64_t now_ms)
{
	uint32_t at = place_of(bounds, key);
	struct bounds_entry *idle = NULL;

	for (uint32_t i = 0; i < PLACES_TRIED; i++) {
		struct bounds_entry *entry = &bounds->entries[(at + i) & bounds->mask];

		if (ip_addr_equal(&entry->key, key))
			return entry;
		if (idle == NULL && entry != taken && entry_is_idle(entry, now_ms))
			idle = entry;
	}
	if (idle != NULL)
		*idle = (struct bounds_entry){.key = *key};
	return idle;
}

/* share: of what one address may have. */
static enum bounds_verdict entry_judge(const struct bounds *bounds,
                                       const struct bounds_entry *entry, uint32_t share,
                                       bool handshake, uint64_t now_ms)
{
	if (entry == NULL)
		return BOUNDS_FULL;
	if (entry->connections >= bounds->source * share)
		return BOUNDS_SOURCE;
	if (handshake && (entry->shaking >= BOUNDS_SHAKING_SOURCE * share ||
	                  entry->due_ms > now_ms + (BOUNDS_HANDSHAKE_BURST_S - 1) * MS_PER_S))
		return BOUNDS_HANDSHAKES;
	return BOUNDS_OPEN;
}

static void entry_add(const struct bounds *bounds, struct bounds_entry *entry, uint32_t share,
                      bool handshake, uint64_t now_ms)
{
	entry->connections++;
	if (!handshake)
		return;
	entry->shaking++;
	entry->due_ms = RTE_MAX(entry->due_ms, now_ms) +
	                RTE_MAX(MS_PER_S / (bounds->handshakes * share), 1u);
}

static bool shaking_full(const struct bounds *bounds)
{
	return bounds->shaking >=
	       RTE_MAX(bounds->total / BOUNDS_SHAKING_PART, BOUNDS_SHAKING_SOURCE + 0u);
}

static enum bounds_verdict open_locked(struct bounds *bounds, const struct ip_addr *ip,
                                       bool handshake, uint64_t now_ms)
{
	const struct ip_addr keys[2] = {source_of(ip), prefix_of(ip)};
	struct bounds_entry *source = entry_find(bounds, &keys[0], NULL, now_ms);
	struct bounds_entry *prefix = entry_find(bounds, &keys[1], source, now_ms);
	enum bounds_verdict verdict;

	if (bounds->connections >= bounds->total)
		return BOUNDS_FULL;
	verdict = entry_judge(bounds, source, 1, handshake, now_ms);
	if (verdict == BOUNDS_OPEN)
		verdict = entry_judge(bounds, prefix, BOUNDS_PREFIX_SHARE, handshake, now_ms);
	if (verdict == BOUNDS_OPEN && handshake && shaking_full(bounds))
		verdict = BOUNDS_HANDSHAKES;
	if (verdict != BOUNDS_OPEN)
		return verdict;
	entry_add(bounds, source, 1, handshake, now_ms);
	entry_add(bounds, prefix, BOUNDS_PREFIX_SHARE, handshake, now_ms);
	bounds->shaking += handshake;
	__atomic_store_n(&bounds->connections, bounds->connections + 1, __ATOMIC_RELAXED);
	return BOUNDS_OPEN;
}

enum bounds_verdict bounds_open(struct bounds *bounds, const struct ip_addr *ip, bool handshake,
                                uint64_t now_ms)
{
	enum bounds_verdict verdict;

	pthread_mutex_lock(&bounds->lock);
	verdict = open_locked(bounds, ip, handshake, now_ms);
	pthread_mutex_unlock(&bounds->lock);
	return verdict;
}

/* Of a key that has connections. Under the lock. */
static struct bounds_entry *entry_of(struct bounds *bounds, struct ip_addr key)
{
	uint32_t at = place_of(bounds, &key);

	while (!ip_addr_equal(&bounds->entries[at & bounds->mask].key, &key))
		at++;
	return &bounds->entries[at & bounds->mask];
}

void bounds_shaken(struct bounds *bounds, const struct ip_addr *ip)
{
	pthread_mutex_lock(&bounds->lock);
	entry_of(bounds, source_of(ip))->shaking--;
	entry_of(bounds, prefix_of(ip))->shaking--;
	bounds->shaking--;
	pthread_mutex_unlock(&bounds->lock);
}

void bounds_close(struct bounds *bounds, const struct ip_addr *ip)
{
	pthread_mutex_lock(&bounds->lock);
	entry_of(bounds, source_of(ip))->connections--;
	entry_of(bounds, prefix_of(ip))->connections--;
	__atomic_store_n(&bounds->connections, bounds->connections - 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&bounds->lock);
}
