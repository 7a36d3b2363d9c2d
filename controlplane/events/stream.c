/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/stream.h"

#include "command/printer.h"
#include "common/request.h"
#include "events/bus.h"
#include "http/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>
#include <sys/random.h>

#define STREAMS_MAX 32 /* those among them whose clients are away */
#define ID_MAX      48
#define TYPE        "text/event-stream"

/* A proxy or a client that hears nothing takes the connection for dead. */
static const struct timeval quiet = {.tv_sec = 10};
/* A client that has gone may come back and go on behind the last event that it names. */
static const struct timeval away = {.tv_sec = 60};

struct stream {
	TAILQ_ENTRY(stream) entry;
	struct event_streams *streams;
	struct http_request *request; /* NULL: its client is away */
	struct event_listener *listener;
	struct event *timer;
	uint64_t token; /* in its events' ids, so that none is taken for another stream's */
	bool allocations;
	bool sending; /* until all of it is on its way */
};
TAILQ_HEAD(stream_list, stream);

struct event_streams {
	struct event_base *base;
	struct event_bus *bus;
	struct stream_list list; /* the newest last */
	uint32_t count;
};

static void stream_free(struct stream *stream)
{
	TAILQ_REMOVE(&stream->streams->list, stream, entry);
	stream->streams->count--;
	if (stream->listener != NULL)
		event_listener_end(stream->listener);
	if (stream->timer != NULL)
		event_free(stream->timer);
	free(stream);
}

/* "id: TOKEN-NUMBER", "data: {...}", a blank line behind them. */
static void row_send(struct stream *stream, const struct sluice_event_row *row)
{
	const struct reply *reply = request_of(SLUICE_EVENTS)->reply;
	struct printer printer;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	fprintf(out, "id: %016" PRIx64 "-%" PRIu64 "\ndata: ", stream->token,
	        event_taken(stream->listener));
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

	if (stream->request != NULL && !stream->sending && event_take(stream->listener, &row))
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

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	if (stream->request == NULL) {
		stream_free(stream);
	} else if (!stream->sending) {
		stream->sending = true;
		http_stream_send(stream->request, ":\n\n", 3);
	}
}

static void on_lost(void *arg)
{
	struct stream *stream = arg;

	stream->request = NULL;
	event_add(stream->timer, &away);
}

/* -- a client comes -- */

/* The one that has been there for longest of those whose clients are away makes room. */
static void room_make(struct event_streams *streams)
{
	struct stream *stream;

	if (streams->count < STREAMS_MAX)
		return;
	TAILQ_FOREACH(stream, &streams->list, entry)
	if (stream->request == NULL)
		break;
	if (stream != NULL)
		stream_free(stream);
}

/* NULL: there are too many, or no memory. */
static struct stream *stream_create(struct event_streams *streams, bool allocations)
{
	struct stream *stream;

	room_make(streams);
	stream = streams->count < STREAMS_MAX ? calloc(1, sizeof(*stream)) : NULL;
	if (stream == NULL)
		return NULL;
	TAILQ_INSERT_TAIL(&streams->list, stream, entry);
	streams->count++;
	stream->streams = streams;
	stream->allocations = allocations;
	stream->timer = event_new(streams->base, -1, EV_PERSIST, on_timer, stream);
	stream->listener = event_listen(streams->bus, allocations, on_ready, stream);
	if (stream->timer != NULL && stream->listener != NULL &&
	    getrandom(&stream->token, sizeof(stream->token), 0) == sizeof(stream->token))
		return stream;
	stream_free(stream);
	return NULL;
}

/* Of the id that a client names last. NULL: what it asks for is there no more. */
static struct stream *stream_find(struct event_streams *streams, const char *id, bool allocations)
{
	char written[ID_MAX];
	struct stream *stream;
	uint64_t token, number;

	if (sscanf(id, "%16" SCNx64 "-%19" SCNu64, &token, &number) != 2)
		return NULL;
	snprintf(written, sizeof(written), "%016" PRIx64 "-%" PRIu64, token, number);
	if (strcmp(written, id) != 0)
		return NULL;
	TAILQ_FOREACH(stream, &streams->list, entry)
	if (stream->token == token && stream->allocations == allocations)
		break;
	return stream != NULL && event_again(stream->listener, number) ? stream : NULL;
}

static void stream_begin(struct stream *stream, struct http_request *request, const char *first)
{
	if (stream->request != NULL) /* that its client has left is not known yet */
		http_stream_break(stream->request);
	stream->request = request;
	event_add(stream->timer, &quiet);
	http_on_lost(request, on_lost, stream);
	http_stream_begin(request, TYPE, on_room, stream);
	/* The header goes at once. */
	stream->sending = true;
	http_stream_send(request, first, strlen(first));
}

static void handle_events(struct http_request *request, void *arg)
{
	const char *asked = http_query(request, "allocations");
	const char *id = http_header(request, "Last-Event-ID");
	bool allocations = asked != NULL && strcmp(asked, "1") == 0;
	struct event_streams *streams = arg;
	struct stream *stream = id != NULL ? stream_find(streams, id, allocations) : NULL;

	if (stream != NULL) {
		stream_begin(stream, request, ":\n\n");
		return;
	}
	if (id != NULL && id[0] == '\0') /* as a browser says that it has none */
		id = NULL;
	stream = stream_create(streams, allocations);
	if (stream == NULL) {
		http_answer_header(request, "Retry-After", "5");
		http_refuse(request, 503, "too many listen to events");
		return;
	}
	stream_begin(stream, request, id == NULL ? ":\n\n" : "event: gap\ndata: {}\n\n");
}

struct event_streams *event_streams_create(struct event_base *base, struct event_bus *bus,
                                           struct http *http)
{
	struct event_streams *streams = calloc(1, sizeof(*streams));
	const struct http_route route = {.method = EVHTTP_REQ_GET,
	                                 .path = "/v1/events",
	                                 .access = HTTP_READ,
	                                 .handle = handle_events,
	                                 .arg = streams,
	                                 .endless = true};

	if (streams == NULL)
		return NULL;
	TAILQ_INIT(&streams->list);
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
	if (streams == NULL)
		return;
	while (!TAILQ_EMPTY(&streams->list))
		stream_free(TAILQ_FIRST(&streams->list));
	free(streams);
}
