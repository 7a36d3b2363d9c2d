/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ssrc_set.h"

#include <errno.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_malloc.h>

struct ssrc_entry {
	uint64_t hash; /* 0: not in the set */
	uint32_t next; /* place; 0: none */
};

/* From SSRC_KINDS on: subscriptions are numbered from 1. */
static uint32_t place_of(uint32_t subscription, enum ssrc_kind kind)
{
	return subscription * SSRC_KINDS + kind;
}

static uint32_t *head_of(const struct ssrc_set *set, uint64_t hash)
{
	return &set->heads[hash >> 32 & set->mask];
}

int ssrc_set_create(struct ssrc_set *set, uint32_t subscriptions)
{
	uint32_t places = (subscriptions + 1) * SSRC_KINDS;
	uint32_t heads = rte_align32pow2(places);

	set->mask = heads - 1;
	set->heads = rte_zmalloc("ssrcs", heads * sizeof(set->heads[0]), 0);
	set->entries = rte_zmalloc("ssrcs", places * sizeof(set->entries[0]), 0);
	return set->heads != NULL && set->entries != NULL ? 0 : -ENOMEM;
}

void ssrc_set_destroy(struct ssrc_set *set)
{
	rte_free(set->heads);
	rte_free(set->entries);
}

/* Profiles do not matter: two of them derive the same session keys from one master key. */
uint64_t ssrc_hash(const struct siphash_key *key, const uint8_t tx_digest[KEY_DIGEST_SIZE],
                   uint32_t ssrc)
{
	uint8_t bytes[KEY_DIGEST_SIZE + sizeof(ssrc)];

	memcpy(bytes, tx_digest, KEY_DIGEST_SIZE);
	memcpy(bytes + KEY_DIGEST_SIZE, &ssrc, sizeof(ssrc));
	return siphash_bytes(key, bytes, sizeof(bytes)) | 1;
}

uint32_t ssrc_set_find(const struct ssrc_set *set, uint64_t hash)
{
	uint32_t place = *head_of(set, hash);

	while (place != 0 && set->entries[place].hash != hash)
		place = set->entries[place].next;
	return place / SSRC_KINDS;
}

void ssrc_set_add(struct ssrc_set *set, uint32_t subscription, enum ssrc_kind kind, uint64_t hash)
{
	uint32_t place = place_of(subscription, kind), *head = head_of(set, hash);

	set->entries[place] = (struct ssrc_entry){.hash = hash, .next = *head};
	*head = place;
}

static void place_remove(struct ssrc_set *set, uint32_t place)
{
	struct ssrc_entry *entry = &set->entries[place];
	uint32_t *link;

	if (entry->hash == 0)
		return;
	for (link = head_of(set, entry->hash); *link != place; link = &set->entries[*link].next)
		;
	*link = entry->next;
	*entry = (struct ssrc_entry){0};
}

void ssrc_set_remove(struct ssrc_set *set, uint32_t subscription)
{
	place_remove(set, place_of(subscription, SSRC_OWN));
	place_remove(set, place_of(subscription, SSRC_REPEATS));
}
