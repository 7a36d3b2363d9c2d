/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/settings.h"

#include "command/addr.h"
#include "command/command.h"
#include "common/refuse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gate_default.h>

static const struct gate_settings settings_default = {
        .mode = SLUICE_GATE_ENFORCE,
        .lifetime_s = NONCE_LIFETIME_S,
        .limits =
                {
                        {SLUICE_GATE_SOURCE, GATE_SOURCE_RATE, GATE_SOURCE_BURST},
                        {SLUICE_GATE_PREFIX, GATE_PREFIX_RATE, GATE_PREFIX_BURST},
                        {SLUICE_GATE_HOST, GATE_HOST_RATE, GATE_HOST_BURST},
                        {SLUICE_GATE_VERIFIED, GATE_VERIFIED_RATE, GATE_VERIFIED_BURST},
                },
};

void gate_settings_start(struct gate_settings *settings)
{
	*settings = settings_default;
}

void gate_settings_free(struct gate_settings *settings)
{
	for (int list = 0; list < SLUICE_GATE_LISTS; list++)
		free(settings->lists[list].keys);
	explicit_bzero(settings, sizeof(*settings));
}

int gate_list_copy(struct gate_list *to, const struct gate_list *from)
{
	*to = (struct gate_list){0};
	if (from->count == 0)
		return 0;
	to->keys = malloc(from->count * sizeof(*to->keys));
	if (to->keys == NULL)
		return -ENOMEM;
	memcpy(to->keys, from->keys, from->count * sizeof(*to->keys));
	to->count = from->count;
	return 0;
}

int gate_settings_copy(struct gate_settings *to, const struct gate_settings *from)
{
	*to = *from;
	memset(to->lists, 0, sizeof(to->lists));
	for (int list = 0; list < SLUICE_GATE_LISTS; list++) {
		if (gate_list_copy(&to->lists[list], &from->lists[list]) == 0)
			continue;
		gate_settings_free(to);
		return -ENOMEM;
	}
	return 0;
}

/* -- lists -- */

static struct gate_lpm_key key_of(const struct sluice_gate_prefix *prefix)
{
	struct gate_lpm_key key = {.length = prefix->length};

	memcpy(key.ip, prefix->addr.ip, sizeof(key.ip));
	if (addr_is_v4(&prefix->addr))
		key.length += 96;
	return key;
}

