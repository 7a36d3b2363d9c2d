/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/watch.h"

#include "command/command.h"
#include "common/clock.h"
#include "events/rows.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <sluice/media.h>

/* What may be long is asked for again when it has had this many times its own duration of rest: of
 * the time of both daemons it takes a tenth at most. */
#define REST_TIMES 9

static const struct timeval interval = {.tv_sec = 1};

static const char *const attacks[] = {"no attack", "under attack", NULL};
static const char *const keys[] = {"has its key", "needs a key", NULL};
static const char *const reports[] = {"reports", "silent", NULL};
static const char *const ssrcs[] = {"no unknown SSRC", "unknown SSRC", NULL};
static const char *const endpoints[] = {
        [SLUICE_ENDPOINT_WAITING] = "waiting",
        [SLUICE_ENDPOINT_ACTIVE] = "receives",
        [SLUICE_ENDPOINT_FAILING] = "authentication fails",
        [SLUICE_ENDPOINT_IDLE] = "idle",
        NULL,
};

/* A state is a column of the reply's, and told by the column's words unless others stand here. */
struct watched {
	const char *area;
	uint16_t type; /* enum sluice_api_type of the request */
	struct {
		const char *column, *subject;
		const char *const *words;
	} states[EVENT_STATES_MAX];
	const char *subject; /* column that names the one row */
	const char *skip;    /* column: where it is 1 nothing is told */
	const char *renewed; /* column: where it differs it was restarted */
	bool on_request;
	bool rests; /* there may be many rows */
};

/* This node's own state is the snapshot's: a host without a region drains too. */
static const struct watched watched[] = {
        {"dataplane", SLUICE_VERSION, .renewed = "pid"},
        {"port", SLUICE_PORT_SHOW, {{"state"}}},
        {"gate",
         SLUICE_GATE_SHOW,
         {{"host_attacked", "host", attacks}, {"prefixes_attacked", "prefixes", attacks}}},
        {"region", SLUICE_REGION_SHOW, {{"verdict"}}},
        {"node", SLUICE_SNAPSHOT_SHOW, {{"state"}}, .subject = "node"},
        {"node", SLUICE_NODE_SHOW, {{"state"}}, .skip = "own"},
        {"endpoint",
         SLUICE_ENDPOINT_SHOW,
         {{"state", NULL, endpoints},
          {"needs_key", NULL, keys},
          {"silent", NULL, reports},
          {"unknown_ssrc", NULL, ssrcs}},
         .rests = true},
        {"stream", SLUICE_STREAM_SHOW, {{"state"}}, .rests = true},
        {"allocation", SLUICE_ALLOCATION_SHOW, .on_request = true, .rests = true},
};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct event_watch {
	struct event_bus *bus;
	struct asker_options asks;
	struct event *timer;
	struct asker *asker;
	uint32_t at;            /* which of `kinds` is asked */
	double asked;           /* seconds: since when */
	double rested[WATCHED]; /* until when what may be long is not asked for */
	struct event_kind kinds[WATCHED];
	struct event_rows before[WATCHED], now;
};

/* Where the fields lie, by the columns of the table of requests. */
static void kind_make(const struct watched *of, struct event_kind *kind)
{
	const struct reply *reply = request_of(of->type)->reply;
	const struct column *key = reply_key(reply), *column;

	*kind = (struct event_kind){
	        .area = of->area,
	        .type = of->type,
	        .size = reply->row_size,
	        .on_request = of->on_request,
	        .rests = of->rests,
	};
	if (key != NULL) {
		kind->key = key->offset;
		kind->key_size = key->size;
	}
	for (int i = 0; i < EVENT_STATES_MAX && of->states[i].column != NULL; i++) {
		column = reply_column(reply, of->states[i].column);
		kind->states[i] = (struct event_state){
		        of->states[i].subject, column->offset, column->size,
		        of->states[i].words != NULL ? of->states[i].words : column->choices};
	}
	if (of->subject != NULL) {
		column = reply_column(reply, of->subject);
		kind->subject = column->offset;
		kind->subject_size = column->size;
	}
	if (of->renewed != NULL) {
		column = reply_column(reply, of->renewed);
		kind->renewed = column->offset;
		kind->renewed_size = column->size;
	}
	if (of->skip != NULL)
		kind->skip = reply_column(reply, of->skip)->offset;
	if (of->type == SLUICE_ALLOCATION_SHOW) {
		kind->user = reply_column(reply, "user")->offset;
		kind->client = reply_column(reply, "client")->offset;
	}
}

