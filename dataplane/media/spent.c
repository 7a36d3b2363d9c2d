/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/spent.h"

#include <string.h>

#include <sluice/media.h>

static uint64_t spent_hash(const struct spent *spent, const struct sluice_endpoint *endpoint,
                           uint32_t ssrc)
{
	uint8_t bytes[sizeof(endpoint->tx_key) + sizeof(ssrc)];
	uint64_t hash;

	memcpy(bytes, endpoint->tx_key, sizeof(endpoint->tx_key));
	memcpy(bytes + sizeof(endpoint->tx_key), &ssrc, sizeof(ssrc));
	hash = siphash_bytes(&spent->key, bytes, sizeof(bytes)) | 1;
	explicit_bzero(bytes, sizeof(bytes));
	return hash;
}

void spent_remember(struct spent *spent, const struct sluice_endpoint *endpoint, uint32_t ssrc,
                    uint64_t index)
{
	uint64_t hash = spent_hash(spent, endpoint, ssrc);
	uint32_t slot = (hash >> 32) & (SPENT_SLOTS - 1);

	spent->slots[slot].hash = hash;
	spent->slots[slot].index = index + SPENT_SLACK;
}

uint64_t spent_recall(const struct spent *spent, const struct sluice_endpoint *endpoint,
                      uint32_t ssrc)
{
	uint64_t hash = spent_hash(spent, endpoint, ssrc);
	uint32_t slot = (hash >> 32) & (SPENT_SLOTS - 1);

	return spent->slots[slot].hash == hash ? spent->slots[slot].index : 0;
}
