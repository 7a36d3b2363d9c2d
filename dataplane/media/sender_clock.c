/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/sender_clock.h"

#include <rte_common.h>
#include <rte_pause.h>

void sender_clock_write(struct sender_clock *clock, uint64_t ntp, uint32_t rtp, uint64_t tsc)
{
	uint32_t version = clock->version;

	__atomic_store_n(&clock->version, version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&clock->ntp, ntp, __ATOMIC_RELAXED);
	__atomic_store_n(&clock->rtp, rtp, __ATOMIC_RELAXED);
	__atomic_store_n(&clock->tsc, tsc, __ATOMIC_RELAXED);
	/* 0 stands for none */
	version = version + 2 != 0 ? version + 2 : 2;
	__atomic_store_n(&clock->version, version, __ATOMIC_RELEASE);
}

bool sender_clock_read(const struct sender_clock *clock, struct sender_clock *read)
{
	uint32_t version;

	do {
		version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
		if (version == 0)
			return false;
		read->ntp = __atomic_load_n(&clock->ntp, __ATOMIC_RELAXED);
		read->rtp = __atomic_load_n(&clock->rtp, __ATOMIC_RELAXED);
		read->tsc = __atomic_load_n(&clock->tsc, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1) != 0 ||
	         __atomic_load_n(&clock->version, __ATOMIC_RELAXED) != version);
	read->version = version;
	return read->ntp != 0;
}

bool sender_clock_at(const struct sender_clock *clock, uint64_t tsc, uint64_t tsc_hz,
                     uint32_t clock_hz, uint64_t *ntp, uint32_t *rtp)
{
	struct sender_clock read;
	uint64_t passed, seconds, rest;

	if (!sender_clock_read(clock, &read))
		return false;
	/* walks of two workers begin at different moments: the report may lie ahead of ours */
	passed = tsc > read.tsc ? tsc - read.tsc : 0;
	seconds = passed / tsc_hz;
	rest = passed % tsc_hz;
	if (seconds > SENDER_CLOCK_SECONDS_MAX)
		return false;
	*ntp = read.ntp + (seconds << 32) + ((rest << 30) / tsc_hz << 2);
	*rtp = read.rtp + (uint32_t)(seconds * clock_hz + rest * clock_hz / tsc_hz);
	return true;
}
