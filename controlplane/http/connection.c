/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections, bounded in number and in time. evhttp itself ends one only when nothing moves: who
 * sends a byte every few seconds would keep his for ever.
 */
#include "http/server.h"

#include <errno.h>
#include <stdlib.h>

static const struct timeval sweep_interval = {.tv_sec = 1};

void connection_turn(struct http_connection *connection, enum connection_state state)
{
	connection->state = state;
	connection->since = http_now();
}

struct http_connection *connection_of(struct http *http, struct evhttp_connection *ev)
{
	struct http_connection *connection;

	LIST_FOREACH(connection, &http->connections, entry)
	if (connection->ev == ev)
		return connection;
	return NULL;
}

static void connection_forget(struct http_connection *connection)
{
	struct http *http = connection->http;

	LIST_REMOVE(connection, entry);
	if (http->row.connections-- == HTTP_CONNECTIONS_MAX)
		listeners_enable(http, true);
	free(connection);
}

static void on_close(struct evhttp_connection *ev, void *arg)
{
	struct http_connection *connection = arg;

	if (connection->request != NULL)
		request_lose(connection->request);
	connection_forget(connection);
}

/* evhttp tells of a connection only with its first request; the events of its bufferevent carry it
 * from the start. */
static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	struct http_connection *connection;

	LIST_FOREACH(connection, &http->connections, entry)
	{
		void *ev = NULL;

		if (connection->ev != NULL)
			continue;
		bufferevent_getcb(connection->bev, NULL, NULL, NULL, &ev);
		connection->ev = ev;
		if (ev != NULL)
			evhttp_connection_set_closecb(ev, on_close, connection);
	}
}

/* For evhttp: a bufferevent for a connection that it has just accepted. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct http *http = arg;
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->http = http;
	connection->bev = bufferevent_socket_new(base, -1, 0);
	if (connection->bev == NULL) {
		free(connection);
		return NULL;
	}
	connection_turn(connection, CONNECTION_READS);
	LIST_INSERT_HEAD(&http->connections, connection, entry);
	if (++http->row.connections == HTTP_CONNECTIONS_MAX) /* others wait in the backlog */
		listeners_enable(http, false);
	event_active(http->adopt, EV_TIMEOUT, 0);
	return connection->bev;
}

static bool is_too_slow(const struct http_connection *connection, time_t now)
{
	static const time_t limits[] = {
	        [CONNECTION_READS] = HTTP_READ_S,
	        [CONNECTION_WRITES] = HTTP_WRITE_S,
	};

	return connection->state <= CONNECTION_WRITES && limits[connection->state] != 0 &&
	       now - connection->since > limits[connection->state];
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	struct http_connection *connection = LIST_FIRST(&http->connections), *next;
	time_t now = http_now();

	for (; connection != NULL; connection = next) {
		next = LIST_NEXT(connection, entry);
		if (connection->ev == NULL || !is_too_slow(connection, now))
			continue;
		http->row.timed_out++;
		evhttp_connection_free(connection->ev);
	}
}

int connections_start(struct http *http)
{
	http->adopt = evtimer_new(http->base, on_adopt, http);
	http->sweep = event_new(http->base, -1, EV_PERSIST, on_sweep, http);
	if (http->adopt == NULL || http->sweep == NULL ||
	    event_add(http->sweep, &sweep_interval) != 0)
		return -ENOMEM;
	evhttp_set_bevcb(http->ev, on_accept, http);
	return 0;
}

void connections_end(struct http *http)
{
	struct http_connection *connection = LIST_FIRST(&http->connections), *next;

	if (http->adopt != NULL)
		event_free(http->adopt);
	if (http->sweep != NULL)
		event_free(http->sweep);
	for (; connection != NULL; connection = next) {
		next = LIST_NEXT(connection, entry);
		if (connection->ev != NULL)
			evhttp_connection_free(connection->ev);
		else
			connection_forget(connection);
	}
}
