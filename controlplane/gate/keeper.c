/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/state.h"

#include "common/log.h"

#include <sluice/turn.h>

#include <gate_default.h>
#include <gate_message.h>
#include <nonce.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <sys/random.h>

/* Keys, new maps, and an attack's events wait for the next tick. */
static const struct timeval interval = {.tv_usec = 250 * 1000};

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
	nonce_write(nonce, &keys->ring[keys->current & (GATE_NONCE_KEYS - 1)], &from, time(NULL),
	            0);
	return true;
}

/* -- events -- */

static void attacks_log(struct gate_keeper *keeper)
{
	uint64_t counters[GATE_COUNTERS];

	if (!gate_maps_are_open(&keeper->maps))
		return;
	maps_counters(keeper, counters);
	attack_log_follow(&keeper->attacks,
	                  gate_maps_host_attacked(&keeper->maps, clock_ns(CLOCK_MONOTONIC)) != 0,
	                  counters, ": \"gate show sources\" names them");
}

/* -- what the lines of the configuration ask for -- */

static int keys_follow(struct gate_keeper *keeper)
{
	int ret = gate_keys_follow(&keeper->keys, &keeper->settings.secret,
	                           keeper->settings.lifetime_s, (uint64_t)time(NULL));

	if (ret == 1)
		log_info(SLUICE_LOG_GATE, "gate: nonces are made under a new key");
	return ret < 0 ? ret : 0;
}

static void on_realm(void *arg)
{
	struct gate_keeper *keeper = arg;

	keeper->challenge = 0; /* at the next tick */
	event_active(keeper->timer, EV_TIMEOUT, 0);
}

/* The longest realm's, with the algorithms where each offers them. */
static void challenge_follow(struct gate_keeper *keeper)
{
	struct running_line *line = NULL;
	size_t longest = 0;
	bool always = false;

	if (keeper->challenge != 0)
		return;
	keeper->discovery = false;
	while ((line = running_next(keeper->running, line)) != NULL) {
		uint16_t type = line->request.command->type;
		const struct sluice_turn_realm *realm = (const void *)line->request.body.bytes;
		size_t length;

		if (type == SLUICE_TURN_DISCOVERY_ADD)
			keeper->discovery = true;
		if (type == SLUICE_TURN_ALGORITHMS_SET)
			always = ((const struct sluice_turn_algorithms *)(const void *)realm)
			                 ->always;
		if (type != SLUICE_TURN_REALM_SET && type != SLUICE_TURN_REALM_ADD)
			continue;
		length = strnlen(realm->realm, sizeof(realm->realm));
		longest = length > longest ? length : longest;
	}
	keeper->challenge = GATE_CHALLENGE(longest) + (always ? GATE_ALGORITHMS_SIZE : 0);
}

/* The state before it is kept until what is obeyed is in force. */
static int change_begin(struct gate_keeper *keeper, char *why)
{
	int ret;

	if (keeper->changed)
		return 0;
	ret = gate_settings_copy(&keeper->before, &keeper->settings);
	keeper->changed = ret == 0;
	if (ret != 0)
		snprintf(why, SLUICE_API_ERROR_MAX, "%s", strerror(-ret));
	return ret;
}

static int gate_obey(void *arg, const struct command_request *request, char *why)
{
	struct gate_keeper *keeper = arg;
	int ret = change_begin(keeper, why);

	if (ret != 0)
		return ret;
	keeper->lists++;
	return gate_settings_take(&keeper->settings, request, why);
}

static void gate_unset(void *arg, const struct command_request *request)
{
	struct gate_keeper *keeper = arg;
	char why[SLUICE_API_ERROR_MAX];

	if (change_begin(keeper, why) == 0)
		gate_settings_unset(&keeper->settings, request);
}

static void change_end(struct gate_keeper *keeper, bool taken)
{
	if (!keeper->changed)
		return;
	keeper->changed = false;
	if (!taken) {
		gate_settings_free(&keeper->settings);
		keeper->settings = keeper->before;
		keeper->before = (struct gate_settings){0};
		keeper->lists++;
	}
	gate_settings_free(&keeper->before);
}

