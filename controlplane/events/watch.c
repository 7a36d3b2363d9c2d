/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/watch.h"

#include "command/command.h"
#include "command/field.h"
#include "events/rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include <sluice/gate.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/turn.h>

/* What may be long is asked for again when it has had this many times its own duration of rest: of
 * the time of both daemons it takes a tenth at most. */
#define REST_TIMES 9

static const struct timeval interval = {.tv_sec = 1};

static const char *const port_states[] = {"up", "down", "gone", NULL};
static const char *const attacks[] = {"no attack", "under attack", NULL};
static const char *const verdicts[] = {"unknown", "healthy", "degraded", "unreachable", NULL};
static const char *const node_states[] = {"active", "draining", "stopped", NULL};

#define ROW(row)         .size = sizeof(struct row)
#define KEY(row, member) .key = offsetof(struct row, member), .key_size = FIELD_SIZE(row, member)
#define SUBJECT(row, member)                                                                       \
	.subject = offsetof(struct row, member), .subject_size = FIELD_SIZE(row, member)
#define STATE(row, member, words) FIELD(row, member), .names = words

/* This node's own state is the snapshot's: a host without a region drains too. */
static const struct event_kind watched[] = {
        {"dataplane", SLUICE_VERSION, ROW(sluice_version), KEY(sluice_version, program)},
        {"port", SLUICE_PORT_SHOW, ROW(sluice_port_row), KEY(sluice_port_row, name),
         .states = {{STATE(sluice_port_row, state, port_states)}}},
        {"gate", SLUICE_GATE_SHOW, ROW(sluice_gate_row),
         .states = {{"host", STATE(sluice_gate_row, host_attacked, attacks)},
                    {"prefixes", STATE(sluice_gate_row, prefixes_attacked, attacks)}}},
        {"region", SLUICE_REGION_SHOW, ROW(sluice_region_row), KEY(sluice_region_row, name),
         .states = {{STATE(sluice_region_row, verdict, verdicts)}}},
        {"node", SLUICE_SNAPSHOT_SHOW, ROW(sluice_snapshot_row), SUBJECT(sluice_snapshot_row, node),
         .states = {{STATE(sluice_snapshot_row, state, node_states)}}},
        {"node", SLUICE_NODE_SHOW, ROW(sluice_node_row), KEY(sluice_node_row, id),
         .states = {{STATE(sluice_node_row, state, node_states)}},
         .skip = offsetof(struct sluice_node_row, own)},
        {"allocation", SLUICE_ALLOCATION_SHOW, ROW(sluice_allocation_row),
         KEY(sluice_allocation_row, id), .user = offsetof(struct sluice_allocation_row, user),
         .client = offsetof(struct sluice_allocation_row, client), .on_request = true},
};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct event_watch {
	struct event_bus *bus;
	struct asker_options asks;
	struct event *timer;
	struct asker *asker;
	uint32_t at;          /* the row of `watched` that is asked */
	double asked, rested; /* seconds: since when, and until when what may be long is not */
	struct event_rows before[WATCHED], now;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void row_tell(void *arg, struct sluice_event_row *event)
{
	event_tell(arg, event);
}

static void rows_take(struct event_watch *watch)
{
	const struct event_kind *kind = &watched[watch->at];
	struct event_rows *before = &watch->before[watch->at];

	event_rows_end(&watch->now, kind);
	if (before->known)
		event_rows_compare(before, &watch->now, kind, row_tell, watch->bus);
	event_rows_free(before);
	*before = watch->now;
	watch->now = (struct event_rows){0};
	if (kind->on_request)
		watch->rested = now_seconds() + REST_TIMES * (now_seconds() - watch->asked);
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
	const struct event_kind *kind = &watched[watch->at];

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
	if (command_of_type(kind->type) == NULL || (kind->on_request && !allocations)) {
		event_rows_free(&watch->before[watch->at]);
		return false;
	}
	return !kind->on_request || now_seconds() >= watch->rested;
}

static void watch_ask(struct event_watch *watch)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	struct command_request request = {0};

	for (; watch->at < WATCHED; watch->at++) {
		if (!is_due(watch, &watched[watch->at]))
			continue;
		request.command = command_of_type(watched[watch->at].type);
		request.length = request.command->body_size;
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