int gate_key_compare(const struct gate_lpm_key *a, const struct gate_lpm_key *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* The first that is not before it. */
static uint32_t place_of(const struct gate_list *list, const struct gate_lpm_key *key)
{
	uint32_t low = 0, high = list->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (gate_key_compare(&list->keys[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct gate_list *list, uint32_t place, const struct gate_lpm_key *key)
{
	return place < list->count && gate_key_compare(&list->keys[place], key) == 0;
}

static int prefix_add(struct gate_list *list, const void *body, char *why)
{
	struct gate_lpm_key key = key_of(body), *keys;
	uint32_t place = place_of(list, &key);

	if (key.length > 128)
		return refuse(why, -EINVAL, "a prefix is not longer than its address");
	if (is_at(list, place, &key))
		return 0;
	if (list->count == GATE_LPM_MAX)
		return refuse(why, -ENOSPC, "there are %u prefixes, and room for no more",
		              list->count);
	keys = realloc(list->keys, (list->count + 1) * sizeof(*keys));
	if (keys == NULL)
		return refuse(why, -ENOMEM, "%s", strerror(ENOMEM));
	memmove(&keys[place + 1], &keys[place], (list->count - place) * sizeof(*keys));
	keys[place] = key;
	list->keys = keys;
	list->count++;
	return 0;
}

static int prefix_delete(struct gate_list *list, const void *body, char *why)
{
	struct gate_lpm_key key = key_of(body);
	uint32_t place = place_of(list, &key);

	if (!is_at(list, place, &key))
		return refuse(why, -ENOENT, "there is no such prefix");
	list->count--;
	memmove(&list->keys[place], &list->keys[place + 1],
	        (list->count - place) * sizeof(list->keys[0]));
	return 0;
}

/* -- one line -- */

static int limit_take(struct gate_settings *settings, const void *body, char *why)
{
	struct sluice_gate_limit limit;

	memcpy(&limit, body, sizeof(limit));
	if (limit.scope >= SLUICE_GATE_SCOPES || limit.burst == 0)
		return refuse(why, -EINVAL,
		              "a limit is of a source, a prefix, the host or the verified, and its "
		              "burst 1 at least");
	settings->limits[limit.scope] = limit;
	return 0;
}

/* Numbers that are all of a body; the table of commands has their bounds. */
static uint32_t *number_of(struct gate_settings *settings, uint16_t type)
{
	switch (type) {
	case SLUICE_GATE_MODE_SET:
		return &settings->mode;
	case SLUICE_GATE_PORTS_SET:
		return &settings->privileged;
	case SLUICE_GATE_NONCE_LIFETIME_SET:
		return &settings->lifetime_s;
	}
	return NULL;
}

int gate_settings_take(struct gate_settings *settings, const struct command_request *request,
                       char *why)
{
	const void *body = request->body.bytes;
	uint32_t *number = number_of(settings, request->command->type);

	if (number != NULL) {
		memcpy(number, body, sizeof(*number));
		return 0;
	}
	switch (request->command->type) {
	case SLUICE_GATE_LIMIT_SET:
		return limit_take(settings, body, why);
	case SLUICE_GATE_DENY_ADD:
		return prefix_add(&settings->lists[SLUICE_GATE_DENY], body, why);
	case SLUICE_GATE_DENY_DELETE:
		return prefix_delete(&settings->lists[SLUICE_GATE_DENY], body, why);
	case SLUICE_GATE_TRUST_ADD:
		return prefix_add(&settings->lists[SLUICE_GATE_TRUST], body, why);
	case SLUICE_GATE_TRUST_DELETE:
		return prefix_delete(&settings->lists[SLUICE_GATE_TRUST], body, why);
	case SLUICE_GATE_NONCE_SECRET_SET:
		memcpy(&settings->secret, body, sizeof(settings->secret));
		return 0;
	}
	return refuse(why, -ENOSYS, "this is no setting of the gate");
}

void gate_settings_unset(struct gate_settings *settings, const struct command_request *request)
{
	struct gate_settings fresh = settings_default;
	const struct sluice_gate_limit *limit = (const void *)request->body.bytes;
	uint32_t *number = number_of(settings, request->command->type);

	if (number != NULL)
		*number = *number_of(&fresh, request->command->type);
	else if (request->command->type == SLUICE_GATE_NONCE_SECRET_SET)
		explicit_bzero(&settings->secret, sizeof(settings->secret));
	else if (request->command->type == SLUICE_GATE_LIMIT_SET &&
	         limit->scope < SLUICE_GATE_SCOPES)
		settings->limits[limit->scope] = fresh.limits[limit->scope];
}

/* -- what the gates get -- */

static struct gate_limit limit_of(const struct sluice_gate_limit *limit)
{
	return gate_limit_of(limit->rate, limit->burst);
}

struct gate_config gate_settings_compile(const struct gate_settings *settings, uint32_t challenge,
                                         bool discovery)
{
	struct gate_config config = gate_config_default();

	config.mode = GATE_MODE_OFF + settings->mode;
	config.nonce_lifetime_s = settings->lifetime_s;
	config.challenge = challenge;
	config.source = limit_of(&settings->limits[SLUICE_GATE_SOURCE]);
	config.prefix = limit_of(&settings->limits[SLUICE_GATE_PREFIX]);
	config.host = limit_of(&settings->limits[SLUICE_GATE_HOST]);
	config.verified = limit_of(&settings->limits[SLUICE_GATE_VERIFIED]);
	if (discovery)
		config.flags |= GATE_FLAG_DISCOVERY;
	if (settings->privileged != 0)
		config.flags |= GATE_FLAG_PRIVILEGED;
	if (settings->lists[SLUICE_GATE_DENY].count > 0)
		config.flags |= GATE_FLAG_DENY;
	if (settings->lists[SLUICE_GATE_TRUST].count > 0)
		config.flags |= GATE_FLAG_TRUST;
	return config;
}
