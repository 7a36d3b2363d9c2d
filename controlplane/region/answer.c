/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by hand: all that is in it has been checked to need no escapes, and a tree of JSON values
 * costs more than the choice. */
#include "region/answer.h"

#include "command/addr.h"
#include "command/text.h"

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

bool session_is_valid(const char *session, size_t length)
{
	if (length == 0 || length > ANSWER_SESSION)
		return false;
	for (size_t i = 0; i < length; i++)
		if (session[i] <= ' ' || session[i] > '~' || session[i] == '"' ||
		    session[i] == '\\')
			return false;
	return true;
}

static void add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

static void add_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = '0' + number % 10;
		number /= 10;
	} while (number > 0);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

/* "prefix198.18.1.1:3478suffix" */
static void add_address(struct text *text, const char *prefix, const struct sluice_addr *addr,
                        const char *suffix)
{
	char host[INET6_ADDRSTRLEN];
	bool v4 = addr_is_v4(addr);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->ip + 12 : addr->ip, host, sizeof(host));
	add(text, "\"");
	add(text, prefix);
	add(text, v4 ? "" : "[");
	add(text, host);
	add(text, v4 ? ":" : "]:");
	add_number(text, ntohs(addr->port));
	add(text, suffix);
	add(text, "\"");
}

static void add_addresses(struct text *text, const struct node_record *record, const char *prefix,
                          const char *suffix)
{
	bool v4 = !addr_is_zero(&record->addr4), v6 = !addr_is_zero(&record->addr6);

	add(text, "[");
	if (v4)
		add_address(text, prefix, &record->addr4, suffix);
	if (v4 && v6)
		add(text, ",");
	if (v6)
		add_address(text, prefix, &record->addr6, suffix);
	add(text, "]");
}

static void add_text(struct text *text, const char *key, const char *value, size_t length)
{
	add(text, ",\"");
	add(text, key);
	add(text, "\":\"");
	text_add_bytes(text, value, length);
	add(text, "\"");
}

static void add_ice_servers(struct text *text, const struct answer *answer)
{
	struct credential credential;

	add(text, ",\"iceServers\":[{\"urls\":");
	add_addresses(text, &answer->node->record, "turn:", "?transport=udp");
	if (answer->key != NULL && credential_make(answer->key, answer->expires, answer->session,
	                                           answer->length, &credential) == 0) {
		add_text(text, "username", credential.user, strlen(credential.user));
		add_text(text, "credential", credential.password, strlen(credential.password));
	}
	add(text, "}]");
}

int answer_write(const struct answer *answer, char *bytes, size_t room)
{
	const struct node_record *record = &answer->node->record;
	struct text text;

	text_start(&text, bytes, room);
	add(&text, "{\"session\":\"");
	text_add_bytes(&text, answer->session, answer->length);
	add(&text, "\"");
	add_text(&text, "node", record->id, strlen(record->id));
	add_text(&text, "region", record->region, strlen(record->region));
	add(&text, ",\"addresses\":");
	add_addresses(&text, record, "", "");
	add_ice_servers(&text, answer);
	add(&text, ",\"generation\":");
	add_number(&text, answer->snapshot->generation);
	add(&text, ",\"age_ms\":");
	add_number(&text, answer->age_ms);
	add(&text, "}\n");
	return text.cut ? -EMSGSIZE : (int)text.length;
}
