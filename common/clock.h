/* SPDX-License-Identifier: BSD-3-Clause */
/* What time it is, by which clock and in which unit. Workers have their own (worker.now, .tsc). */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* CLOCK_REALTIME: since 1970, and set by people. CLOCK_MONOTONIC: since some moment, never back.
 * CLOCK_BOOTTIME: the same, and goes on while the machine sleeps. */
static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static inline uint64_t clock_ms(clockid_t id)
{
	return clock_ns(id) / NSEC_PER_MSEC;
}

#endif
