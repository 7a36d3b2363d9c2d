/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "media/key_frame.h"
#include "media/presence.h"
#include "media/record.h"
#include "media/rewrite.h"
#include "media/subscription.h"
#include "media/viewer.h"
#include "random.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

uint32_t media_random(struct media *media)
{
	uint32_t value;

	random_bytes(media->config->random, &value, sizeof(value));
	return value;
}

static int ext_check(const struct sluice_subscription *add, char *why)
{
	if (add->ext_count > SLUICE_MEDIA_EXT_MAP_MAX)
		return refuse(why, -EINVAL, "an extension map has at most %u ids",
		              SLUICE_MEDIA_EXT_MAP_MAX);
	for (uint32_t i = 0; i < add->ext_count; i++)
		if (add->ext_from[i] == 0 || add->ext_to[i] == 0)
			return refuse(why, -EINVAL, "an extension's id is 1 to 255");
	if (memchr(add->mid, 0, sizeof(add->mid)) == NULL)
		return refuse(why, -EINVAL, "a mid has at most %u bytes", SLUICE_TRACK_MID_MAX - 1);
	return 0;
}

static int pt_check(const struct sluice_subscription *add, char *why)
{
	bool valid = add->pt <= 127 && add->rtx_pt <= 127;

	if (add->n_pts > SLUICE_MEDIA_PT_MAP_MAX)
		return refuse(why, -EINVAL, "a map has at most %u payload types",
		              SLUICE_MEDIA_PT_MAP_MAX);
	for (uint32_t i = 0; i < add->n_pts; i++)
		valid &= add->pt_from[i] <= 127 && add->pt_to[i] <= 127 && add->pt_rtx[i] <= 127;
	return valid ? 0 : refuse(why, -EINVAL, "a payload type is 0 to 127");
}

/* Whether retransmissions have one, whatever they retransmit. */
static bool has_rtx_pt(const struct sluice_subscription *add)
{
	bool all = add->n_pts != 0;

	for (uint32_t i = 0; i < add->n_pts; i++)
		all &= add->pt_rtx[i] != 0;
	return add->rtx_pt != 0 || all;
}

static uint64_t leg_hash(const struct media *media, uint32_t endpoint, uint32_t ssrc)
{
	return ssrc_hash(&media->config->spent->key, media->endpoints[endpoint].tx_digest, ssrc);
}

static bool ssrc_taken(const struct media *media, uint32_t endpoint, uint32_t ssrc)
{
	return ssrc_set_find(&media->config->ssrcs, leg_hash(media, endpoint, ssrc)) != 0;
}

/* Among all subscriptions under the endpoint's key, to whichever endpoint. ssrc 0: none is asked
 * for; own: a subscription that may have it. */
static int ssrc_check(struct media *media, uint32_t endpoint, uint32_t ssrc, uint32_t own,
                      char *why)
{
	const struct ssrc_set *ssrcs = &media->config->ssrcs;
	uint64_t hash = leg_hash(media, endpoint, ssrc);
	uint32_t user = ssrc == 0 ? 0 : ssrc_set_find(ssrcs, hash);

	/* it has just ended: its worker may be at its last packets, and we go on behind them */
	if (user != 0 && !media->subscriptions[user].live) {
		media_collect_all(media);
		user = ssrc_set_find(ssrcs, hash);
	}
	if (user == 0 || user == own)
		return 0;
	return refuse(why, -EEXIST, "endpoint %s is sent ssrc %u already, under the same key",
	              media->subscriptions[user].config.endpoint, ssrc);
}

int subscription_check(struct media *media, const struct sluice_subscription *add, uint32_t stream,
                       uint32_t endpoint, uint32_t own, char *why)
{
	int error;

	if (stream == 0)
		return refuse(why, -ENOENT, "no stream %s", add->stream);
	if (endpoint == 0)
		return refuse(why, -ENOENT, "no endpoint %s", add->endpoint);
	if (pt_check(add, why) < 0)
		return -EINVAL;
	if (add->rtx_ssrc != 0 && add->rtx_ssrc == add->ssrc)
		return refuse(why, -EINVAL, "rtx-ssrc is the subscription's own ssrc");
	if (add->rtx_ssrc != 0 && !has_rtx_pt(add))
		return refuse(why, -EINVAL, "rtx-ssrc needs an rtx-pt");
	if (ext_check(add, why) < 0)
		return -EINVAL;
	error = ssrc_check(media, endpoint, add->ssrc, own, why);
	return error < 0 ? error : ssrc_check(media, endpoint, add->rtx_ssrc, own, why);
}

static uint32_t ssrc_choose(struct media *media, uint32_t endpoint,
                            const struct sluice_subscription *add)
{
	uint32_t ssrc = add->ssrc;

	while (ssrc == 0 ||
	       (add->ssrc == 0 && (ssrc == add->rtx_ssrc || ssrc_taken(media, endpoint, ssrc))))
		ssrc = media_random(media);
	return ssrc;
}

