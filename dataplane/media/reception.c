/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/reception.h"

#include "media/rtcp_read.h"

#include <rte_common.h>
#include <rte_malloc.h>

#define RTCP_LOST_MAX 0x7fffff
#define RTCP_LOST_MIN (-0x800000)

struct reception *reception_create(uint32_t clock_hz, uint64_t tsc_hz)
{
	struct reception *reception =
	        rte_zmalloc("reception", sizeof(*reception), RTE_CACHE_LINE_SIZE);

	if (reception == NULL)
		return NULL;
	reception->clock_hz = clock_hz;
	reception->tsc_hz = tsc_hz;
	missing_clear(&reception->missing);
	return reception;
}

void reception_destroy(struct reception *reception)
{
	rte_free(reception);
}

static uint32_t rtp_time(const struct reception *reception, uint64_t tsc)
{
	uint64_t seconds = tsc / reception->tsc_hz, rest = tsc % reception->tsc_hz;

	return (uint32_t)(seconds * reception->clock_hz +
	                  rest * reception->clock_hz / reception->tsc_hz);
}

/* A.8, in the integer form with its rounding. */
static void jitter_add(struct reception *reception, uint32_t timestamp, uint64_t tsc, bool first)
{
	uint32_t transit = rtp_time(reception, tsc) - timestamp;
	int32_t d = (int32_t)(transit - reception->transit);

	reception->transit = transit;
	if (first)
		return;
	if (d < 0)
		d = d == INT32_MIN ? INT32_MAX : -d;
	reception->jitter += (uint32_t)d - ((reception->jitter + 8) >> 4);
}

static int64_t lost_now(const struct reception *reception)
{
	if (!reception->started)
		return 0;
	return (int64_t)(reception->highest - reception->first + 1 - reception->received);
}

static void reception_begin(struct reception *reception, uint64_t index)
{
	int64_t lost = lost_now(reception);

	if (reception->started)
		reception->restarts++;
	reception->lost_before += lost > 0 ? (uint64_t)lost : 0;
	reception->started = true;
	reception->first = reception->highest = index;
	reception->received = 0;
	reception->expected_prior = reception->received_prior = 0;
	missing_clear(&reception->missing);
}

void reception_restart(struct reception *reception)
{
	int64_t lost = lost_now(reception);

	if (!reception->started)
		return;
	reception->lost_before += lost > 0 ? (uint64_t)lost : 0;
	reception->restarts++;
	reception->started = false;
	reception->sr_middle = 0;
	missing_clear(&reception->missing);
}

/* Where the packet stands among those before it. */
static enum reception_news reception_place(struct reception *reception, uint64_t index,
                                           uint64_t tsc)
{
	uint64_t gap;

	if (index <= reception->highest) {
		if (index < reception->first)
			reception->first = index;
		return missing_remove(&reception->missing, index) ? RECEPTION_REPAIRED
		                                                  : RECEPTION_NEXT;
	}
	gap = index - reception->highest - 1;
	if (gap != 0)
		missing_add(&reception->missing, reception->highest + 1, gap, tsc,
		            reception->tsc_hz);
	reception->highest = index;
	return gap != 0 ? RECEPTION_GAP : RECEPTION_NEXT;
}

enum reception_news reception_packet(struct reception *reception, uint64_t index,
                                     uint32_t timestamp, uint64_t tsc, bool repeat)
{
	bool first = !reception->started || index > reception->highest + RECEPTION_MAX_DROPOUT;
	enum reception_news news = RECEPTION_NEXT;

	if (unlikely(first)) {
		news = reception->started ? RECEPTION_RESTARTED : RECEPTION_NEXT;
		reception_begin(reception, index);
	} else {
		news = reception_place(reception, index, tsc);
	}
	reception->last_tsc = tsc;
	if (unlikely(repeat))
		return news;
	reception->received++;
	jitter_add(reception, timestamp, tsc, first);
	return news;
}

void reception_sender_report(struct reception *reception, uint64_t ntp, uint64_t tsc)
{
	reception->sr_middle = (uint32_t)(ntp >> 16);
	reception->sr_tsc = tsc;
}

/* Since the last SR, in units of 1/65536 s. */
static uint32_t delay_since_sr(const struct reception *reception, uint64_t tsc)
{
	uint64_t passed = tsc - reception->sr_tsc;
	uint64_t seconds = passed / reception->tsc_hz;

	if (reception->sr_middle == 0)
		return 0;
	if (seconds > UINT16_MAX)
		return UINT32_MAX;
	return (uint32_t)(seconds << 16 | (passed % reception->tsc_hz << 16) / reception->tsc_hz);
}

void reception_report(struct reception *reception, uint32_t ssrc, uint64_t tsc,
                      struct rtcp_block *block)
{
	uint64_t expected = reception->highest - reception->first + 1;
	int64_t expected_interval = (int64_t)(expected - reception->expected_prior);
	int64_t received_interval = (int64_t)(reception->received - reception->received_prior);
	int64_t lost_interval = expected_interval - received_interval;
	int64_t lost = lost_now(reception);

	*block = (struct rtcp_block){
	        .ssrc = ssrc,
	        .lost = (int32_t)RTE_MAX(RTE_MIN(lost, RTCP_LOST_MAX), RTCP_LOST_MIN),
	        .highest = (uint32_t)reception->highest,
	        .jitter = reception->jitter >> 4,
	        .lsr = reception->sr_middle,
	        .dlsr = delay_since_sr(reception, tsc),
	};
	if (expected_interval > 0 && lost_interval > 0)
		block->fraction_lost =
		        (uint8_t)RTE_MIN((lost_interval << 8) / expected_interval, UINT8_MAX);
	reception->expected_prior = expected;
	reception->received_prior = reception->received;
}

uint64_t reception_lost(const struct reception *reception)
{
	int64_t lost = lost_now(reception);

	return reception->lost_before + (lost > 0 ? (uint64_t)lost : 0);
}

uint32_t reception_jitter_us(const struct reception *reception)
{
	if (reception->clock_hz == 0)
		return 0;
	return (uint32_t)((uint64_t)(reception->jitter >> 4) * 1000000 / reception->clock_hz);
}
