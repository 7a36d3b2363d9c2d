/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/spent.h"

#include <string.h>

#include "media/state.h"

enum direction { SENT, RECEIVED };

/* life: of the endpoint; 0: the key's, over all endpoints that ever had it. */
static uint64_t spent_hash(const struct spent *spent, const uint8_t *key, uint32_t ssrc,
                           enum direction direction, uint32_t life)
{
	uint8_t bytes[SLUICE_MEDIA_KEY_MAX + sizeof(ssrc) + sizeof(life) + 1];
	uint64_t hash;

	memcpy(bytes, key, SLUICE_MEDIA_KEY_MAX);
	memcpy(bytes + SLUICE_MEDIA_KEY_MAX, &ssrc, sizeof(ssrc));
	memcpy(bytes + SLUICE_MEDIA_KEY_MAX + sizeof(ssrc), &life, sizeof(life));
	bytes[sizeof(bytes) - 1] = direction;
	hash = siphash_bytes(&spent->key, bytes, sizeof(bytes)) | 1;
	explicit_bzero(bytes, sizeof(bytes));
	return hash;
}

static uint32_t slot_of(uint64_t hash)
{
	return (hash >> 32) & (SPENT_SLOTS - 1);
}

static uint64_t slot_read(const struct spent *spent, uint64_t hash)
{
	uint32_t slot = slot_of(hash);
	uint64_t index;

	if (__atomic_load_n(&spent->slots[slot].hash, __ATOMIC_ACQUIRE) != hash)
		return 0;
	index = __atomic_load_n(&spent->slots[slot].index, __ATOMIC_ACQUIRE);
	/* another one's index, where it has just been given the slot */
	return __atomic_load_n(&spent->slots[slot].hash, __ATOMIC_RELAXED) == hash ? index : 0;
}

/* Who reads meanwhile finds nothing, or one of the two. */
static void slot_write(struct spent *spent, uint64_t hash, uint64_t index)
{
	uint32_t slot = slot_of(hash);

	if (spent->slots[slot].hash != hash)
		__atomic_store_n(&spent->slots[slot].hash, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&spent->slots[slot].index, index, __ATOMIC_RELEASE);
	__atomic_store_n(&spent->slots[slot].hash, hash, __ATOMIC_RELEASE);
}

void spent_remember(struct spent *spent, const struct sluice_endpoint *endpoint, uint32_t ssrc,
                    uint64_t index)
{
	slot_write(spent, spent_hash(spent, endpoint->tx_key, ssrc, SENT, 0), index + SPENT_SLACK);
}

uint64_t spent_recall(const struct spent *spent, const struct sluice_endpoint *endpoint,
                      uint32_t ssrc)
{
	return slot_read(spent, spent_hash(spent, endpoint->tx_key, ssrc, SENT, 0));
}

/* A source that ended before may be told of after one that came back. */
void spent_remember_received(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                             uint64_t next)
{
	uint64_t hash = spent_hash(spent, endpoint->config.rx_key, ssrc, RECEIVED, endpoint->life);

	if (slot_read(spent, hash) < next)
		slot_write(spent, hash, next);
}

uint64_t spent_recall_received(const struct spent *spent, const struct endpoint *endpoint,
                               uint32_t ssrc)
{
	return slot_read(
	        spent, spent_hash(spent, endpoint->config.rx_key, ssrc, RECEIVED, endpoint->life));
}
