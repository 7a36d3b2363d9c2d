/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the dataplane, as its start, its workers and its clock see them: each declares what
 * it does at which moment, and parts.c lists them in the order of their making. A new part is its
 * folder, a `const struct part` in it and a line there.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stdint.h>

struct dataplane;
struct ledger_shape;
struct options;
struct worker;

/* What is NULL is nothing. */
struct part {
	const char *name; /* "no memory for NAME" */

	/* Control thread, no worker runs. 0 or -errno; destroy and end follow even then. */
	int (*create)(struct dataplane *dp);
	/* In reverse. end: workers are still there and walk no more; destroy: they are gone. */
	void (*end)(struct dataplane *dp);
	void (*destroy)(struct dataplane *dp);
	/* A worker's own, after all of create. */
	int (*worker_create)(struct worker *worker);
	void (*worker_destroy)(struct worker *worker);

	/* Control thread, at start. The sections of the ledger (ledger/ledger.h) that it writes,
	 * and how many; and once the workers are made, where another dataplane has left a ledger:
	 * what that held goes on. 0 or -errno. */
	uint32_t (*ledger_shapes)(const struct options *options, struct ledger_shape *shapes);
	int (*take)(struct dataplane *dp);

	/* Control thread: once a second, and when a whole configuration has been replayed: what was
	 * not added again since dp->config_generation was raised goes. */
	void (*tick)(struct dataplane *dp);
	void (*config_sweep)(struct dataplane *dp);

	/* Worker, bounded work each: with every housekeeping; between two of them
	 * (WORKER_TIMER_WALKS); whether housekeeping has something to do soon. */
	void (*housekeep)(struct worker *worker);
	void (*timers_run)(struct worker *worker);
	bool (*is_pending)(const struct worker *worker);
	/* Worker: another thread has put something into a ring of the part's own, and woken it, or
	 * housekeeping has. */
	bool (*has_input)(const struct worker *worker);
};

extern const struct part *const parts[];
extern const uint32_t parts_count;

#endif
