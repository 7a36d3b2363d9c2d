/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/spent.h"

#include <string.h>

#include "media/state.h"

/* life: of the endpoint; 0: the key's, over all endpoints that ever had it. */
static uint64_t spent_hash(const struct spent *spent, const uint8_t *digest, uint32_t ssrc,
                           uint32_t life)
{
	uint8_t bytes[KEY_DIGEST_SIZE + sizeof(ssrc) + sizeof(life)];

	memcpy(bytes, digest, KEY_DIGEST_SIZE);
	memcpy(bytes + KEY_DIGEST_SIZE, &ssrc, sizeof(ssrc));
	memcpy(bytes + KEY_DIGEST_SIZE + sizeof(ssrc), &life, sizeof(life));
	return siphash_bytes(&spent->key, bytes, sizeof(bytes)) | 1;
}

static uint32_t slot_sent(uint64_t hash)
{
	return (hash >> 32) & (SPENT_SLOTS - 1);
}

/* The slot of an endpoint's own ones that has the hash, else a free one, else the hash's place. A
 * search of them all: SSRCs of a source seldom change, and a place lost by chance lets an old
 * packet in as new. */
static uint32_t slot_received(const struct spent *spent, uint64_t hash, uint32_t life)
{
	uint32_t first = life * SPENT_TOGETHER;
	uint32_t found = (first | (hash >> 32 & (SPENT_TOGETHER - 1))) & (SPENT_SLOTS - 1);
	bool free_found = false;

	for (uint32_t i = 0; i < SPENT_TOGETHER; i++) {
		uint32_t slot = (first | i) & (SPENT_SLOTS - 1);
		uint64_t held = __atomic_load_n(&spent->received[slot].hash, __ATOMIC_ACQUIRE);

		if (held == hash)
			return slot;
		if (held == 0 && !free_found) {
			found = slot;
			free_found = true;
		}
	}
	return found;
}

static uint64_t slot_read(const struct spent_slot *slot, uint64_t hash)
{
	uint64_t index;

	if (__atomic_load_n(&slot->hash, __ATOMIC_ACQUIRE) != hash)
		return 0;
	index = __atomic_load_n(&slot->index, __ATOMIC_ACQUIRE);
	/* another one's index, where it has just been given the slot */
	return __atomic_load_n(&slot->hash, __ATOMIC_RELAXED) == hash ? index : 0;
}

/* A concurrent reader sees either no entry or one of the two values. Of two writers the second one
 * gives way: the slot is one of those that are forgotten. */
static void slot_write(struct spent_slot *slot, uint64_t hash, uint64_t index)
{
	uint64_t before = __atomic_load_n(&slot->hash, __ATOMIC_RELAXED);

	if (before == SPENT_BUSY ||
	    !__atomic_compare_exchange_n(&slot->hash, &before, SPENT_BUSY, false, __ATOMIC_ACQUIRE,
	                                 __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&slot->index, index, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->hash, hash, __ATOMIC_RELEASE);
}

uint32_t spent_remember(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                        uint64_t index)
{
	uint64_t hash = spent_hash(spent, endpoint->tx_digest, ssrc, 0);

	slot_write(&spent->sent[slot_sent(hash)], hash, index);
	return slot_sent(hash);
}

uint64_t spent_recall(const struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc)
{
	uint64_t hash = spent_hash(spent, endpoint->tx_digest, ssrc, 0);

	return slot_read(&spent->sent[slot_sent(hash)], hash);
}

uint32_t spent_doubt(struct spent *spent, const struct endpoint *endpoint)
{
	uint64_t hash = spent_hash(spent, endpoint->tx_digest, 0, SPENT_DOUBT);

	slot_write(&spent->sent[slot_sent(hash)], hash, 1);
	return slot_sent(hash);
}

bool spent_is_doubted(const struct spent *spent, const struct endpoint *endpoint)
{
	uint64_t hash = spent_hash(spent, endpoint->tx_digest, 0, SPENT_DOUBT);

	return slot_read(&spent->sent[slot_sent(hash)], hash) != 0;
}

/* A source that ended before may be told of after one that came back. */
void spent_remember_received(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                             uint64_t next)
{
	uint64_t hash = spent_hash(spent, endpoint->rx_digest, ssrc, endpoint->life);
	struct spent_slot *slot = &spent->received[slot_received(spent, hash, endpoint->life)];

	if (slot_read(slot, hash) < next)
		slot_write(slot, hash, next);
}

uint64_t spent_recall_received(const struct spent *spent, const struct endpoint *endpoint,
                               uint32_t ssrc)
{
	uint64_t hash = spent_hash(spent, endpoint->rx_digest, ssrc, endpoint->life);

	return slot_read(&spent->received[slot_received(spent, hash, endpoint->life)], hash);
}
