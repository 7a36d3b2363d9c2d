/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's clients: five-tuple -> allocation. The worker alone writes, all read, without a lock.
 * Keys are not kept here, since the allocation, which is read next anyway, has its own; so a lookup
 * costs one cache line and a relayed packet no more than it needs anyway. (rte_hash touches two
 * lines more, and took half of turn_to_peer's time.)
 */
#ifndef TURN_CLIENTS_H
#define TURN_CLIENTS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "turn/allocation.h"
#include "turn/hash.h"

#define CLIENTS_LINE_SLOTS 7

/* A slot is empty while its tag is 0. What finds its line full goes to the next one, and every line
 * that it passed counts it. */
struct clients_line {
	uint32_t tags[CLIENTS_LINE_SLOTS];
	uint32_t passed;
	uint32_t indices[CLIENTS_LINE_SLOTS];
	uint32_t pad;
};
static_assert(sizeof(struct clients_line) == RTE_CACHE_LINE_MIN_SIZE, "a lookup is one cache line");

struct clients {
	struct clients_line *lines;
	uint32_t mask;
	struct hash_seed seed;
};

/* Room for `count` and some: at most five sevenths full. 0, -ENOMEM. */
int clients_create(struct clients *clients, uint32_t count, const struct hash_seed *seed);
void clients_destroy(struct clients *clients);

static inline uint64_t clients_hash(const struct clients *clients, const struct five_tuple *client)
{
	const uint64_t *seed = clients->seed.words;
	uint64_t words[3];

	memcpy(words, client, sizeof(words));
	return hash_mix(hash_mix(words[0] ^ seed[0], words[1] ^ seed[1]) ^ seed[2],
	                words[2] ^ seed[3]);
}

static inline struct clients_line *clients_line(const struct clients *clients, uint64_t hash)
{
	return &clients->lines[hash & clients->mask];
}

static inline uint32_t clients_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/* Bit i: slot i has this tag. */
static inline uint32_t clients_match(const struct clients_line *line, uint32_t tag)
{
	uint32_t match = 0;

	for (int i = 0; i < CLIENTS_LINE_SLOTS; i++)
		match |= (uint32_t)(__atomic_load_n(&line->tags[i], __ATOMIC_RELAXED) == tag) << i;
	return match;
}

static inline bool client_is(const struct allocation *allocation, const struct five_tuple *client)
{
	uint64_t a[3], b[3];

	memcpy(a, &allocation->client, sizeof(a));
	memcpy(b, client, sizeof(b));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2])) == 0;
}

/* The allocation's index, or 0. Any worker. */
uint32_t clients_find(const struct clients *clients, const struct allocation *allocations,
                      const struct five_tuple *client);

/* The owner. The client may be there already, with another allocation: both are until one is
 * removed. 0, -ENOSPC. */
int clients_add(struct clients *clients, const struct five_tuple *client, uint32_t index);
void clients_remove(struct clients *clients, const struct five_tuple *client, uint32_t index);

#endif
