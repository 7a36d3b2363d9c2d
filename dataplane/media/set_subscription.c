/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/media.h"

#include "common/media_merge.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "media/key_frame.h"
#include "media/leg_map.h"
#include "media/presence.h"
#include "media/record.h"
#include "media/rewrite.h"
#include "media/subscription.h"

#include <errno.h>
#include <string.h>

struct change {
	struct media *media;
	struct subscription *subscription;
	struct sluice_subscription config;    /* as it will be */
	const struct leg_map *map, *map_left; /* NULL: packets are passed on as they are */
	struct endpoint_subscriptions *list;
	uint32_t index;
	uint32_t random;     /* where another numbering begins */
	bool ssrc, rtx_ssrc; /* it has another one */
};

/* Owner. Under another SSRC its receiver knows nothing of it yet. */
static void ssrc_change(const struct change *change)
{
	struct subscription *subscription = change->subscription;

	subscription->ssrc = change->config.ssrc;
	subscription->continues = false;
	rewrite_begin(subscription, change->random);
	subscription->remapped = 0;
	subscription->reported_tsc = subscription->sr_tsc = 0;
	subscription->reported_lost = subscription->reported_jitter_us = 0;
	subscription->rtt_us = subscription->fraction_lost = 0;
	subscription->sr_middle = 0;
	subscription->fir_known = false;
}

/* Owner, between two packets; the control thread waits. */
static void change_apply(struct worker *worker, void *arg)
{
	const struct change *change = arg;
	struct media *media = change->media;
	struct subscription *subscription = change->subscription;
	const struct endpoint *endpoint = &media->endpoints[subscription->endpoint];
	const struct sluice_subscription *config = &change->config;
	uint64_t highest = subscription->highest, rtx_index = subscription->rtx_index;

	/* of another payload type, or without a map where one was */
	if (config->pt_given != subscription->config.pt_given ||
	    config->pt != subscription->config.pt || subscription->mapped != (change->map != NULL))
		subscription->remapped = subscription->highest + 1;
	subscription->config = *config;
	subscription->pt = config->pt_given ? config->pt : SLUICE_MEDIA_PT_SAME;
	subscription->rtx_pt = config->rtx_pt;
	subscription->mapped = change->map != NULL;
	if (!change->ssrc && !change->rtx_ssrc)
		return;
	if (change->ssrc)
		ssrc_change(change);
	if (change->rtx_ssrc) {
		subscription->rtx_ssrc = config->rtx_ssrc;
		subscription->rtx_index = change->random & 0x7fff;
	}
	subscription_recall(media, subscription, false);
	/* of an SSRC that stays it is further than what is remembered */
	if (change->ssrc)
		subscription->reserved = subscription->highest + 1;
	else
		subscription->highest = highest;
	if (change->rtx_ssrc)
		subscription->rtx_reserved = subscription->rtx_index + 1;
	else
		subscription->rtx_index = rtx_index;
	subscription->needs_key =
	        endpoint->key_unknown && subscription_is_unknown(media, subscription);
	subscription->resync |= subscription->needs_key;
	record_subscription_state(subscription);
}

static int change_prepare(struct change *change, const struct sluice_subscription_set *set,
                          char *why)
{
	struct media *media = change->media;
	struct subscription *subscription = change->subscription;
	struct endpoint *endpoint = &media->endpoints[subscription->endpoint];
	int error;

	subscription_merge(&change->config, set);
	error = subscription_check(media, &change->config, subscription->named,
	                           subscription->endpoint, change->index, why);
	if (error < 0)
		return error;
	/* under one SSRC both would have the same numbers */
	if (change->config.ssrc == 0 && change->config.rtx_ssrc == subscription->ssrc)
		return refuse(why, -EINVAL, "rtx-ssrc is the subscription's own ssrc");
	change->ssrc = change->config.ssrc != 0 && change->config.ssrc != subscription->ssrc;
	change->rtx_ssrc = change->config.rtx_ssrc != subscription->rtx_ssrc;
	change->random = media_random(media);
	if (subscription_maps_take(media, &change->config, subscription->stream,
	                           subscription->leaving, &change->map, &change->map_left) < 0)
		return refuse(why, -ENOMEM, "no memory to change the subscription");
	if (change->ssrc)
		change->list = endpoint_legs_copy(endpoint);
	if (!change->ssrc || change->list != NULL)
		return 0;
	leg_map_give(media, change->map);
	leg_map_give(media, change->map_left);
	return refuse(why, -ENOMEM, "no memory to change the subscription");
}

static void change_make(struct change *change)
{
	struct media *media = change->media;
	struct subscription *subscription = change->subscription;
	struct endpoint *endpoint = &media->endpoints[subscription->endpoint];
	bool needed = subscription->needs_key;

	if (change->ssrc || change->rtx_ssrc) {
		subscription_remember_ahead(media, subscription);
		ssrc_set_remove(&media->config->ssrcs, change->index);
	}
	if (change->map != NULL)
		subscription_maps_swap(media, subscription, change->map, subscription->leaving,
		                       change->map_left);
	worker_call(media->dp->workers[endpoint->worker], change_apply, change);
	if (change->map == NULL)
		subscription_maps_swap(media, subscription, NULL, subscription->leaving, NULL);
	if (change->ssrc || change->rtx_ssrc)
		subscription_ssrcs_add(media, subscription);
	if (change->list != NULL)
		endpoint_legs_rename(media, endpoint, change->list);
	endpoint->keyless = endpoint->keyless - needed + subscription->needs_key;
	record_subscription(media, subscription);
	presence_rouse(endpoint);
	if (change->ssrc)
		key_frame_ask_from_control(media, subscription->stream);
}

int media_subscription_set(struct media *media, const struct sluice_subscription_set *set,
                           char *why)
{
	int index = subscription_find(media, set->to.stream, set->to.endpoint, why);
	struct sluice_subscription_switch to;
	struct change change;
	int error;

	if (index < 0)
		return index;
	if (set->source[0] != '\0' &&
	    (!media_name_valid(set->source) || stream_named(media, set->source) == 0))
		return refuse(why, -ENOENT, "no stream %.*s", SLUICE_MEDIA_NAME_MAX, set->source);
	change = (struct change){
	        .media = media,
	        .subscription = &media->subscriptions[index],
	        .config = media->subscriptions[index].config,
	        .index = (uint32_t)index,
	};
	error = change_prepare(&change, set, why);
	if (error < 0)
		return error;
	change_make(&change);
	if (set->source[0] == '\0')
		return 0;
	memcpy(to.stream, set->to.stream, sizeof(to.stream));
	memcpy(to.endpoint, set->to.endpoint, sizeof(to.endpoint));
	memcpy(to.to, set->source, sizeof(to.to));
	return media_subscription_switch(media, &to, why);
}
