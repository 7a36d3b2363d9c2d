/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/lookup.h"

#include "channel.h"
#include "config/running.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS      100
#define ANSWER_MS    2000
#define FETCHES_MAX  256 /* on their way at once */
#define SECRETS_MAX  8
#define KEY_TEXT_MAX (SLUICE_TURN_REALM_MAX + SLUICE_TURN_USER_MAX + 32)
#define KEY_HEX      32

struct lookup {
	struct lookup_options options;
	struct channel channel;
	struct event *timer;
	uint32_t id;
	bool asking;        /* WANTED_TAKE is on its way */
	uint32_t asked_ms;  /* since it was asked */
	bool told, told_up; /* the dataplane knows whether somebody fetches */
	uint32_t fetches;
	uint32_t secrets_ms; /* until they are read again */
	bool reading_secrets;
	uint32_t n_secrets, n_read;
	char secrets[SECRETS_MAX][SLUICE_TURN_PASSWORD_MAX];
	char read[SECRETS_MAX][SLUICE_TURN_PASSWORD_MAX];
};

struct fetch {
	struct lookup *lookup;
	struct sluice_turn_key key;
};

static int lookup_send(struct lookup *lookup, uint16_t type, const void *body, uint32_t length)
{
	const struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = type,
	        .id = ++lookup->id,
	        .flags = SLUICE_API_EXIST_OK,
	        .length = length,
	};

	return lookup->channel.fd >= 0 ? channel_send(&lookup->channel, &header, body) : -ENOTCONN;
}

static const char *realm_of(const struct lookup *lookup)
{
	const struct running_line *line = NULL;

	while ((line = running_next(lookup->options.running, (struct running_line *)line)) != NULL)
		if (line->request.command->type == SLUICE_TURN_REALM_SET)
			return ((const struct sluice_turn_realm *)line->request.body.bytes)->realm;
	return NULL;
}

/* -- keys -- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static bool key_read(uint8_t key[16], const char *text, size_t length)
{
	if (length != KEY_HEX)
		return false;
	for (int i = 0; i < 16; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void on_key(void *arg, int status, const char *bytes, size_t length)
{
	struct fetch *fetch = arg;
	struct lookup *lookup = fetch->lookup;

	lookup->fetches--;
	fetch->key.refresh_s = LOOKUP_REFRESH_S;
	if (status == 0 && key_read(fetch->key.key, bytes, length))
		lookup_send(lookup, SLUICE_TURN_KEY_ADD, &fetch->key, sizeof(fetch->key));
	else if (status == 0 || status == -ENOENT)
		lookup_send(lookup, SLUICE_TURN_KEY_DELETE, &fetch->key, sizeof(fetch->key));
	explicit_bzero(fetch, sizeof(*fetch));
	free(fetch);
}

/* A name with a NUL in it stands nowhere. */
static void key_fetch(struct lookup *lookup, const struct sluice_turn_wanted *wanted)
{
	const char *realm = realm_of(lookup);
	char text[KEY_TEXT_MAX];
	struct fetch *fetch;

	if (realm == NULL || lookup->fetches == FETCHES_MAX ||
	    strnlen(wanted->name, sizeof(wanted->name)) != wanted->length)
		return;
	fetch = calloc(1, sizeof(*fetch));
	if (fetch == NULL)
		return;
	fetch->lookup = lookup;
	memcpy(fetch->key.name, wanted->name, wanted->length);
	snprintf(text, sizeof(text), "turn/realm/%s/user/%s/key", realm, fetch->key.name);
	lookup->fetches++;
	if (lookup->options.source.get(lookup->options.source.arg, text, on_key, fetch) != 0) {
		lookup->fetches--;
		free(fetch);
	}
}

static void wanted_read(struct lookup *lookup, const struct seqpacket_record *record)
{
	const struct sluice_turn_wanted *rows = (const void *)record->body;

	for (uint32_t i = 0; i < record->header.length / sizeof(*rows); i++)
		if (rows[i].length < sizeof(rows[i].name))
			key_fetch(lookup, &rows[i]);
	if (!(record->header.flags & SLUICE_API_MORE))
		lookup->asking = false;
}

/* -- secrets -- */

static bool secret_is_configured(const struct lookup *lookup, const char *secret)
{
	struct running_line *line = NULL;

	while ((line = running_next(lookup->options.running, line)) != NULL)
		if (line->request.command->type == SLUICE_TURN_SECRET_ADD &&
		    strcmp(((const struct sluice_turn_secret *)line->request.body.bytes)->secret,
		           secret) == 0)
			return true;
	return false;
}

static bool secret_is_among(const char (*list)[SLUICE_TURN_PASSWORD_MAX], uint32_t count,
                            const char *secret)
{
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(list[i], secret) == 0)
			return true;
	return false;
}

static void secret_tell(struct lookup *lookup, uint16_t type, const char *secret)
{
	struct sluice_turn_secret body = {0};

	snprintf(body.secret, sizeof(body.secret), "%s", secret);
	lookup_send(lookup, type, &body, sizeof(body));
	explicit_bzero(&body, sizeof(body));
}

