/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/keeper.h"

#include "dataplane/ask.h"
#include "common/attack_log.h"
#include "common/clock.h"
#include "common/log.h"
#include "gate/keys.h"
#include "gate/maps.h"
#include "gate/settings.h"

#include <nonce.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <sys/random.h>

/* A change of the configuration waits for the next tick, an attack's event too. */
static const struct timeval interval = {.tv_usec = 250 * 1000};

struct gate_keeper {
	const struct running *running;
	struct dataplane_client *client;
	struct event *timer;
	struct gate_maps maps;
	struct gate_settings settings;
	struct gate_hash_keys hash;
	struct gate_keys keys;
	struct gate_config written; /* in the maps; mode UNSET: nothing yet */
	uint64_t lists_written[SLUICE_GATE_LISTS];
	struct sluice_gate_keys told; /* to the dataplane */
	uint64_t base[GATE_COUNTERS]; /* counted by maps that are gone */
	struct attack_log attacks;
};

/* -- into the maps -- */

static uint64_t list_digest(const struct gate_lpm_key *keys, uint32_t count)
{
	static const struct siphash_key key = {1, 1};

	return siphash_bytes(&key, keys, count * sizeof(*keys)) | 1;
}

/* What was counted stays; what was written there is written nowhere. */
static void maps_leave(struct gate_keeper *keeper)
{
	if (gate_maps_are_open(&keeper->maps))
		gate_maps_counters_add(&keeper->maps, keeper->base);
	gate_maps_close(&keeper->maps);
	memset(&keeper->written, 0, sizeof(keeper->written));
	memset(keeper->lists_written, 0, sizeof(keeper->lists_written));
}

/* The unset mode of new maps, or what a control plane before us has left: its keys stay valid. */
static void maps_adopt(struct gate_keeper *keeper, const struct gate_maps *found)
{
	struct gate_config config;

	maps_leave(keeper);
	keeper->maps = *found;
	if (keeper->keys.since != 0 || gate_maps_config_read(&keeper->maps, &config) != 0 ||
	    config.mode == GATE_MODE_UNSET)
		return;
	keeper->hash = config.hash;
	memcpy(keeper->keys.ring, config.nonce, sizeof(config.nonce));
	keeper->keys.current = config.nonce_current;
	keeper->keys.since = config.nonce_since;
	keeper->keys.lifetime_s = config.nonce_lifetime_s;
}

static void maps_look(struct gate_keeper *keeper)
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

