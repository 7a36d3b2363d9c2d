/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/attempts.h"

#include "turn/table.h"

#define COST_MS (1000 / ATTEMPTS_SECOND)

struct attempts *attempts_create(void)
{
	return table_map(sizeof(struct attempts));
}

void attempts_destroy(struct attempts *attempts)
{
	table_unmap(attempts, sizeof(*attempts));
}

static uint64_t source_hash(const struct hash_seed *seed, const struct ip_addr *source)
{
	uint64_t host = ip_addr_is_v4(source) ? source->quads[1] : 0;

	return hash_mix(source->quads[0] ^ seed->words[2], host ^ seed->words[3]);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/* How long the source's budget still takes to be whole, in ms. */
static uint32_t spent_ms(uint64_t slot, uint64_t hash, uint32_t now_ms)
{
	int32_t left = (int32_t)((uint32_t)slot - now_ms);

	return slot >> 32 == tag_of(hash) && left > 0 ? (uint32_t)left : 0;
}

bool attempts_left(const struct attempts *attempts, const struct hash_seed *seed,
                   const struct ip_addr *source, uint32_t now)
{
	uint64_t hash = source_hash(seed, source);
	uint64_t slot =
	        __atomic_load_n(&attempts->slots[hash % ATTEMPTS_SOURCES], __ATOMIC_RELAXED);

	return spent_ms(slot, hash, now * 1000) + COST_MS <= ATTEMPTS_BURST * COST_MS;
}

void attempts_failed(struct attempts *attempts, const struct hash_seed *seed,
                     const struct ip_addr *source, uint32_t now)
{
	uint64_t hash = source_hash(seed, source);
	uint64_t *place = &attempts->slots[hash % ATTEMPTS_SOURCES];
	uint64_t slot = __atomic_load_n(place, __ATOMIC_RELAXED);
	uint32_t whole = now * 1000 + spent_ms(slot, hash, now * 1000) + COST_MS;

	__atomic_store_n(place, (uint64_t)tag_of(hash) << 32 | whole, __ATOMIC_RELAXED);
}
