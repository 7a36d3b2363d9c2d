/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the HTTP server share: server.c (routes), listen.c, connection.c, request.c,
 * auth.c. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "command/command.h"
#include "http/http.h"

#include <stdint.h>
#include <time.h>

#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>

#include <sys/queue.h>

#include <sluice/http.h>

#define HTTP_CONNECTIONS_MAX 128 /* from elsewhere, and as many over loopback */
#define HTTP_ADDRESS_MAX     32  /* of them from one address (IPv6: its /64) */
#define HTTP_ROUTES_MAX      64
#define HTTP_LISTENERS_MAX   16
#define HTTP_TOKENS_MAX      1024
#define HTTP_HEADERS_MAX     8192  /* bytes, the request line among them */
#define HTTP_BODY_MAX        65536 /* bytes */
#define HTTP_READ_S          15    /* for a whole request, from the end of the one before */
#define HTTP_WRITE_S         60    /* for a whole answer */
#define HTTP_STALL_S         30    /* without any progress */

enum connection_state {
	CONNECTION_READS,   /* a request, or nothing */
	CONNECTION_WORKS,   /* its route has the request: the route bounds the time */
	CONNECTION_WRITES,  /* the answer */
	CONNECTION_STREAMS, /* pieces of an answer: only a stall ends it */
};

struct http_connection {
	LIST_ENTRY(http_connection) entry;
	struct http *http;
	bool tls;
	struct bufferevent *bev;
	struct evhttp_connection *ev;                       /* NULL: not known yet */
	struct http_request *request;                       /* NULL: none is being answered */
	void (*request_lost)(struct http_request *request); /* it is no more when this returns */
	uint8_t source[16]; /* an IPv6 address' /64, a v4-mapped address; zeros: loopback */
	enum connection_state state;
	time_t since; /* in this state; CLOCK_MONOTONIC */
};
LIST_HEAD(http_connections, http_connection);

struct http_token {
	uint8_t digest[HTTP_TOKEN_DIGEST];
	enum sluice_http_scope scope;
	char stream[SLUICE_HTTP_STREAM_MAX];
};

/* The token that a request came with. */
struct http_grant {
	bool given;
	enum sluice_http_scope scope;
	uint8_t digest[HTTP_TOKEN_DIGEST];
	char stream[SLUICE_HTTP_STREAM_MAX]; /* empty: any */
};

struct http_request {
	struct http *http;
	struct http_connection *connection; /* NULL: gone */
	struct evhttp_request *ev;
	const struct http_route *route;
	struct http_grant grant;
	struct evkeyvalq query;
	bool query_read;
	void (*lost)(void *arg);
	void *lost_arg;
	void (*room)(void *arg);
	void *room_arg;
};

struct http_listener {
	struct sluice_addr addr;
	bool tls;
	struct evhttp_bound_socket *bound; /* NULL: a free place */
};

/* tls.c: of `http tls`. */
struct http_tls {
	struct ssl_ctx_st *context; /* NULL: none is set */
	struct sluice_http_tls files;
};

struct http {
	struct event_base *base;
	struct evhttp *ev, *ev_tls;
	struct http_tls tls;
	struct event *adopt; /* fresh connections have an evhttp_connection by now */
	struct event *sweep; /* each second: who is too slow */
	struct http_connections connections;
	struct http_route routes[HTTP_ROUTES_MAX];
	uint32_t n_routes;
	struct http_listener listeners[HTTP_LISTENERS_MAX];
	struct http_token tokens[HTTP_TOKENS_MAX];
	uint32_t n_tokens;
	struct sluice_http_row row; /* counters */
};

/* -- listen.c -- */

int listeners_obey(void *arg, const struct command_request *request, char *why);
void listeners_close(struct http *http);

/* -- tls.c -- */

int tls_obey(struct http *http, const struct sluice_http_tls *files, char *why);
/* For a connection that will be accepted. NULL: no memory, or no certificate. */
struct bufferevent *tls_bufferevent(struct http *http);
/* Of the certificate in force, Unix time; 0: there is none. */
uint64_t tls_expires(const struct http *http);
void tls_end(struct http *http);

/* -- options.c -- */

/* Bytes of the path that are the route's own; 0: it is another path's. */
size_t route_covers(const struct http_route *route, const char *path);
/* Whether it answers this method: HEAD like GET, unless it is endless. */
bool route_answers(const struct http_route *route, enum evhttp_cmd_type method);
/* The path for the log: what stands behind that of a route for which no token is asked may be the
 * word that opens it. */
const char *route_path(const struct http *http, const char *path);
/* Allow, Accept-Post and Accept-Patch of this path, as headers of the answer. */
void options_add_headers(const struct http *http, struct evhttp_request *ev, const char *path);
void options_answer(struct http *http, struct evhttp_request *ev, const char *path);
/* What lets a page of another origin read the answer (the Fetch standard, 3.2). */
void cors_add_headers(const struct http *http, struct evhttp_request *ev);

/* -- connection.c -- */

/* 0 or -ENOMEM. */
int connections_start(struct http *http);
void connections_end(struct http *http);
struct http_connection *connection_of(struct http *http, struct evhttp_connection *ev);
void connection_turn(struct http_connection *connection, enum connection_state state);

/* -- request.c -- */

/* NULL: no memory. */
struct http_request *request_create(struct http_connection *connection, struct evhttp_request *ev,
                                    const struct http_route *route);
/* An answer to what has no route. */
void request_reject(struct http *http, struct evhttp_request *ev, int status, const char *why);
/* An answer without a body. */
void request_answer_empty(struct http *http, struct evhttp_request *ev, int status);
void answer_count(struct http *http, int status);

/* -- auth.c -- */

int tokens_add(struct http *http, const struct sluice_http_token *token, char *why);
int tokens_remove(struct http *http, const char *token, char *why);
/* 0: go on, and by which token; else the status to refuse with, and `why`. */
int request_admit(struct http *http, struct evhttp_request *ev, const struct http_route *route,
                  struct http_grant *grant, const char **why);

#endif
