/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/callers.h"

#include "random.h"
#include "turn/table.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <errno.h>
#include <sys/mman.h>

/* Words for each client: an entry is half full at most on average, and of a hundred clients not one
 * finds no place. */
#define CALLERS_WORDS 2
/* Of a page: what is mapped is whole pages. */
#define CALLERS_ENTRIES_MIN 64

uint32_t callers_entries(uint32_t clients)
{
	uint64_t entries = (uint64_t)clients * CALLERS_WORDS / GATE_CLIENT_WAYS;

	return (uint32_t)rte_align64pow2(RTE_MAX(entries, (uint64_t)CALLERS_ENTRIES_MIN));
}

static size_t callers_size(const struct callers *callers)
{
	return callers->entries * sizeof(*callers->own);
}

static int factors_draw(struct gate_clients *first)
{
	struct random *random = random_create();

	if (random == NULL)
		return -ENOMEM;
	random_bytes(random, &first->words[GATE_CLIENT_FACTORS],
	             GATE_CLIENT_ENTRIES * sizeof(first->words[0]));
	random_destroy(random);
	for (int i = GATE_CLIENT_FACTORS; i < GATE_CLIENT_ENTRIES; i++)
		first->words[i] |= 1;
	return 0;
}

int callers_create(struct callers *callers, uint32_t clients)
{
	*callers = (struct callers){.entries = callers_entries(clients)};
	callers->own = table_map(callers_size(callers));
	if (callers->own == NULL || factors_draw(callers->own) < 0)
		return -ENOMEM;
	callers->own->words[GATE_CLIENT_ENTRIES] = callers->entries;
	return 0;
}

void callers_unmap(const struct callers *callers, struct gate_clients *mapped)
{
	if (mapped != NULL)
		munmap(mapped, callers_size(callers));
}

void callers_destroy(struct callers *callers)
{
	callers_unmap(callers, callers->mapped);
	if (callers->own != NULL)
		table_unmap(callers->own, callers_size(callers));
	*callers = (struct callers){0};
}

/* A word whose upper half is `from` gets `to` there, and nothing in the lower one. */
static void word_change(struct gate_clients *entry, uint32_t from, uint32_t to)
{
	for (int i = 0; i < GATE_CLIENT_WAYS; i++) {
		uint64_t word = __atomic_load_n(&entry->words[i], __ATOMIC_RELAXED);

		/* the gate takes tokens meanwhile */
		while (word >> 32 == from)
			if (__atomic_compare_exchange_n((uint64_t *)&entry->words[i], &word,
			                                (uint64_t)to << 32, false, __ATOMIC_RELAXED,
			                                __ATOMIC_RELAXED))
				return;
	}
}

void callers_change(struct callers *callers, const struct ip_addr *ip, uint16_t port, bool add)
{
	const __u64 words[2] = {ip->quads[0], ip->quads[1]};
	uint64_t hash = gate_client_hash(callers->own, words, port);
	uint32_t entry = gate_client_entry(hash, callers->entries);
	uint32_t tag = gate_client_tag(hash), from = add ? 0 : tag, to = add ? tag : 0;
	struct gate_clients *mapped = __atomic_load_n(&callers->mapped, __ATOMIC_ACQUIRE);

	word_change(&callers->own[entry], from, to);
	if (mapped != NULL)
		word_change(&mapped[entry], from, to);
}

/* What a worker changes meanwhile may be missed: that client pays as a stranger, or one that has
 * gone is answered. */
static void copy(const struct callers *callers, struct gate_clients *mapped)
{
	for (uint32_t i = 1; i < callers->entries; i++)
		for (int way = 0; way < GATE_CLIENT_WAYS; way++) {
			uint64_t word =
			        __atomic_load_n(&callers->own[i].words[way], __ATOMIC_RELAXED);

			__atomic_store_n(&mapped[i].words[way], word >> 32 << 32, __ATOMIC_RELAXED);
		}
	/* found by them once they are there */
	for (int way = 0; way < GATE_CLIENT_WAYS; way++)
		__atomic_store_n(&mapped->words[way], callers->own->words[way], __ATOMIC_RELEASE);
}

struct gate_clients *callers_map(struct callers *callers, struct gate_clients *mapped, uint32_t map)
{
	struct gate_clients *old = __atomic_exchange_n(&callers->mapped, mapped, __ATOMIC_ACQ_REL);

	callers->map = map;
	if (mapped != NULL)
		copy(callers, mapped);
	return old;
}
