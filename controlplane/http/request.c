/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/server.h"

#include "common/log.h"
#include "common/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"

/* -- life -- */

static void request_free(struct http_request *request)
{
	if (request->query_read)
		evhttp_clear_headers(&request->query);
	free(request);
}

/* The connection has gone: tells who works on it. */
static void request_lose(struct http_request *request)
{
	if (request->lost != NULL)
		request->lost(request->lost_arg);
	request->connection->request = NULL;
	/* evhttp leaves a request that is being worked on to us, and frees another one itself. */
	if (evhttp_request_get_connection(request->ev) == NULL)
		evhttp_request_free(request->ev);
	request_free(request);
}

struct http_request *request_create(struct http_connection *connection, struct evhttp_request *ev,
                                    const struct http_route *route)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->http = connection->http;
	request->connection = connection;
	request->ev = ev;
	request->route = route;
	connection->request = request;
	connection->request_lost = request_lose;
	connection_turn(connection, CONNECTION_WORKS);
	return request;
}

void http_on_lost(struct http_request *request, void (*lost)(void *arg), void *arg)
{
	request->lost = lost;
	request->lost_arg = arg;
}

/* -- what was asked -- */

const char *http_path_rest(const struct http_request *request)
{
	return evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request->ev)) +
	       strlen(request->route->path);
}

const char *http_query(struct http_request *request, const char *key)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request->ev));

	if (!request->query_read && query != NULL &&
	    evhttp_parse_query_str(query, &request->query) == 0)
		request->query_read = true;
	return request->query_read ? evhttp_find_header(&request->query, key) : NULL;
}

bool http_is_admin(const struct http_request *request)
{
	return request->grant.given && request->grant.scope == SLUICE_HTTP_ADMIN;
}

bool http_may_read(const struct http_request *request)
{
	return http_is_admin(request) ||
	       (request->grant.given && request->grant.scope == SLUICE_HTTP_READ);
}

bool http_opens_stream(const struct http_request *request, const char *stream)
{
	const struct http_grant *grant = &request->grant;

	return http_is_admin(request) ||
	       (grant->given && (grant->stream[0] == '\0' || strcmp(grant->stream, stream) == 0));
}

const uint8_t *http_token_digest(const struct http_request *request)
{
	return request->grant.digest;
}

const char *http_header(const struct http_request *request, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request->ev), name);
}

const char *http_target(const struct http_request *request)
{
	const char *uri = evhttp_request_get_uri(request->ev);

	return uri[0] == '/' ? uri
	                     : evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request->ev));
}

bool http_is_tls(const struct http_request *request)
{
	return request->connection->tls;
}

void http_client(const struct http_request *request, char *text, size_t room)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request->ev);
	char *address = NULL;
	ev_uint16_t port = 0;
	bool v6;

	if (connection != NULL)
		evhttp_connection_get_peer(connection, &address, &port);
	v6 = address != NULL && strchr(address, ':') != NULL;
	snprintf(text, room, "%s%s%s:%u", v6 ? "[" : "", address != NULL ? address : "?",
	         v6 ? "]" : "", port);
}

void http_who(const struct http_request *request, char *text, size_t room)
{
	const struct http_grant *grant = &request->grant;
	char client[80], token[64] = "no token";

	http_client(request, client, sizeof(client));
	if (grant->given)
		snprintf(token, sizeof(token), "token %02x%02x%02x%02x of scope %s",
		         grant->digest[0], grant->digest[1], grant->digest[2], grant->digest[3],
		         scope_words[grant->scope]);
	snprintf(text, room, "%s, %s", client, token);
}

const char *http_body(struct http_request *request, size_t *length)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request->ev);

	*length = evbuffer_get_length(body);
	if (evbuffer_add(body, "", 1) != 0)
		return NULL;
	return (const char *)evbuffer_pullup(body, -1);
}

/* -- the answer -- */

void answer_count(struct http *http, int status)
{
	http->row.requests++;
	http->row.refused += status >= 400 && status < 500;
	http->row.failed += status >= 500;
}

static void on_complete(struct evhttp_request *ev, void *arg)
{
	connection_turn(arg, CONNECTION_READS);
}

static void headers_add(const struct http *http, struct evhttp_request *ev, const char *type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);

	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (type != NULL)
		evhttp_add_header(headers, "Content-Type", type);
	cors_add_headers(http, ev);
}

