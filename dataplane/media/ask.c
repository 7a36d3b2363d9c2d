/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ask.h"

#include "dataplane.h"
#include "media/feedback.h"
#include "media/reception.h"

#define ASKS_PER_RUN 512

static void key_frame_wanted(struct media_worker *media_worker, const struct media_ask *ask)
{
	media_worker->media->streams[ask->stream].key_frame_wanted = true;
	feedback_queue(media_worker, ask->stream);
}

/* A packet that came once cannot come again: the publisher's repeat would be a replay. */
static void packet_wanted(struct media_worker *media_worker, const struct media_ask *ask)
{
	struct stream *stream = &media_worker->media->streams[ask->stream];

	if (missing_want(&stream->reception->missing, ask->index, media_worker->worker->tsc))
		feedback_queue(media_worker, ask->stream);
}

/* The endpoints' next reports say it. */
static void stream_ended(struct media_worker *media_worker, const struct media_ask *ask)
{
	struct media *media = media_worker->media;
	struct stream_worker *at = &media->streams[ask->stream].at[media_worker->worker->id];
	struct legs *legs = __atomic_load_n(&at->legs, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		struct subscription *subscription = &media->subscriptions[legs->subscriptions[i]];

		media->endpoints[subscription->endpoint].rtcp_due = media_worker->worker->tsc;
	}
}

static void ask_run(struct media_worker *media_worker, const struct media_ask *ask)
{
	static void (*const runs[])(struct media_worker *, const struct media_ask *) = {
	        [MEDIA_ASK_KEY_FRAME] = key_frame_wanted,
	        [MEDIA_ASK_PACKET] = packet_wanted,
	        [MEDIA_ASK_BYE] = stream_ended,
	};

	/* it may have gone while the ask waited */
	if (__atomic_load_n(&media_worker->media->streams[ask->stream].live, __ATOMIC_ACQUIRE))
		runs[ask->kind](media_worker, ask);
}

bool media_ask_put(struct media *media, uint16_t worker, const struct media_ask *ask)
{
	struct media_worker *media_worker = media->dp->workers[worker]->media;
	struct media_ask copy = *ask; /* the ring's function takes no const */

	return rte_ring_enqueue_elem(media_worker->asks, &copy, sizeof(copy)) == 0;
}

static uint16_t stream_owner(const struct media *media, uint32_t stream)
{
	return media->endpoints[media->streams[stream].endpoint].worker;
}

void media_ask(struct media_worker *media_worker, const struct media_ask *ask)
{
	uint16_t owner = stream_owner(media_worker->media, ask->stream);

	if (owner == media_worker->worker->id)
		ask_run(media_worker, ask);
	else if (!media_ask_put(media_worker->media, owner, ask))
		media_worker->counters[MEDIA_ASK_FULL]++;
}

void media_asks_run(struct media_worker *media_worker)
{
	struct media_ask ask;

	for (uint32_t i = 0; i < ASKS_PER_RUN; i++) {
		if (rte_ring_dequeue_elem(media_worker->asks, &ask, sizeof(ask)) != 0)
			return;
		/* a slot that was used anew belongs to somebody else */
		if (ask.kind == MEDIA_ASK_BYE ||
		    stream_owner(media_worker->media, ask.stream) == media_worker->worker->id)
			ask_run(media_worker, &ask);
	}
}
