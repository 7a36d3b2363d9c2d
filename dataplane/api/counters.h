/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_COUNTERS_H
#define API_COUNTERS_H

#include <stdbool.h>

#include <sluice/stats.h>

struct dataplane;
struct worker;

/* A counter's place: start with {0, 0}. */
struct counter_cursor {
	uint32_t section;
	uint32_t index;
};

/* Fills at most max rows from the cursor on and moves it; 0: the end. */
uint32_t counter_show(struct dataplane *dp, struct counter_cursor *cursor, bool nonzero,
                      struct sluice_counter_row *rows, uint32_t max);

/* handlers_stats.c: what a worker shows; the control thread alone. */
void worker_row(const struct worker *worker, struct sluice_worker_row *row);

#endif