/* Neither query nor body: what is in them is the client's own business. Nor is a name logged that
 * opens something. */
static void reply_count(struct http *http, struct evhttp_request *ev, int status)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	struct evhttp_connection *connection = evhttp_request_get_connection(ev);
	char *address = NULL;
	ev_uint16_t port;

	answer_count(http, status);
	if (log_level(SLUICE_LOG_HTTP) < SLUICE_LOG_DEBUG)
		return;
	if (connection != NULL)
		evhttp_connection_get_peer(connection, &address, &port);
	log_debug(SLUICE_LOG_HTTP, "http %s %s: %d", address != NULL ? address : "?",
	          path != NULL ? route_path(http, path) : "?", status);
}

static void reply_send(struct http *http, struct evhttp_request *ev, int status, const char *type,
                       const void *body, size_t length)
{
	struct http_connection *connection = connection_of(http, evhttp_request_get_connection(ev));
	bool head = evhttp_request_get_command(ev) == EVHTTP_REQ_HEAD;
	struct evbuffer *buffer = evbuffer_new();

	reply_count(http, ev, status);
	headers_add(http, ev, type);
	if (buffer != NULL && !head) /* evhttp would send it */
		evbuffer_add(buffer, body, length);
	if (connection != NULL) {
		connection_turn(connection, CONNECTION_WRITES);
		evhttp_request_set_on_complete_cb(ev, on_complete, connection);
	}
	evhttp_send_reply(ev, status, NULL, buffer);
	if (buffer != NULL)
		evbuffer_free(buffer);
}

void http_answer(struct http_request *request, int status, const char *type, const void *body,
                 size_t length)
{
	struct http *http = request->http;
	struct evhttp_request *ev = request->ev;

	request->connection->request = NULL;
	reply_send(http, ev, status, type, body, length);
	request_free(request); /* `body` may be of its query */
}

void http_answer_text(struct http_request *request, int status, const char *text)
{
	http_answer(request, status, TYPE_TEXT, text, strlen(text));
}

void http_answer_json(struct http_request *request, int status, json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	json_decref(json);
	if (text != NULL)
		http_answer(request, status, TYPE_JSON, text, strlen(text));
	else
		http_answer_text(request, 503, "no memory\n");
	free(text);
}

void http_refuse(struct http_request *request, int status, const char *why)
{
	http_answer_json(request, status, json_pack("{s:s}", "error", why));
}

void http_answer_header(struct http_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request->ev), name, value);
}

void request_reject(struct http *http, struct evhttp_request *ev, int status, const char *why)
{
	json_t *json = json_pack("{s:s}", "error", why);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (status == 401)
		evhttp_add_header(evhttp_request_get_output_headers(ev), "WWW-Authenticate",
		                  "Bearer");
	reply_send(http, ev, status, TYPE_JSON, text, text != NULL ? strlen(text) : 0);
	free(text);
}

void request_answer_empty(struct http *http, struct evhttp_request *ev, int status)
{
	reply_send(http, ev, status, NULL, "", 0);
}

/* -- in pieces -- */

void http_stream_begin(struct http_request *request, const char *type, void (*room)(void *arg),
                       void *arg)
{
	request->room = room;
	request->room_arg = arg;
	reply_count(request->http, request->ev, 200);
	headers_add(request->http, request->ev, type);
	connection_turn(request->connection, CONNECTION_STREAMS);
	evhttp_send_reply_start(request->ev, 200, NULL);
}

static void on_room(struct evhttp_connection *ev, void *arg)
{
	struct http_request *request = arg;

	if (request->room != NULL)
		request->room(request->room_arg);
}

void http_stream_send(struct http_request *request, const void *piece, size_t length)
{
	struct evbuffer *buffer = evbuffer_new();

	if (buffer == NULL)
		return;
	evbuffer_add(buffer, piece, length);
	evhttp_send_reply_chunk_with_cb(request->ev, buffer, on_room, request);
	evbuffer_free(buffer);
}

void http_stream_end(struct http_request *request)
{
	struct evhttp_request *ev = request->ev;
	struct http_connection *connection = request->connection;

	connection->request = NULL;
	request_free(request);
	connection_turn(connection, CONNECTION_WRITES);
	evhttp_request_set_on_complete_cb(ev, on_complete, connection);
	evhttp_send_reply_end(ev);
}

void http_stream_break(struct http_request *request)
{
	request->lost = NULL;
	evhttp_connection_free(request->connection->ev);
}
