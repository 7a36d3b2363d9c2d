/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's HTTP server: where it listens, and who may ask. None of it is the
 * dataplane's. */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <sluice/api.h>

#define SLUICE_HTTP_TOKEN_MAX  256 /* with the final NUL */
#define SLUICE_HTTP_STREAM_MAX 64
#define SLUICE_HTTP_FILE_MAX   256

/* SLUICE_HTTP_LISTEN_ADD, _DELETE -> {}. -EEXIST, -ENOENT, -ENOSPC, or why it cannot listen. */
struct sluice_http_listen {
	struct sluice_addr addr;
	uint32_t tls; /* 1: HTTPS, by the certificate of SLUICE_HTTP_TLS_SET */
};
static_assert(sizeof(struct sluice_http_listen) == 24, "http listen");

/* SLUICE_HTTP_TLS_SET -> {}: files in PEM, of which the first may hold a chain. -EINVAL. */
struct sluice_http_tls {
	char cert[SLUICE_HTTP_FILE_MAX];
	char key[SLUICE_HTTP_FILE_MAX];
};
static_assert(sizeof(struct sluice_http_tls) == 512, "http tls");

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
	uint64_t expires;   /* the certificate of `http tls`, Unix time; 0: there is none */
};
static_assert(sizeof(struct sluice_http_row) == 64, "http row");

#endif
