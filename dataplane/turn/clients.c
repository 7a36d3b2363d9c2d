/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/clients.h"

#include "turn/table.h"

#include <rte_bitops.h>

#include <errno.h>

/* Mean number of clients in a line that is sized for as many as may come. */
#define CLIENTS_LINE_LOAD 5

int clients_create(struct clients *clients, uint32_t count, const struct hash_seed *seed)
{
	uint32_t lines = rte_align32pow2(count / CLIENTS_LINE_LOAD + 1);

	clients->mask = lines - 1;
	clients->seed = *seed;
	clients->lines = table_map((size_t)lines * sizeof(struct clients_line));
	return clients->lines == NULL ? -ENOMEM : 0;
}

void clients_destroy(struct clients *clients)
{
	table_unmap(clients->lines, ((size_t)clients->mask + 1) * sizeof(struct clients_line));
	clients->lines = NULL;
}

uint32_t clients_find(const struct clients *clients, const struct allocation *allocations,
                      const struct five_tuple *client)
{
	uint64_t hash = clients_hash(clients, client);

	for (uint64_t at = hash; at - hash <= clients->mask; at++) {
		const struct clients_line *line = clients_line(clients, at);
		uint32_t match = clients_match(line, clients_tag(hash));

		/* an index is read after its tag, and is right or that of an allocation that is
		 * another client's */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		for (; match != 0; match &= match - 1) {
			uint32_t index = __atomic_load_n(&line->indices[__builtin_ctz(match)],
			                                 __ATOMIC_RELAXED);

			if (client_is(&allocations[index], client))
				return index;
		}
		if (__atomic_load_n(&line->passed, __ATOMIC_ACQUIRE) == 0)
			return 0;
	}
	return 0;
}

static void passed_add(struct clients *clients, uint64_t from, uint64_t to, uint32_t change)
{
	for (uint64_t at = from; at != to; at++) {
		struct clients_line *line = clients_line(clients, at);

		__atomic_store_n(&line->passed, line->passed + change, __ATOMIC_RELEASE);
	}
}

int clients_add(struct clients *clients, const struct five_tuple *client, uint32_t index)
{
	uint64_t hash = clients_hash(clients, client);

	for (uint64_t at = hash; at - hash <= clients->mask; at++) {
		struct clients_line *line = clients_line(clients, at);
		uint32_t empty = clients_match(line, 0);
		uint32_t slot;

		if (empty == 0)
			continue;
		slot = __builtin_ctz(empty);
		passed_add(clients, hash, at, 1);
		__atomic_store_n(&line->indices[slot], index, __ATOMIC_RELAXED);
		__atomic_store_n(&line->tags[slot], clients_tag(hash), __ATOMIC_RELEASE);
		return 0;
	}
	return -ENOSPC;
}

static bool line_remove(struct clients_line *line, uint32_t tag, uint32_t index)
{
	for (uint32_t match = clients_match(line, tag); match != 0; match &= match - 1) {
		uint32_t slot = __builtin_ctz(match);

		if (line->indices[slot] != index)
			continue;
		__atomic_store_n(&line->tags[slot], 0, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

void clients_remove(struct clients *clients, const struct five_tuple *client, uint32_t index)
{
	uint64_t hash = clients_hash(clients, client);

	for (uint64_t at = hash; at - hash <= clients->mask; at++) {
		struct clients_line *line = clients_line(clients, at);

		if (line_remove(line, clients_tag(hash), index)) {
			passed_add(clients, hash, at, (uint32_t)-1);
			return;
		}
		if (line->passed == 0)
			return;
	}
}
