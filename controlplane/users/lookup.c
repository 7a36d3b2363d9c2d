/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/lookup.h"

#include "common/hex.h"
#include "config/running.h"
#include "dataplane/ask.h"
#include "fleet/fleet.h"
#include "redis/redis.h"
#include "users/limits.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCHES_MAX  256 /* on their way at once */
#define SECRETS_MAX  8
#define MEMBERS_MAX  64 /* of the set of secrets */
#define KEY_TEXT_MAX (SLUICE_TURN_REALM_MAX + SLUICE_TURN_USER_MAX + 32)
#define KEY_HEX      32
#define SHA256_HEX   64

static const struct timeval secrets_interval = {.tv_sec = LOOKUP_SECRETS_S};
static const struct timeval at_once;

struct secrets {
	uint32_t count;
	char list[SECRETS_MAX][SLUICE_TURN_PASSWORD_MAX];
};

struct lookup {
	struct lookup_options options;
	struct event *timer;     /* secrets are read again */
	struct question *wanted; /* stays open: names come as the dataplane meets them; or NULL */
	bool up;                 /* Redis, as the dataplane has been told */
	uint32_t fetches;
	bool reading_secrets;
	struct secrets secrets, read;
	struct limits *limits;
};

struct fetch {
	struct lookup *lookup;
	struct sluice_turn_key key;
};

/* A refusal is no fault: the user is configured, or has gone already. */
static void on_told(void *arg, const struct dataplane_answer *answer)
{
}

static void lookup_tell(struct lookup *lookup, uint16_t type, const void *body, uint32_t length)
{
	const struct dataplane_ask ask = {
	        .type = type,
	        .flags = SLUICE_API_EXIST_OK,
	        .body = body,
	        .length = length,
	        .answered = on_told,
	};

	/* Where the dataplane is away, `ready` will come. */
	dataplane_ask(lookup->options.client, &ask, NULL);
}

static const char *realm_of(const struct lookup *lookup)
{
	const struct running_line *line =
	        running_setting(lookup->options.running, SLUICE_TURN_REALM_SET);

	return line != NULL ? ((const struct sluice_turn_realm *)line->request.body.bytes)->realm
	                    : NULL;
}

/* -- keys -- */

/* MD5's, SHA-256's, or one behind the other with a comma between them. */
static bool keys_read(struct sluice_turn_key *key, const char *text, size_t length)
{
	bool md5 = length == KEY_HEX || length == KEY_HEX + 1 + SHA256_HEX;
	bool sha256 = length == SHA256_HEX || length == KEY_HEX + 1 + SHA256_HEX;

	if (!md5 && !sha256)
		return false;
	key->no_md5 = !md5;
	key->has_sha256 = sha256;
	if (md5 && sha256 && text[KEY_HEX] != ',')
		return false;
	return (!md5 || hex_decode(text, key->key, sizeof(key->key))) &&
	       (!sha256 ||
	        hex_decode(text + length - SHA256_HEX, key->sha256, sizeof(key->sha256)));
}

static void on_key(void *arg, int status, const char *bytes, size_t length)
{
	struct fetch *fetch = arg;
	struct lookup *lookup = fetch->lookup;

	lookup->fetches--;
	fetch->key.refresh_s = LOOKUP_REFRESH_S;
	if (status == 0 && keys_read(&fetch->key, bytes, length))
		lookup_tell(lookup, SLUICE_TURN_KEY_ADD, &fetch->key, sizeof(fetch->key));
	else if (status == 0 || status == -ENOENT)
		lookup_tell(lookup, SLUICE_TURN_KEY_DELETE, &fetch->key, sizeof(fetch->key));
	explicit_bzero(fetch, sizeof(*fetch));
	free(fetch);
}

/* A name with a NUL in it stands nowhere. */
static void key_fetch(struct lookup *lookup, const struct sluice_turn_wanted *wanted)
{
	struct redis *redis = fleet_own_redis(lookup->options.fleet);
	const char *realm = realm_of(lookup);
	char text[KEY_TEXT_MAX];
	struct fetch *fetch;

	if (realm == NULL || redis == NULL || lookup->fetches == FETCHES_MAX ||
	    wanted->length >= sizeof(wanted->name) ||
	    strnlen(wanted->name, sizeof(wanted->name)) != wanted->length)
		return;
	fetch = calloc(1, sizeof(*fetch));
	if (fetch == NULL)
		return;
	fetch->lookup = lookup;
	memcpy(fetch->key.name, wanted->name, wanted->length);
	snprintf(text, sizeof(text), "turn/realm/%s/user/%s/key", realm, fetch->key.name);
	lookup->fetches++;
	if (redis_get(redis, text, on_key, fetch) != 0) {
		lookup->fetches--;
		free(fetch);
	}
}

/* -- names -- */

static void on_wanted(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_turn_wanted *rows = answer->body;
	struct lookup *lookup = arg;

	if (answer->status == 0)
		for (uint32_t i = 0; i < answer->length / sizeof(*rows); i++)
			key_fetch(lookup, &rows[i]);
	if (!(answer->flags & SLUICE_API_MORE))
		lookup->wanted = NULL; /* the dataplane has gone: `ready` will come */
}

