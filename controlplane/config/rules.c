/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/rules.h"

#include "common/claim.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/session.h>
#include <sluice/turn.h>

#define TURN_PORT  3478
#define CLAIMS_MAX SLUICE_TURN_RANGES_MAX

static int refuse(char *why, const char *text)
{
	snprintf(why, SLUICE_API_ERROR_MAX, "%s", text);
	return -1;
}

/* -- addresses and ports -- */

static const enum claim_kind turn_kinds[] = {
        [SLUICE_TURN_UDP] = CLAIM_LISTENER,
        [SLUICE_TURN_TCP] = CLAIM_STREAM,
        [SLUICE_TURN_TLS] = CLAIM_TLS,
        [SLUICE_TURN_DTLS] = CLAIM_DTLS,
};

static const struct sluice_addr *claimed_address(const struct command_request *request,
                                                 enum claim_kind *kind)
{
	const struct sluice_turn_listen *listen = (const void *)request->body.bytes;
	const struct sluice_turn_relay *relay = (const void *)request->body.bytes;
	const struct sluice_endpoint *endpoint = (const void *)request->body.bytes;
	const struct sluice_webrtc_listen *sessions = (const void *)request->body.bytes;

	switch (request->command->type) {
	case SLUICE_TURN_LISTEN_ADD:
		*kind = turn_kinds[listen->transport % SLUICE_TURN_TRANSPORTS];
		return &listen->addr;
	case SLUICE_TURN_RELAY_ADD:
		*kind = CLAIM_RELAY;
		return &relay->addr;
	case SLUICE_ENDPOINT_ADD:
		*kind = CLAIM_ENDPOINT;
		return &endpoint->local;
	case SLUICE_WEBRTC_LISTEN_ADD:
		*kind = sessions->transport == SLUICE_TURN_TCP ? CLAIM_SESSIONS_STREAM
		                                               : CLAIM_SESSIONS;
		return &sessions->local;
	}
	return NULL;
}

/* Returns how many: one, or one for each range of a relay's ports; 0: it asks for none. */
static uint32_t claims_of(const struct command_request *request, struct claim claims[CLAIMS_MAX])
{
	const struct sluice_turn_relay *relay = (const void *)request->body.bytes;
	struct claim claim = {0};
	const struct sluice_addr *addr = claimed_address(request, &claim.kind);
	uint32_t count = 1;

	if (addr == NULL)
		return 0;
	memcpy(claim.ip, addr->ip, sizeof(claim.ip));
	claim.first_port = claim.last_port = addr->port != 0 ? ntohs(addr->port) : TURN_PORT;
	claims[0] = claim;
	if (claim.kind != CLAIM_RELAY)
		return 1;
	claims[0].first_port = relay->first_port;
	claims[0].last_port = relay->last_port;
	for (uint32_t i = 0; i < SLUICE_TURN_RANGES_MAX - 1; i++) {
		if (relay->more[i].first == 0)
			continue;
		claim.first_port = relay->more[i].first;
		claim.last_port = relay->more[i].last;
		claims[count++] = claim;
	}
	return count;
}

static bool claims_conflict(const struct command_request *request,
                            const struct command_request *held, char *why)
{
	struct claim fresh[CLAIMS_MAX], others[CLAIMS_MAX];
	uint32_t n_fresh = claims_of(request, fresh), n_others = claims_of(held, others);

	for (uint32_t i = 0; i < n_fresh; i++)
		for (uint32_t j = 0; j < n_others; j++)
			if (claim_conflict(&fresh[i], &others[j], why, SLUICE_API_ERROR_MAX))
				return true;
	return false;
}

/* -- two of the same kind -- */

static bool ports_conflict(const void *fresh, const void *held, char *why)
{
	const struct sluice_port_add *a = fresh, *b = held;

	if (a->kind != b->kind || strncmp(a->args, b->args, sizeof(a->args)) != 0)
		return false;
	snprintf(why, SLUICE_API_ERROR_MAX, "port %.*s has this device already",
	         SLUICE_PORT_NAME_MAX, b->name);
	return true;
}

