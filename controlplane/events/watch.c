/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/watch.h"

#include "cli/command.h"
#include "cli/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <sluice/gate.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/turn.h>

static const struct timeval interval = {.tv_sec = 1};

static const char *const port_states[] = {"up", "down", "gone", NULL};
static const char *const attacks[] = {"no attack", "under attack", NULL};
static const char *const verdicts[] = {"unknown", "healthy", "degraded", "unreachable", NULL};
static const char *const node_states[] = {"active", "draining", "stopped", NULL};

struct watched {
	const char *area;
	uint16_t type;
	size_t size, key, key_size; /* of a row; key_size 8: a number; 0: there is one row */
	uint16_t state, state_size; /* state_size 0: rows only come and go */
	const char *const *states;
	bool on_request;
};

#define ROW(row, member)   sizeof(struct row), offsetof(struct row, member), FIELD_SIZE(row, member)
#define STATE(row, member) offsetof(struct row, member), FIELD_SIZE(row, member)

static const struct watched watched[] = {
        {"dataplane", SLUICE_VERSION, ROW(sluice_version, program), 0, 0, NULL},
        {"port", SLUICE_PORT_SHOW, ROW(sluice_port_row, name), STATE(sluice_port_row, state),
         port_states},
        {"gate", SLUICE_GATE_SHOW, sizeof(struct sluice_gate_row), 0, 0,
         STATE(sluice_gate_row, host_attacked), attacks},
        {"region", SLUICE_REGION_SHOW, ROW(sluice_region_row, name),
         STATE(sluice_region_row, verdict), verdicts},
        {"node", SLUICE_NODE_SHOW, ROW(sluice_node_row, id), STATE(sluice_node_row, state),
         node_states},
        {"allocation", SLUICE_ALLOCATION_SHOW, ROW(sluice_allocation_row, id), 0, 0, NULL,
         .on_request = true},
};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct rows {
	uint8_t *bytes;
	uint32_t count;
	bool known; /* there has been an answer to compare with */
};

struct event_watch {
	struct event_bus *bus;
	struct asker_options asks;
	struct event *timer;
	struct asker *asker;
	uint32_t at; /* the row of `watched` that is asked */
	struct rows before[WATCHED], now;
};

/* -- what differs -- */

static void subject_write(const struct watched *kind, const uint8_t *row, char *text, size_t room)
{
	if (kind->key_size == sizeof(uint64_t))
		snprintf(text, room, "%" PRIu64, field_read(row, kind->key, kind->key_size));
	else
		snprintf(text, room, "%.*s", (int)(kind->key_size != 0 ? kind->key_size : 4),
		         kind->key_size != 0 ? (const char *)row + kind->key : "host");
}

static void row_publish(struct event_watch *watch, const struct watched *kind, const uint8_t *row,
                        const char *state)
{
	char subject[80];

	subject_write(kind, row, subject, sizeof(subject));
	event_tell(watch->bus, kind->area, subject, state);
}

static const char *state_of(const struct watched *kind, const uint8_t *row, const char *otherwise)
{
	uint64_t state;

	if (kind->state_size == 0)
		return otherwise;
	state = field_read(row, kind->state, kind->state_size);
	for (uint32_t i = 0; kind->states[i] != NULL; i++)
		if (i == state)
			return kind->states[i];
	return "unknown";
}

static int order(const void *a, const void *b, void *arg)
{
	const struct watched *kind = arg;

	return memcmp((const uint8_t *)a + kind->key, (const uint8_t *)b + kind->key,
	              kind->key_size);
}

/* Both are in the order of their keys. */
static void rows_compare(struct event_watch *watch, const struct watched *kind,
                         const struct rows *before, const struct rows *now)
{
	const uint8_t *old = before->bytes, *old_end = old + before->count * kind->size;
	const uint8_t *row = now->bytes, *row_end = row + now->count * kind->size;

	while (old < old_end || row < row_end) {
		int way = old == old_end ? 1 : row == row_end ? -1 : order(old, row, (void *)kind);

		if (way < 0) {
			row_publish(watch, kind, old, "ended");
		} else if (way > 0) {
			row_publish(watch, kind, row, state_of(kind, row, "began"));
		} else if (kind->state_size != 0 &&
		           memcmp(old + kind->state, row + kind->state, kind->state_size) != 0) {
			row_publish(watch, kind, row, state_of(kind, row, ""));
		}
		old += way <= 0 ? kind->size : 0;
		row += way >= 0 ? kind->size : 0;
	}
}

static void rows_free(struct rows *rows)
{
	free(rows->bytes);
	*rows = (struct rows){0};
}

static void rows_take(struct event_watch *watch)
{
	const struct watched *kind = &watched[watch->at];
	struct rows *before = &watch->before[watch->at];

	if (watch->now.count > 0 && kind->key_size > 0)
		qsort_r(watch->now.bytes, watch->now.count, kind->size, order, (void *)kind);
	if (before->known)
		rows_compare(watch, kind, before, &watch->now);
	rows_free(before);
	*before = watch->now;
	before->known = true;
	watch->now = (struct rows){0};
}

/* -- asking -- */

static void watch_ask(struct event_watch *watch);

static void on_rows(void *arg, const void *rows, uint32_t length, bool more)
{
	struct event_watch *watch = arg;
	size_t size = watched[watch->at].size;
	uint32_t count = length / size;
	uint8_t *grown = realloc(watch->now.bytes, (watch->now.count + count) * size + 1);

	if (grown != NULL) {
		watch->now.bytes = grown;
		memcpy(grown + watch->now.count * size, rows, count * size);
		watch->now.count += count;
	}
	if (more)
		return;
	watch->asker = NULL;
	rows_take(watch);
	watch->at++;
	watch_ask(watch);
}

/* What was not answered has not changed. */
static void on_failed(void *arg, int status, const char *why)
{
	struct event_watch *watch = arg;

	watch->asker = NULL;
	rows_free(&watch->now);
	watch->at++;
	watch_ask(watch);
}

static void watch_ask(struct event_watch *watch)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	struct command_request request = {0};
	bool allocations;

	event_listeners(watch->bus, &allocations);
	for (; watch->at < WATCHED; watch->at++) {
		request.command = command_of_type(watched[watch->at].type);
		if (request.command == NULL || (watched[watch->at].on_request && !allocations)) {
			rows_free(&watch->before[watch->at]);
			continue;
		}
		request.length = request.command->body_size;
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
			rows_free(&watch->before[i]);
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
		rows_free(&watch->before[i]);
	rows_free(&watch->now);
	free(watch);
}