static int lists_write(struct gate_keeper *keeper)
{
	static const enum gate_map maps[SLUICE_GATE_LISTS] = {
	        [SLUICE_GATE_DENY] = GATE_MAP_DENY,
	        [SLUICE_GATE_TRUST] = GATE_MAP_TRUST,
	};
	int ret = 0;

	for (int list = 0; list < SLUICE_GATE_LISTS && ret == 0; list++) {
		const struct gate_lpm_key *keys = keeper->settings.lists[list];
		uint32_t count = keeper->settings.counts[list];
		uint64_t digest = list_digest(keys, count);

		if (digest == keeper->lists_written[list])
			continue;
		ret = gate_maps_list_write(&keeper->maps, maps[list], keys, count);
		if (ret == 0)
			keeper->lists_written[list] = digest;
	}
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
	struct gate_config config = keeper->settings.config;
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

static void maps_write(struct gate_keeper *keeper)
{
	int ret;

	if (!gate_maps_are_open(&keeper->maps))
		return;
	ret = lists_write(keeper);
	if (ret == 0)
		ret = config_write(keeper);
	if (ret != 0)
		log_error(SLUICE_LOG_GATE, "gate: the maps cannot be written: %s", strerror(-ret));
}

/* -- nonces of our own -- */

bool gate_keeper_shares(const struct gate_keeper *keeper)
{
	return keeper != NULL && keeper->keys.since != 0 && keeper->keys.shared;
}

bool gate_keeper_nonce(const struct gate_keeper *keeper, const struct sluice_addr *client,
                       uint8_t *nonce)
{
	const struct gate_keys *keys = &keeper->keys;
	struct nonce_client from = {.port = client->port};

	if (!gate_keeper_shares(keeper))
		return false;
	memcpy(from.ip, client->ip, sizeof(from.ip));
	nonce_write(nonce, &keys->ring[keys->current & (GATE_NONCE_KEYS - 1)], &from, time(NULL));
	return true;
}

/* -- to the dataplane -- */

static void keys_tell(struct gate_keeper *keeper)
{
	const struct siphash_key *ring = keeper->keys.ring;
	uint32_t current = keeper->keys.current & (GATE_NONCE_KEYS - 1);
	uint32_t before = (current - 1) & (GATE_NONCE_KEYS - 1);
	struct sluice_gate_keys keys = {
	        .keys = {{ring[current].k0, ring[current].k1}, {ring[before].k0, ring[before].k1}},
	        .since = keeper->keys.since,
	        .lifetime_s = keeper->settings.config.nonce_lifetime_s,
	        .xdp = keeper->written.mode != GATE_MODE_UNSET,
	};

	if (keeper->client == NULL || memcmp(&keys, &keeper->told, sizeof(keys)) == 0)
		return;
	if (dataplane_ask(keeper->client,
	                  &(struct dataplane_ask){.type = SLUICE_GATE_KEYS_SET,
	                                          .body = &keys,
	                                          .length = sizeof(keys)},
	                  NULL) == 0)
		keeper->told = keys;
}

/* -- events -- */

static void counters_now(const struct gate_keeper *keeper, uint64_t counters[GATE_COUNTERS])
{
	memcpy(counters, keeper->base, sizeof(keeper->base));
	if (gate_maps_are_open(&keeper->maps))
		gate_maps_counters_add(&keeper->maps, counters);
}

static void attacks_log(struct gate_keeper *keeper)
{
	uint64_t counters[GATE_COUNTERS];

	if (!gate_maps_are_open(&keeper->maps))
		return;
	counters_now(keeper, counters);
	attack_log_follow(&keeper->attacks,
	                  gate_maps_host_attacked(&keeper->maps, clock_ns(CLOCK_MONOTONIC)) != 0,
	                  counters, ": \"gate show sources\" names them");
}

/* -- life -- */

static void keeper_refresh(struct gate_keeper *keeper)
{
	struct gate_settings settings;
	int ret;

	if (gate_settings_read(&settings, keeper->running) != 0)
		return;
	gate_settings_free(&keeper->settings);
	keeper->settings = settings;
	maps_look(keeper);
	ret = gate_keys_follow(&keeper->keys, &settings.secret, settings.config.nonce_lifetime_s,
	                       (uint64_t)time(NULL));
	if (ret < 0)
		log_error(SLUICE_LOG_GATE, "gate: no new keys: %s", strerror(-ret));
	else if (ret == 1)
		log_info(SLUICE_LOG_GATE, "gate: nonces are made under a new key");
	maps_write(keeper);
	keys_tell(keeper);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gate_keeper *keeper = arg;

	keeper_refresh(keeper);
	attacks_log(keeper);
}

void gate_keeper_ready(struct gate_keeper *keeper)
{
	memset(&keeper->told, 0, sizeof(keeper->told));
	keeper_refresh(keeper);
}

static int hash_draw(struct gate_hash_keys *hash)
{
	if (getrandom(hash, sizeof(*hash), 0) != sizeof(*hash))
		return -EIO;
	for (size_t i = 0; i < sizeof(hash->multipliers) / sizeof(hash->multipliers[0]); i++)
		hash->multipliers[i] |= 1;
	return 0;
}

struct gate_keeper *gate_keeper_create(struct event_base *base, const struct running *running)
{
	struct gate_keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return NULL;
	keeper->running = running;
	gate_maps_start(&keeper->maps);
	keeper->timer = event_new(base, -1, EV_PERSIST, on_tick, keeper);
	if (keeper->timer != NULL && event_add(keeper->timer, &interval) == 0 &&
	    hash_draw(&keeper->hash) == 0)
		return keeper;
	gate_keeper_destroy(keeper);
	return NULL;
}

void gate_keeper_serve(struct gate_keeper *keeper, struct dataplane_client *client)
{
	keeper->client = client;
}

void gate_keeper_destroy(struct gate_keeper *keeper)
{
	if (keeper == NULL)
		return;
	if (keeper->timer != NULL)
		event_free(keeper->timer);
	gate_maps_close(&keeper->maps);
	gate_settings_free(&keeper->settings);
	explicit_bzero(keeper, sizeof(*keeper));
	free(keeper);
}

/* -- what is shown -- */

bool gate_keeper_show(struct gate_keeper *keeper, struct sluice_gate_row *row)
{
	const struct gate_config *config = &keeper->settings.config;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), counters[GATE_COUNTERS], until;

	if (keeper == NULL)
		return false;
	keeper_refresh(keeper);
	if (!gate_maps_are_open(&keeper->maps))
		return false;
	*row = (struct sluice_gate_row){
	        .mode = config->mode - GATE_MODE_OFF,
	        .xdp = keeper->written.mode != GATE_MODE_UNSET,
	        .privileged = (config->flags & GATE_FLAG_PRIVILEGED) != 0,
	        .nonce_lifetime_s = config->nonce_lifetime_s,
	        .nonce_shared = keeper->keys.shared,
	        .prefixes_attacked = gate_maps_prefixes_attacked(&keeper->maps, now),
	};
	memcpy(row->limits, keeper->settings.limits, sizeof(row->limits));
	memcpy(row->prefixes, keeper->settings.counts, sizeof(row->prefixes));
	until = gate_maps_host_attacked(&keeper->maps, now);
	row->host_attacked = until != 0;
	if (until != 0)
		row->host_attacked_s = (until - now) / NSEC_PER_SEC + 1;
	counters_now(keeper, counters);
	for (int i = 0; i < GATE_VERDICTS; i++)
		*(i < GATE_DROP_FIRST ? &row->passed : &row->dropped) += counters[i];
	return true;
}