/* Where it is refused, the maps hold again what they held. */
static void commit_end(struct gate_keeper *keeper, int status, const char *why)
{
	own_done_fn *done = keeper->done;

	change_end(keeper, status == 0);
	if (status != 0)
		maps_write(keeper);
	keeper->done = NULL;
	done(keeper->done_arg, status, why);
}

static void on_committed(void *arg, const struct dataplane_answer *answer)
{
	struct gate_keeper *keeper = arg;
	char text[SLUICE_API_ERROR_MAX - 32], why[SLUICE_API_ERROR_MAX];

	/* One that has gone is given all when it comes back. */
	if (answer->lost || answer->status == 0) {
		commit_end(keeper, 0, "");
		return;
	}
	twin_forget(keeper);
	answer_text(answer, text, sizeof(text));
	snprintf(why, sizeof(why), "the dataplane refuses it: %s", text);
	commit_end(keeper, answer->status, why);
}

static void commit_fail(struct gate_keeper *keeper, int status, const char *what)
{
	char why[SLUICE_API_ERROR_MAX];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(-status));
	commit_end(keeper, status, why);
}

static void gate_commit(void *arg, own_done_fn *done, void *done_arg)
{
	struct gate_keeper *keeper = arg;
	int ret;

	keeper->done = done;
	keeper->done_arg = done_arg;
	maps_look(keeper);
	challenge_follow(keeper);
	ret = keys_follow(keeper);
	if (ret != 0) {
		commit_fail(keeper, ret, "there are no new keys");
		return;
	}
	ret = maps_write(keeper);
	if (ret != 0) {
		commit_fail(keeper, ret, "the XDP program's maps cannot be written");
		return;
	}
	ret = twin_ask(keeper, on_committed);
	if (ret == -ENOTCONN)
		commit_end(keeper, 0, "");
	else if (ret != 0)
		commit_fail(keeper, ret, "the dataplane cannot be told");
}

/* -- life -- */

void keeper_refresh(struct gate_keeper *keeper)
{
	int ret;

	if (keeper->done != NULL)
		return;
	maps_look(keeper);
	challenge_follow(keeper);
	ret = keys_follow(keeper);
	if (ret != 0)
		log_error(SLUICE_LOG_GATE, "gate: no new keys: %s", strerror(-ret));
	ret = maps_write(keeper);
	if (ret != 0)
		log_error(SLUICE_LOG_GATE, "gate: the maps cannot be written: %s", strerror(-ret));
	twin_tell(keeper);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gate_keeper *keeper = arg;

	keeper_refresh(keeper);
	attacks_log(keeper);
}

/* Before its configuration, so that no listener is guarded by less. */
void gate_keeper_greeted(struct gate_keeper *keeper)
{
	twin_forget(keeper);
	keeper_refresh(keeper);
}

void gate_keeper_ready(struct gate_keeper *keeper)
{
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

struct gate_keeper *gate_keeper_create(struct event_base *base, struct own *own,
                                       struct running *running)
{
	struct gate_keeper *keeper = calloc(1, sizeof(*keeper));
	const struct own_part part = {gate_obey, gate_unset, gate_commit, keeper};

	if (keeper == NULL)
		return NULL;
	keeper->running = running;
	gate_maps_start(&keeper->maps);
	gate_settings_start(&keeper->settings);
	keeper->timer = event_new(base, -1, EV_PERSIST, on_tick, keeper);
	if (keeper->timer == NULL || event_add(keeper->timer, &interval) != 0 ||
	    hash_draw(&keeper->hash) != 0 ||
	    running_watch(running, SLUICE_TURN_REALM_SET, on_realm, keeper) != 0 ||
	    running_watch(running, SLUICE_TURN_REALM_ADD, on_realm, keeper) != 0 ||
	    running_watch(running, SLUICE_TURN_ALGORITHMS_SET, on_realm, keeper) != 0 ||
	    running_watch(running, SLUICE_TURN_DISCOVERY_ADD, on_realm, keeper) != 0) {
		gate_keeper_destroy(keeper);
		return NULL;
	}
	own_serve_part(own, SLUICE_GATE_MODE_SET, &part);
	return keeper;
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
	maps_end(keeper);
	gate_settings_free(&keeper->settings);
	gate_settings_free(&keeper->before);
	explicit_bzero(keeper, sizeof(*keeper));
	free(keeper);
}
