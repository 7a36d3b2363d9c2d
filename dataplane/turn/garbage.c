/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/garbage.h"

#include "dataplane.h"
#include "turn/store.h"

#include <string.h>

/* Links that no other worker reads. */
static uint32_t *object_link(struct turn *turn, enum turn_object object, uint32_t index)
{
	switch (object) {
	case TURN_OBJECT_ALLOCATION:
		return &turn->allocations[index].timer_next;
	case TURN_OBJECT_PERMISSION:
		return &turn->permissions[index].next;
	default:
		return &turn->channels[index].next;
	}
}

void garbage_add(struct turn_worker *turn_worker, enum turn_object object, uint32_t index)
{
	struct garbage *garbage = &turn_worker->private->garbage;

	*object_link(turn_worker->turn, object, index) = garbage->gathering[object];
	garbage->gathering[object] = index;
}

void object_free(struct turn_worker *turn_worker, enum turn_object object, uint32_t index)
{
	struct turn *turn = turn_worker->turn;
	struct turn_private *private = turn_worker->private;

	__atomic_store_n(&private->used[object], private->used[object] - 1, __ATOMIC_RELAXED);
	index_give(&turn->pools[object], &private->caches[object], index);
}

static bool list_free(struct turn_worker *turn_worker, enum turn_object object, uint32_t *budget)
{
	uint32_t *first = &turn_worker->private->garbage.waiting[object];

	while (*first != 0 && *budget > 0) {
		uint32_t index = *first;

		*first = *object_link(turn_worker->turn, object, index);
		object_free(turn_worker, object, index);
		(*budget)--;
	}
	return *first == 0;
}

static bool anything(const uint32_t lists[TURN_OBJECTS])
{
	return (lists[TURN_OBJECT_ALLOCATION] | lists[TURN_OBJECT_PERMISSION] |
	        lists[TURN_OBJECT_CHANNEL]) != 0;
}

/* Every worker has been quiescent since the batch was closed. */
static bool grace_over(struct turn_worker *turn_worker)
{
	struct garbage *garbage = &turn_worker->private->garbage;

	if (!garbage->over)
		garbage->over =
		        rte_rcu_qsbr_check(turn_worker->turn->dp->qsbr, garbage->token, false) == 1;
	return garbage->over;
}

void garbage_collect(struct turn_worker *turn_worker, uint32_t budget)
{
	struct garbage *garbage = &turn_worker->private->garbage;

	if (garbage->pending) {
		bool empty = true;

		if (!grace_over(turn_worker))
			return;
		for (int object = 0; object < TURN_OBJECTS; object++)
			empty = list_free(turn_worker, object, &budget) && empty;
		garbage->pending = !empty;
	}
	if (garbage->pending || !anything(garbage->gathering))
		return;
	memcpy(garbage->waiting, garbage->gathering, sizeof(garbage->waiting));
	memset(garbage->gathering, 0, sizeof(garbage->gathering));
	garbage->token = rte_rcu_qsbr_start(turn_worker->turn->dp->qsbr);
	garbage->pending = true;
	garbage->over = false;
}
