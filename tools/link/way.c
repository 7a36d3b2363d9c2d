/* SPDX-License-Identifier: BSD-3-Clause */
#include "way.h"

#define NS_PER_MS 1e6

void way_init(struct way *way, uint64_t seed)
{
	*way = (struct way){.random = seed};
}

/* xorshift64*: 0 to 1, without 1. */
static double chance(struct way *way)
{
	way->random ^= way->random >> 12;
	way->random ^= way->random << 25;
	way->random ^= way->random >> 27;
	return (double)((way->random * 0x2545f4914f6cdd1dull) >> 11) / (double)(1ull << 53);
}

/* When the frame begins to leave; 0: the queue is full. */
static uint64_t way_queue(struct way *way, uint64_t arrived)
{
	uint64_t begins = way->left > arrived ? way->left : arrived;
	double waits = (double)(begins - arrived) / NS_PER_MS;

	if (way->settings.rate_kbps > 0 && waits > way->settings.queue_ms) {
		way->count.full++;
		return 0;
	}
	way->count.waited_ms += waits;
	if (waits > way->count.waited_most_ms)
		way->count.waited_most_ms = waits;
	return begins;
}

uint64_t way_take(struct way *way, uint64_t arrived, uint32_t bytes)
{
	const struct way_settings *settings = &way->settings;
	uint64_t begins, due;

	way->count.in++;
	way->count.in_bytes += bytes;
	if (settings->loss > 0 && chance(way) * 100 < settings->loss) {
		way->count.lost++;
		return 0;
	}
	begins = way_queue(way, arrived);
	if (begins == 0)
		return 0;
	way->left = begins;
	if (settings->rate_kbps > 0)
		way->left += (uint64_t)(bytes * 8 * NS_PER_MS / settings->rate_kbps);
	due = way->left +
	      (uint64_t)((settings->delay_ms + settings->jitter_ms * chance(way)) * NS_PER_MS);
	way->due = due > way->due ? due : way->due;
	return way->due;
}