void subscription_recall(const struct media *media, struct subscription *subscription, bool behind)
{
	const struct endpoint *endpoint = &media->endpoints[subscription->endpoint];
	uint64_t index = spent_recall(media->config->spent, endpoint, subscription->ssrc);

	if (index != 0 && (!behind || index > subscription->highest)) {
		subscription->highest = index & REWRITE_INDEX_MASK;
		subscription->continues = true;
	}
	if (subscription->rtx_ssrc == 0)
		return;
	index = spent_recall(media->config->spent, endpoint, subscription->rtx_ssrc);
	if (index != 0 && (!behind || index > subscription->rtx_index))
		subscription->rtx_index = index & REWRITE_INDEX_MASK;
}

/* One that needs another key has sent nothing: what was used before it stays unknown. */
static void index_remember(struct media *media, const struct subscription *subscription)
{
	const struct endpoint *endpoint = &media->endpoints[subscription->endpoint];

	if (subscription->needs_key)
		return;
	record_used(media, spent_remember(media->config->spent, endpoint, subscription->ssrc,
	                                  subscription->highest));
	if (subscription->rtx_ssrc != 0)
		record_used(media, spent_remember(media->config->spent, endpoint,
		                                  subscription->rtx_ssrc, subscription->rtx_index));
}

void subscription_remember_ahead(struct media *media, const struct subscription *subscription)
{
	const struct endpoint *endpoint = &media->endpoints[subscription->endpoint];

	if (subscription->needs_key)
		return;
	record_used(media, spent_remember(media->config->spent, endpoint, subscription->ssrc,
	                                  subscription->reserved + RECORD_STEP));
	if (subscription->rtx_ssrc != 0)
		record_used(media,
		            spent_remember(media->config->spent, endpoint, subscription->rtx_ssrc,
		                           subscription->rtx_reserved + RECORD_STEP));
}

/*
 * No worker knows it any more, so what it has numbered is known to the packet. Who wants one of its
 * SSRCs waits for this (ssrc_check), and goes on with the next number: receivers would not follow
 * 2^15 of them that were left out.
 */
static void subscription_free(struct media *media, void *object)
{
	struct subscription *subscription = object;
	uint32_t index = (uint32_t)(subscription - media->subscriptions);

	index_remember(media, subscription);
	ssrc_set_remove(&media->config->ssrcs, index);
	leg_map_give(media, subscription->map);
	memset(subscription, 0, sizeof(*subscription));
	media_place_give(&media->config->subscription_places, index);
}

void subscription_ssrcs_add(struct media *media, const struct subscription *subscription)
{
	struct ssrc_set *ssrcs = &media->config->ssrcs;
	uint32_t index = (uint32_t)(subscription - media->subscriptions);
	uint32_t endpoint = subscription->endpoint;

	ssrc_set_add(ssrcs, index, SSRC_OWN, leg_hash(media, endpoint, subscription->ssrc));
	if (subscription->rtx_ssrc != 0)
		ssrc_set_add(ssrcs, index, SSRC_REPEATS,
		             leg_hash(media, endpoint, subscription->rtx_ssrc));
}

/* An SSRC that was told, and nobody knows what was sent under it. */
static bool is_unknown(const struct media *media, const struct subscription *subscription,
                       uint32_t ssrc)
{
	return ssrc != 0 && spent_recall(media->config->spent,
	                                 &media->endpoints[subscription->endpoint], ssrc) == 0;
}

bool subscription_is_unknown(const struct media *media, const struct subscription *subscription)
{
	return is_unknown(media, subscription, subscription->config.ssrc) ||
	       is_unknown(media, subscription, subscription->rtx_ssrc);
}

/* Goes on behind all that the dataplane before may have used. */
static void past_take(const struct media *media, struct subscription *subscription,
                      const struct subscription_past *past)
{
	if (!past->known) {
		subscription->needs_key = subscription_is_unknown(media, subscription);
		return;
	}
	subscription->needs_key = past->needs_key;
	subscription->timestamp_offset = past->timestamp_offset;
	subscription->picture_offset = past->picture_offset;
	subscription->tl0_offset = past->tl0_offset;
	subscription->highest = (past->reserved - 1) & REWRITE_INDEX_MASK;
	subscription->continues = true;
	subscription->rtx_index = (past->rtx_reserved - 1) & REWRITE_INDEX_MASK;
}

/* What one that is made goes on from; NULL: from nothing. */
struct subscription_start {
	const struct subscription_past *past;
	const struct media_clock *clock;
};