static bool endpoints_conflict(const void *fresh, const void *held, char *why)
{
	const struct sluice_endpoint *a = fresh, *b = held;

	if (memcmp(&a->local, &b->local, sizeof(a->local)) != 0)
		return false;
	if (a->learn || b->learn)
		return refuse(why, "an endpoint that learns has its local port alone") < 0;
	return memcmp(&a->remote, &b->remote, sizeof(a->remote)) == 0 &&
	       refuse(why, "another endpoint has both addresses") < 0;
}

static bool streams_conflict(const void *fresh, const void *held, char *why)
{
	const struct sluice_stream *a = fresh, *b = held;

	if (a->ssrc == 0 || a->ssrc != b->ssrc ||
	    strncmp(a->endpoint, b->endpoint, sizeof(a->endpoint)) != 0)
		return false;
	snprintf(why, SLUICE_API_ERROR_MAX, "another stream of endpoint %.*s has this ssrc",
	         SLUICE_MEDIA_NAME_MAX, b->endpoint);
	return true;
}

static const struct rule {
	uint16_t type;
	bool (*conflict)(const void *fresh, const void *held, char *why); /* NULL: claims alone */
} rules[] = {
        {SLUICE_PORT_ADD, ports_conflict},     {SLUICE_ENDPOINT_ADD, endpoints_conflict},
        {SLUICE_STREAM_ADD, streams_conflict}, {SLUICE_TURN_LISTEN_ADD, NULL},
        {SLUICE_TURN_RELAY_ADD, NULL},         {SLUICE_WEBRTC_LISTEN_ADD, NULL},
};

static const struct rule *rule_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

bool rules_conflict(const struct command_request *request, const struct running_line *held,
                    char *why)
{
	const struct rule *rule = rule_of(request->command->type);

	if (rule == NULL)
		return false;
	if (claims_conflict(request, &held->request, why))
		return true;
	return rule->conflict != NULL && request->command == held->request.command &&
	       rule->conflict(request->body.bytes, held->request.body.bytes, why);
}

/* -- one line -- */

static bool address_is_refused(const struct command_request *request, char *why)
{
	enum claim_kind kind;
	const struct sluice_addr *addr = claimed_address(request, &kind);

	return addr != NULL && kind != CLAIM_ENDPOINT && !claim_address_is_host(addr->ip) &&
	       refuse(why, "this is not one host's address") < 0;
}

/* What an argument names must have been added by a line before. */
static bool reference_is_missing(const struct running *running, const struct running_line *line,
                                 char *why)
{
	const struct argument *argument = line->request.command->arguments;
	const char *const *words;

	while (argument->key != NULL && !running_misses(running, line, argument))
		argument++;
	if (argument->key == NULL)
		return false;
	words = command_words(command_of_type(argument->hangs_on));
	snprintf(why, SLUICE_API_ERROR_MAX, "no line before adds %s%s%s %.*s", words[0],
	         strcmp(words[1], "add") != 0 ? " " : "",
	         strcmp(words[1], "add") != 0 ? words[1] : "", argument->size,
	         line->request.body.bytes + argument->offset);
	return true;
}

struct running_line *rules_check(const struct running *running, char *why)
{
	struct running_line *line = NULL, *held;
	char sentence[SLUICE_API_ERROR_MAX];

	while ((line = running_next(running, line)) != NULL) {
		if (address_is_refused(&line->request, why) ||
		    reference_is_missing(running, line, why))
			return line;
		for (held = running_next(running, NULL);
		     rule_of(line->request.command->type) != NULL && held != line;
		     held = running_next(running, held)) {
			if (!rules_conflict(&line->request, held, sentence))
				continue;
			snprintf(why, SLUICE_API_ERROR_MAX, "%.200s (line %u)", sentence,
			         held->number);
			return line;
		}
	}
	return NULL;
}
