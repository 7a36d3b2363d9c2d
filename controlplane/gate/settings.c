/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/settings.h"

#include "config/running.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gate_default.h>

static const struct sluice_gate_limit limits_default[SLUICE_GATE_SCOPES] = {
        [SLUICE_GATE_SOURCE] = {SLUICE_GATE_SOURCE, GATE_SOURCE_RATE, GATE_SOURCE_BURST},
        [SLUICE_GATE_PREFIX] = {SLUICE_GATE_PREFIX, GATE_PREFIX_RATE, GATE_PREFIX_BURST},
        [SLUICE_GATE_HOST] = {SLUICE_GATE_HOST, GATE_HOST_RATE, GATE_HOST_BURST},
        [SLUICE_GATE_VERIFIED] = {SLUICE_GATE_VERIFIED, GATE_VERIFIED_RATE, GATE_VERIFIED_BURST},
};

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static int prefix_read(struct gate_settings *settings, enum sluice_gate_list list,
                       const uint8_t *body)
{
	struct sluice_gate_prefix prefix;
	struct gate_lpm_key *keys;
	uint32_t count = settings->counts[list];

	memcpy(&prefix, body, sizeof(prefix));
	keys = realloc(settings->lists[list], (count + 1) * sizeof(*keys));
	if (keys == NULL)
		return -ENOMEM;
	settings->lists[list] = keys;
	keys[count].length = prefix.length;
	if (memcmp(prefix.addr.ip, v4_mapped, sizeof(v4_mapped)) == 0)
		keys[count].length += 96;
	memcpy(keys[count].ip, prefix.addr.ip, sizeof(keys[count].ip));
	settings->counts[list]++;
	return 0;
}

static void limit_read(struct gate_settings *settings, const uint8_t *body)
{
	struct sluice_gate_limit limit;

	memcpy(&limit, body, sizeof(limit));
	if (limit.scope < SLUICE_GATE_SCOPES)
		settings->limits[limit.scope] = limit;
}

static uint32_t number_read(const uint8_t *body)
{
	uint32_t number;

	memcpy(&number, body, sizeof(number));
	return number;
}

static int line_read(struct gate_settings *settings, const struct command_request *request)
{
	const uint8_t *body = request->body.bytes;

	switch (request->command->type) {
	case SLUICE_TURN_REALM_SET:
		settings->config.challenge =
		        GATE_CHALLENGE(strnlen((const char *)body, SLUICE_TURN_REALM_MAX));
		return 0;
	case SLUICE_GATE_LIMIT_SET:
		limit_read(settings, body);
		return 0;
	case SLUICE_GATE_DENY_ADD:
		return prefix_read(settings, SLUICE_GATE_DENY, body);
	case SLUICE_GATE_TRUST_ADD:
		return prefix_read(settings, SLUICE_GATE_TRUST, body);
	case SLUICE_GATE_PORTS_SET:
		settings->config.flags = number_read(body) ? GATE_FLAG_PRIVILEGED : 0;
		return 0;
	case SLUICE_GATE_MODE_SET:
		settings->config.mode = GATE_MODE_OFF + number_read(body);
		return 0;
	case SLUICE_GATE_NONCE_LIFETIME_SET:
		settings->config.nonce_lifetime_s = number_read(body);
		return 0;
	case SLUICE_GATE_NONCE_SECRET_SET:
		memcpy(&settings->secret, body, sizeof(settings->secret));
		return 0;
	}
	return 0;
}

int gate_settings_read(struct gate_settings *settings, const struct running *running)
{
	struct gate_config *config = &settings->config;
	struct running_line *line = NULL;
	int ret = 0;

	*settings = (struct gate_settings){.config = gate_config_default()};
	memcpy(settings->limits, limits_default, sizeof(limits_default));
	while (ret == 0 && (line = running_next(running, line)) != NULL)
		ret = line_read(settings, &line->request);
	config->source = gate_limit_of(settings->limits[SLUICE_GATE_SOURCE].rate,
	                               settings->limits[SLUICE_GATE_SOURCE].burst);
	config->prefix = gate_limit_of(settings->limits[SLUICE_GATE_PREFIX].rate,
	                               settings->limits[SLUICE_GATE_PREFIX].burst);
	config->host = gate_limit_of(settings->limits[SLUICE_GATE_HOST].rate,
	                             settings->limits[SLUICE_GATE_HOST].burst);
	config->verified = gate_limit_of(settings->limits[SLUICE_GATE_VERIFIED].rate,
	                                 settings->limits[SLUICE_GATE_VERIFIED].burst);
	if (settings->counts[SLUICE_GATE_DENY] > 0)
		config->flags |= GATE_FLAG_DENY;
	if (settings->counts[SLUICE_GATE_TRUST] > 0)
		config->flags |= GATE_FLAG_TRUST;
	if (ret != 0)
		gate_settings_free(settings);
	return ret;
}

void gate_settings_free(struct gate_settings *settings)
{
	for (int list = 0; list < SLUICE_GATE_LISTS; list++)
		free(settings->lists[list]);
	explicit_bzero(settings, sizeof(*settings));
}