static int more_dropped(const void *a, const void *b)
{
	const struct sluice_gate_source_row *left = a, *right = b;

	return left->dropped < right->dropped ? 1 : -(left->dropped > right->dropped);
}

static struct sluice_gate_source_row source_row(const struct gate_top *top, uint32_t scope,
                                                uint64_t now)
{
	bool v4 = top->ip[0] == 0 && (uint32_t)top->ip[1] == 0xffff0000u;
	struct sluice_gate_source_row row = {
	        .dropped = top->dropped,
	        .seen_s = now > top->seen ? (now - top->seen) / NSEC_PER_SEC : 0,
	        .scope = scope,
	};

	memcpy(row.addr.ip, top->ip, sizeof(row.addr.ip));
	if (scope == SLUICE_GATE_SOURCE)
		row.length = v4 ? 32 : 64;
	else
		row.length = v4 ? 24 : 48;
	return row;
}

uint32_t gate_keeper_sources(struct gate_keeper *keeper, struct sluice_gate_source_row *rows,
                             uint32_t max)
{
	static const enum gate_map tables[] = {
	        [SLUICE_GATE_SOURCE] = GATE_MAP_TOP_SOURCES,
	        [SLUICE_GATE_PREFIX] = GATE_MAP_TOP_PREFIXES,
	};
	struct sluice_gate_source_row *all =
	        keeper != NULL ? calloc(2 * GATE_TOPS, sizeof(*all)) : NULL;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t count = 0;
	struct gate_top top;

	if (all == NULL || !gate_maps_are_open(&keeper->maps)) {
		free(all);
		return 0;
	}
	for (uint32_t scope = SLUICE_GATE_SOURCE; scope <= SLUICE_GATE_PREFIX; scope++)
		for (uint32_t i = 0; i < GATE_TOPS; i++)
			if (gate_maps_top(&keeper->maps, tables[scope], i, &top) == 0 &&
			    top.weight > 0)
				all[count++] = source_row(&top, scope, now);
	qsort(all, count, sizeof(*all), more_dropped);
	if (count > max)
		count = max;
	memcpy(rows, all, count * sizeof(*all));
	free(all);
	return count;
}

uint32_t gate_keeper_counters(struct gate_keeper *keeper, bool nonzero,
                              struct sluice_counter_row *rows, uint32_t max)
{
	uint64_t counters[GATE_COUNTERS];
	uint32_t count = 0;

	if (keeper == NULL)
		return 0;
	counters_now(keeper, counters);
	for (int i = 0; i < GATE_COUNTERS && count < max; i++) {
		struct sluice_counter_row *row = &rows[count];

		if (nonzero && counters[i] == 0)
			continue;
		*row = (struct sluice_counter_row){.value = counters[i]};
		snprintf(row->name, sizeof(row->name), "gate.%s", gate_counter_infos[i].name);
		snprintf(row->help, sizeof(row->help), "%s", gate_counter_infos[i].help);
		snprintf(row->unit, sizeof(row->unit), "%s",
		         gate_counter_infos[i].unit != NULL ? gate_counter_infos[i].unit
		                                            : "packets");
		count++;
	}
	return count;
}
