/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS toward a Redis: its certificate is checked, ours is shown where there is one. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

#include <sluice/region.h>

/* Of the region's files as they are now. NULL, and `why` says it. */
SSL_CTX *tls_client_context(const struct sluice_region_add *region, char *why, size_t room);
/* server: an address or a name that the certificate has to be for. NULL: no memory. */
struct bufferevent *tls_client_bufferevent(struct event_base *base, SSL_CTX *context,
                                           const char *server, int options);
/* What the certificate has to be for; a name stands in SNI as well. False: no memory, or it is too
 * long for a name. */
bool tls_client_expect(SSL *ssl, const char *server);
/* What OpenSSL says of a connection that failed; false: nothing. */
bool tls_client_why(struct bufferevent *bev, char *why, size_t room);

#endif
