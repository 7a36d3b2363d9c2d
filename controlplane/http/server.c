/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/server.h"

#include "config/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define METHODS                                                                                    \
	(EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE |                  \
	 EVHTTP_REQ_PATCH | EVHTTP_REQ_OPTIONS)

/* -- routes -- */

int http_route_add(struct http *http, const struct http_route *route)
{
	if (http->n_routes == HTTP_ROUTES_MAX)
		return -ENOSPC;
	http->routes[http->n_routes++] = *route;
	return 0;
}

bool route_answers(const struct http_route *route, enum evhttp_cmd_type method)
{
	return route->method == method ||
	       (route->method == EVHTTP_REQ_GET && method == EVHTTP_REQ_HEAD && !route->endless);
}

/* The longest that covers the path; *other: a route has the path and another method. */
static const struct http_route *route_find(const struct http *http, const char *path,
                                           enum evhttp_cmd_type method, bool *other)
{
	const struct http_route *found = NULL;
	size_t longest = 0;

	*other = false;
	for (uint32_t i = 0; i < http->n_routes; i++) {
		const struct http_route *route = &http->routes[i];
		size_t covered = route_covers(route, path);

		if (covered == 0)
			continue;
		if (!route_answers(route, method)) {
			*other = true;
		} else if (covered > longest) {
			longest = covered;
			found = route;
		}
	}
	return found;
}

/* Whether the body's media type, without its parameters, is the route's. */
static bool body_fits(const struct http_route *route, struct evhttp_request *ev)
{
	const char *type = evhttp_find_header(evhttp_request_get_input_headers(ev), "Content-Type");
	size_t length;

	if (route->takes == NULL)
		return true;
	if (type == NULL)
		return false;
	length = strcspn(type, "; \t");
	return length == strlen(route->takes) && strncasecmp(type, route->takes, length) == 0;
}

static void on_request(struct evhttp_request *ev, void *arg)
{
	struct http *http = arg;
	struct http_connection *connection = connection_of(http, evhttp_request_get_connection(ev));
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	const struct http_route *route;
	struct http_request *request;
	struct http_grant grant;
	const char *why;
	bool other;
	int status;

	if (connection == NULL || path == NULL) {
		request_reject(http, ev, 400, "the request has no path");
		return;
	}
	connection_turn(connection, CONNECTION_WRITES);
	if (evhttp_request_get_command(ev) == EVHTTP_REQ_OPTIONS) {
		options_answer(http, ev, path);
		return;
	}
	route = route_find(http, path, evhttp_request_get_command(ev), &other);
	if (route == NULL) {
		if (other)
			options_add_headers(http, ev, path);
		request_reject(http, ev, other ? 405 : 404,
		               other ? "there is something here, but not for this method"
		                     : "there is nothing at this path");
		return;
	}
	status = request_admit(http, ev, route, &grant, &why);
	if (status != 0) {
		request_reject(http, ev, status, why);
		return;
	}
	if (!body_fits(route, ev)) {
		options_add_headers(http, ev, path);
		request_reject(http, ev, 415, "the body is not of the type that this takes");
		return;
	}
	request = request_create(connection, ev, route);
	if (request == NULL) {
		request_reject(http, ev, 503, "no memory");
		return;
	}
	request->grant = grant;
	route->handle(request, route->arg);
}

/* -- what is the server's own -- */

static void handle_healthz(struct http_request *request, void *arg)
{
	http_answer_text(request, 200, "ok\n");
}

static int http_obey(void *arg, const struct command_request *request, char *why)
{
	const struct sluice_http_token *token = (const void *)request->body.bytes;

	switch (request->command->type) {
	case SLUICE_HTTP_TLS_SET:
		return tls_obey(arg, (const void *)request->body.bytes, why);
	case SLUICE_HTTP_TOKEN_ADD:
		return tokens_add(arg, token, why);
	case SLUICE_HTTP_TOKEN_DELETE:
		return tokens_remove(arg, token->token, why);
	}
	return listeners_obey(arg, request, why);
}

/* Of `http tls`: listeners with tls take nobody any more. */
static void http_unset(void *arg, const struct command_request *request)
{
	tls_end(arg);
}

void http_show(const struct http *http, struct sluice_http_row *row)
{
	memset(row, 0, sizeof(*row));
	if (http == NULL)
		return;
	*row = http->row;
	row->connections_max = 2 * HTTP_CONNECTIONS_MAX;
	row->tokens = http->n_tokens;
	row->expires = tls_expires(http);
	for (uint32_t i = 0; i < HTTP_LISTENERS_MAX; i++)
		row->listeners += http->listeners[i].bound != NULL;
}

static struct evhttp *ev_create(struct http *http)
{
	struct evhttp *ev = evhttp_new(http->base);

	if (ev == NULL)
		return NULL;
	evhttp_set_gencb(ev, on_request, http);
	evhttp_set_allowed_methods(ev, METHODS);
	evhttp_set_max_headers_size(ev, HTTP_HEADERS_MAX);
	evhttp_set_max_body_size(ev, HTTP_BODY_MAX);
	evhttp_set_timeout(ev, HTTP_STALL_S);
	evhttp_set_default_content_type(ev, NULL);
	return ev;
}

struct http *http_create(struct event_base *base, struct own *own)
{
	static const struct http_route healthz = {EVHTTP_REQ_GET, "/healthz", HTTP_OPEN,
	                                          handle_healthz, NULL};
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->base = base;
	LIST_INIT(&http->connections);
	http->ev = ev_create(http);
	http->ev_tls = ev_create(http);
	if (http->ev == NULL || http->ev_tls == NULL || connections_start(http) < 0) {
		http_destroy(http);
		return NULL;
	}
	http_route_add(http, &healthz);
	own_serve_part(own, SLUICE_HTTP_LISTEN_ADD,
	               &(struct own_part){http_obey, http_unset, NULL, http});
	return http;
}

void http_destroy(struct http *http)
{
	if (http == NULL)
		return;
	listeners_close(http);
	connections_end(http);
	if (http->ev != NULL)
		evhttp_free(http->ev);
	if (http->ev_tls != NULL)
		evhttp_free(http->ev_tls);
	tls_end(http);
	explicit_bzero(http->tokens, sizeof(http->tokens));
	free(http);
}
