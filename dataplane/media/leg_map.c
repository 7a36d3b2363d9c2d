/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/leg_map.h"

#include "media/config.h"

#include <rte_malloc.h>

/* What is written for each transport, or tells a receiver nothing that was not bound already. */
static bool is_passed_on(uint8_t kind)
{
	return kind != SLUICE_EXTENSION_MID && kind != SLUICE_EXTENSION_RID &&
	       kind != SLUICE_EXTENSION_REPAIRED_RID && kind != SLUICE_EXTENSION_TRANSPORT_NUMBER &&
	       kind != SLUICE_EXTENSION_ABS_SEND_TIME;
}

static bool has_extensions(const struct sluice_subscription *config)
{
	for (uint32_t i = 0; i < SLUICE_EXTENSIONS_MAX; i++)
		if (config->extensions[i] != 0)
			return true;
	return false;
}

bool leg_map_needed(const struct sluice_subscription *config)
{
	return config->ext_count != 0 || config->n_pts != 0 || has_extensions(config);
}

static void ext_fill(struct ext_map *map, const struct sluice_subscription *config,
                     const struct ext_ids *publisher)
{
	const uint8_t *ids = config->extensions;

	for (uint8_t kind = 0; kind < SLUICE_EXTENSIONS; kind++)
		if (is_passed_on(kind) && publisher->ids[kind] != 0)
			map->to[publisher->ids[kind]] = ids[kind];
	for (uint32_t i = 0; i < config->ext_count; i++)
		map->to[config->ext_from[i]] = config->ext_to[i];
	map->mid_id = ids[SLUICE_EXTENSION_MID];
	map->transport_id = ids[SLUICE_EXTENSION_TRANSPORT_NUMBER];
	map->send_time_id = ids[SLUICE_EXTENSION_ABS_SEND_TIME];
	map->mid_length = (uint8_t)strnlen(config->mid, sizeof(map->mid));
	memcpy(map->mid, config->mid, map->mid_length);
}

static void pt_fill(struct leg_map *map, const struct sluice_subscription *config)
{
	for (uint32_t pt = 0; pt < RTE_DIM(map->pt); pt++) {
		map->pt[pt] = config->pt_given ? config->pt : (uint8_t)pt;
		map->rtx_pt[pt] = config->rtx_pt;
		if (config->n_pts != 0)
			map->pt[pt] = LEG_PT_NONE;
	}
	for (uint32_t i = 0; i < config->n_pts; i++) {
		uint8_t from = config->pt_from[i] & 0x7f;

		map->pt[from] = config->pt_to[i];
		if (config->pt_rtx[i] != 0)
			map->rtx_pt[from] = config->pt_rtx[i];
	}
	while (map->first < RTE_DIM(map->pt) - 1 && map->pt[map->first] == LEG_PT_NONE)
		map->first++;
}

static void map_fill(const struct media *media, struct leg_map *map,
                     const struct sluice_subscription *config, uint32_t endpoint)
{
	const struct siphash_key *key = &media->config->spent->key;

	memset(map, 0, sizeof(*map));
	map->has_ext = config->ext_count != 0 || has_extensions(config);
	if (map->has_ext)
		ext_fill(&map->ext, config, &media->endpoints[endpoint].ids);
	pt_fill(map, config);
	map->hash = siphash_bytes(key, (const uint8_t *)map, offsetof(struct leg_map, hash));
}

struct leg_map *leg_map_take(struct media *media, const struct sluice_subscription *config,
                             uint32_t endpoint)
{
	struct leg_map like, *map, **head;

	map_fill(media, &like, config, endpoint);
	head = &media->config->leg_maps[like.hash & (LEG_MAP_HEADS - 1)];
	for (map = *head; map != NULL; map = map->next)
		if (map->hash == like.hash &&
		    memcmp(map, &like, offsetof(struct leg_map, hash)) == 0) {
			map->users++;
			return map;
		}
	map = rte_malloc("leg map", sizeof(*map), RTE_CACHE_LINE_SIZE);
	if (map == NULL)
		return NULL;
	memcpy(map, &like, sizeof(*map));
	map->users = 1;
	map->next = *head;
	*head = map;
	return map;
}

void leg_map_give(struct media *media, const struct leg_map *map)
{
	struct leg_map **link;

	if (map == NULL)
		return;
	for (link = &media->config->leg_maps[map->hash & (LEG_MAP_HEADS - 1)]; *link != map;
	     link = &(*link)->next)
		;
	if (--(*link)->users != 0)
		return;
	*link = map->next;
	rte_free((void *)(uintptr_t)map);
}
