/* SPDX-License-Identifier: BSD-3-Clause */
/* Which layer each subscription of a viewer should get, and what streams take. */
#include "media/viewer.h"

#include "media/config.h"
#include "worker.h"

#include <string.h>

#define PACKET_OVERHEAD 68 /* bytes: RTP, its extension, tag, UDP, IP */
#define RATE_MS         500
#define SILENT_MS       1500
#define SWITCHING_MS    4000 /* so long a key frame is waited for */

static_assert(VP8_TEMPORALS == LADDER_TEMPORALS, "the ladder knows as many");

/* What its temporal layers take. */
static void temporal_look(struct stream *stream)
{
	uint64_t all = 0, sum = 0;

	for (uint32_t i = 0; i < VP8_TEMPORALS; i++)
		all += stream->temporal_bytes[i];
	for (uint32_t i = 0; i < VP8_TEMPORALS; i++) {
		uint8_t before = stream->temporal_percent[i], percent;

		sum += stream->temporal_bytes[i];
		percent = all == 0 ? 0 : (uint8_t)RTE_MAX(sum * 100 / all, (uint64_t)1);
		__atomic_store_n(&stream->temporal_percent[i],
		                 before == 0 || percent == 0
		                         ? percent
		                         : (uint8_t)((3u * before + percent) / 4),
		                 __ATOMIC_RELAXED);
		stream->temporal_bytes[i] = 0;
	}
}

void stream_rate(struct stream *stream, const struct worker *worker)
{
	uint64_t bytes = stream->bytes + stream->packets * PACKET_OVERHEAD;
	uint64_t passed = worker->tsc - stream->rate_tsc;
	uint64_t kbps =
	        passed == 0 ? 0
	                    : (bytes - stream->rate_bytes) * 8 * (worker->tsc_hz / 1000) / passed;

	stream->rate_due = worker->tsc + worker->tsc_hz / 1000 * RATE_MS;
	/* the first packet, or one after a pause, begins a time */
	if (stream->rate_tsc != 0 && passed < worker->tsc_hz * 2)
		__atomic_store_n(&stream->kbps,
		                 (uint32_t)(stream->kbps == 0 ? kbps : (stream->kbps + kbps) / 2),
		                 __ATOMIC_RELAXED);
	temporal_look(stream);
	stream->rate_tsc = worker->tsc;
	stream->rate_bytes = bytes;
}

/* A subscription to a track with layers, as the ladder's track of the same place. */
struct viewer_track {
	struct subscription *subscription;
	uint32_t streams[LADDER_LAYERS];
};

struct viewer_round {
	struct media_worker *media_worker;
	struct viewer *viewer;
	bool steady;
	uint32_t probe_by; /* a subscription whose repair stream may carry padding; 0: none */
	struct ladder ladder;
	struct viewer_track tracks[LADDER_TRACKS];
};

static bool layer_sends(const struct worker *worker, const struct stream *layer)
{
	uint64_t taken = __atomic_load_n(&layer->source->taken_tsc, __ATOMIC_RELAXED);

	return __atomic_load_n(&layer->kbps, __ATOMIC_RELAXED) != 0 && taken != 0 &&
	       (worker->tsc < taken || worker->tsc - taken < worker->tsc_hz / 1000 * SILENT_MS);
}

/* In the order of their rates. */
static void layer_insert(struct ladder_track *at, struct viewer_track *track, uint32_t stream,
                         uint32_t kbps)
{
	uint32_t place = at->layers++;

	for (; place > 0 && at->kbps[place - 1] > kbps; place--) {
		at->kbps[place] = at->kbps[place - 1];
		track->streams[place] = track->streams[place - 1];
	}
	at->kbps[place] = kbps;
	track->streams[place] = stream;
}

/* The layers of the track that are sent; LADDER_LAYERS: not among them. */
static uint32_t place_of(const struct ladder_track *at, const struct viewer_track *track,
                         uint32_t stream)
{
	uint32_t place = 0;

	while (place < at->layers && track->streams[place] != stream)
		place++;
	return place < at->layers ? place : LADDER_LAYERS;
}

static void layers_take(struct viewer_round *round, const struct stream *of,
                        struct ladder_track *at, struct viewer_track *track)
{
	const struct media *media = round->media_worker->media;
	const struct endpoint_sources *sources =
	        __atomic_load_n(&media->endpoints[of->endpoint].sources, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		uint32_t index = sources->sources[i]->stream;
		const struct stream *layer = &media->streams[index];

		if (sources->sources[i]->rtx || layer->rid[0] == 0 ||
		    strcmp(layer->mid, of->mid) != 0 || at->layers == LADDER_LAYERS ||
		    !layer_sends(round->media_worker->worker, layer))
			continue;
		layer_insert(at, track, index, __atomic_load_n(&layer->kbps, __ATOMIC_RELAXED));
	}
}

