/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/nack.h"

#include "media/ask.h"
#include "media/cache.h"
#include "media/fan.h"
#include "media/leg_map.h"
#include "media/missing.h"
#include "media/repeat.h"
#include "media/rewrite.h"
#include "media/rtcp.h"
#include "worker.h"

static void packet_refuse(struct media_worker *media_worker, struct subscription *subscription)
{
	subscription->retransmit_refused++;
	media_worker->counters[MEDIA_NACK_REFUSED]++;
}

static bool stream_lives(const struct media_worker *media_worker,
                         const struct rewrite_source *source)
{
	return __atomic_load_n(&media_worker->media->streams[source->stream].live,
	                       __ATOMIC_ACQUIRE);
}

/* Neither has its place become another one's, nor has it another SSRC by now. */
static bool stream_numbers_on(const struct media_worker *media_worker,
                              const struct rewrite_source *source)
{
	const struct stream *stream = &media_worker->media->streams[source->stream];

	return __atomic_load_n(&stream->serial, __ATOMIC_RELAXED) == source->serial;
}

static struct rte_mbuf *packet_cached(struct media_worker *media_worker,
                                      const struct rewrite_source *source)
{
	struct stream_worker *at =
	        &media_worker->media->streams[source->stream].at[media_worker->worker->id];
	struct packet_cache *cache = __atomic_load_n(&at->cache, __ATOMIC_ACQUIRE);
	struct rte_mbuf *mbuf;

	if (cache == NULL)
		return NULL;
	mbuf = packet_cache_find(cache, source->index, media_worker->worker->tsc);
	return mbuf != NULL && packet_of(mbuf)->media.serial == source->serial ? mbuf : NULL;
}

/* What lies further back the stream's owner no longer knows to be missing. */
static void packet_miss(struct media_worker *media_worker, uint32_t leg, uint64_t outgoing,
                        const struct rewrite_source *source)
{
	struct subscription *subscription = &media_worker->media->subscriptions[leg];
	const struct media_ask ask = {
	        .index = source->index,
	        .stream = source->stream,
	        .kind = MEDIA_ASK_PACKET,
	        .subscription = leg,
	};

	subscription->retransmit_missed++;
	media_worker->counters[MEDIA_NACK_MISSED]++;
	if (rewrite_distance(outgoing, subscription->highest) < MISSING_PACKETS)
		media_ask(media_worker, &ask);
}

/* Takes the reference. */
static void packet_put(struct media_worker *media_worker, uint32_t leg, struct rte_mbuf *mbuf)
{
	if (!fan_put(media_worker, mbuf, leg)) {
		rte_pktmbuf_free(mbuf);
		packet_refuse(media_worker, &media_worker->media->subscriptions[leg]);
		return;
	}
	media_worker->counters[MEDIA_RETRANSMITTED]++;
}

/* It has no number of its own for what it is sent again, and may not use the first one twice. */
static bool is_sent_once(const struct media_worker *media_worker,
                         const struct subscription *subscription, uint64_t outgoing)
{
	const struct leg_map *map = __atomic_load_n(&subscription->map, __ATOMIC_ACQUIRE);

	return leg_map_repeats_differ(map, subscription,
	                              &media_worker->media->endpoints[subscription->endpoint],
	                              outgoing);
}

/* It was left in a hurry, for a path that carries far less: a decoder does not wait for it, and
 * what it does wait for would come later. */
static bool is_given_up(const struct subscription *subscription, uint64_t outgoing)
{
	if (subscription->hurried &&
	    __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) != subscription->stream_now)
		return true;
	return subscription->hurried_until != 0 &&
	       rewrite_distance(outgoing, subscription->hurried_until) > 0;
}

/* One sequence number of the subscriber's. */
static void packet_repeat(struct media_worker *media_worker, uint32_t index, uint16_t seq)
{
	struct subscription *subscription = &media_worker->media->subscriptions[index];
	const struct worker *worker = media_worker->worker;
	uint64_t outgoing = rewrite_outgoing(subscription, seq);
	struct rewrite_source source;
	struct rte_mbuf *mbuf;

	if (is_sent_once(media_worker, subscription, outgoing) ||
	    is_given_up(subscription, outgoing) ||
	    !rewrite_source(subscription, outgoing, &source) ||
	    !stream_lives(media_worker, &source)) {
		packet_refuse(media_worker, subscription);
		return;
	}
	mbuf = packet_cached(media_worker, &source);
	if (mbuf != NULL ? fan_is_crowded(media_worker)
	                 : !stream_numbers_on(media_worker, &source)) {
		packet_refuse(media_worker, subscription);
		return;
	}
	/* a request upstream is bounded like a retransmission */
	if (repeat_allow(&media_worker->rtcp->repeats, subscription, index, outgoing,
	                 mbuf != NULL ? mbuf->pkt_len : REPEAT_MISSED, worker->tsc,
	                 worker->tsc_hz) != REPEAT_PASS) {
		packet_refuse(media_worker, subscription);
		return;
	}
	if (mbuf == NULL) {
		packet_miss(media_worker, index, outgoing, &source);
		return;
	}
	rte_mbuf_refcnt_update(mbuf, 1);
	packet_put(media_worker, index, mbuf);
}

void nack_given(struct media_worker *media_worker, uint32_t index, struct rte_mbuf *mbuf)
{
	struct media *media = media_worker->media;
	struct subscription *subscription = &media->subscriptions[index];

	/* it may have gone meanwhile, and its place be another worker's */
	if (!__atomic_load_n(&subscription->live, __ATOMIC_ACQUIRE) ||
	    media->endpoints[subscription->endpoint].worker != media_worker->worker->id) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	if (fan_is_crowded(media_worker)) {
		rte_pktmbuf_free(mbuf);
		packet_refuse(media_worker, subscription);
		return;
	}
	subscription->repeat_spent += mbuf->pkt_len;
	packet_put(media_worker, index, mbuf);
}

static void entry_answer(struct media_worker *media_worker, uint32_t index, uint16_t pid,
                         uint16_t blp)
{
	packet_repeat(media_worker, index, pid);
	for (uint16_t bit = 0; blp != 0; bit++, blp >>= 1)
		if (blp & 1)
			packet_repeat(media_worker, index, (uint16_t)(pid + 1 + bit));
}

void nack_answer(struct media_worker *media_worker, uint32_t index,
                 const struct rtcp_feedback *feedback, uint32_t *budget)
{
	struct subscription *subscription = &media_worker->media->subscriptions[index];

	for (uint16_t i = 0; i < feedback->fci_length / RTCP_NACK_SIZE; i++) {
		uint16_t pid, blp;
		uint32_t wanted;

		rtcp_nack_read(feedback, i, &pid, &blp);
		wanted = 1 + (uint32_t)__builtin_popcount(blp);
		if (wanted > *budget) {
			*budget = 0;
			packet_refuse(media_worker, subscription);
			continue;
		}
		*budget -= wanted;
		entry_answer(media_worker, index, pid, blp);
	}
}