static int subscription_fill(struct media *media, struct subscription *subscription,
                             const struct sluice_subscription *add, uint32_t stream,
                             uint32_t endpoint, const struct subscription_start *start)
{
	const struct subscription_past *past = start->past;

	subscription->config = *add;
	subscription->config_generation = media->dp->config_generation;
	subscription->stream = subscription->named = stream;
	layer_want(media, subscription, stream, true);
	subscription->endpoint = endpoint;
	subscription->ssrc =
	        past != NULL && past->known ? past->ssrc : ssrc_choose(media, endpoint, add);
	subscription->pt = add->pt_given ? add->pt : SLUICE_MEDIA_PT_SAME;
	subscription->rtx_ssrc = add->rtx_ssrc;
	subscription->rtx_pt = add->rtx_pt;
	rewrite_begin(subscription, media_random(media));
	if (start->clock != NULL && start->clock->known)
		subscription_clock_take(subscription, start->clock);
	subscription->rtx_index = media_random(media) & 0x7fff;
	if (past != NULL)
		past_take(media, subscription, past);
	subscription_recall(media, subscription, past != NULL && past->known);
	subscription->reserved = subscription->highest + 1;
	subscription->rtx_reserved = subscription->rtx_index + 1;
	subscription->life = ++media->config->lives;
	subscription_ssrcs_add(media, subscription);
	if (!leg_map_needed(add))
		return 0;
	subscription->mapped = true;
	subscription->map = leg_map_take(media, add, media->streams[stream].endpoint);
	return subscription->map != NULL ? 0 : -ENOMEM;
}

static int subscription_make(struct media *media, const struct sluice_subscription *add,
                             uint32_t stream, uint32_t endpoint, uint32_t flags,
                             const struct subscription_start *start, char *why)
{
	uint32_t index = media_place_take(&media->config->subscription_places);
	struct subscription *subscription = &media->subscriptions[index];
	struct legs *legs = NULL;

	if (index == 0)
		return refuse(why, -ENOSPC, "there are %u subscriptions, and room for no more",
		              media->max_subscriptions);
	subscription->origin = origin_of(flags);
	if (viewer_make(media, endpoint, stream) < 0 ||
	    subscription_fill(media, subscription, add, stream, endpoint, start) < 0 ||
	    legs_with(media, stream, index, &legs) < 0 ||
	    endpoint_legs_add(media, endpoint, index) < 0)
		goto fail;
	record_subscription_begin(media, subscription);
	__atomic_store_n(&subscription->live, true, __ATOMIC_RELEASE);
	legs_swap(media, stream, index, legs);
	media->config->worker_load[media->endpoints[endpoint].worker]++;
	if (subscription->needs_key) {
		media->endpoints[endpoint].keyless++;
		endpoint_key_doubt(media, &media->endpoints[endpoint]);
	}
	presence_rouse(&media->endpoints[endpoint]);
	key_frame_hurry(&media->streams[stream]);
	key_frame_ask_from_control(media, stream);
	return 0;
fail:
	rte_free(legs);
	media_discard(media, subscription_free, subscription);
	return refuse(why, -ENOMEM, "no memory for another subscription");
}

static int names_check(const char *stream, const char *endpoint, char *why)
{
	if (media_name_valid(stream) && media_name_valid(endpoint))
		return 0;
	return refuse(why, -EINVAL, "a name has 1 to %u printable bytes without spaces",
	              SLUICE_MEDIA_NAME_MAX - 1);
}

/* It is there as it is asked for: from now on it is whose request this is. */
static void subscription_again(struct media *media, struct subscription *subscription,
                               uint32_t flags)
{
	uint8_t before = subscription->origin;

	subscription->config_generation = media->dp->config_generation;
	subscription->origin = origin_of(flags);
	if (subscription->origin != before)
		record_subscription(media, subscription);
}

static const struct subscription_past past_unknown = {.known = false};

