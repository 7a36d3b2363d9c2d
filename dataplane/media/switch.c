/* SPDX-License-Identifier: BSD-3-Clause */
/* Another stream for a subscription, which goes on with the one before until a key frame comes. */
#include "media/config.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "media/key_frame.h"
#include "media/presence.h"
#include "media/record.h"
#include "media/subscription.h"

#include <errno.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

static void map_release(struct media *media, void *object)
{
	leg_map_give(media, object);
}

static void map_discard(struct media *media, const struct leg_map *map)
{
	if (map != NULL)
		media_discard(media, map_release, (void *)(uintptr_t)map);
}

/* Of a stream that it left before the map is that of all others. */
static bool maps_differ(const struct subscription *subscription, const struct leg_map *map,
                        const struct leg_map *map_left)
{
	const struct leg_map *left = subscription->map_left;

	return map != subscription->map || (left != NULL && left != map && left != map_left);
}

/* While they change its owner may have read either: nothing is sent again. Once it has been
 * quiescent, all that it numbered with the ones before is at most the highest number. */
static void maps_store(struct media *media, struct subscription *subscription,
                       const struct leg_map *map, uint32_t leaving, const struct leg_map *map_left)
{
	bool differ = maps_differ(subscription, map, map_left);

	if (differ)
		__atomic_store_n(&subscription->remapped, UINT64_MAX, __ATOMIC_RELEASE);
	__atomic_store_n(&subscription->map_left, map_left, __ATOMIC_RELEASE);
	__atomic_store_n(&subscription->leaving, leaving, __ATOMIC_RELEASE);
	__atomic_store_n(&subscription->map, map, __ATOMIC_RELEASE);
	if (!differ)
		return;
	dataplane_quiesce(media->dp);
	__atomic_store_n(&subscription->remapped,
	                 __atomic_load_n(&subscription->highest, __ATOMIC_RELAXED) + 1,
	                 __ATOMIC_RELEASE);
}

void subscription_maps_swap(struct media *media, struct subscription *subscription,
                            const struct leg_map *map, uint32_t leaving,
                            const struct leg_map *map_left)
{
	const struct leg_map *before = subscription->map, *left = subscription->map_left;

	maps_store(media, subscription, map, leaving, map_left);
	map_discard(media, before);
	map_discard(media, left);
}

int subscription_maps_take(struct media *media, const struct sluice_subscription *config,
                           uint32_t stream, uint32_t leaving, const struct leg_map **map,
                           const struct leg_map **map_left)
{
	*map = *map_left = NULL;
	if (!leg_map_needed(config))
		return 0;
	*map = leg_map_take(media, config, media->streams[stream].endpoint);
	if (leaving != 0)
		*map_left = leg_map_take(media, config, media->streams[leaving].endpoint);
	if (*map != NULL && (leaving == 0 || *map_left != NULL))
		return 0;
	leg_map_give(media, *map);
	leg_map_give(media, *map_left);
	*map = *map_left = NULL;
	return -ENOMEM;
}

int subscription_leave(struct media *media, uint32_t index)
{
	struct subscription *subscription = &media->subscriptions[index];
	const struct leg_map *left = subscription->map_left;
	struct legs *without;

	if (subscription->leaving == 0)
		return 0;
	if (legs_without(media, subscription->leaving, index, &without) < 0)
		return -ENOMEM;
	legs_swap(media, subscription->leaving, index, without);
	maps_store(media, subscription, subscription->map, 0, NULL);
	map_discard(media, left);
	media->config->leaving--;
	return 0;
}

/* Until a key frame of the other one has come its worker goes on with the stream before. */
static bool leaves_later(const struct media *media, const struct subscription *subscription,
                         uint32_t to)
{
	return media->streams[to].keyed && !subscription->paused && subscription->packets != 0;
}

/* Another stream in place of the one before. */
struct source_change {
	uint32_t to;
	uint32_t goes_on;                     /* until a key frame of `to` comes; 0: none */
	uint32_t left[2];                     /* what it gets no more; 0: none */
	bool joins;                           /* it does not get `to` yet */
	const struct leg_map *map, *map_left; /* another publisher may have other ids */
	struct legs *with, *without[2];
};

