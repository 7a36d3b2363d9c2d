/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections, bounded in number and in time. evhttp itself ends one only when nothing moves: a
 * client that sends a byte every few seconds would keep its own for ever. Where there are too many
 * of one address, or in all, the one goes that has been idle for longest, so that those who come
 * only to hold places hold them from each other. What comes over loopback has places of its own.
 */
#include "http/server.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const struct timeval sweep_interval = {.tv_sec = 1};

static time_t seconds_now(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NSEC_PER_SEC;
}

void connection_turn(struct http_connection *connection, enum connection_state state)
{
	connection->state = state;
	connection->since = seconds_now();
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
	http->row.connections--;
	free(connection);
}

static void on_close(struct evhttp_connection *ev, void *arg)
{
	struct http_connection *connection = arg;

	if (connection->request != NULL)
		connection->request_lost(connection->request);
	connection_forget(connection);
}

/* -- not too many -- */

static void source_read(struct http_connection *connection)
{
	struct sockaddr_storage peer = {0};
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&peer;
	socklen_t length = sizeof(peer);
	uint8_t *source = connection->source;

	getpeername(bufferevent_getfd(connection->bev), (struct sockaddr *)&peer, &length);
	if (peer.ss_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr)) {
		memcpy(source, &six->sin6_addr, 8);
	} else if (peer.ss_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 != 127) {
		source[10] = source[11] = 0xff;
		memcpy(source + 12, &four->sin_addr, 4);
	}
}

static bool is_loopback(const struct http_connection *connection)
{
	static const uint8_t zeros[sizeof(connection->source)];

	return memcmp(connection->source, zeros, sizeof(zeros)) == 0;
}

/* Those that stand beside it for a bound: of its address, or of all that came as it did. */
static bool is_beside(const struct http_connection *other, const struct http_connection *fresh,
                      bool address)
{
	if (other->ev == NULL)
		return false;
	return address ? memcmp(other->source, fresh->source, sizeof(fresh->source)) == 0
	               : is_loopback(other) == is_loopback(fresh);
}

/* Waits for its client longer than any other, or is the fresh one: others are being answered. */
static struct http_connection *idlest_beside(struct http_connection *fresh, bool address)
{
	struct http_connection *connection, *idlest = NULL;

	/* The newest comes first: of those with the same second the last is the oldest. */
	LIST_FOREACH(connection, &fresh->http->connections, entry)
	if (is_beside(connection, fresh, address) && connection->state == CONNECTION_READS &&
	    (idlest == NULL || connection->since <= idlest->since))
		idlest = connection;
	return idlest != NULL ? idlest : fresh;
}

static uint32_t count_beside(const struct http_connection *fresh, bool address)
{
	const struct http_connection *connection;
	uint32_t count = 0;

	LIST_FOREACH(connection, &fresh->http->connections, entry)
	count += is_beside(connection, fresh, address);
	return count;
}

static void room_make(struct http_connection *fresh)
{
	bool address = !is_loopback(fresh) && count_beside(fresh, true) > HTTP_ADDRESS_MAX;

	if (!address && count_beside(fresh, false) <= HTTP_CONNECTIONS_MAX)
		return;
	fresh->http->row.crowded++;
	evhttp_connection_free(idlest_beside(fresh, address)->ev);
}

/* evhttp tells of a connection only with its first request; the events of its bufferevent carry it
 * from the start. */
static struct http_connection *connection_unknown(struct http *http)
{
	struct http_connection *connection;

	LIST_FOREACH(connection, &http->connections, entry)
	{
		void *ev = NULL;

		if (connection->ev != NULL)
			continue;
		bufferevent_getcb(connection->bev, NULL, NULL, NULL, &ev);
		connection->ev = ev;
		if (ev != NULL)
			return connection;
	}
	return NULL;
}

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	struct http_connection *connection;

	while ((connection = connection_unknown(http)) != NULL) {
		evhttp_connection_set_closecb(connection->ev, on_close, connection);
		source_read(connection);
		room_make(connection);
	}
}

static struct bufferevent *connection_create(struct http *http, bool tls)
{
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->http = http;
	connection->tls = tls;
	connection->bev = tls ? tls_bufferevent(http) : bufferevent_socket_new(http->base, -1, 0);
	if (connection->bev == NULL) {
		free(connection);
		return NULL;
	}
	connection_turn(connection, CONNECTION_READS);
	LIST_INSERT_HEAD(&http->connections, connection, entry);
	http->row.connections++;
	event_active(http->adopt, EV_TIMEOUT, 0);
	return connection->bev;
}

/* For evhttp: a bufferevent for a connection that it has just accepted. Where there is none evhttp
 * makes one of its own, whose requests are refused. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	return connection_create(arg, false);
}

static struct bufferevent *on_accept_tls(struct event_base *base, void *arg)
{
	return connection_create(arg, true);
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
	time_t now = seconds_now();

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
	evhttp_set_bevcb(http->ev_tls, on_accept_tls, http);
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
