/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/addr.h"

#include "command/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define V4_PREFIX_BITS 96

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool addr_is_v4(const struct sluice_addr *addr)
{
	return memcmp(addr->ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool addr_is_zero(const struct sluice_addr *addr)
{
	static const struct sluice_addr zero;

	return memcmp(addr, &zero, sizeof(zero)) == 0;
}

int addr_parse(struct sluice_addr *addr, const char *text, char *why)
{
	*addr = (struct sluice_addr){0};
	if (inet_pton(AF_INET6, text, addr->ip) == 1)
		return 0;
	memcpy(addr->ip, v4_prefix, sizeof(v4_prefix));
	if (inet_pton(AF_INET, text, addr->ip + sizeof(v4_prefix)) == 1)
		return 0;
	return -EINVAL;
}

/* A decimal number of at most `most`, the whole text; -1: it is none. */
static long decimal(const char *text, long most)
{
	size_t digits = strspn(text, "0123456789");
	long value;

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return -1;
	value = strtol(text, NULL, 10);
	return value <= most ? value : -1;
}

static int port_parse(struct sluice_addr *addr, const char *text, char *why)
{
	long port = decimal(text, UINT16_MAX);

	if (port <= 0) {
		snprintf(why, COMMAND_EXPECTED_MAX, "a port is a number from 1 to 65535");
		return -EINVAL;
	}
	addr->port = htons(port);
	return 0;
}

int addr_parse_endpoint(struct sluice_addr *addr, const char *text, uint16_t port, char *why)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	size_t length;
	int error;

	/* Without brackets an IPv6 address ends in no port: its last colon may be its own. */
	if (colon != NULL && (brackets ? colon[-1] != ']' : strchr(text, ':') != colon))
		colon = NULL;
	length = colon != NULL ? (size_t)(colon - text) : strlen(text);
	if (length >= sizeof(host) || (brackets && (length < 2 || text[length - 1] != ']')))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(length - 2 * brackets), text + brackets);
	error = addr_parse(addr, host, why);
	if (error < 0)
		return error;
	addr->port = htons(port);
	return colon != NULL ? port_parse(addr, colon + 1, why) : 0;
}

static void addr_mask(struct sluice_addr *addr, unsigned int bits)
{
	for (unsigned int i = 0; i < sizeof(addr->ip); i++) {
		unsigned int kept = bits > 8 * i ? bits - 8 * i : 0;

		if (kept < 8)
			addr->ip[i] &= (uint8_t)(0xff00 >> kept);
	}
}

int addr_parse_prefix(struct sluice_addr *addr, uint8_t *length, const char *text, char *why)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	size_t bytes = slash - text;
	bool v4 = memchr(text, ':', bytes) == NULL;
	long longest = v4 ? 32 : 128, bits = longest;
	int error;

	if (bytes >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)bytes, text);
	error = addr_parse(addr, host, why);
	if (error < 0)
		return error;
	if (*slash == '/')
		bits = decimal(slash + 1, longest);
	if (bits < 0) {
		snprintf(why, COMMAND_EXPECTED_MAX, "a prefix length is a number from 0 to %ld",
		         longest);
		return -EINVAL;
	}
	addr_mask(addr, v4 ? bits + V4_PREFIX_BITS : bits);
	*length = !v4 && addr_is_v4(addr) ? bits - V4_PREFIX_BITS : bits;
	return 0;
}

void text_add_addr(struct text *text, const struct sluice_addr *addr)
{
	char host[INET6_ADDRSTRLEN];
	bool v4 = addr_is_v4(addr);
	bool brackets = !v4 && addr->port != 0;

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->ip + sizeof(v4_prefix) : addr->ip, host,
	          sizeof(host));
	text_addf(text, "%s%s%s", brackets ? "[" : "", host, brackets ? "]" : "");
	if (addr->port != 0)
		text_addf(text, ":%u", ntohs(addr->port));
}
