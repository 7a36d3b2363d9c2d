/* SPDX-License-Identifier: BSD-3-Clause */
/* The beat: this node's record into its own region's Redis, and into no other. */
#include "fleet/state.h"

#include "command/addr.h"
#include "config/running.h"

#include <sluice/turn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define LIFETIME_MS "15000"
#define INTERVAL_US 1000000
#define JITTER_US   200000 /* around it, so that a fleet does not beat at once */
#define WORDS       (2 + 2 * NODE_FIELDS)
#define OLD_S       3600 /* what is older leaves the list */

/* A Redis that does not answer holds up no stop for longer. */
static const struct timeval farewell = {.tv_usec = 300000};

static void on_listeners_changed(void *arg)
{
	struct fleet *fleet = arg;

	fleet->listeners_known = false;
}

/* Of `turn listen`, the first of each family by UDP, as clients are told of it. */
static void listeners_find(struct fleet *fleet)
{
	struct running_line *line = NULL;

	if (fleet->listeners_known)
		return;
	fleet->listeners_known = true;
	memset(fleet->listeners, 0, sizeof(fleet->listeners));
	while ((line = running_next(fleet->options.running, line)) != NULL) {
		const struct sluice_turn_listen *listen = (const void *)line->request.body.bytes;
		struct sluice_addr *addr;

		if (line->request.command->type != SLUICE_TURN_LISTEN_ADD ||
		    listen->transport != SLUICE_TURN_UDP || listen->realm[0] != '\0')
			continue;
		addr = &fleet->listeners[addr_is_v4(&listen->addr) ? 0 : 1];
		if (addr->port != 0)
			continue;
		*addr = addr_is_zero(&listen->announce) ? listen->addr : listen->announce;
		addr->port = listen->addr.port != 0 ? listen->addr.port : htons(3478);
	}
}

void beat_record(struct fleet *fleet, struct node_record *record)
{
	const struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);
	struct load_now load;

	load_get(fleet->load, &load);
	*record = (struct node_record){
	        .addr4 = fleet->own.addr4,
	        .addr6 = fleet->own.addr6,
	        .state = fleet->stopping   ? SLUICE_NODE_STOPPED
	                 : fleet->drain.on ? SLUICE_NODE_DRAINING
	                                   : SLUICE_NODE_ACTIVE,
	        /* Without a dataplane nothing new can be taken. */
	        .load_ppm = load.known || fleet->young ? load.ppm : NODE_LOAD_FULL,
	        .allocations = load.allocations,
	        .streams = load.streams,
	        .capacity_pps = fleet->own.capacity_pps,
	        .started = fleet->started,
	        .seq = fleet->seq,
	};
	snprintf(record->id, sizeof(record->id), "%s", fleet->own.id);
	snprintf(record->region, sizeof(record->region), "%s", fleet->own.region);
	snprintf(record->http, sizeof(record->http), "%s", fleet->own.http);
	if (region != NULL && region->config.place[0] != '\0')
		place_read(&record->place, region->config.place);
	listeners_find(fleet);
	if (record->addr4.port == 0)
		record->addr4 = fleet->listeners[0];
	if (record->addr6.port == 0)
		record->addr6 = fleet->listeners[1];
}

static void on_told(void *arg, const redisReply *reply)
{
	struct fleet *fleet = arg;

	if (fleet->stopping)
		event_base_loopbreak(fleet->options.base);
}

/* Behind the record: who hears it reads that at once. */
static void event_send(struct fleet *fleet, struct redis *redis)
{
	char channel[FLEET_KEY_MAX];

	if (fleet->event[0] == '\0')
		return;
	fleet_key(channel, fleet->own.region, KEY_EVENTS, NULL);
	redis_ask(redis, channel, on_told, fleet, "PUBLISH %s %s", channel, fleet->event);
	fleet->event[0] = '\0';
}

static void record_write(const struct node_record *record, struct redis *redis)
{
	char texts[NODE_FIELDS][NODE_VALUE_MAX], key[FLEET_KEY_MAX];
	const char *words[WORDS] = {"HSET", key};

	node_write(record, texts);
	fleet_key(key, record->region, KEY_NODE, record->id);
	for (int i = 0; i < NODE_FIELDS; i++) {
		words[2 + 2 * i] = node_fields[i];
		words[3 + 2 * i] = texts[i];
	}
	redis_ask_words(redis, key, NULL, NULL, WORDS, words, NULL);
	redis_ask(redis, key, NULL, NULL, "PEXPIRE %s " LIFETIME_MS, key);
}

