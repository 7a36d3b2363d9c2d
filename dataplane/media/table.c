/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of objects: places, and names that lead to them. */
#include "media/config.h"

#include "dataplane.h"
#include "net/flow_hash.h"
#include "turn/table.h"

#include <errno.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_malloc.h>

#define ENDPOINTS_SIZE(media)     (((media)->max_endpoints + 1) * sizeof(struct endpoint))
#define VIEWERS_SIZE(media)       (((media)->max_endpoints + 1) * sizeof(struct viewer *))
#define SENT_SIZE(media)          (((media)->max_endpoints + 1) * sizeof(struct viewer_sent *))
#define STREAMS_SIZE(media)       (((media)->max_streams + 1) * sizeof(struct stream))
#define SUBSCRIPTIONS_SIZE(media) (((media)->max_subscriptions + 1) * sizeof(struct subscription))

static int names_create(struct media_names *names, uint32_t count)
{
	uint32_t heads = rte_align32pow2(count + 1);

	names->mask = heads - 1;
	names->heads = rte_zmalloc("media names", heads * sizeof(uint32_t), 0);
	names->next = rte_zmalloc("media names", (count + 1) * sizeof(uint32_t), 0);
	return names->heads != NULL && names->next != NULL ? 0 : -ENOMEM;
}

static void names_destroy(struct media_names *names)
{
	rte_free(names->heads);
	rte_free(names->next);
}

static int places_create(struct media_places *places, uint32_t count)
{
	places->list = rte_malloc("media places", count * sizeof(uint32_t), 0);
	if (places->list == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		places->list[i] = i + 1;
	places->count = places->size = count;
	return 0;
}

uint32_t media_place_take(struct media_places *places)
{
	uint32_t index;

	if (places->count == 0)
		return 0;
	index = places->list[places->head];
	places->head = (places->head + 1) % places->size;
	places->count--;
	return index;
}

void media_place_give(struct media_places *places, uint32_t index)
{
	places->list[(places->head + places->count++) % places->size] = index;
}

/* FNV-1a */
static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash;
}

static uint32_t *head_of(const struct media_names *names, const char *name)
{
	return &names->heads[name_hash(name) & names->mask];
}

void media_name_add(struct media_names *names, const char *name, uint32_t index)
{
	uint32_t *head = head_of(names, name);

	names->next[index] = *head;
	*head = index;
}

void media_name_remove(struct media_names *names, const char *name, uint32_t index)
{
	uint32_t *link = head_of(names, name);

	while (*link != index)
		link = &names->next[*link];
	*link = names->next[index];
}

bool media_name_valid(const char *name)
{
	size_t length = strnlen(name, SLUICE_MEDIA_NAME_MAX);

	if (length == 0 || length == SLUICE_MEDIA_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return true;
}

uint32_t endpoint_named(const struct media *media, const char *name)
{
	const struct media_names *names = &media->config->endpoint_names;
	uint32_t index = *head_of(names, name);

	while (index != 0 && strcmp(media->endpoints[index].name, name) != 0)
		index = names->next[index];
	return index;
}

uint32_t stream_named(const struct media *media, const char *name)
{
	const struct media_names *names = &media->config->stream_names;
	uint32_t index = *head_of(names, name);

	while (index != 0 && strcmp(media->streams[index].name, name) != 0)
		index = names->next[index];
	return index;
}

uint32_t subscription_named(const struct media *media, const char *stream, const char *endpoint)
{
	uint32_t index = endpoint_named(media, endpoint);
	const struct endpoint_subscriptions *legs;

	if (index == 0 || media->endpoints[index].subscriptions == NULL)
		return 0;
	legs = media->endpoints[index].subscriptions;
	for (uint32_t i = 0; i < legs->count; i++) {
		uint32_t leg = legs->list[i].subscription;

		if (strcmp(media->subscriptions[leg].config.stream, stream) == 0)
			return leg;
	}
	return 0;
}

int media_tables_create(struct media *media)
{
	struct media_config *config = rte_zmalloc("media", sizeof(*config), 0);

	media->config = config;
	if (config == NULL)
		return -ENOMEM;
	STAILQ_INIT(&config->garbage);
	media->endpoints = table_map(ENDPOINTS_SIZE(media));
	media->viewers = table_map(VIEWERS_SIZE(media));
	media->sent = table_map(SENT_SIZE(media));
	media->streams = table_map(STREAMS_SIZE(media));
	media->subscriptions = table_map(SUBSCRIPTIONS_SIZE(media));
	/* a browser's session has several paths */
	media->transports = flow_hash_create(
	        "media transports", 2 * media->max_endpoints + 8 * media->dp->options.max_sessions,
	        media->dp->qsbr);
	config->spent = table_map(sizeof(*config->spent));
	if (config->spent == NULL || media->endpoints == NULL || media->viewers == NULL ||
	    media->sent == NULL || media->streams == NULL || media->subscriptions == NULL ||
	    media->transports == NULL ||
	    names_create(&config->endpoint_names, media->max_endpoints) ||
	    names_create(&config->stream_names, media->max_streams) ||
	    places_create(&config->endpoint_places, media->max_endpoints) ||
	    places_create(&config->stream_places, media->max_streams) ||
	    places_create(&config->subscription_places, media->max_subscriptions) ||
	    ssrc_set_create(&config->ssrcs, media->max_subscriptions))
		return -ENOMEM;
	return 0;
}

void media_tables_destroy(struct media *media)
{
	struct media_config *config = media->config;

	if (config != NULL) {
		table_unmap(config->spent, sizeof(*config->spent));
		names_destroy(&config->endpoint_names);
		names_destroy(&config->stream_names);
		rte_free(config->endpoint_places.list);
		rte_free(config->stream_places.list);
		rte_free(config->subscription_places.list);
		ssrc_set_destroy(&config->ssrcs);
	}
	rte_hash_free(media->transports);
	table_unmap(media->subscriptions, SUBSCRIPTIONS_SIZE(media));
	table_unmap(media->streams, STREAMS_SIZE(media));
	table_unmap(media->endpoints, ENDPOINTS_SIZE(media));
	table_unmap(media->viewers, VIEWERS_SIZE(media));
	table_unmap(media->sent, SENT_SIZE(media));
	rte_free(config);
}