static void secrets_apply(struct lookup *lookup)
{
	for (uint32_t i = 0; i < lookup->n_secrets; i++)
		if (!secret_is_among(lookup->read, lookup->n_read, lookup->secrets[i]) &&
		    !secret_is_configured(lookup, lookup->secrets[i]))
			secret_tell(lookup, SLUICE_TURN_SECRET_DELETE, lookup->secrets[i]);
	memcpy(lookup->secrets, lookup->read, sizeof(lookup->secrets));
	lookup->n_secrets = lookup->n_read;
	lookup_dataplane_ready(lookup);
}

static void on_secret(void *arg, int status, const char *bytes, size_t length)
{
	struct lookup *lookup = arg;

	if (bytes == NULL) {
		lookup->reading_secrets = false;
		if (status == 0 || status == -ENOENT)
			secrets_apply(lookup);
		return;
	}
	if (lookup->n_read == SECRETS_MAX || length == 0 || length >= SLUICE_TURN_PASSWORD_MAX ||
	    memchr(bytes, '\0', length) != NULL)
		return;
	memset(lookup->read[lookup->n_read], 0, SLUICE_TURN_PASSWORD_MAX);
	memcpy(lookup->read[lookup->n_read++], bytes, length);
}

static void secrets_read(struct lookup *lookup)
{
	const char *realm = realm_of(lookup);
	char text[KEY_TEXT_MAX];

	if (realm == NULL || lookup->reading_secrets)
		return;
	snprintf(text, sizeof(text), "turn/realm/%s/secret", realm);
	lookup->n_read = 0;
	lookup->reading_secrets = true;
	if (lookup->options.source.members(lookup->options.source.arg, text, on_secret, lookup) !=
	    0)
		lookup->reading_secrets = false;
}

void lookup_dataplane_ready(struct lookup *lookup)
{
	for (uint32_t i = 0; i < lookup->n_secrets; i++)
		secret_tell(lookup, SLUICE_TURN_SECRET_ADD, lookup->secrets[i]);
}

/* -- the dataplane -- */

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct lookup *lookup = channel->owner;

	if (record->header.version != SLUICE_API_VERSION)
		return;
	if (record->header.type != SLUICE_TURN_WANTED_TAKE)
		return; /* who is configured, or already gone, needs nothing from us */
	if (record->header.status == 0)
		wanted_read(lookup, record);
	else
		lookup->asking = false;
}

static void on_writable(struct channel *channel)
{
}

static void on_lost(struct channel *channel, int error)
{
	struct lookup *lookup = channel->owner;

	channel_close(channel);
	lookup->asking = lookup->told = false;
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

static bool dataplane_connect(struct lookup *lookup)
{
	int fd;

	if (lookup->channel.fd >= 0)
		return true;
	fd = seqpacket_connect_now(lookup->options.dataplane);
	if (fd < 0 || channel_open(&lookup->channel, lookup->options.base, fd, &handler,
	                           lookup->options.buffer, lookup) < 0)
		return false;
	lookup_dataplane_ready(lookup);
	return true;
}

static void source_tell(struct lookup *lookup, bool up)
{
	const struct sluice_turn_lookup body = {.on = up};

	if (lookup->told && lookup->told_up == up)
		return;
	lookup->told = lookup_send(lookup, SLUICE_TURN_LOOKUP_SET, &body, sizeof(body)) == 0;
	lookup->told_up = up;
}

static void wanted_ask(struct lookup *lookup)
{
	if (lookup->asking) {
		lookup->asked_ms += POLL_MS;
		if (lookup->asked_ms >= ANSWER_MS)
			on_lost(&lookup->channel, -ETIMEDOUT);
		return;
	}
	lookup->asked_ms = 0;
	lookup->asking = lookup_send(lookup, SLUICE_TURN_WANTED_TAKE, NULL, 0) == 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;
	bool up = lookup->options.source.is_up(lookup->options.source.arg);

	if (!dataplane_connect(lookup))
		return;
	source_tell(lookup, up);
	if (!up)
		return;
	wanted_ask(lookup);
	if (lookup->secrets_ms > POLL_MS) {
		lookup->secrets_ms -= POLL_MS;
		return;
	}
	lookup->secrets_ms = LOOKUP_SECRETS_S * 1000;
	secrets_read(lookup);
}

struct lookup *lookup_create(const struct lookup_options *options)
{
	const struct timeval poll = {.tv_usec = POLL_MS * 1000};
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	lookup->options = *options;
	lookup->channel.fd = -1;
	lookup->timer = event_new(options->base, -1, EV_PERSIST, on_timer, lookup);
	if (lookup->timer == NULL || event_add(lookup->timer, &poll) != 0) {
		lookup_destroy(lookup);
		return NULL;
	}
	return lookup;
}

void lookup_destroy(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	if (lookup->timer != NULL)
		event_free(lookup->timer);
	channel_close(&lookup->channel);
	explicit_bzero(lookup, sizeof(*lookup));
	free(lookup);
}