static void record_send(struct fleet *fleet, struct redis *redis, const char *score)
{
	struct node_record record;
	char list[FLEET_KEY_MAX];

	fleet->seq++;
	beat_record(fleet, &record);
	record_write(&record, redis);
	fleet_key(list, record.region, KEY_NODES, NULL);
	redis_ask(redis, list, NULL, NULL, "ZADD %s %s %s", list, score, record.id);
	event_send(fleet, redis);
}

/* Its place in the list is that of the beat before. */
void beat_farewell(struct fleet *fleet)
{
	struct redis *redis = fleet_own_redis(fleet);
	struct node_record record;

	fleet->seq++;
	beat_record(fleet, &record);
	record.state = SLUICE_NODE_STOPPED;
	view_beat(fleet->view, fleet_now(), record.region, &record);
	if (!redis_is_up(redis))
		return;
	record_write(&record, redis);
	snprintf(fleet->event, sizeof(fleet->event), "stop %s", record.id);
	event_send(fleet, redis);
}

/* Its own clock orders the list: nodes' clocks may be hours apart. */
static void on_time(void *arg, const redisReply *reply)
{
	struct fleet *fleet = arg;
	struct fleet_region *region;
	char score[48], old[48], list[FLEET_KEY_MAX];
	unsigned long long seconds, micros;

	fleet->beating = false;
	if (reply == NULL) /* perhaps all of it is going */
		return;
	region = fleet_region_find(fleet, fleet->own.region);
	if (region == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return;
	seconds = strtoull(reply->element[0]->str, NULL, 10);
	micros = strtoull(reply->element[1]->str, NULL, 10);
	snprintf(score, sizeof(score), "%llu%06llu", seconds % 10000000000ull, micros % 1000000);
	record_send(fleet, region->commands, score);
	if (fleet->seq % 60 != 0 || seconds < OLD_S)
		return;
	fleet_key(list, region->config.name, KEY_NODES, NULL);
	snprintf(old, sizeof(old), "%llu000000", seconds % 10000000000ull - OLD_S);
	redis_ask(region->commands, list, NULL, NULL, "ZREMRANGEBYSCORE %s -inf %s", list, old);
}

void beat_now(struct fleet *fleet)
{
	struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);

	if (!fleet_is_set(fleet) || fleet->beating || region == NULL ||
	    !redis_is_up(region->commands))
		return;
	fleet->beating = redis_ask(region->commands, NULL, on_time, fleet, "TIME") == 0;
}

static void beat_later(struct fleet *fleet)
{
	uint32_t wait = INTERVAL_US - JITTER_US / 2 + rand() % JITTER_US;
	const struct timeval interval = {wait / 1000000, wait % 1000000};

	event_add(fleet->beat, &interval);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;

	beat_now(fleet);
	beat_later(fleet);
	fleet->young = fleet->young && fleet_now() - fleet->born < 3 * VIEW_BEAT_STALE;
}

void beat_start(struct fleet *fleet)
{
	fleet->beat = evtimer_new(fleet->options.base, on_beat, fleet);
	if (fleet->beat != NULL && running_watch(fleet->options.running, SLUICE_TURN_LISTEN_ADD,
	                                         on_listeners_changed, fleet) == 0)
		event_active(fleet->beat, EV_TIMEOUT, 0);
}

void beat_event(struct fleet *fleet, const char *what)
{
	if (!fleet_is_set(fleet))
		return;
	snprintf(fleet->event, sizeof(fleet->event), "%s %s", what, fleet->own.id);
	beat_now(fleet);
}

void fleet_stop(struct fleet *fleet)
{
	const struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);
	struct event_base *base = fleet->options.base;

	if (fleet->stopping || !fleet_is_set(fleet) || region == NULL ||
	    !redis_is_up(region->commands) || event_base_loopexit(base, &farewell) != 0) {
		event_base_loopbreak(base);
		return;
	}
	fleet->stopping = true;
	beat_event(fleet, "stop");
}
