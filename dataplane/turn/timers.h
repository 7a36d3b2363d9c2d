/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's timer wheel, a slot a second: one timer an allocation, at the first moment that
 * anything of it expires. Later moments come round more than once: `fire` checks what is due and
 * sets the timer again.
 */
#ifndef TURN_TIMERS_H
#define TURN_TIMERS_H

#include <stdint.h>

#define TIMER_SLOTS 4096

struct turn;
struct turn_worker;
struct allocation;

struct timer_wheel {
	uint32_t at; /* second that has been reached: its list is in the last head */
	uint32_t heads[TIMER_SLOTS + 1];
};

/* due: worker.now, later than wheel.at. Replaces what was set. */
void timer_set(struct turn *turn, struct timer_wheel *wheel, struct allocation *allocation,
               uint32_t due);
void timer_clear(struct turn *turn, struct timer_wheel *wheel, struct allocation *allocation);

/* Fires at most `budget` timers that are due; the rest waits for the next call. */
void timers_run(struct turn_worker *turn_worker, uint32_t budget,
                void (*fire)(struct turn_worker *turn_worker, struct allocation *allocation));

#endif
