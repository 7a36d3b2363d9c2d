/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When what waits for a narrow path leaves: a key frame is several times as long as the frames
 * behind it, and sent at once it would fill the path's queue. It leaves as fast as the path is
 * taken to carry, and faster where it would wait for too long. Pure. Times are in microseconds.
 */
#ifndef ESTIMATE_PACE_H
#define ESTIMATE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_PERCENT  100    /* of the estimate */
#define PACE_MOST_US  300000 /* that a packet waits */
#define PACE_BURST_US 10000  /* so much may be made up for, where the clock has come round late */

struct pace {
	uint64_t due;   /* when the next packet may leave */
	uint32_t bytes; /* that wait */
	uint32_t least; /* kbit/s: so that none waits for too long */
};

static inline void pace_put(struct pace *pace, uint32_t bytes, uint64_t now)
{
	uint32_t least;

	if (pace->bytes == 0)
		*pace = (struct pace){.due = pace->due > now ? pace->due : now};
	pace->bytes += bytes;
	least = (uint32_t)((uint64_t)pace->bytes * 8000 / PACE_MOST_US);
	if (least > pace->least)
		pace->least = least;
}

static inline bool pace_is_due(const struct pace *pace, uint64_t now)
{
	return pace->bytes != 0 && now >= pace->due;
}

/* Nothing waits, and the next one need not. */
static inline bool pace_is_over(const struct pace *pace, uint64_t now)
{
	return pace->bytes == 0 && now >= pace->due;
}

/* One is given up: it takes no time. */
static inline void pace_forget(struct pace *pace, uint32_t bytes)
{
	pace->bytes -= bytes < pace->bytes ? bytes : pace->bytes;
}

/* A packet of so many bytes leaves; kbps: the estimate. */
static inline void pace_take(struct pace *pace, uint32_t bytes, uint32_t kbps, uint64_t now)
{
	uint64_t rate = (uint64_t)kbps * PACE_PERCENT / 100;

	if (rate < pace->least)
		rate = pace->least;
	if (rate == 0)
		rate = 1;
	if (pace->due + PACE_BURST_US < now)
		pace->due = now - PACE_BURST_US;
	/* one that leaves before its time does not hold up those behind it */
	if (pace->due > now)
		pace->due = now;
	pace->due += (uint64_t)bytes * 8000 / rate;
	pace_forget(pace, bytes);
}

#endif
