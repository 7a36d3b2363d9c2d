/* SPDX-License-Identifier: BSD-3-Clause */
#include "events/rows.h"

#include "command/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that is kept of an allocation: there may be a million. */
struct kept {
	uint64_t id;
	struct sluice_addr client;
	char user[SLUICE_TURN_USER_SHOWN_MAX];
};

static bool is_allocation(const struct event_kind *kind)
{
	return kind->user != 0;
}

static size_t kept_size(const struct event_kind *kind)
{
	return is_allocation(kind) ? sizeof(struct kept) : kind->size;
}

/* By the place in the table, which is the order that they are shown in, then by which of those that
 * have been there it is. */
static int order_ids(uint64_t a, uint64_t b)
{
	a = a << 32 | a >> 32;
	b = b << 32 | b >> 32;
	return (a > b) - (a < b);
}

static int order(const void *a, const void *b, void *arg)
{
	const struct event_kind *kind = arg;

	if (is_allocation(kind))
		return order_ids(((const struct kept *)a)->id, ((const struct kept *)b)->id);
	return memcmp((const uint8_t *)a + kind->key, (const uint8_t *)b + kind->key,
	              kind->key_size);
}

/* -- rows as they come -- */

static void row_keep(const struct event_kind *kind, const uint8_t *row, uint8_t *place)
{
	struct kept *kept = (struct kept *)place;

	if (!is_allocation(kind)) {
		memcpy(place, row, kind->size);
		return;
	}
	memcpy(&kept->id, row + kind->key, sizeof(kept->id));
	memcpy(&kept->client, row + kind->client, sizeof(kept->client));
	memcpy(kept->user, row + kind->user, sizeof(kept->user));
}

static int rows_grow(struct event_rows *rows, uint32_t count, size_t size)
{
	uint32_t room = rows->room < 64 ? 64 : rows->room;
	uint8_t *grown;

	while (room < rows->count + count)
		room *= 2;
	if (room == rows->room)
		return 0;
	grown = realloc(rows->bytes, room * size);
	if (grown == NULL)
		return -ENOMEM;
	rows->bytes = grown;
	rows->room = room;
	return 0;
}

int event_rows_add(struct event_rows *rows, const struct event_kind *kind, const void *added,
                   uint32_t count)
{
	size_t size = kept_size(kind);
	const uint8_t *row = added;

	if (rows_grow(rows, count, size) != 0)
		return -ENOMEM;
	for (; count > 0; count--, row += kind->size) {
		uint8_t *place = rows->bytes + rows->count * size;

		if (kind->skip != 0 && field_read(row, kind->skip, sizeof(uint32_t)) == 1)
			continue;
		row_keep(kind, row, place);
		if (rows->count++ > 0 && order(place - size, place, (void *)kind) > 0)
			rows->unsorted = true;
	}
	return 0;
}

void event_rows_end(struct event_rows *rows, const struct event_kind *kind)
{
	if (rows->unsorted)
		qsort_r(rows->bytes, rows->count, kept_size(kind), order, (void *)kind);
	rows->unsorted = false;
	rows->known = true;
}

void event_rows_free(struct event_rows *rows)
{
	free(rows->bytes);
	*rows = (struct event_rows){0};
}

/* -- what differs -- */

static void subject_write(const struct event_kind *kind, const struct event_state *state,
                          const uint8_t *row, struct sluice_event_row *event)
{
	uint16_t offset = kind->key_size != 0 ? kind->key : kind->subject;
	uint16_t size = kind->key_size != 0 ? kind->key_size : kind->subject_size;

	if (state->subject != NULL)
		snprintf(event->subject, sizeof(event->subject), "%s", state->subject);
	else if (is_allocation(kind))
		snprintf(event->subject, sizeof(event->subject), "%" PRIu64,
		         ((const struct kept *)row)->id);
	else if (size != 0 && row[offset] != '\0')
		snprintf(event->subject, sizeof(event->subject), "%.*s", size,
		         (const char *)row + offset);
	else
		snprintf(event->subject, sizeof(event->subject), "host");
}

static const char *state_of(const struct event_state *state, const uint8_t *row,
                            const char *otherwise)
{
	uint64_t is = state->size != 0 ? field_read(row, state->offset, state->size) : 0;
	uint32_t i = 0;

	if (state->size == 0)
		return otherwise;
	while (i < is && state->names[i + 1] != NULL)
		i++;
	return state->names[i];
}

struct teller {
	const struct event_kind *kind;
	void (*tell)(void *arg, struct sluice_event_row *event);
	void *arg;
};

static void row_tell(const struct teller *teller, const struct event_state *state,
                     const uint8_t *row, const char *what)
{
	struct sluice_event_row event = {0};

	snprintf(event.area, sizeof(event.area), "%s", teller->kind->area);
	snprintf(event.state, sizeof(event.state), "%s", what);
	subject_write(teller->kind, state, row, &event);
	if (is_allocation(teller->kind)) {
		const struct kept *kept = (const struct kept *)row;

		event.client = kept->client;
		memcpy(event.user, kept->user, sizeof(event.user));
	}
	teller->tell(teller->arg, &event);
}

/* old NULL: it has begun; then only its first state is told, and others that are not 0. */
static void states_tell(const struct teller *teller, const uint8_t *old, const uint8_t *row)
{
	for (int i = 0; i < EVENT_STATES_MAX; i++) {
		const struct event_state *state = &teller->kind->states[i];
		const char *is = state_of(state, row, "began");

		if (i > 0 && state->size == 0)
			return;
		if (old == NULL ? i == 0 || field_read(row, state->offset, state->size) != 0
		                : strcmp(state_of(state, old, "began"), is) != 0)
			row_tell(teller, state, row, is);
	}
}

void event_rows_compare(const struct event_rows *before, const struct event_rows *now,
                        const struct event_kind *kind,
                        void (*tell)(void *arg, struct sluice_event_row *event), void *arg)
{
	const struct teller teller = {kind, tell, arg};
	size_t size = kept_size(kind);
	const uint8_t *old = before->bytes, *old_end = old + before->count * size;
	const uint8_t *row = now->bytes, *row_end = row + now->count * size;

	while (old < old_end || row < row_end) {
		int way = old == old_end ? 1 : row == row_end ? -1 : order(old, row, (void *)kind);

		/* the end of an allocation is told from its account */
		if (way < 0 && !is_allocation(kind))
			row_tell(&teller, &kind->states[0], old, "ended");
		else
			states_tell(&teller, way > 0 ? NULL : old, row);
		if (way == 0 && kind->renewed_size != 0 &&
		    memcmp(old + kind->renewed, row + kind->renewed, kind->renewed_size) != 0)
			row_tell(&teller, &kind->states[0], row, "restarted");
		old += way <= 0 ? size : 0;
		row += way >= 0 ? size : 0;
	}
}
