/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of several streams of one track (RFC 8853) a subscription gets. */
#include "media/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "media/record.h"
#include "media/viewer.h"

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

/* For want of a key frame a subscription has left the stream before after this time. */
#define LEAVING_SECONDS 10
/* A browser pauses the layers that its path or its processor does not carry. */
#define LAYER_SILENT_MS 1500
#define ADVICE_AT_ONCE  64 /* of one worker: each copies lists of an audience's length */

void layer_want(const struct media *media, struct subscription *subscription, uint32_t stream,
                bool automatic)
{
	__atomic_store_n(&subscription->wanted, stream, __ATOMIC_RELAXED);
	__atomic_store_n(&subscription->automatic, automatic, __ATOMIC_RELAXED);
	subscription->wanted_life = media->streams[stream].life;
}

static bool layer_sends(const struct media *media, const struct stream *layer)
{
	const struct worker *worker = media->dp->workers[media->endpoints[layer->endpoint].worker];
	uint64_t taken = __atomic_load_n(&layer->source->taken_tsc, __ATOMIC_RELAXED);
	uint64_t now = __atomic_load_n(&worker->tsc, __ATOMIC_RELAXED);

	return taken != 0 && (now < taken || now - taken < worker->tsc_hz / 1000 * LAYER_SILENT_MS);
}

static bool is_layer(const struct stream *layer, const struct stream *of)
{
	return layer->rid[0] != 0 && strcmp(layer->mid, of->mid) == 0;
}

bool layer_of_track(const struct media *media, uint32_t stream, uint32_t of)
{
	return media->streams[stream].endpoint == media->streams[of].endpoint &&
	       is_layer(&media->streams[stream], &media->streams[of]);
}

/* The one that is wanted, or while it is silent the best one of its track that is not. */
static uint32_t layer_choose(const struct media *media, uint32_t wanted)
{
	const struct stream *of = &media->streams[wanted];
	const struct endpoint_sources *sources = media->endpoints[of->endpoint].sources;
	uint32_t best = wanted;
	uint64_t most = 0;

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		uint32_t index = sources->sources[i]->stream;
		const struct stream *layer = &media->streams[index];

		if (sources->sources[i]->rtx || !is_layer(layer, of) || !layer_sends(media, layer))
			continue;
		if (layer == of)
			return wanted;
		if (layer->bytes < most)
			continue;
		best = index;
		most = layer->bytes;
	}
	return best;
}

bool layer_by_estimate(const struct media *media, const struct subscription *subscription)
{
	const struct endpoint *endpoint = &media->endpoints[subscription->endpoint];

	return !__atomic_load_n(&subscription->unsteered, __ATOMIC_RELAXED) &&
	       viewer_steers(media->viewers[subscription->endpoint],
	                     media->dp->workers[endpoint->worker]);
}

static void layer_look(struct media *media, uint32_t index)
{
	struct subscription *subscription = &media->subscriptions[index];
	const struct stream *wanted = &media->streams[subscription->wanted];
	uint32_t best;

	if (!wanted->live || wanted->life != subscription->wanted_life) {
		layer_want(media, subscription, subscription->named, true);
		record_subscription_changed(media, subscription);
	}
	if (media->streams[subscription->wanted].rid[0] == 0 || subscription->paused ||
	    subscription->leaving != 0 || layer_by_estimate(media, subscription))
		return;
	best = layer_choose(media, subscription->wanted);
	if (best == subscription->stream)
		return;
	/* the lists before, of a large audience's length each */
	media_collect(media);
	if (subscription_source_change(media, index, best) < 0)
		media_collect_all(media);
}

/* The subscription's worker has gone on with its other stream, or there is none to be had. */
static bool leaving_is_over(const struct media *media, const struct subscription *subscription)
{
	return __atomic_load_n(&subscription->stream_now, __ATOMIC_RELAXED) ==
	               subscription->stream ||
	       rte_rdtsc() - subscription->leaving_tsc > LEAVING_SECONDS * rte_get_tsc_hz();
}

void layers_tick(struct media *media)
{
	if (media->config->leaving == 0 && media->config->layers == 0)
		return;
	for (uint32_t i = 1; i <= media->max_subscriptions; i++) {
		if (!media->subscriptions[i].live)
			continue;
		if (media->subscriptions[i].leaving != 0 &&
		    leaving_is_over(media, &media->subscriptions[i])) {
			media_collect(media);
			subscription_leave(media, i);
		}
		layer_look(media, i);
	}
}

/* What it advised may have been overtaken by a command, or by the end of one of the two. */
static bool advice_holds(const struct media *media, const struct viewer_advice *advice)
{
	const struct subscription *subscription = &media->subscriptions[advice->subscription];
	const struct stream *to = &media->streams[advice->stream];

	return subscription->live && subscription->life == advice->life &&
	       subscription->stream == advice->from && !subscription->paused && to->live &&
	       media->streams[subscription->wanted].live &&
	       layer_of_track(media, advice->stream, subscription->wanted);
}

void viewer_advice_take(struct media *media)
{
	struct viewer_advice advice;

	for (uint16_t i = 0; i < media->dp->n_workers; i++) {
		struct rte_ring *ring = media->dp->workers[i]->media->advice;

		for (uint32_t j = 0; j < ADVICE_AT_ONCE; j++) {
			if (rte_ring_dequeue_elem(ring, &advice, sizeof(advice)) != 0)
				break;
			if (!advice_holds(media, &advice))
				continue;
			media_collect(media);
			if (subscription_source_change(media, advice.subscription, advice.stream) <
			    0)
				media_collect_all(media);
		}
	}
}

/* The layer of the same track with this rid; 0: there is none. */
static uint32_t layer_named(const struct media *media, uint32_t stream, const char *rid)
{
	const struct stream *of = &media->streams[stream];
	const struct endpoint_sources *sources = media->endpoints[of->endpoint].sources;

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		const struct stream *layer = &media->streams[sources->sources[i]->stream];

		if (!sources->sources[i]->rtx && is_layer(layer, of) &&
		    strcmp(layer->rid, rid) == 0)
			return sources->sources[i]->stream;
	}
	return 0;
}

int media_subscription_layer(struct media *media, const struct sluice_subscription_name *name,
                             const char *rid, char *why)
{
	int index = subscription_find(media, name->stream, name->endpoint, why);
	struct subscription *subscription;
	uint32_t to;

	if (index < 0)
		return index;
	subscription = &media->subscriptions[index];
	to = rid[0] == 0 ? subscription->named : layer_named(media, subscription->stream, rid);
	if (to == 0)
		return refuse(why, -ENOENT, "stream %s has no layer %s", name->stream, rid);
	layer_want(media, subscription, to, rid[0] == 0);
	if (subscription->stream == to || layer_by_estimate(media, subscription)) {
		record_subscription_changed(media, subscription);
		return 0;
	}
	return subscription_source_change(media, (uint32_t)index, to) < 0
	               ? refuse(why, -ENOMEM, "no memory to switch")
	               : 0;
}
