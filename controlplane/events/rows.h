/* SPDX-License-Identifier: BSD-3-Clause */
/* What differs between two answers of the same `show` request, as events. */
#ifndef EVENTS_ROWS_H
#define EVENTS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/event.h>

#define EVENT_STATES_MAX 4

/* A number of a row as a word; what is beyond the last word is called by that. */
struct event_state {
	const char *subject; /* NULL: the row's own */
	uint16_t offset, size;
	const char *const *names; /* ends with NULL */
};

struct event_kind {
	const char *area;
	uint16_t type;          /* enum sluice_api_type of the request */
	uint16_t size;          /* of a row */
	uint16_t key, key_size; /* what tells rows apart and is their subject; key_size 8: an
	                           allocation's id; 0: there is one row */
	uint16_t subject, subject_size;              /* of the one row; size 0: "host" */
	struct event_state states[EVENT_STATES_MAX]; /* size 0: rows only come and go */
	uint16_t skip;                               /* of rows where this uint32_t is 1 nothing is
	                                                told; 0: of all */
	uint16_t user, client;                       /* of an allocation; 0: it is none */
	uint16_t renewed, renewed_size;              /* where this differs it is another one of its
	                                                name; size 0: never */
	bool on_request;
	bool rests; /* it may be long */
};

/* Of an answer, as much as is needed, in the order of the keys. */
struct event_rows {
	uint8_t *bytes;
	uint32_t count, room;
	bool unsorted;
	bool known; /* there has been an answer to compare with */
};

/* Rows as they come. 0, or -ENOMEM. */
int event_rows_add(struct event_rows *rows, const struct event_kind *kind, const void *added,
                   uint32_t count);
/* All of them have come. */
void event_rows_end(struct event_rows *rows, const struct event_kind *kind);
void event_rows_free(struct event_rows *rows);

/* Both have ended; `tell` is called with area, subject, state, user and client. */
void event_rows_compare(const struct event_rows *before, const struct event_rows *now,
                        const struct event_kind *kind,
                        void (*tell)(void *arg, struct sluice_event_row *event), void *arg);

#endif
