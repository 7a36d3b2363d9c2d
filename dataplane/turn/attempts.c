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

/* Where the source's budget is, and how long it still takes to be whole, in ms. */
struct spent {
	uint64_t *slot;
	uint32_t tag;
	uint32_t ms;
};

static struct spent spent_find(struct attempts *attempts, const struct hash_seed *seed,
                               const struct ip_addr *source, uint32_t now)
{
	uint64_t host = ip_addr_is_v4(source) ? source->quads[1] : 0;
	uint64_t hash = hash_mix(source->quads[0] ^ seed->words[2], host ^ seed->words[3]);
	struct spent spent = {
	        .slot = &attempts->slots[hash % ATTEMPTS_SOURCES],
	        .tag = (uint32_t)(hash >> 32) | 1,
	};
	uint64_t slot = __atomic_load_n(spent.slot, __ATOMIC_RELAXED);
	int32_t left = (int32_t)((uint32_t)slot - now * 1000);

	if (slot >> 32 == spent.tag && left > 0)
		spent.ms = (uint32_t)left;
	return spent;
}

bool attempts_left(struct attempts *attempts, const struct hash_seed *seed,
                   const struct ip_addr *source, uint32_t now)
{
	return spent_find(attempts, seed, source, now).ms + COST_MS <= ATTEMPTS_BURST * COST_MS;
}

void attempts_failed(struct attempts *attempts, const struct hash_seed *seed,
                     const struct ip_addr *source, uint32_t now)
{
	struct spent spent = spent_find(attempts, seed, source, now);
	uint32_t whole = now * 1000 + spent.ms + COST_MS;

	__atomic_store_n(spent.slot, (uint64_t)spent.tag << 32 | whole, __ATOMIC_RELAXED);
}
