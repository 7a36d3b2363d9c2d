/* SPDX-License-Identifier: BSD-3-Clause */
/* Where another HTTP server is: http:// or https:// with a host, and no user, password or fragment.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#define URL_HOST_MAX   256
#define URL_TARGET_MAX 512

struct url {
	bool https;
	uint16_t port;
	char host[URL_HOST_MAX];          /* a name, or an address without brackets */
	char authority[URL_HOST_MAX + 8]; /* for the header Host */
	char target[URL_TARGET_MAX];      /* path and query */
};

/* 0, or -EINVAL with a line in `why` (SLUICE_API_ERROR_MAX bytes). */
int url_read(struct url *url, const char *text, char *why);

#endif
