/* SPDX-License-Identifier: BSD-3-Clause */
/* A subscription that ends with its publisher and is made again for the next one goes on under its
 * SSRC: its numbers are remembered (media/spent.h), and here its timestamps. */
#include "dataplane.h"
#include "media/config.h"

/* Of no stream: whichever packet comes first, its source is another one. */
#define SERIAL_NONE UINT32_MAX

struct media_clock media_subscription_clock(const struct media *media, const char *stream,
                                            const char *endpoint)
{
	uint32_t index = subscription_named(media, stream, endpoint);
	const struct subscription *subscription = &media->subscriptions[index];

	if (index == 0 || __atomic_load_n(&subscription->serial_now, __ATOMIC_RELAXED) == 0)
		return (struct media_clock){.known = false};
	return (struct media_clock){
	        .known = true,
	        .timestamp = __atomic_load_n(&subscription->sent_timestamp, __ATOMIC_RELAXED),
	        .tick = __atomic_load_n(&subscription->sent_tick, __ATOMIC_RELAXED),
	        .picture = __atomic_load_n(&subscription->sent_picture, __ATOMIC_RELAXED),
	        .tl0 = __atomic_load_n(&subscription->sent_tl0, __ATOMIC_RELAXED),
	};
}

void subscription_clock_take(struct subscription *subscription, const struct media_clock *clock)
{
	subscription->sent_timestamp = clock->timestamp;
	subscription->sent_tick = clock->tick;
	subscription->sent_picture = clock->picture;
	subscription->sent_tl0 = clock->tl0;
	subscription->serial_now = SERIAL_NONE;
}