static int subscription_add(struct media *media, const struct sluice_subscription *add,
                            uint32_t flags, struct subscription_start start, char *why)
{
	int error = names_check(add->stream, add->endpoint, why);
	uint32_t index, stream, endpoint;

	if (error < 0)
		return error;
	media_collect(media);
	index = subscription_named(media, add->stream, add->endpoint);
	if (index != 0 && !(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "stream %s goes to endpoint %s already", add->stream,
		              add->endpoint);
	if (index != 0 && memcmp(&media->subscriptions[index].config, add, sizeof(*add)) == 0) {
		subscription_again(media, &media->subscriptions[index], flags);
		return 0;
	}
	if (index != 0 && subscription_end(media, index) < 0)
		return refuse(why, -ENOMEM, "no memory to replace the subscription");
	stream = stream_named(media, add->stream);
	endpoint = endpoint_named(media, add->endpoint);
	if (endpoint != 0 && start.past == NULL && media->endpoints[endpoint].key_unknown)
		start.past = &past_unknown;
	error = subscription_check(media, add, stream, endpoint, 0, why);
	return error < 0 ? error
	                 : subscription_make(media, add, stream, endpoint, flags, &start, why);
}

/* Under a key of a configuration that is replayed anything may have been sent, where the endpoint
 * is new to this dataplane. */
int media_subscription_add(struct media *media, const struct sluice_subscription *add,
                           uint32_t flags, char *why)
{
	return media_subscription_resume(media, add, flags, NULL, why);
}

int media_subscription_resume(struct media *media, const struct sluice_subscription *add,
                              uint32_t flags, const struct media_clock *clock, char *why)
{
	const struct subscription_start start = {
	        .past = flags & SLUICE_API_REPLAYED ? &past_unknown : NULL,
	        .clock = clock,
	};

	return subscription_add(media, add, flags, start, why);
}

int media_subscription_take(struct media *media, const struct sluice_subscription *add,
                            uint32_t flags, const struct subscription_past *past, char *why)
{
	return subscription_add(media, add, flags, (struct subscription_start){.past = past}, why);
}

int subscription_find(struct media *media, const char *stream, const char *endpoint, char *why)
{
	int error = names_check(stream, endpoint, why);
	uint32_t index;

	if (error < 0)
		return error;
	media_collect(media);
	index = subscription_named(media, stream, endpoint);
	return index != 0 ? (int)index
	                  : refuse(why, -ENOENT, "stream %s does not go to endpoint %s", stream,
	                           endpoint);
}

int media_subscription_delete(struct media *media, const struct sluice_subscription_name *name,
                              char *why)
{
	int index = subscription_find(media, name->stream, name->endpoint, why);

	if (index < 0)
		return index;
	return subscription_end(media, index) < 0
	               ? refuse(why, -ENOMEM, "no memory to end the subscription")
	               : 0;
}

int media_subscription_pause(struct media *media, const struct sluice_subscription_name *name,
                             bool paused, char *why)
{
	int index = subscription_find(media, name->stream, name->endpoint, why);
	struct subscription *subscription;

	if (index < 0)
		return index;
	subscription = &media->subscriptions[index];
	if (!paused)
		presence_rouse(&media->endpoints[subscription->endpoint]);
	if (subscription->paused && !paused) {
		key_frame_hurry(&media->streams[subscription->stream]);
		key_frame_ask_from_control(media, subscription->stream);
	}
	__atomic_store_n(&subscription->paused, paused, __ATOMIC_RELEASE);
	record_subscription_changed(media, subscription);
	return 0;
}

/* 0: none. */
static uint32_t subscription_of(const struct media *media, uint32_t stream)
{
	const struct stream_worker *at = media->streams[stream].at;

	for (uint16_t i = 0; i < media->dp->n_workers; i++)
		if (at[i].legs != NULL)
			return at[i].legs->subscriptions[at[i].legs->count - 1];
	return 0;
}

int subscriptions_leave(struct media *media, uint32_t stream)
{
	uint32_t index;
	int error = 0;

	while (error == 0 && (index = subscription_of(media, stream)) != 0) {
		uint32_t named = media->subscriptions[index].named;

		media_collect(media); /* a list for each of them */
		if (media->subscriptions[index].wanted == stream)
			layer_want(media, &media->subscriptions[index], named, true);
		if (media->subscriptions[index].leaving == stream) {
			error = subscription_leave(media, index);
			continue;
		}
		error = named == stream ? subscription_end(media, index)
		                        : subscription_source_change(media, index, named);
	}
	for (index = 1; error == 0 && media->streams[stream].switched_away != 0; index++)
		if (media->subscriptions[index].live && media->subscriptions[index].named == stream)
			error = subscription_end(media, index);
	return error;
}

int subscription_end(struct media *media, uint32_t index)
{
	struct subscription *subscription = &media->subscriptions[index];
	struct legs *legs;
	int error = subscription_leave(media, index);

	if (error < 0)
		return error;
	error = legs_without(media, subscription->stream, index, &legs);
	if (error < 0)
		return error;
	error = endpoint_legs_remove(media, subscription->endpoint, index);
	if (error < 0) {
		rte_free(legs);
		return error;
	}
	legs_swap(media, subscription->stream, index, legs);
	__atomic_store_n(&subscription->live, false, __ATOMIC_RELEASE);
	if (subscription->stream != subscription->named)
		media->streams[subscription->named].switched_away--;
	media->endpoints[subscription->endpoint].keyless -= subscription->needs_key;
	subscription_remember_ahead(media, subscription);
	record_subscription_end(media, index);
	media->config->worker_load[media->endpoints[subscription->endpoint].worker]--;
	media_discard(media, subscription_free, subscription);
	return 0;
}
