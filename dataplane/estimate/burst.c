/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/burst.h"

static void burst_begin(struct burst *burst, uint64_t sent, int64_t came)
{
	int64_t delay = came - (int64_t)sent;

	*burst = (struct burst){
	        .any = true,
	        .sent = sent,
	        .first_came = came,
	        .came = came,
	        .first_delay = delay,
	        .delay = delay,
	        .most_delay = delay,
	};
}

/* True: the queue does not grow any more, or the burst has become too long to be one. */
static bool has_ended(const struct burst *burst, int64_t came, int64_t delay)
{
	return delay <= burst->first_delay || came - burst->first_came > BURST_MOST_US ||
	       burst->most_delay - delay > (burst->most_delay - burst->first_delay) / BURST_BACK;
}

static uint32_t rate(uint32_t bytes, int64_t passed)
{
	return passed <= 0 ? UINT32_MAX : (uint32_t)((uint64_t)bytes * 8000 / (uint64_t)passed);
}

/* It may have begun before the path has become narrow: the latter half tells, where that is less.
 */
static uint32_t burst_kbps(const struct burst *burst)
{
	uint32_t all = rate(burst->bytes, burst->came - burst->first_came), half;

	if (burst->packets - burst->half_packets < 2)
		return all;
	half = rate(burst->bytes - burst->half_bytes, burst->came - burst->half_came);
	return half < all ? half : all;
}

uint32_t burst_packet(struct burst *burst, uint64_t sent, int64_t came, uint32_t bytes)
{
	int64_t delay = came - (int64_t)sent, grown = delay - burst->first_delay;
	uint32_t kbps;

	/* others have overtaken it, on our side or on the way */
	if (burst->any && (sent < burst->sent || came < burst->came))
		return 0;
	if (!burst->any || has_ended(burst, came, delay)) {
		burst_begin(burst, sent, came);
		return 0;
	}
	if (delay - burst->delay > burst->largest)
		burst->largest = delay - burst->delay;
	if (delay > burst->most_delay)
		burst->most_delay = delay;
	burst->sent = sent;
	burst->came = came;
	burst->delay = delay;
	burst->packets++;
	burst->bytes += bytes;
	if (burst->half_packets == 0 && grown >= BURST_GROWN_US / 2) {
		burst->half_came = came;
		burst->half_packets = burst->packets;
		burst->half_bytes = burst->bytes;
	}
	if (burst->packets < BURST_PACKETS || grown < BURST_GROWN_US ||
	    burst->largest > grown / BURST_STEP)
		return 0;
	kbps = burst_kbps(burst);
	burst_begin(burst, sent, came);
	return kbps;
}
