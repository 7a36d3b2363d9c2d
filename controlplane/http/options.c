/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be asked of a path, and what lets pages of other origins ask it where that is meant. Who
 * may is decided by a bearer token, which no browser adds by itself. */
#include "http/server.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 128

size_t route_covers(const struct http_route *route, const char *path)
{
	size_t length = strlen(route->path);

	if (length > 1 && route->path[length - 1] == '/' && strncmp(route->path, path, length) == 0)
		return length;
	return strcmp(route->path, path) == 0 ? length : 0;
}

const char *route_path(const struct http *http, const char *path)
{
	for (uint32_t i = 0; i < http->n_routes; i++) {
		const struct http_route *route = &http->routes[i];

		if (route->access == HTTP_OPEN && route_covers(route, path) > 1)
			return route->path;
	}
	return path;
}

static const struct {
	enum evhttp_cmd_type method;
	const char *name;
	const char *accept; /* the header that says what a body has to be; NULL: none */
} methods[] = {
        {EVHTTP_REQ_GET, "GET", NULL},
        {EVHTTP_REQ_HEAD, "HEAD", NULL},
        {EVHTTP_REQ_POST, "POST", "Accept-Post"},
        {EVHTTP_REQ_PATCH, "PATCH", "Accept-Patch"},
        {EVHTTP_REQ_DELETE, "DELETE", NULL},
};

static const struct http_route *route_of(const struct http *http, const char *path,
                                         enum evhttp_cmd_type method)
{
	for (uint32_t i = 0; i < http->n_routes; i++)
		if (route_answers(&http->routes[i], method) &&
		    route_covers(&http->routes[i], path) > 0)
			return &http->routes[i];
	return NULL;
}

/* Returns whether there is anything. */
static bool methods_list(const struct http *http, const char *path, char list[LIST_MAX])
{
	bool any = false;

	snprintf(list, LIST_MAX, "OPTIONS");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (route_of(http, path, methods[i].method) == NULL)
			continue;
		any = true;
		snprintf(list + strlen(list), LIST_MAX - strlen(list), ", %s", methods[i].name);
	}
	return any;
}

void options_add_headers(const struct http *http, struct evhttp_request *ev, const char *path)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);
	char list[LIST_MAX];

	methods_list(http, path, list);
	evhttp_add_header(headers, "Allow", list);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct http_route *route =
		        methods[i].accept != NULL ? route_of(http, path, methods[i].method) : NULL;

		if (route != NULL && route->takes != NULL)
			evhttp_add_header(headers, methods[i].accept, route->takes);
	}
}

/* Whether they may ask for this path. */
static bool is_for_any_origin(const struct http *http, const char *path)
{
	for (uint32_t i = 0; i < http->n_routes; i++)
		if (http->routes[i].any_origin && route_covers(&http->routes[i], path) > 0)
			return true;
	return false;
}

void cors_add_headers(const struct http *http, struct evhttp_request *ev)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	if (evhttp_find_header(evhttp_request_get_input_headers(ev), "Origin") == NULL ||
	    path == NULL || !is_for_any_origin(http, path))
		return;
	evhttp_add_header(headers, "Access-Control-Allow-Origin", "*");
	evhttp_add_header(headers, "Access-Control-Expose-Headers",
	                  "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch");
}

/* RFC 9725, 4.1: no token is asked for, since a browser's preflight has none. */
void options_answer(struct http *http, struct evhttp_request *ev, const char *path)
{
	const struct evkeyvalq *asked = evhttp_request_get_input_headers(ev);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);
	char list[LIST_MAX];

	if (!methods_list(http, path, list)) {
		request_reject(http, ev, 404, "there is nothing at this path");
		return;
	}
	options_add_headers(http, ev, path);
	if (evhttp_find_header(asked, "Access-Control-Request-Method") != NULL &&
	    is_for_any_origin(http, path)) {
		evhttp_add_header(headers, "Access-Control-Allow-Methods", list);
		evhttp_add_header(headers, "Access-Control-Allow-Headers",
		                  "Authorization, Content-Type, If-Match, If-None-Match");
		evhttp_add_header(headers, "Access-Control-Max-Age", "86400");
	}
	request_answer_empty(http, ev, 200);
}
