/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What requests to other HTTP servers (http/poster.h) share: name servers and the authorities of
 * the host, once for the process. The event loop never waits for a name.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <event2/event.h>
#include <openssl/ssl.h>

#define HTTP_RESOLV_CONF "/etc/resolv.conf"

struct http_client;
struct evdns_base;

/* resolv_conf: where name servers are read from; without it they are asked for on the host itself.
 * NULL: no memory. */
struct http_client *http_client_create(struct event_base *base, const char *resolv_conf);
/* After a loop turn without any poster: lookups that were given up end in the loop. Those that are
 * still under way end in its next turn. */
void http_client_destroy(struct http_client *client);

struct event_base *http_client_base(const struct http_client *client);
/* Never NULL: without it libevent would wait for an answer. */
struct evdns_base *http_client_names(const struct http_client *client);
/* Accepts a certificate of `host`, a name or an address, alone. NULL: no memory. */
SSL *http_client_tls(struct http_client *client, const char *host);
/* A name was not found, or a certificate was refused: name servers and authorities are read again,
 * at most once in a few seconds. */
void http_client_refresh(struct http_client *client);

#endif
