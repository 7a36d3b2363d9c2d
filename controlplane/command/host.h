/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts as they are written: by address or by name, with a port. */
#ifndef COMMAND_HOST_H
#define COMMAND_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/api.h>

#define HOST_BYTES_MAX 254                  /* of a name, with the final NUL */
#define HOST_TEXT_MAX  (HOST_BYTES_MAX + 8) /* with brackets and port */

struct host {
	char name[HOST_BYTES_MAX]; /* or an address, without brackets */
	uint16_t port;             /* in host order */
};

/*
 * The next one of HOST[:PORT][,HOST[:PORT]...], and *list behind it; port: where the text has none.
 * 1; 0: there is no more; -EINVAL with `why` (COMMAND_EXPECTED_MAX bytes; empty: it is none).
 */
int host_next(struct host *host, const char **list, uint16_t port, char *why);
/* 0, or -EINVAL: it is neither an address nor a name. */
int host_set(struct host *host, const char *name, size_t length, uint16_t port);
/* false: it has to be resolved. */
bool host_is_addr(const struct host *host, struct sluice_addr *addr);
bool host_equal(const struct host *a, const struct host *b);
/* "redis.example.org:6379", "[2001:db8::1]:6379"; returns `text`. */
const char *host_text(const struct host *host, char text[HOST_TEXT_MAX]);

#endif
