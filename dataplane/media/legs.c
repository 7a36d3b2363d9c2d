/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists that workers walk: each change makes a new one and swaps it in. */
#include "media/config.h"

#include "dataplane.h"
#include "media/cache.h"
#include "media/rtcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

static void list_free(struct media *media, void *object)
{
	rte_free(object);
}

static void list_discard(struct media *media, void *list)
{
	if (list != NULL)
		media_discard(media, list_free, list);
}

/* -- of a stream, at its subscriptions' workers -- */

static struct stream_worker *stream_at(const struct media *media, uint32_t stream,
                                       uint32_t subscription, uint16_t *worker)
{
	*worker = media->endpoints[media->subscriptions[subscription].endpoint].worker;
	return &media->streams[stream].at[*worker];
}

static int cache_make(struct media *media, struct stream_worker *at, uint16_t worker)
{
	struct worker *owner = media->dp->workers[worker];
	struct packet_cache *cache;

	if (at->cache != NULL)
		return 0;
	cache = rtcp_cache_create(owner);
	if (cache == NULL)
		return -ENOMEM;
	__atomic_store_n(&at->cache, cache, __ATOMIC_RELEASE);
	return 0;
}

int legs_with(struct media *media, uint32_t stream, uint32_t subscription, struct legs **with)
{
	uint16_t worker;
	struct stream_worker *at = stream_at(media, stream, subscription, &worker);
	uint32_t count = at->legs == NULL ? 0 : at->legs->count, place = 0;
	struct legs *legs = rte_malloc("legs", sizeof(*legs) + (count + 1) * sizeof(uint32_t), 0);

	if (legs == NULL || cache_make(media, at, worker) < 0) {
		rte_free(legs);
		return -ENOMEM;
	}
	legs->generation = ++media->config->legs_generation;
	legs->count = count + 1;
	while (place < count && at->legs->subscriptions[place] < subscription)
		place++;
	if (count != 0)
		memcpy(legs->subscriptions, at->legs->subscriptions, place * sizeof(uint32_t));
	legs->subscriptions[place] = subscription;
	if (place < count)
		memcpy(&legs->subscriptions[place + 1], &at->legs->subscriptions[place],
		       (count - place) * sizeof(uint32_t));
	*with = legs;
	return 0;
}

int legs_without(struct media *media, uint32_t stream, uint32_t subscription, struct legs **without)
{
	uint16_t worker;
	const struct legs *old = stream_at(media, stream, subscription, &worker)->legs;
	struct legs *legs = NULL;

	if (old->count > 1) {
		legs = rte_malloc("legs", sizeof(*legs) + (old->count - 1) * sizeof(uint32_t), 0);
		if (legs == NULL)
			return -ENOMEM;
		legs->generation = ++media->config->legs_generation;
		legs->count = 0;
		for (uint32_t i = 0; i < old->count; i++)
			if (old->subscriptions[i] != subscription)
				legs->subscriptions[legs->count++] = old->subscriptions[i];
	}
	*without = legs;
	return 0;
}

void legs_swap(struct media *media, uint32_t stream, uint32_t subscription, struct legs *legs)
{
	uint16_t worker;
	struct stream_worker *at = stream_at(media, stream, subscription, &worker);
	struct legs *old = __atomic_exchange_n(&at->legs, legs, __ATOMIC_ACQ_REL);
	uint64_t bit = (uint64_t)1 << worker;

	if (legs != NULL)
		__atomic_fetch_or(&media->streams[stream].workers, bit, __ATOMIC_RELEASE);
	else
		__atomic_fetch_and(&media->streams[stream].workers, ~bit, __ATOMIC_RELEASE);
	list_discard(media, old);
}

/* -- of an endpoint -- */

/* Ascending by SSRC: reports are looked up in it. */
int endpoint_legs_add(struct media *media, uint32_t endpoint, uint32_t subscription)
{
	struct endpoint *at = &media->endpoints[endpoint];
	struct endpoint_subscriptions *old = at->subscriptions, *list;
	uint32_t count = old == NULL ? 0 : old->count, place = 0;
	uint32_t ssrc = media->subscriptions[subscription].ssrc;

	list = rte_malloc("endpoint legs", sizeof(*list) + (count + 1) * sizeof(list->list[0]), 0);
	if (list == NULL)
		return -ENOMEM;
	list->count = count + 1;
	while (place < count && old->list[place].ssrc < ssrc)
		place++;
	if (count != 0)
		memcpy(list->list, old->list, place * sizeof(list->list[0]));
	list->list[place] = (struct endpoint_leg){.ssrc = ssrc, .subscription = subscription};
	if (place < count)
		memcpy(&list->list[place + 1], &old->list[place],
		       (count - place) * sizeof(list->list[0]));
	__atomic_store_n(&at->subscriptions, list, __ATOMIC_RELEASE);
	list_discard(media, old);
	return 0;
}

