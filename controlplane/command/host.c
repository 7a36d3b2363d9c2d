/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/host.h"

#include "command/addr.h"
#include "command/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#define LABEL_MAX 63

/* The last label of a name is no number: that would be an address with a slip of the pen. */
static bool is_name(const char *text, size_t length)
{
	size_t label = 0;
	bool number = true;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '.') {
			if (label == 0)
				return false;
			/* one at the end makes the name absolute */
			if (i + 1 < length)
				number = true;
			label = 0;
			continue;
		}
		if (!isalnum(c) && c != '_' && (c != '-' || label == 0))
			return false;
		if (++label > LABEL_MAX)
			return false;
		number = number && isdigit(c);
	}
	return length > 0 && !number;
}

int host_set(struct host *host, const char *name, size_t length, uint16_t port)
{
	struct sluice_addr addr;

	*host = (struct host){.port = port};
	if (length >= sizeof(host->name))
		return -EINVAL;
	memcpy(host->name, name, length);
	return strlen(host->name) == length &&
	                       (addr_parse(&addr, host->name, NULL) == 0 || is_name(name, length))
	               ? 0
	               : -EINVAL;
}

bool host_is_addr(const struct host *host, struct sluice_addr *addr)
{
	if (addr_parse(addr, host->name, NULL) != 0)
		return false;
	addr->port = htons(host->port);
	return true;
}

bool host_equal(const struct host *a, const struct host *b)
{
	return a->port == b->port && strcasecmp(a->name, b->name) == 0;
}

const char *host_text(const struct host *host, char text[HOST_TEXT_MAX])
{
	bool brackets = strchr(host->name, ':') != NULL;

	snprintf(text, HOST_TEXT_MAX, "%s%s%s:%u", brackets ? "[" : "", host->name,
	         brackets ? "]" : "", host->port);
	return text;
}

/* The address as it is written elsewhere. */
static void host_of_addr(struct host *host, const struct sluice_addr *addr)
{
	bool v4 = addr_is_v4(addr);

	*host = (struct host){.port = ntohs(addr->port)};
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->ip + 12 : addr->ip, host->name,
	          sizeof(host->name));
}

static int host_parse(struct host *host, const char *text, uint16_t port, char *why)
{
	const char *colon = strrchr(text, ':');
	struct sluice_addr addr = {0};

	if (addr_parse_endpoint(&addr, text, port, why) == 0) {
		host_of_addr(host, &addr);
		return 0;
	}
	if (why[0] != '\0') /* an address, and its port is none */
		return -EINVAL;
	/* the port is read as an address' is */
	if (colon != NULL) {
		char endpoint[16];

		snprintf(endpoint, sizeof(endpoint), "0.0.0.0%.8s", colon);
		if (addr_parse_endpoint(&addr, endpoint, 0, why) != 0)
			return -EINVAL;
		port = ntohs(addr.port);
	}
	return host_set(host, text, colon != NULL ? (size_t)(colon - text) : strlen(text), port);
}

int host_next(struct host *host, const char **list, uint16_t port, char *why)
{
	size_t length = strcspn(*list, ",");
	char text[HOST_TEXT_MAX];

	why[0] = '\0';
	if (length == 0 && **list == '\0')
		return 0;
	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, *list, length);
	text[length] = '\0';
	*list += length;
	/* a comma at the end announces one more */
	if (**list == ',' && *++*list == '\0')
		return -EINVAL;
	return host_parse(host, text, port, why) == 0 ? 1 : -EINVAL;
}
