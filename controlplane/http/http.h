/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane's HTTP server, on libevent's evhttp. A part that has something to answer adds
 * its routes; what is bounded (connections, headers, bodies, slow clients) and who may ask is this
 * server's business.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/http.h>

#include <jansson.h>

struct http;
struct http_request;
struct own;
struct sluice_http_row;

enum http_access {
	HTTP_OPEN,    /* anybody; who has a token may be told more */
	HTTP_READ,    /* who has a bearer token of scope read or admin */
	HTTP_ADMIN,   /* of scope admin */
	HTTP_PUBLISH, /* of scope publish or admin; which stream: http_opens_stream */
	HTTP_WATCH,
};

/*
 * Answers once, at once or later: with one of http_answer*, http_refuse, or http_stream_begin to
 * http_stream_end.
 */
typedef void http_handle_fn(struct http_request *request, void *arg);

struct http_route {
	enum evhttp_cmd_type method; /* EVHTTP_REQ_GET also answers HEAD, unless it is endless */
	const char *path; /* "/v1/steer"; with / at its end everything below it, where no other
	                     route has the path itself; "/" alone is the page */
	enum http_access access;
	http_handle_fn *handle;
	void *arg;
	bool any_origin;   /* pages of other origins may ask, too */
	const char *takes; /* the media type that a body has to have; NULL: it does not matter */
	bool endless;      /* the answer ends with its client, or with what it tells of */
};

#define HTTP_TOKEN_DIGEST 32 /* bytes */

/* Serves the subject of sluice/http.h of `own`. NULL: no memory. */
struct http *http_create(struct event_base *base, struct own *own);
/* Requests that were not answered are lost (http_on_lost). */
void http_destroy(struct http *http);

/* The route's strings stay the caller's. 0, or -ENOSPC. */
int http_route_add(struct http *http, const struct http_route *route);

/* The files of `http tls` may be others by now. */
void http_tls_again(struct http *http);

void http_show(const struct http *http, struct sluice_http_row *row);

/* -- what was asked -- */

/* Behind the route's path, where that ends with /. */
const char *http_path_rest(const struct http_request *request);
/* The first value of this key in the query, decoded; NULL: there is none. */
const char *http_query(struct http_request *request, const char *key);
/* Its token is of scope admin. */
bool http_is_admin(const struct http_request *request);
/* Its token is of scope read or admin. */
bool http_may_read(const struct http_request *request);
/* Its token is of scope admin, or is bound to this stream or to none. */
bool http_opens_stream(const struct http_request *request, const char *stream);
/* SHA-256 of its token, HTTP_TOKEN_DIGEST bytes; zeros: it has none. */
const uint8_t *http_token_digest(const struct http_request *request);
/* NULL: it has no such header. */
const char *http_header(const struct http_request *request, const char *name);
/* Path and query. */
const char *http_target(const struct http_request *request);
bool http_is_tls(const struct http_request *request);
/* "198.18.1.2:40000, token 3f2a91bc of scope admin": who asks, for the log; the token by the first
 * bytes of its SHA-256. */
void http_who(const struct http_request *request, char *text, size_t room);
/* "198.18.1.2:40000" */
void http_client(const struct http_request *request, char *text, size_t room);
/* A NUL stands behind it. NULL: no memory. */
const char *http_body(struct http_request *request, size_t *length);

/* -- the answer -- */

void http_answer(struct http_request *request, int status, const char *type, const void *body,
                 size_t length);
void http_answer_text(struct http_request *request, int status, const char *text);
/* Takes `json`, also where it is NULL (no memory). */
void http_answer_json(struct http_request *request, int status, json_t *json);
/* {"error": why} */
void http_refuse(struct http_request *request, int status, const char *why);
/* Adds a header to the answer. */
void http_answer_header(struct http_request *request, const char *name, const char *value);

/*
 * The client has gone, or the server stops, before the answer was complete: the request is no more
 * when this returns.
 */
void http_on_lost(struct http_request *request, void (*lost)(void *arg), void *arg);

/* An answer in pieces, status 200. `room` is called each time that all pieces have been sent. */
void http_stream_begin(struct http_request *request, const char *type, void (*room)(void *arg),
                       void *arg);
void http_stream_send(struct http_request *request, const void *piece, size_t length);
void http_stream_end(struct http_request *request);
/* Closes the connection instead, so that the client sees that something is missing. */
void http_stream_break(struct http_request *request);

#endif