static double now_seconds(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1e9;
}

static void row_tell(void *arg, struct sluice_event_row *event)
{
	event_tell(arg, event);
}

static void rows_take(struct event_watch *watch)
{
	const struct event_kind *kind = &watch->kinds[watch->at];
	struct event_rows *before = &watch->before[watch->at];

	event_rows_end(&watch->now, kind);
	if (before->known)
		event_rows_compare(before, &watch->now, kind, row_tell, watch->bus);
	event_rows_free(before);
	*before = watch->now;
	watch->now = (struct event_rows){0};
	if (kind->rests)
		watch->rested[watch->at] =
		        now_seconds() + REST_TIMES * (now_seconds() - watch->asked);
}

/* -- asking -- */

static void watch_ask(struct event_watch *watch);

/* What was not answered whole has not changed. */
static void watch_next(struct event_watch *watch)
{
	event_rows_free(&watch->now);
	watch->at++;
	watch_ask(watch);
}

static void on_rows(void *arg, const void *rows, uint32_t length, bool more)
{
	struct event_watch *watch = arg;
	const struct event_kind *kind = &watch->kinds[watch->at];

	if (event_rows_add(&watch->now, kind, rows, length / kind->size) != 0) {
		if (more)
			asker_end(watch->asker);
		watch->asker = NULL;
		watch_next(watch);
		return;
	}
	if (more)
		return;
	watch->asker = NULL;
	rows_take(watch);
	watch_next(watch);
}

static void on_failed(void *arg, int status, const char *why)
{
	struct event_watch *watch = arg;

	watch->asker = NULL;
	watch_next(watch);
}

/* Whether this one is asked for now; what nobody wants is forgotten. */
static bool is_due(struct event_watch *watch, const struct event_kind *kind)
{
	bool allocations;

	event_listeners(watch->bus, &allocations);
	if (kind->on_request && !allocations) {
		event_rows_free(&watch->before[watch->at]);
		return false;
	}
	return !kind->rests || now_seconds() >= watch->rested[watch->at];
}

static void watch_ask(struct event_watch *watch)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	struct command_request request = {0};

	for (; watch->at < WATCHED; watch->at++) {
		if (!is_due(watch, &watch->kinds[watch->at]))
			continue;
		request.command = command_of_type(watch->kinds[watch->at].type);
		request.length = command_asks(request.command)->body_size;
		watch->asked = now_seconds();
		watch->asker = asker_create(&watch->asks, &request, &handler, watch);
		if (watch->asker != NULL)
			return;
	}
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct event_watch *watch = arg;
	bool allocations;

	if (watch->asker != NULL) /* of the second before */
		return;
	if (event_listeners(watch->bus, &allocations) == 0) {
		for (size_t i = 0; i < WATCHED; i++)
			event_rows_free(&watch->before[i]);
		return;
	}
	watch->at = 0;
	watch_ask(watch);
}

struct event_watch *event_watch_create(struct event_bus *bus, const struct asker_options *asks)
{
	struct event_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->bus = bus;
	watch->asks = *asks;
	for (size_t i = 0; i < WATCHED; i++)
		kind_make(&watched[i], &watch->kinds[i]);
	watch->timer = event_new(asks->base, -1, EV_PERSIST, on_second, watch);
	if (watch->timer != NULL && event_add(watch->timer, &interval) == 0)
		return watch;
	event_watch_destroy(watch);
	return NULL;
}

void event_watch_destroy(struct event_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->asker != NULL)
		asker_end(watch->asker);
	if (watch->timer != NULL)
		event_free(watch->timer);
	for (size_t i = 0; i < WATCHED; i++)
		event_rows_free(&watch->before[i]);
	event_rows_free(&watch->now);
	free(watch);
}
