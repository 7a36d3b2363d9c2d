/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocations that the control thread ends: it finds them, their owners end them. */
#include "dataplane.h"
#include "turn/config.h"
#include "turn/store.h"

#include <errno.h>
#include <string.h>

#define END_BATCH  256
#define END_LOOKED 65536 /* places looked at in one pass */

struct end_item {
	uint32_t index;
	uint32_t generation;
};

struct end_batch {
	uint32_t count;
	struct end_item items[END_BATCH];
};

/* On the owner. */
static void batch_run(struct worker *worker, void *argument)
{
	struct end_batch *batch = argument;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct allocation *allocation =
		        &worker->turn->turn->allocations[batch->items[i].index];

		if (allocation->generation != batch->items[i].generation ||
		    allocation->owner != worker->id || allocation->expires == 0)
			continue;
		allocation_end(worker->turn, allocation, SLUICE_ALLOCATION_DELETED);
		turn_count(worker->turn, TURN_ALLOCATION_DELETED);
	}
	batch->count = 0;
}

/* Returns how many matched. */
static uint32_t worker_end_where(struct turn *turn, struct worker *worker,
                                 allocation_matcher *match, const void *argument)
{
	struct end_batch batch = {.count = 0};
	uint32_t matched = 0;

	for (uint32_t i = 1; i <= turn->pools[TURN_OBJECT_ALLOCATION].count; i++) {
		const struct allocation *allocation = &turn->allocations[i];

		if (__atomic_load_n(&allocation->expires, __ATOMIC_ACQUIRE) == 0 ||
		    allocation->owner != worker->id || !match(allocation, argument))
			continue;
		batch.items[batch.count++] = (struct end_item){i, allocation->generation};
		matched++;
		if (batch.count == END_BATCH)
			worker_call(worker, batch_run, &batch);
	}
	if (batch.count != 0)
		worker_call(worker, batch_run, &batch);
	return matched;
}

uint32_t allocations_end_where(struct turn *turn, allocation_matcher *match, const void *argument)
{
	uint32_t matched = 0;

	for (uint16_t id = 0; id < turn->dp->n_workers; id++)
		matched += worker_end_where(turn, turn->dp->workers[id], match, argument);
	return matched;
}

uint32_t allocation_delete_user(struct turn *turn, const char *name)
{
	return turn_user_end(turn, name, strnlen(name, SLUICE_TURN_USER_MAX));
}

/* Each owner takes its own of them. */
static void batch_end(struct turn *turn, const struct end_batch *batch)
{
	struct end_batch copy;

	for (uint16_t id = 0; id < turn->dp->n_workers && batch->count != 0; id++) {
		copy = *batch;
		worker_call(turn->dp->workers[id], batch_run, &copy);
	}
}

uint32_t allocations_end_some(struct turn *turn, uint32_t *cursor)
{
	const uint32_t last = turn->pools[TURN_OBJECT_ALLOCATION].count;
	const uint32_t stop = last - *cursor > END_LOOKED ? *cursor + END_LOOKED : last;
	struct end_batch batch = {.count = 0};

	while (*cursor < stop && batch.count < END_BATCH) {
		const struct allocation *allocation = &turn->allocations[++*cursor];

		if (__atomic_load_n(&allocation->expires, __ATOMIC_ACQUIRE) != 0)
			batch.items[batch.count++] =
			        (struct end_item){*cursor, allocation->generation};
	}
	batch_end(turn, &batch);
	if (*cursor == last)
		*cursor = 0;
	return batch.count;
}

int allocation_delete(struct turn *turn, uint64_t id)
{
	struct end_batch batch = {.count = 1,
	                          .items = {{.index = (uint32_t)id, .generation = id >> 32}}};
	uint32_t index = batch.items[0].index;
	const struct allocation *allocation;

	if (index == 0 || index > turn->pools[TURN_OBJECT_ALLOCATION].count)
		return -ENOENT;
	allocation = &turn->allocations[index];
	if (__atomic_load_n(&allocation->expires, __ATOMIC_ACQUIRE) == 0 ||
	    __atomic_load_n(&allocation->generation, __ATOMIC_RELAXED) != batch.items[0].generation)
		return -ENOENT;
	worker_call(turn->dp->workers[allocation->owner], batch_run, &batch);
	return 0;
}
