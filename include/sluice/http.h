/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's HTTP server: where it listens, and who may ask. None of it is the
 * dataplane's. */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <sluice/api.h>

#define SLUICE_HTTP_TOKEN_MAX 256 /* with the final NUL */

/* SLUICE_HTTP_LISTEN_ADD, _DELETE -> {}. -EEXIST, -ENOENT, -ENOSPC, or why it cannot listen. */
struct sluice_http_listen {
	struct sluice_addr addr;
};
static_assert(sizeof(struct sluice_http_listen) == 20, "http listen");

/* SLUICE_HTTP_TOKEN_ADD, _DELETE -> {}: any of them opens what needs one. -EEXIST, -ENOENT,
 * -ENOSPC. */
struct sluice_http_token {
	char token[SLUICE_HTTP_TOKEN_MAX];
};
static_assert(sizeof(struct sluice_http_token) == 256, "http token");

/* SLUICE_HTTP_SHOW {} -> one of this. */
struct sluice_http_row {
	uint32_t listeners, tokens;
	uint32_t connections, connections_max;
	uint64_t requests;
	uint64_t refused;   /* answered with a 4xx */
	uint64_t failed;    /* answered with a 5xx */
	uint64_t timed_out; /* connections closed because their client was too slow */
};
static_assert(sizeof(struct sluice_http_row) == 48, "http row");

#endif
