/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/repeat.h"

#include "media/state.h"

#define FIBONACCI_64 0x9e3779b97f4a7c15u

/* What was sent since the last look pays back. */
static void credit_renew(struct subscription *subscription)
{
	uint64_t sent = subscription->bytes - subscription->repeat_bytes_seen;
	uint64_t share = sent / REPEAT_SHARE;

	subscription->repeat_bytes_seen += share * REPEAT_SHARE;
	subscription->repeat_spent -= RTE_MIN(share, subscription->repeat_spent);
}

static uint64_t repeat_interval(const struct subscription *subscription, uint64_t tsc_hz)
{
	uint64_t us = subscription->rtt_us;

	if (us == 0)
		us = REPEAT_UNKNOWN_MS * 1000;
	us = RTE_MIN(RTE_MAX(us, REPEAT_MIN_MS * 1000u), REPEAT_MAX_MS * 1000u);
	/* a NACK may come a little sooner than the round trip that was measured */
	return tsc_hz / 1000000 * us * 3 / 4;
}

enum repeat_verdict repeat_allow(struct repeat_memory *memory, struct subscription *subscription,
                                 uint32_t subscription_index, uint64_t index, uint32_t length,
                                 uint64_t tsc, uint64_t tsc_hz)
{
	/* 24 bits of subscription, 40 of index: 2^40 packets are years of a stream */
	uint64_t key = (uint64_t)subscription_index << 40 | (index & 0xffffffffff);
	uint32_t slot = (uint32_t)(key * FIBONACCI_64 >> 40) & (REPEAT_MEMORY - 1);

	if (memory->entries[slot].key == key &&
	    tsc - memory->entries[slot].tsc < repeat_interval(subscription, tsc_hz))
		return REPEAT_TOO_SOON;
	credit_renew(subscription);
	if (subscription->repeat_spent + length > REPEAT_BURST)
		return REPEAT_NO_CREDIT;
	subscription->repeat_spent += length;
	memory->entries[slot].key = key;
	memory->entries[slot].tsc = tsc;
	return REPEAT_PASS;
}
