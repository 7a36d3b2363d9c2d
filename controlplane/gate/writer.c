/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void held_forget(struct gate_keeper *keeper, int list)
{
	free(keeper->held[list].keys);
	keeper->held[list] = (struct gate_list){0};
	keeper->held_known[list] = false;
}

/* What was counted stays; what was written there is written nowhere. */
static void maps_leave(struct gate_keeper *keeper)
{
	if (gate_maps_are_open(&keeper->maps)) {
		memcpy(keeper->earlier, keeper->base, sizeof(keeper->earlier));
		gate_maps_counters_add(&keeper->maps, keeper->base);
		keeper->gone = keeper->maps.id;
	}
	gate_maps_close(&keeper->maps);
	memset(&keeper->written, 0, sizeof(keeper->written));
	for (int list = 0; list < SLUICE_GATE_LISTS; list++)
		held_forget(keeper, list);
}

/* The unset mode of new maps, or what a control plane before us has left: its keys stay valid. */
static void maps_adopt(struct gate_keeper *keeper, const struct gate_maps *found)
{
	struct gate_config config;

	maps_leave(keeper);
	keeper->maps = *found;
	if (found->id == keeper->gone)
		memcpy(keeper->base, keeper->earlier, sizeof(keeper->base));
	if (keeper->keys.since != 0 || gate_maps_config_read(&keeper->maps, &config) != 0 ||
	    config.mode == GATE_MODE_UNSET)
		return;
	keeper->hash = config.hash;
	memcpy(keeper->keys.ring, config.nonce, sizeof(config.nonce));
	keeper->keys.current = config.nonce_current;
	keeper->keys.since = config.nonce_since;
	keeper->keys.lifetime_s = config.nonce_lifetime_s;
}

void maps_look(struct gate_keeper *keeper)
{
	struct gate_maps found;

	switch (gate_maps_look(&keeper->maps, &found)) {
	case GATE_MAPS_NEW:
		maps_adopt(keeper, &found);
		break;
	case GATE_MAPS_NONE:
		maps_leave(keeper);
		break;
	case GATE_MAPS_SAME:
		break;
	}
}

static int list_write(struct gate_keeper *keeper, int list)
{
	static const enum gate_map maps[SLUICE_GATE_LISTS] = {
	        [SLUICE_GATE_DENY] = GATE_MAP_DENY,
	        [SLUICE_GATE_TRUST] = GATE_MAP_TRUST,
	};
	const struct gate_list *wanted = &keeper->settings.lists[list];
	const struct gate_list *held = &keeper->held[list];
	int ret;

	if (keeper->held_known[list] && held->count == wanted->count &&
	    (held->count == 0 ||
	     memcmp(held->keys, wanted->keys, held->count * sizeof(held->keys[0])) == 0))
		return 0;
	ret = gate_maps_list_write(&keeper->maps, maps[list], wanted,
	                           keeper->held_known[list] ? held : NULL);
	held_forget(keeper, list);
	if (ret == 0)
		keeper->held_known[list] = gate_list_copy(&keeper->held[list], wanted) == 0;
	return ret;
}

/* A clock that has moved by less is two clocks read one after the other. */
static bool config_equal(const struct gate_config *a, const struct gate_config *b)
{
	struct gate_config like = *a;
	int64_t moved = (int64_t)(a->unix_offset - b->unix_offset);

	if (moved > -(int64_t)NSEC_PER_SEC / 2 && moved < (int64_t)NSEC_PER_SEC / 2)
		like.unix_offset = b->unix_offset;
	return memcmp(&like, b, sizeof(like)) == 0;
}

/* A key is written before it is named: a reader in between finds the ones that were. */
static int config_write(struct gate_keeper *keeper)
{
	struct gate_config config =
	        gate_settings_compile(&keeper->settings, keeper->challenge, keeper->discovery);
	struct gate_config before;
	int ret;

	config.unix_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	config.hash = keeper->hash;
	config.seen_mask = keeper->maps.seen - 1;
	memcpy(config.nonce, keeper->keys.ring, sizeof(config.nonce));
	config.nonce_current = keeper->keys.current;
	config.nonce_since = keeper->keys.since;
	if (keeper->written.mode != GATE_MODE_UNSET && config_equal(&config, &keeper->written))
		return 0;
	before = config;
	if (keeper->written.mode != GATE_MODE_UNSET) {
		before.nonce_current = keeper->written.nonce_current;
		before.nonce_since = keeper->written.nonce_since;
		ret = gate_maps_config_write(&keeper->maps, &before);
		if (ret != 0)
			return ret;
	}
	ret = gate_maps_config_write(&keeper->maps, &config);
	if (ret == 0)
		keeper->written = config;
	return ret;
}

int maps_write(struct gate_keeper *keeper)
{
	int ret = 0;

	if (!gate_maps_are_open(&keeper->maps))
		return 0;
	for (int list = 0; list < SLUICE_GATE_LISTS && ret == 0; list++)
		ret = list_write(keeper, list);
	return ret == 0 ? config_write(keeper) : ret;
}

void maps_counters(const struct gate_keeper *keeper, uint64_t counters[GATE_COUNTERS])
{
	memcpy(counters, keeper->base, sizeof(keeper->base));
	if (gate_maps_are_open(&keeper->maps))
		gate_maps_counters_add(&keeper->maps, counters);
}

void maps_end(struct gate_keeper *keeper)
{
	gate_maps_close(&keeper->maps);
	for (int list = 0; list < SLUICE_GATE_LISTS; list++)
		held_forget(keeper, list);
}
