/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has ended but may still be read: waits, without any memory of its own, until every worker
 * has been quiescent, then goes back to its pool. One batch waits while the next one gathers.
 */
#ifndef TURN_GARBAGE_H
#define TURN_GARBAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "turn/state.h"

struct garbage {
	uint32_t gathering[TURN_OBJECTS]; /* first of each list */
	uint32_t waiting[TURN_OBJECTS];
	uint64_t token; /* the grace period that `waiting` waits for */
	bool pending;
	bool over; /* it is, and some of `waiting` is not freed yet */
};

/* Unlinked from every table before. */
void garbage_add(struct turn_worker *turn_worker, enum turn_object object, uint32_t index);
/* Frees at most `budget` objects. Each housekeeping. */
void garbage_collect(struct turn_worker *turn_worker, uint32_t budget);

#endif
