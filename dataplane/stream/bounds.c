/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/bounds.h"

#include "turn/hash.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <errno.h>
#include <stdlib.h>

#define MS_PER_S 1000
/* An address that only begins handshakes has a place as well, until these are paid for. */
#define PLACES_PER_CONNECTION 4
/* An address has one of so many places: where it is looked for is bounded, however many come. */
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

static uint32_t place_of(const struct bounds *bounds, const struct ip_addr *source)
{
	return (uint32_t)hash_mix(source->quads[0] ^ bounds->seed, source->quads[1] + 1) &
	       bounds->mask;
}

static bool entry_is_idle(const struct bounds_entry *entry, uint64_t now_ms)
{
	return entry->connections == 0 && entry->due_ms <= now_ms;
}

/* The source's entry, or an idle one for it. NULL: all that it may have are in use. */
static struct bounds_entry *entry_find(struct bounds *bounds, const struct ip_addr *source,
                                       uint64_t now_ms)
{
	uint32_t at = place_of(bounds, source);
	struct bounds_entry *idle = NULL;

	for (uint32_t i = 0; i < PLACES_TRIED; i++) {
		struct bounds_entry *entry = &bounds->entries[(at + i) & bounds->mask];

		if (ip_addr_equal(&entry->source, source))
			return entry;
		if (idle == NULL && entry_is_idle(entry, now_ms))
			idle = entry;
	}
	if (idle != NULL)
		*idle = (struct bounds_entry){.source = *source};
	return idle;
}

static bool handshake_pass(const struct bounds *bounds, struct bounds_entry *entry, uint64_t now_ms)
{
	uint64_t from = RTE_MAX(entry->due_ms, now_ms);

	if (from - now_ms > (BOUNDS_HANDSHAKE_BURST_S - 1) * MS_PER_S)
		return false;
	entry->due_ms = from + RTE_MAX(MS_PER_S / bounds->handshakes, 1u);
	return true;
}

static bool shaking_full(const struct bounds *bounds, const struct bounds_entry *entry)
{
	uint32_t most = RTE_MAX(bounds->total / BOUNDS_SHAKING_PART, BOUNDS_SHAKING_SOURCE + 0u);

	return bounds->shaking >= most || entry->shaking >= BOUNDS_SHAKING_SOURCE;
}

static enum bounds_verdict entry_judge(struct bounds *bounds, struct bounds_entry *entry,
                                       bool handshake, uint64_t now_ms)
{
	if (entry == NULL || bounds->connections >= bounds->total)
		return BOUNDS_FULL;
	if (entry->connections >= bounds->source)
		return BOUNDS_SOURCE;
	if (handshake && (shaking_full(bounds, entry) || !handshake_pass(bounds, entry, now_ms)))
		return BOUNDS_HANDSHAKES;
	entry->connections++;
	entry->shaking += handshake;
	bounds->shaking += handshake;
	__atomic_store_n(&bounds->connections, bounds->connections + 1, __ATOMIC_RELAXED);
	return BOUNDS_OPEN;
}

enum bounds_verdict bounds_open(struct bounds *bounds, const struct ip_addr *ip, bool handshake,
                                uint64_t now_ms)
{
	struct ip_addr source = source_of(ip);
	enum bounds_verdict verdict;

	pthread_mutex_lock(&bounds->lock);
	verdict = entry_judge(bounds, entry_find(bounds, &source, now_ms), handshake, now_ms);
	pthread_mutex_unlock(&bounds->lock);
	return verdict;
}

/* Of an address that has connections. Under the lock. */
static struct bounds_entry *entry_of(struct bounds *bounds, const struct ip_addr *ip)
{
	struct ip_addr source = source_of(ip);
	uint32_t at = place_of(bounds, &source);

	while (!ip_addr_equal(&bounds->entries[at & bounds->mask].source, &source))
		at++;
	return &bounds->entries[at & bounds->mask];
}

void bounds_shaken(struct bounds *bounds, const struct ip_addr *ip)
{
	pthread_mutex_lock(&bounds->lock);
	entry_of(bounds, ip)->shaking--;
	bounds->shaking--;
	pthread_mutex_unlock(&bounds->lock);
}

void bounds_close(struct bounds *bounds, const struct ip_addr *ip)
{
	pthread_mutex_lock(&bounds->lock);
	entry_of(bounds, ip)->connections--;
	__atomic_store_n(&bounds->connections, bounds->connections - 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&bounds->lock);
}