int endpoint_legs_remove(struct media *media, uint32_t endpoint, uint32_t subscription)
{
	struct endpoint *at = &media->endpoints[endpoint];
	struct endpoint_subscriptions *old = at->subscriptions, *list;

	list = rte_malloc("endpoint legs", sizeof(*list) + old->count * sizeof(list->list[0]), 0);
	if (list == NULL)
		return -ENOMEM;
	list->count = 0;
	for (uint32_t i = 0; i < old->count; i++)
		if (old->list[i].subscription != subscription)
			list->list[list->count++] = old->list[i];
	__atomic_store_n(&at->subscriptions, list, __ATOMIC_RELEASE);
	list_discard(media, old);
	return 0;
}

static int order_leg(const void *a, const void *b)
{
	const struct endpoint_leg *one = a, *other = b;

	return (one->ssrc > other->ssrc) - (one->ssrc < other->ssrc);
}

struct endpoint_subscriptions *endpoint_legs_copy(const struct endpoint *endpoint)
{
	const struct endpoint_subscriptions *old = endpoint->subscriptions;
	size_t size = sizeof(*old) + old->count * sizeof(old->list[0]);
	struct endpoint_subscriptions *list = rte_malloc("endpoint legs", size, 0);

	if (list != NULL)
		memcpy(list, old, size);
	return list;
}

void endpoint_legs_rename(struct media *media, struct endpoint *endpoint,
                          struct endpoint_subscriptions *list)
{
	struct endpoint_subscriptions *old = endpoint->subscriptions;

	for (uint32_t i = 0; i < list->count; i++)
		list->list[i].ssrc = media->subscriptions[list->list[i].subscription].ssrc;
	qsort(list->list, list->count, sizeof(list->list[0]), order_leg);
	__atomic_store_n(&endpoint->subscriptions, list, __ATOMIC_RELEASE);
	list_discard(media, old);
}

int endpoint_source_join(struct media *media, struct endpoint *endpoint,
                         struct endpoint_source *source)
{
	struct endpoint_sources *old = endpoint->sources, *list;

	if (old->count == ENDPOINT_SOURCES_MAX)
		return -ENOSPC;
	list = rte_malloc("sources", sizeof(*list) + (old->count + 1) * sizeof(list->sources[0]),
	                  0);
	if (list == NULL)
		return -ENOMEM;
	list->count = old->count + 1;
	list->bound = old->bound;
	memcpy(list->sources, old->sources, old->count * sizeof(list->sources[0]));
	list->sources[old->count] = source;
	__atomic_store_n(&endpoint->sources, list, __ATOMIC_RELEASE);
	list_discard(media, old);
	return 0;
}

int endpoint_sources_add(struct media *media, const struct stream *stream)
{
	struct endpoint *at = &media->endpoints[stream->endpoint];
	struct endpoint_sources *old = at->sources, *list;
	uint32_t before = old == NULL ? 0 : old->count;
	uint32_t count = before + (stream->rtx_source != NULL ? 2 : 1);

	if (count > ENDPOINT_SOURCES_MAX)
		return -ENOSPC;
	list = rte_malloc("sources", sizeof(*list) + count * sizeof(list->sources[0]), 0);
	if (list == NULL)
		return -ENOMEM;
	list->count = count;
	list->bound = stream->source->bound || (old != NULL && old->bound);
	if (before != 0)
		memcpy(list->sources, old->sources, before * sizeof(list->sources[0]));
	list->sources[before] = stream->source;
	if (stream->rtx_source != NULL)
		list->sources[before + 1] = stream->rtx_source;
	__atomic_store_n(&at->sources, list, __ATOMIC_RELEASE);
	list_discard(media, old);
	return 0;
}

int endpoint_sources_remove(struct media *media, const struct stream *stream)
{
	struct endpoint *at = &media->endpoints[stream->endpoint];
	struct endpoint_sources *old = at->sources, *list;

	list = rte_malloc("sources", sizeof(*list) + old->count * sizeof(list->sources[0]), 0);
	if (list == NULL)
		return -ENOMEM;
	list->count = 0;
	list->bound = false;
	for (uint32_t i = 0; i < old->count; i++) {
		if (old->sources[i] == stream->source || old->sources[i] == stream->rtx_source)
			continue;
		list->bound |= old->sources[i]->bound;
		list->sources[list->count++] = old->sources[i];
	}
	__atomic_store_n(&at->sources, list, __ATOMIC_RELEASE);
	list_discard(media, old);
	return 0;
}
