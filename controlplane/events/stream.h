/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GET /v1/events: events over HTTP as they happen (server-sent events of HTML, 9.2). A client that
 * comes back with Last-Event-ID within a minute gets those behind it; where these are no more, an
 * event `gap` says so first.
 */
#ifndef EVENTS_STREAM_H
#define EVENTS_STREAM_H

struct event_base;
struct event_bus;
struct event_streams;
struct http;

/* NULL: no memory or no room for the route. */
struct event_streams *event_streams_create(struct event_base *base, struct event_bus *bus,
                                           struct http *http);
/* After the HTTP server, before the bus. */
void event_streams_destroy(struct event_streams *streams);

#endif
