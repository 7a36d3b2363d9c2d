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

struct clock_change {
	struct subscription *subscription;
	const struct media_clock *clock;
};

/* The owner. It may have begun meanwhile: then its own clock holds. */
static void clock_apply(struct worker *worker, void *arg)
{
	const struct clock_change *change = arg;
	struct subscription *subscription = change->subscription;

	if (subscription->serial_now != 0)
		return;
	subscription->sent_timestamp = change->clock->timestamp;
	subscription->sent_tick = change->clock->tick;
	subscription->sent_picture = change->clock->picture;
	subscription->sent_tl0 = change->clock->tl0;
	__atomic_store_n(&subscription->serial_now, SERIAL_NONE, __ATOMIC_RELAXED);
}

void media_subscription_clock_set(struct media *media, const char *stream, const char *endpoint,
                                  const struct media_clock *clock)
{
	uint32_t index = subscription_named(media, stream, endpoint);
	struct clock_change change = {.subscription = &media->subscriptions[index], .clock = clock};

	if (index != 0 && clock->known)
		worker_call(
		        media->dp->workers[media->endpoints[change.subscription->endpoint].worker],
		        clock_apply, &change);
}
