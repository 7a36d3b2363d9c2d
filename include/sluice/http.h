/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's HTTP server: where it listens, and who may ask. None of it is the
 * dataplane's. */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <sluice/api.h>

#define SLUICE_HTTP_TOKEN_MAX  256 /* with the final NUL */
#define SLUICE_HTTP_STREAM_MAX 64

/* SLUICE_HTTP_LISTEN_ADD, _DELETE -> {}. -EEXIST, -ENOENT, -ENOSPC, or why it cannot listen. */
struct sluice_http_listen {
	struct sluice_addr addr;
};
static_assert(sizeof(struct sluice_http_listen) == 20, "http listen");

/* What a token opens. */
enum sluice_http_scope {
	SLUICE_HTTP_READ,    /* metrics, and what shows without secrets */
	SLUICE_HTTP_PUBLISH, /* to send streams */
	SLUICE_HTTP_WATCH,   /* to receive streams */
	SLUICE_HTTP_ADMIN,   /* everything that is over HTTP at all */
	SLUICE_HTTP_SCOPES,
};

/* SLUICE_HTTP_TOKEN_ADD, _DELETE (of which the token alone counts) -> {}. Adding one again changes
 * its scope. -EINVAL, -ENOENT, -ENOSPC. */
struct sluice_http_token {
	char token[SLUICE_HTTP_TOKEN_MAX];
	char stream[SLUICE_HTTP_STREAM_MAX]; /* of PUBLISH, WATCH: this one alone; empty: any */
	uint32_t scope;                      /* enum sluice_http_scope */
};
static_assert(sizeof(struct sluice_http_token) == 324, "http token");

/* SLUICE_HTTP_SHOW {} -> one of this. */
struct sluice_http_row {
	uint32_t listeners, tokens;
	uint32_t connections, connections_max;
	uint64_t requests;
	uint64_t refused;   /* answered with a 4xx */
	uint64_t failed;    /* answered with a 5xx */
	uint64_t timed_out; /* connections closed because their client was too slow */
	uint64_t crowded;   /* connections closed to make room for others */
};
static_assert(sizeof(struct sluice_http_row) == 56, "http row");

#endif
