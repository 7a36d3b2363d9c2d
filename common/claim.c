/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/claim.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#define ENDPOINT_TEXT_MAX (INET6_ADDRSTRLEN + 8)

static bool is_v4(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

/* "192.0.2.1:3478", "[2001:db8::1]:3478" */
static const char *endpoint_text(const uint8_t ip[16], uint16_t port, char text[ENDPOINT_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];
	bool v4 = is_v4(ip);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip + 12 : ip, host, sizeof(host));
	snprintf(text, ENDPOINT_TEXT_MAX, v4 ? "%s:%u" : "[%s]:%u", host, port);
	return text;
}

static bool may_share(enum claim_kind a, enum claim_kind b)
{
	return (a == CLAIM_LISTENER && b == CLAIM_SESSIONS) ||
	       (a == CLAIM_SESSIONS && b == CLAIM_LISTENER) ||
	       (a == CLAIM_STREAM && b == CLAIM_SESSIONS_STREAM) ||
	       (a == CLAIM_SESSIONS_STREAM && b == CLAIM_STREAM);
}

static bool is_stream(enum claim_kind kind)
{
	return kind == CLAIM_STREAM || kind == CLAIM_TLS || kind == CLAIM_SESSIONS_STREAM;
}

/* Of one kind are two lines that share, or one line that is there already. */
static bool kinds_conflict(enum claim_kind fresh, enum claim_kind held)
{
	return is_stream(fresh) == is_stream(held) && fresh != held && !may_share(fresh, held);
}

bool claim_conflict(const struct claim *fresh, const struct claim *held, char *why, size_t room)
{
	static const char *const owners[] = {
	        [CLAIM_LISTENER] = "is a TURN listener's",
	        [CLAIM_RELAY] = "lies in a relay's range",
	        [CLAIM_ENDPOINT] = "is an endpoint's local address",
	        [CLAIM_SESSIONS] = "is that of browsers' sessions",
	        [CLAIM_STREAM] = "is a TURN listener's by another transport",
	        [CLAIM_TLS] = "is a TURN listener's by another transport",
	        [CLAIM_SESSIONS_STREAM] = "is that of browsers' sessions by TCP",
	        [CLAIM_DTLS] = "is a TURN listener's by DTLS",
	};
	static const char *const names[] = {
	        [CLAIM_LISTENER] = "a TURN listener's",
	        [CLAIM_RELAY] = "of a relay's range",
	        [CLAIM_ENDPOINT] = "an endpoint's local address",
	        [CLAIM_SESSIONS] = "that of browsers' sessions",
	        [CLAIM_STREAM] = "a TURN listener's by another transport",
	        [CLAIM_TLS] = "a TURN listener's by another transport",
	        [CLAIM_SESSIONS_STREAM] = "that of browsers' sessions by TCP",
	        [CLAIM_DTLS] = "a TURN listener's by DTLS",
	};
	char text[ENDPOINT_TEXT_MAX];

	if (!kinds_conflict(fresh->kind, held->kind) || fresh->first_port > held->last_port ||
	    fresh->last_port < held->first_port ||
	    memcmp(fresh->ip, held->ip, sizeof(fresh->ip)) != 0)
		return false;
	if (fresh->first_port == fresh->last_port)
		snprintf(why, room, "%s %s", endpoint_text(fresh->ip, fresh->first_port, text),
		         owners[held->kind]);
	else
		snprintf(why, room, "%s, %s, lies in ports %u-%u",
		         endpoint_text(held->ip, held->first_port, text), names[held->kind],
		         fresh->first_port, fresh->last_port);
	return true;
}

bool claim_address_is_host(const uint8_t ip[16])
{
	static const uint8_t zeros[16];

	if (is_v4(ip))
		return ip[12] != 0 && ip[12] < 224;
	return ip[0] != 0xff && memcmp(ip, zeros, sizeof(zeros)) != 0;
}