/* What is known of the frames of its lowest layer. */
static void temporals_take(const struct media *media, struct ladder_track *at,
                           const struct viewer_track *track)
{
	const struct stream *lowest = &media->streams[track->streams[0]];

	for (uint32_t i = 0; i < VP8_TEMPORALS; i++)
		at->percent[i] = __atomic_load_n(&lowest->temporal_percent[i], __ATOMIC_RELAXED);
	at->temporal_now = VP8_TEMPORALS - 1 - track->subscription->cut_wanted;
}

static bool has_temporals(const struct stream *stream)
{
	uint8_t percent = __atomic_load_n(&stream->temporal_percent[0], __ATOMIC_RELAXED);

	return percent != 0 && percent < 100;
}

/* False: it has no layers to choose of. */
static bool track_add(struct viewer_round *round, struct subscription *subscription)
{
	const struct media *media = round->media_worker->media;
	uint32_t wanted = __atomic_load_n(&subscription->wanted, __ATOMIC_RELAXED);
	uint32_t now = __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED);
	struct ladder_track *at = &round->ladder.tracks[round->ladder.n_tracks];
	struct viewer_track *track = &round->tracks[round->ladder.n_tracks];
	uint32_t most;

	if (round->ladder.n_tracks == LADDER_TRACKS ||
	    !__atomic_load_n(&media->streams[wanted].live, __ATOMIC_ACQUIRE))
		return false;
	*at = (struct ladder_track){0};
	if (media->streams[wanted].rid[0] != 0)
		layers_take(round, &media->streams[wanted], at, track);
	else if (has_temporals(&media->streams[wanted]) &&
	         layer_sends(round->media_worker->worker, &media->streams[wanted]))
		layer_insert(at, track, wanted,
		             __atomic_load_n(&media->streams[wanted].kbps, __ATOMIC_RELAXED));
	if (at->layers == 0)
		return false;
	most = place_of(at, track, wanted);
	if (__atomic_load_n(&subscription->automatic, __ATOMIC_RELAXED) || most == LADDER_LAYERS)
		most = at->layers - 1u;
	at->most = (uint8_t)most;
	/* one that has fallen silent is left for the lowest one */
	at->now = (uint8_t)(place_of(at, track, now) % LADDER_LAYERS);
	track->subscription = subscription;
	temporals_take(media, at, track);
	round->ladder.n_tracks++;
	return true;
}

static bool is_switching(const struct viewer_round *round, const struct subscription *subscription)
{
	const struct worker *worker = round->media_worker->worker;

	return __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) !=
	               subscription->stream_now &&
	       worker->tsc - round->viewer->advised_tsc < worker->tsc_hz / 1000 * SWITCHING_MS;
}

/* The whole of what it is given. */
static void subscription_let(struct subscription *subscription)
{
	subscription->hurried = false;
	subscription->cut_wanted = 0;
}

static bool has_layers(const struct media *media, const struct subscription *subscription)
{
	uint32_t wanted = __atomic_load_n(&subscription->wanted, __ATOMIC_RELAXED);

	return __atomic_load_n(&media->streams[wanted].live, __ATOMIC_ACQUIRE) &&
	       media->streams[wanted].rid[0] != 0;
}

/* One more than the estimate decides of: it is as without an estimate. */
static void unsteered_set(struct subscription *subscription, bool unsteered)
{
	__atomic_store_n(&subscription->unsteered, unsteered, __ATOMIC_RELAXED);
	if (unsteered)
		subscription_let(subscription);
}

static void subscription_add(struct viewer_round *round, uint32_t index)
{
	const struct media *media = round->media_worker->media;
	struct subscription *subscription = &media->subscriptions[index];
	const struct stream *stream =
	        &media->streams[__atomic_load_n(&subscription->stream, __ATOMIC_RELAXED)];

	if (!__atomic_load_n(&subscription->live, __ATOMIC_ACQUIRE))
		return;
	unsteered_set(subscription,
	              round->ladder.n_tracks == LADDER_TRACKS && has_layers(media, subscription));
	if (__atomic_load_n(&subscription->paused, __ATOMIC_RELAXED) || subscription->held ||
	    subscription->needs_key) {
		subscription_let(subscription);
		return;
	}
	if (stream->keyed && viewer_probe_carries(subscription))
		round->probe_by = index;
	round->steady &= !is_switching(round, subscription);
	if (track_add(round, subscription))
		return;
	subscription_let(subscription);
	if (layer_sends(round->media_worker->worker, stream))
		round->ladder.fixed += __atomic_load_n(&stream->kbps, __ATOMIC_RELAXED);
}

