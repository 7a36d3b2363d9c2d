/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ask.h"

#include "dataplane.h"
#include "media/cache.h"
#include "media/feedback.h"
#include "media/nack.h"
#include "media/reception.h"

#define ASKS_PER_RUN 512

static void key_frame_wanted(struct media_worker *media_worker, const struct media_ask *ask)
{
	media_worker->media->streams[ask->stream].key_frame_wanted = true;
	feedback_queue(media_worker, ask->stream);
}

/* A packet that came but did not get through to the worker that asks: our own subscriptions may
 * have left it in the cache here. */
static void packet_give(struct media_worker *media_worker, const struct media_ask *ask)
{
	struct media *media = media_worker->media;
	uint16_t self = media_worker->worker->id;
	uint16_t asker = media->endpoints[media->subscriptions[ask->subscription].endpoint].worker;
	struct packet_cache *cache =
	        __atomic_load_n(&media->streams[ask->stream].at[self].cache, __ATOMIC_ACQUIRE);
	struct media_ask given = {
	        .stream = ask->stream,
	        .kind = MEDIA_ASK_GIVEN,
	        .subscription = ask->subscription,
	};

	if (cache == NULL || asker == self)
		return;
	given.mbuf = packet_cache_find(cache, ask->index, media_worker->worker->tsc);
	if (given.mbuf == NULL)
		return;
	rte_mbuf_refcnt_update(given.mbuf, 1);
	if (media_ask_to(media_worker, asker, &given) != ASK_PUT)
		rte_pktmbuf_free(given.mbuf);
}

/* A packet that came once cannot come again: the publisher's retransmission would be a replay. */
static void packet_wanted(struct media_worker *media_worker, const struct media_ask *ask)
{
	struct stream *stream = &media_worker->media->streams[ask->stream];

	if (missing_want(&stream->reception->missing, ask->index, media_worker->worker->tsc))
		feedback_queue(media_worker, ask->stream);
	else
		packet_give(media_worker, ask);
}

static void packet_given(struct media_worker *media_worker, const struct media_ask *ask)
{
	nack_given(media_worker, ask->subscription, ask->mbuf);
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
	        [MEDIA_ASK_GIVEN] = packet_given,
	};

	/* it may have gone while the ask waited */
	if (__atomic_load_n(&media_worker->media->streams[ask->stream].live, __ATOMIC_ACQUIRE))
		runs[ask->kind](media_worker, ask);
	else if (ask->kind == MEDIA_ASK_GIVEN)
		rte_pktmbuf_free(ask->mbuf);
}

/* One in the ring is for all who ask meanwhile. True: there is one. */
static bool ask_merges(struct media *media, const struct media_ask *ask)
{
	bool *asked = &media->streams[ask->stream].key_frame_asked;

	return ask->kind == MEDIA_ASK_KEY_FRAME &&
	       (__atomic_load_n(asked, __ATOMIC_RELAXED) ||
	        __atomic_exchange_n(asked, true, __ATOMIC_ACQ_REL));
}

/* Packets, of which one subscriber may ask for very many, leave half of the ring to the others. */
static bool ask_has_room(struct rte_ring *asks, const struct media_ask *ask)
{
	return (ask->kind != MEDIA_ASK_PACKET && ask->kind != MEDIA_ASK_GIVEN) ||
	       rte_ring_count(asks) < rte_ring_get_capacity(asks) / 2;
}

/* From now on requests are sent again, not merged. */
static void ask_taken(struct media *media, const struct media_ask *ask)
{
	if (ask->kind == MEDIA_ASK_KEY_FRAME)
		__atomic_store_n(&media->streams[ask->stream].key_frame_asked, false,
		                 __ATOMIC_RELEASE);
}

enum media_ask_fate media_ask_put(struct media *media, uint16_t worker, const struct media_ask *ask)
{
	struct rte_ring *asks = media->dp->workers[worker]->media->asks;
	struct media_ask copy = *ask; /* the ring's function takes no const */

	if (ask_merges(media, ask))
		return ASK_MERGED;
	if (ask_has_room(asks, ask) && rte_ring_enqueue_elem(asks, &copy, sizeof(copy)) == 0) {
		worker_wake(media->dp->workers[worker]);
		return ASK_PUT;
	}
	ask_taken(media, ask);
	return ASK_FULL;
}

enum media_ask_fate media_ask_to(struct media_worker *media_worker, uint16_t worker,
                                 const struct media_ask *ask)
{
	enum media_ask_fate fate = media_ask_put(media_worker->media, worker, ask);

	media_worker->counters[MEDIA_ASK_MERGED] += fate == ASK_MERGED;
	media_worker->counters[MEDIA_ASK_FULL] += fate == ASK_FULL;
	return fate;
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
	else
		media_ask_to(media_worker, owner, ask);
}

void media_asks_run(struct media_worker *media_worker)
{
	struct media_ask ask;

	for (uint32_t i = 0; i < ASKS_PER_RUN; i++) {
		if (rte_ring_dequeue_elem(media_worker->asks, &ask, sizeof(ask)) != 0)
			return;
		ask_taken(media_worker->media, &ask);
		/* the slot may belong to another object by now */
		if (ask.kind == MEDIA_ASK_BYE || ask.kind == MEDIA_ASK_GIVEN ||
		    stream_owner(media_worker->media, ask.stream) == media_worker->worker->id)
			ask_run(media_worker, &ask);
	}
}

void media_asks_drop(struct media_worker *media_worker)
{
	struct media_ask ask;

	while (rte_ring_dequeue_elem(media_worker->asks, &ask, sizeof(ask)) == 0)
		if (ask.kind == MEDIA_ASK_GIVEN)
			rte_pktmbuf_free(ask.mbuf);
}