/* While its worker has not gone on to the last one that was chosen, it is the one before that goes
 * on. */
static void change_plan(const struct media *media, const struct subscription *subscription,
                        struct source_change *change)
{
	uint32_t sent = subscription->stream, other = subscription->leaving, to = change->to;

	if (other != 0 && __atomic_load_n(&subscription->stream_now, __ATOMIC_RELAXED) != sent) {
		sent = subscription->leaving;
		other = subscription->stream;
	}
	if (sent != to && leaves_later(media, subscription, to))
		change->goes_on = sent;
	change->left[0] = sent != to && sent != change->goes_on ? sent : 0;
	change->left[1] = other != to ? other : 0;
	change->joins = sent != to && other != to;
}

static int change_prepare(struct media *media, uint32_t index, struct source_change *change)
{
	const struct subscription *subscription = &media->subscriptions[index];

	if (subscription_maps_take(media, &subscription->config, change->to, change->goes_on,
	                           &change->map, &change->map_left) < 0)
		return -ENOMEM;
	if (change->joins && legs_with(media, change->to, index, &change->with) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < RTE_DIM(change->left); i++)
		if (change->left[i] != 0 &&
		    legs_without(media, change->left[i], index, &change->without[i]) < 0)
			return -ENOMEM;
	return 0;
}

static void change_undo(struct media *media, const struct source_change *change)
{
	leg_map_give(media, change->map);
	leg_map_give(media, change->map_left);
	rte_free(change->with);
	rte_free(change->without[0]);
	rte_free(change->without[1]);
}

static void change_make(struct media *media, uint32_t index, const struct source_change *change)
{
	struct subscription *subscription = &media->subscriptions[index];

	media->config->leaving += (uint32_t)(change->goes_on != 0) - (subscription->leaving != 0);
	subscription_maps_swap(media, subscription, change->map, change->goes_on, change->map_left);
	if (change->joins)
		legs_swap(media, change->to, index, change->with);
	__atomic_store_n(&subscription->stream, change->to, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < RTE_DIM(change->left); i++)
		if (change->left[i] != 0)
			legs_swap(media, change->left[i], index, change->without[i]);
	subscription->leaving_tsc = rte_rdtsc();
	__atomic_store_n(&subscription->switches, subscription->switches + 1, __ATOMIC_RELEASE);
}

int subscription_source_change(struct media *media, uint32_t index, uint32_t to)
{
	struct subscription *subscription = &media->subscriptions[index];
	uint32_t from = subscription->stream, named = subscription->named;
	struct source_change change = {.to = to};

	change_plan(media, subscription, &change);
	if (change_prepare(media, index, &change) < 0) {
		change_undo(media, &change);
		return -ENOMEM;
	}
	change_make(media, index, &change);
	media->streams[named].switched_away += (uint32_t)(to != named) - (from != named);
	record_subscription_changed(media, subscription);
	presence_rouse(&media->endpoints[subscription->endpoint]);
	key_frame_ask_from_control(media, to);
	return 0;
}

int media_subscription_switch(struct media *media, const struct sluice_subscription_switch *change,
                              char *why)
{
	int index = subscription_find(media, change->stream, change->endpoint, why);
	const struct subscription *subscription;
	uint32_t to = media_name_valid(change->to) ? stream_named(media, change->to) : 0;

	if (index < 0)
		return index;
	if (to == 0)
		return refuse(why, -ENOENT, "no stream %.*s", SLUICE_MEDIA_NAME_MAX, change->to);
	layer_want(media, &media->subscriptions[index], to, false);
	subscription = &media->subscriptions[index];
	/* up to this one, from then on */
	if (subscription->stream == to || (layer_by_estimate(media, subscription) &&
	                                   layer_of_track(media, to, subscription->stream))) {
		record_subscription_changed(media, subscription);
		return 0;
	}
	return subscription_source_change(media, index, to) < 0
	               ? refuse(why, -ENOMEM, "no memory to switch")
	               : 0;
}