static void wanted_ask(struct lookup *lookup)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_TURN_WANTED_TAKE,
	        .apart = true,
	        .patience_s = ASK_FOREVER,
	        .answered = on_wanted,
	        .arg = lookup,
	};

	if (lookup->wanted == NULL)
		dataplane_ask(lookup->options.client, &ask, &lookup->wanted);
}

/* -- secrets -- */

static bool secret_is_configured(const struct lookup *lookup, const char *secret)
{
	struct sluice_turn_secret body = {0};
	bool is_there;

	snprintf(body.secret, sizeof(body.secret), "%s", secret);
	is_there = running_line_of(lookup->options.running, SLUICE_TURN_SECRET_ADD, &body,
	                           sizeof(body)) != NULL;
	explicit_bzero(&body, sizeof(body));
	return is_there;
}

static bool secret_is_among(const struct secrets *secrets, const char *secret)
{
	for (uint32_t i = 0; i < secrets->count; i++)
		if (strcmp(secrets->list[i], secret) == 0)
			return true;
	return false;
}

static void secret_tell(struct lookup *lookup, uint16_t type, const char *secret)
{
	struct sluice_turn_secret body = {0};

	snprintf(body.secret, sizeof(body.secret), "%s", secret);
	lookup_tell(lookup, type, &body, sizeof(body));
	explicit_bzero(&body, sizeof(body));
}

static void secrets_tell(struct lookup *lookup)
{
	for (uint32_t i = 0; i < lookup->secrets.count; i++)
		secret_tell(lookup, SLUICE_TURN_SECRET_ADD, lookup->secrets.list[i]);
}

static void secrets_apply(struct lookup *lookup)
{
	for (uint32_t i = 0; i < lookup->secrets.count; i++)
		if (!secret_is_among(&lookup->read, lookup->secrets.list[i]) &&
		    !secret_is_configured(lookup, lookup->secrets.list[i]))
			secret_tell(lookup, SLUICE_TURN_SECRET_DELETE, lookup->secrets.list[i]);
	lookup->secrets = lookup->read;
	secrets_tell(lookup);
}

static void secret_read(struct secrets *secrets, const struct redis_member *member)
{
	char *secret;

	if (secrets->count == SECRETS_MAX || member->length == 0 ||
	    member->length >= SLUICE_TURN_PASSWORD_MAX ||
	    memchr(member->bytes, '\0', member->length) != NULL)
		return;
	secret = secrets->list[secrets->count];
	memset(secret, 0, SLUICE_TURN_PASSWORD_MAX);
	memcpy(secret, member->bytes, member->length);
	secrets->count++;
}

static void on_secrets(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct lookup *lookup = arg;

	lookup->reading_secrets = false;
	if (status != 0 && status != -ENOENT)
		return;
	lookup->read.count = 0;
	for (uint32_t i = 0; i < count; i++)
		secret_read(&lookup->read, &list[i]);
	secrets_apply(lookup);
}

static void secrets_read(struct lookup *lookup)
{
	struct redis *redis = fleet_own_redis(lookup->options.fleet);
	const char *realm = realm_of(lookup);
	char text[KEY_TEXT_MAX];

	if (realm == NULL || redis == NULL || lookup->reading_secrets)
		return;
	snprintf(text, sizeof(text), "turn/realm/%s/secret", realm);
	lookup->reading_secrets = redis_members(redis, text, MEMBERS_MAX, on_secrets, lookup) == 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;

	event_add(lookup->timer, &secrets_interval);
	wanted_ask(lookup); /* the dataplane may have had no room for it */
	if (lookup->up)
		secrets_read(lookup);
	if (lookup->up && realm_of(lookup) != NULL)
		limits_read(lookup->limits, realm_of(lookup));
}

/* -- Redis and the dataplane come and go -- */

static void up_tell(struct lookup *lookup)
{
	const struct sluice_turn_lookup body = {.on = lookup->up};

	lookup_tell(lookup, SLUICE_TURN_LOOKUP_SET, &body, sizeof(body));
}

static void on_redis(void *arg)
{
	struct lookup *lookup = arg;
	struct redis *redis = fleet_own_redis(lookup->options.fleet);
	bool up = redis != NULL && redis_is_up(redis);

	if (up == lookup->up)
		return;
	lookup->up = up;
	up_tell(lookup);
	if (up)
		event_add(lookup->timer, &at_once);
}

void lookup_dataplane_ready(struct lookup *lookup)
{
	secrets_tell(lookup);
	limits_tell(lookup->limits);
	up_tell(lookup);
	wanted_ask(lookup);
}

struct lookup *lookup_create(const struct lookup_options *options)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	lookup->options = *options;
	lookup->timer = evtimer_new(options->base, on_timer, lookup);
	lookup->limits = limits_create(options);
	if (lookup->timer == NULL || lookup->limits == NULL) {
		lookup_destroy(lookup);
		return NULL;
	}
	fleet_on_redis(options->fleet, on_redis, lookup);
	on_redis(lookup);
	return lookup;
}

void lookup_destroy(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	if (lookup->wanted != NULL)
		question_forget(lookup->wanted);
	if (lookup->timer != NULL)
		event_free(lookup->timer);
	limits_destroy(lookup->limits);
	explicit_bzero(lookup, sizeof(*lookup));
	free(lookup);
}
