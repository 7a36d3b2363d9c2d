/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/stream.h"

#include "command/printer.h"
#include "common/request.h"
#include "events/bus.h"
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 32
#define TYPE        "text/event-stream"

/* A proxy or a client that hears nothing takes the connection for dead. */
static const struct timeval quiet = {.tv_sec = 10};

struct event_streams {
	struct event_base *base;
	struct event_bus *bus;
	uint32_t count;
};

struct stream {
	struct event_streams *streams;
	struct http_request *request;
	struct event_listener *listener;
	struct event *timer;
	bool sending; /* until all of it is on its way */
};

static void stream_free(struct stream *stream)
{
	stream->streams->count--;
	event_listener_end(stream->listener);
	event_free(stream->timer);
	free(stream);
}

/* "data: {...}", a blank line behind it. */
static void row_send(struct stream *stream, const struct sluice_event_row *row)
{
	const struct reply *reply = request_of(SLUICE_EVENTS)->reply;
	struct printer printer;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	fputs("data: ", out);
	printer_begin(&printer, out, true, reply);
	printer_rows(&printer, row, 1);
	fputs("\n", out);
	fclose(out);
	http_stream_send(stream->request, text, length);
	stream->sending = true;
	free(text);
}

/* One at a time: a client that is slow loses events, which are counted, and no memory is lost to
 * it. */
static void stream_go(struct stream *stream)
{
	struct sluice_event_row row;

	if (!stream->sending && event_take(stream->listener, &row))
		row_send(stream, &row);
}

static void on_room(void *arg)
{
	struct stream *stream = arg;

	stream->sending = false;
	stream_go(stream);
}

static void on_ready(void *arg)
{
	stream_go(arg);
}

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	if (stream->sending)
		return;
	stream->sending = true;
	http_stream_send(stream->request, ":\n\n", 3);
}

static void on_lost(void *arg)
{
	stream_free(arg);
}

static void handle_events(struct http_request *request, void *arg)
{
	const char *allocations = http_query(request, "allocations");
	struct event_streams *streams = arg;
	struct stream *stream = NULL;

	if (streams->count < STREAMS_MAX)
		stream = calloc(1, sizeof(*stream));
	if (stream != NULL) {
		stream->streams = streams;
		stream->request = request;
		stream->timer = event_new(streams->base, -1, EV_PERSIST, on_quiet, stream);
		stream->listener = event_listen(
		        streams->bus, allocations != NULL && strcmp(allocations, "1") == 0,
		        on_ready, stream);
	}
	if (stream == NULL || stream->timer == NULL || stream->listener == NULL ||
	    event_add(stream->timer, &quiet) != 0) {
		if (stream != NULL && stream->timer != NULL)
			event_free(stream->timer);
		if (stream != NULL && stream->listener != NULL)
			event_listener_end(stream->listener);
		free(stream);
		http_answer_header(request, "Retry-After", "5");
		http_refuse(request, 503, "too many listen to events");
		return;
	}
	streams->count++;
	http_on_lost(request, on_lost, stream);
	http_stream_begin(request, TYPE, on_room, stream);
	/* The header goes at once. */
	stream->sending = true;
	http_stream_send(request, ":\n\n", 3);
}

struct event_streams *event_streams_create(struct event_base *base, struct event_bus *bus,
                                           struct http *http)
{
	struct event_streams *streams = calloc(1, sizeof(*streams));
	const struct http_route route = {EVHTTP_REQ_GET, "/v1/events", HTTP_READ, handle_events,
	                                 streams};

	if (streams == NULL)
		return NULL;
	streams->base = base;
	streams->bus = bus;
	if (http_route_add(http, &route) < 0) {
		free(streams);
		return NULL;
	}
	return streams;
}

void event_streams_destroy(struct event_streams *streams)
{
	free(streams);
}
