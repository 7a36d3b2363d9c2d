/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/timers.h"

#include "turn/store.h"

/* Where a list's first element would name its predecessor: the slot. */
#define PREV_IS_HEAD (1u << 31)
#define SLOT_DUE     TIMER_SLOTS
/* Empty seconds that one call passes over, after a pause or a jump of the clock. */
#define SECONDS_PER_RUN 512

void timer_clear(struct turn *turn, struct timer_wheel *wheel, struct allocation *allocation)
{
	uint32_t next = allocation->timer_next;
	uint32_t prev = allocation->timer_prev;

	if (allocation->timer_due == 0)
		return;
	allocation->timer_due = 0;
	if (prev & PREV_IS_HEAD)
		wheel->heads[prev & ~PREV_IS_HEAD] = next;
	else
		turn->allocations[prev].timer_next = next;
	if (next != 0)
		turn->allocations[next].timer_prev = prev;
}

void timer_set(struct turn *turn, struct timer_wheel *wheel, struct allocation *allocation,
               uint32_t due)
{
	uint32_t index = allocation_index(turn, allocation), slot = due % TIMER_SLOTS, next;

	timer_clear(turn, wheel, allocation);
	next = wheel->heads[slot];
	allocation->timer_next = next;
	allocation->timer_prev = PREV_IS_HEAD | slot;
	if (next != 0)
		turn->allocations[next].timer_prev = index;
	wheel->heads[slot] = index;
	allocation->timer_due = due;
}

/* The next second's list becomes the one that fires. */
static void wheel_turn(struct turn *turn, struct timer_wheel *wheel)
{
	uint32_t slot = ++wheel->at % TIMER_SLOTS;
	uint32_t first = wheel->heads[slot];

	wheel->heads[slot] = 0;
	wheel->heads[SLOT_DUE] = first;
	if (first != 0)
		turn->allocations[first].timer_prev = PREV_IS_HEAD | SLOT_DUE;
}

bool turn_is_pending(const struct worker *worker)
{
	return worker->turn->private->wheel.heads[SLOT_DUE] != 0;
}

void timers_run(struct turn_worker *turn_worker, uint32_t budget,
                void (*fire)(struct turn_worker *turn_worker, struct allocation *allocation))
{
	struct turn *turn = turn_worker->turn;
	struct timer_wheel *wheel = &turn_worker->private->wheel;
	uint32_t now = turn_worker->worker->now;
	uint32_t seconds = 0;

	/* Every slot once is every timer. */
	if (now > wheel->at && now - wheel->at > TIMER_SLOTS)
		wheel->at = now - TIMER_SLOTS;
	while (budget > 0) {
		uint32_t index = wheel->heads[SLOT_DUE];

		if (index != 0) {
			struct allocation *allocation = &turn->allocations[index];

			timer_clear(turn, wheel, allocation);
			fire(turn_worker, allocation);
			budget--;
		} else if (wheel->at < now && seconds++ < SECONDS_PER_RUN) {
			wheel_turn(turn, wheel);
		} else {
			return;
		}
	}
}
