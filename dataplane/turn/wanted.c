/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/wanted.h"

#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_ring_elem.h>

#define TIME_BITS  24
#define TIME_MASK  ((1ull << TIME_BITS) - 1)
#define ABSENT_BIT (1ull << TIME_BITS)
#define TAG_MASK   (~(TIME_MASK | ABSENT_BIT))

struct wanted *wanted_create(void)
{
	struct wanted *wanted = rte_zmalloc("wanted", sizeof(*wanted), 0);

	if (wanted == NULL)
		return NULL;
	/* without a name of its own in the EAL: a process may hold several servers, as tests do */
	wanted->names = rte_zmalloc(
	        "wanted names", rte_ring_get_memsize_elem(sizeof(struct wanted_name), WANTED_NAMES),
	        RTE_CACHE_LINE_SIZE);
	if (wanted->names == NULL ||
	    rte_ring_init(wanted->names, "wanted", WANTED_NAMES, RING_F_SC_DEQ) != 0) {
		wanted_destroy(wanted);
		return NULL;
	}
	return wanted;
}

void wanted_destroy(struct wanted *wanted)
{
	if (wanted == NULL)
		return;
	rte_free(wanted->names);
	rte_free(wanted);
}

static uint64_t *slot_of(struct wanted *wanted, uint64_t hash)
{
	return &wanted->slots[hash % WANTED_SLOTS];
}

static uint32_t age_of(uint64_t slot, uint32_t now)
{
	return (now - (uint32_t)(slot & TIME_MASK)) & TIME_MASK;
}

static bool slot_is(uint64_t slot, uint64_t hash)
{
	return slot != 0 && (slot & TAG_MASK) == (hash & TAG_MASK);
}

static bool name_put(struct wanted *wanted, const void *bytes, size_t length)
{
	struct wanted_name name = {.length = (uint16_t)length};

	memcpy(name.name, bytes, length);
	return rte_ring_mp_enqueue_elem(wanted->names, &name, sizeof(name)) == 0;
}

/* Two workers that see the same name at once: one of them puts it. */
static bool slot_claim(uint64_t *slot, uint64_t seen, uint64_t hash, uint32_t now)
{
	uint64_t mine = (hash & TAG_MASK) | (now & TIME_MASK);

	return __atomic_compare_exchange_n(slot, &seen, mine, false, __ATOMIC_RELAXED,
	                                   __ATOMIC_RELAXED);
}

enum wanted_answer wanted_ask(struct wanted *wanted, uint64_t hash, const void *name, size_t length,
                              uint32_t now)
{
	uint64_t *slot = slot_of(wanted, hash);
	uint64_t seen = __atomic_load_n(slot, __ATOMIC_RELAXED);
	uint32_t age = age_of(seen, now);

	if (!wanted_on(wanted) || length >= SLUICE_TURN_USER_MAX)
		return WANTED_ABSENT;
	if (slot_is(seen, hash)) {
		if (seen & ABSENT_BIT) {
			if (age < WANTED_ABSENT_S)
				return WANTED_ABSENT;
		} else if (age < WANTED_RETRY_S) {
			return age < WANTED_WAIT_S ? WANTED_PENDING : WANTED_ABSENT;
		}
	}
	if (!slot_claim(slot, seen, hash, now))
		return WANTED_PENDING;
	if (name_put(wanted, name, length))
		return WANTED_ASKED;
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
	return WANTED_FULL;
}

void wanted_refresh(struct wanted *wanted, uint64_t hash, const void *name, size_t length,
                    uint32_t now)
{
	(void)wanted_ask(wanted, hash, name, length, now);
}

void wanted_absent(struct wanted *wanted, uint64_t hash, uint32_t now)
{
	__atomic_store_n(slot_of(wanted, hash), (hash & TAG_MASK) | ABSENT_BIT | (now & TIME_MASK),
	                 __ATOMIC_RELAXED);
}

bool wanted_take(struct wanted *wanted, struct wanted_name *name)
{
	return rte_ring_sc_dequeue_elem(wanted->names, name, sizeof(*name)) == 0;
}