static void round_fill(struct viewer_round *round, const struct endpoint *endpoint)
{
	const struct endpoint_subscriptions *subscriptions =
	        __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);
	uint32_t count = subscriptions == NULL ? 0 : subscriptions->count;

	for (uint32_t i = 0; i < RTE_MIN(count, (uint32_t)VIEWER_LEGS); i++)
		subscription_add(round, subscriptions->list[i].subscription);
	/* one at a look of those that are too many */
	if (count > VIEWER_LEGS) {
		uint32_t i = VIEWER_LEGS + round->viewer->looks++ % (count - VIEWER_LEGS);

		unsteered_set(&round->media_worker->media
		                       ->subscriptions[subscriptions->list[i].subscription],
		              true);
	}
}

/* One that changes nothing as yet is not given again at once. */
static void tracks_advise(struct viewer_round *round)
{
	struct media_worker *media_worker = round->media_worker;
	struct worker *worker = media_worker->worker;
	bool waits =
	        worker->tsc - round->viewer->advised_tsc < worker->tsc_hz / 1000 * VIEWER_ADVICE_MS;

	for (uint32_t i = 0; i < round->ladder.n_tracks; i++) {
		const struct ladder_track *at = &round->ladder.tracks[i];
		struct subscription *subscription = round->tracks[i].subscription;
		struct viewer_advice advice = {
		        .subscription =
		                (uint32_t)(subscription - media_worker->media->subscriptions),
		        .life = subscription->life,
		        .stream = round->tracks[i].streams[at->chosen],
		        .from = __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED),
		};

		if (advice.stream == advice.from ||
		    (waits && subscription->advised == advice.stream) ||
		    rte_ring_enqueue_elem(media_worker->advice, &advice, sizeof(advice)) != 0)
			continue;
		subscription->advised = advice.stream;
		round->viewer->advised_tsc = worker->tsc;
		media_worker->counters[at->chosen > at->now ? MEDIA_LAYER_UP : MEDIA_LAYER_DOWN]++;
	}
}

static uint8_t round_why(const struct viewer_round *round)
{
	if (round->ladder.n_tracks == 0)
		return SLUICE_LAYER_NONE;
	if (!round->steady)
		return SLUICE_LAYER_WAITS;
	if (round->ladder.next != 0)
		return SLUICE_LAYER_ESTIMATE;
	return round->ladder.bounded ? SLUICE_LAYER_WISH : SLUICE_LAYER_BEST;
}

void viewer_rest(struct media_worker *media_worker, uint32_t index)
{
	struct media *media = media_worker->media;
	struct viewer *viewer = viewer_of(media, index);
	const struct endpoint_subscriptions *subscriptions =
	        __atomic_load_n(&media->endpoints[index].subscriptions, __ATOMIC_ACQUIRE);

	if (viewer == NULL || !viewer->steered || viewer_steers(viewer, media_worker->worker))
		return;
	viewer->steered = false;
	for (uint32_t i = 0; subscriptions != NULL && i < subscriptions->count; i++)
		subscription_let(&media->subscriptions[subscriptions->list[i].subscription]);
}

/* While the key frame of another layer is awaited what was left for it does not come back, whatever
 * would be sent by then. */
static void track_steer(const struct ladder_track *at, const struct viewer_track *track, bool hurry)
{
	struct subscription *subscription = track->subscription;
	bool waits = __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) !=
	             subscription->stream_now;

	subscription->hurried = hurry || (subscription->hurried && waits);
	subscription->cut_wanted = VP8_TEMPORALS - 1 - at->temporal;
}

void viewer_look(struct media_worker *media_worker, uint32_t index, struct viewer *viewer)
{
	const struct worker *worker = media_worker->worker;
	struct endpoint *endpoint = &media_worker->media->endpoints[index];
	struct viewer_round round = {
	        .media_worker = media_worker,
	        .viewer = viewer,
	        .steady = true,
	};
	struct steered steered;

	if (worker->tsc - viewer->looked_tsc < worker->tsc_hz / 1000 * VIEWER_LOOK_MS)
		return;
	viewer->looked_tsc = worker->tsc;
	round_fill(&round, endpoint);
	steered = steer_look(&viewer->steer, &round.ladder, round.steady,
	                     viewer_us(worker->tsc, worker->tsc_hz));
	__atomic_store_n(&viewer->kbps, viewer->steer.downlink.kbps, __ATOMIC_RELAXED);
	__atomic_store_n(&viewer->why, round_why(&round), __ATOMIC_RELAXED);
	tracks_advise(&round);
	for (uint32_t i = 0; i < round.ladder.n_tracks; i++)
		track_steer(&round.ladder.tracks[i], &round.tracks[i], steered.hurry);
	viewer->steered = true;
	if (steered.probe != 0 && round.probe_by != 0 && viewer->numbered)
		viewer_probe_start(media_worker, index, round.probe_by, steered.probe);
}
