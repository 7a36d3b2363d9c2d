/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/downlink.h"

#include <string.h>

#define CALM_US  1000000
#define STEP_US  1000000 /* at most, of one rise */
#define RTT_MOST 2000000

void downlink_begin(struct downlink *downlink, uint32_t kbps, uint64_t now)
{
	memset(downlink, 0, sizeof(*downlink));
	downlink->kbps = kbps;
	downlink->reason = DOWNLINK_START;
	downlink->updated = downlink->loss_since = now;
}

static uint32_t bounded(uint64_t kbps)
{
	if (kbps < DOWNLINK_LEAST_KBPS)
		return DOWNLINK_LEAST_KBPS;
	return kbps > DOWNLINK_MOST_KBPS ? DOWNLINK_MOST_KBPS : (uint32_t)kbps;
}

/* -- what was delivered -- */

static void delivered_add(struct downlink *downlink, int64_t came, uint32_t bytes)
{
	int64_t bin = came / DOWNLINK_BIN_US;
	bool apart = bin - downlink->bin > DOWNLINK_BINS || downlink->bin - bin > DOWNLINK_BINS;

	if (downlink->bin_first == 0 || apart) {
		memset(downlink->bins, 0, sizeof(downlink->bins));
		downlink->bin = downlink->bin_first = bin;
	}
	while (downlink->bin < bin)
		downlink->bins[++downlink->bin & (DOWNLINK_BINS - 1)] = 0;
	downlink->bins[bin & (DOWNLINK_BINS - 1)] += bytes;
}

/* Of so many bins; the latest one is not full yet. */
static uint32_t delivered_over(const struct downlink *downlink, int64_t bins)
{
	uint64_t bytes = 0;

	if (bins > downlink->bin - downlink->bin_first)
		bins = downlink->bin - downlink->bin_first;
	for (int64_t i = 1; i <= bins; i++)
		bytes += downlink->bins[(downlink->bin - i) & (DOWNLINK_BINS - 1)];
	return bins == 0 ? 0 : (uint32_t)(bytes * 8000 / ((uint64_t)bins * DOWNLINK_BIN_US));
}

/* What is sent may have become more just now. */
static void delivered_sum(struct downlink *downlink)
{
	uint32_t all = delivered_over(downlink, DOWNLINK_BINS - 1);
	uint32_t latest = delivered_over(downlink, DOWNLINK_BINS_LATEST);

	downlink->filled = downlink->bin - downlink->bin_first >= DOWNLINK_BINS_LATEST;
	downlink->delivered = all > latest ? all : latest;
}

/* -- probes -- */

static bool is_of_probe(const struct downlink_probe *probe, uint16_t number)
{
	uint16_t behind = (uint16_t)(number - probe->first);

	if (probe->sending)
		return behind < 0x8000;
	return probe->waiting && behind <= (uint16_t)(probe->last - probe->first);
}

static void probe_arrived(struct downlink_probe *probe, uint64_t sent, int64_t came, uint32_t bytes)
{
	if (probe->came++ == 0 || came < probe->first_came) {
		probe->first_came = came;
		probe->first_bytes = bytes;
	}
	if (probe->came == 1 || came > probe->last_came)
		probe->last_came = came;
	if (probe->came == 1)
		probe->first_sent = sent;
	probe->last_sent = sent;
	probe->last_bytes = bytes;
	probe->bytes += bytes;
}

void downlink_probe_begin(struct downlink *downlink, uint16_t first, uint64_t now)
{
	downlink->probe = (struct downlink_probe){.sending = true, .first = first, .began = now};
}

void downlink_probe_end(struct downlink *downlink, uint16_t last)
{
	struct downlink_probe *probe = &downlink->probe;

	if (!probe->sending)
		return;
	probe->sending = false;
	probe->waiting = true;
	probe->last = last;
	probe->packets = (uint16_t)(last - probe->first) + 1u;
}

/* kbit/s; 0: it says nothing. */
static uint32_t probe_rate(const struct downlink_probe *probe)
{
	uint64_t sent_us = probe->last_sent - probe->first_sent, came_us;
	uint64_t sent, came;

	if (probe->came < DOWNLINK_PROBE_PACKETS ||
	    probe->came * 100 < probe->packets * DOWNLINK_PROBE_CAME ||
	    probe->last_came <= probe->first_came || sent_us == 0)
		return 0;
	came_us = (uint64_t)(probe->last_came - probe->first_came);
	sent = (uint64_t)(probe->bytes - probe->last_bytes) * 8000 / sent_us;
	came = (uint64_t)(probe->bytes - probe->first_bytes) * 8000 / came_us;
	/* what came in a burst tells of that alone */
	if (came > 2 * sent)
		return 0;
	if (came * 100 < sent * DOWNLINK_PROBE_FULL)
		return (uint32_t)(came * DOWNLINK_PROBE_OF_FULL / 100);
	return (uint32_t)(came < sent ? came : sent);
}

static void probe_judge(struct downlink *downlink, uint16_t newest, uint64_t now)
{
	struct downlink_probe *probe = &downlink->probe;
	uint32_t kbps;

	if (probe->sending && now - probe->began > DOWNLINK_PROBE_US)
		probe->sending = false;
	if (!probe->waiting)
		return;
	if ((uint16_t)(newest - probe->last) >= 0x8000 && now - probe->began < DOWNLINK_PROBE_US)
		return;
	probe->waiting = false;
	kbps = probe_rate(probe);
	if (kbps <= downlink->kbps) {
		downlink->probes_failed++;
		return;
	}
	downlink->kbps = downlink->proven = bounded(kbps);
	downlink->proven_at = now;
	downlink->reason = DOWNLINK_PROBE;
	downlink->probes_proven++;
	/* where it fell before is not where it ends */
	if (kbps > downlink->fell_at)
		downlink->fell_at = 0;
}

/* -- rises and falls -- */

/* A short burst in front of little else is more than that makes in the mean. */
static uint32_t carried(const struct downlink *downlink, uint64_t now)
{
	bool holds = downlink->proven != 0 && now - downlink->proven_at < DOWNLINK_PROVEN_US;

	return holds && downlink->proven > downlink->delivered ? downlink->proven
	                                                       : downlink->delivered;
}

static void fall(struct downlink *downlink, uint64_t now)
{
	uint64_t wait = downlink->rtt + DOWNLINK_RESPONSE_US;
	uint32_t delivered = carried(downlink, now);
	uint64_t kbps = (uint64_t)delivered * DOWNLINK_FALL_PERCENT / 100;

	downlink->queued = now;
	/* what was done before is not seen yet; unless it was far too little */
	if (!downlink->filled || (now - downlink->fell < wait && delivered * 2 > downlink->kbps))
		return;
	downlink->fell_at =
	        downlink->fell_at == 0 ? delivered : (3 * downlink->fell_at + delivered) / 4;
	if (delivered < downlink->fell_at * 3 / 4)
		downlink->fell_at = delivered;
	if (kbps >= downlink->kbps)
		return;
	downlink->kbps = bounded(kbps);
	downlink->reason = DOWNLINK_QUEUE;
	downlink->fell = now;
}

/* The path carries less than was thought: all that is sent now waits in front of it. */
static void drop(struct downlink *downlink, uint64_t now)
{
	downlink->proven_now = false;
	downlink->proven_at = downlink->queued = now;
	if ((uint64_t)downlink->proven * 100 >= (uint64_t)downlink->kbps * DOWNLINK_DROP_BELOW)
		return;
	downlink->kbps = bounded((uint64_t)downlink->proven * DOWNLINK_DROP_PERCENT / 100);
	downlink->reason = DOWNLINK_QUEUE;
	downlink->fell = downlink->dropped = downlink->loss_fell = now;
	downlink->fell_at = downlink->proven;
}

static bool is_near(const struct downlink *downlink)
{
	uint64_t percent = 100u * (uint64_t)downlink->kbps;

	return percent > (uint64_t)downlink->fell_at * (100 - DOWNLINK_NEAR_PERCENT) &&
	       percent < (uint64_t)downlink->fell_at * (100 + DOWNLINK_NEAR_PERCENT);
}

/* So that small steps are not lost in kbit/s. */
static void kbps_set(struct downlink *downlink, uint64_t bps, enum downlink_reason reason)
{
	downlink->kbps = bounded(bps / 1000);
	downlink->bits = (uint32_t)(bps % 1000);
	downlink->reason = reason;
}

static void rise(struct downlink *downlink, uint64_t now)
{
	uint64_t passed = now - downlink->updated;
	uint64_t bps = (uint64_t)downlink->kbps * 1000 + downlink->bits;
	uint64_t most = (uint64_t)downlink->delivered * 1000 * DOWNLINK_IDLE_PERCENT / 100;
	uint64_t response = downlink->rtt + DOWNLINK_RESPONSE_US;
	uint64_t step, slow;

	/* what flows without a queue is proven */
	if (now - downlink->queued > CALM_US && bps < (uint64_t)downlink->delivered * 1000)
		bps = (uint64_t)downlink->delivered * 1000;
	if (bps >= most)
		return;
	if (passed > STEP_US)
		passed = STEP_US;
	step = bps / 100 * DOWNLINK_RISE_PERCENT * passed / 1000000;
	slow = (uint64_t)DOWNLINK_PACKET_BITS * passed / response;
	if (is_near(downlink) && slow < step)
		step = slow;
	kbps_set(downlink, bps + step < most ? bps + step : most, DOWNLINK_RISES);
}

static void loss_take(struct downlink *downlink, uint64_t now, uint32_t came, uint32_t lost)
{
	downlink->told += came + lost;
	downlink->lost += lost;
	if (downlink->told < DOWNLINK_LOSS_PACKETS || now - downlink->loss_since < DOWNLINK_LOSS_US)
		return;
	downlink->loss = downlink->lost * 1000 / downlink->told;
	downlink->told = downlink->lost = 0;
	downlink->loss_since = now;
	if (downlink->loss <= DOWNLINK_LOSS_MUCH ||
	    now - downlink->loss_fell < downlink->rtt + DOWNLINK_LOSS_US)
		return;
	downlink->kbps = bounded((uint64_t)downlink->kbps * (2000 - downlink->loss) / 2000);
	downlink->reason = DOWNLINK_LOSS;
	downlink->loss_fell = now;
}

/* -- a message -- */

void downlink_arrived(struct downlink *downlink, uint16_t number, uint64_t sent, int64_t came,
                      uint32_t bytes)
{
	uint32_t proven;

	delay_packet(&downlink->trend, sent, came);
	delivered_add(downlink, came, bytes);
	proven = burst_packet(&downlink->burst, sent, came, bytes);
	if (proven != 0) {
		downlink->proven = proven;
		downlink->proven_now = true;
	}
	if (is_of_probe(&downlink->probe, number))
		probe_arrived(&downlink->probe, sent, came, bytes);
}

static void rtt_take(struct downlink *downlink, uint64_t us)
{
	if (us > RTT_MOST)
		us = RTT_MOST;
	if (downlink->rtt == 0 || us < downlink->rtt)
		downlink->rtt = us;
	else
		downlink->rtt = (15 * downlink->rtt + us) / 16;
}

void downlink_told(struct downlink *downlink, uint64_t now, uint32_t came, uint32_t lost,
                   uint16_t newest, uint64_t sent_newest)
{
	if (downlink->kbps == 0)
		return;
	if (came != 0) {
		delivered_sum(downlink);
		rtt_take(downlink, now - sent_newest);
	}
	loss_take(downlink, now, came, lost);
	if (downlink->proven_now)
		drop(downlink, now);
	else if (downlink->trend.state == DELAY_OVER)
		fall(downlink, now);
	else if (downlink->trend.state == DELAY_NORMAL && downlink->loss <= DOWNLINK_LOSS_LITTLE)
		rise(downlink, now);
	probe_judge(downlink, newest, now);
	downlink->updated = now;
}

bool downlink_is_calm(const struct downlink *downlink, uint64_t now)
{
	return downlink->trend.state != DELAY_OVER &&
	       (downlink->queued == 0 || now - downlink->queued > CALM_US) &&
	       downlink->loss <= DOWNLINK_LOSS_LITTLE;
}

/* -- without transport-wide feedback -- */

void downlink_reported(struct downlink *downlink, uint64_t now, uint8_t fraction_lost,
                       uint32_t remb_kbps, uint32_t sent)
{
	uint64_t passed = now - downlink->updated, kbps = downlink->kbps;

	downlink->loss = fraction_lost * 1000u / 256;
	downlink->updated = now;
	if (passed > STEP_US)
		passed = STEP_US;
	if (downlink->loss > DOWNLINK_LOSS_MUCH) {
		kbps = kbps * (2000 - downlink->loss) / 2000;
		downlink->reason = DOWNLINK_LOSS;
		downlink->queued = now;
	} else if (downlink->loss <= DOWNLINK_LOSS_LITTLE) {
		kbps += kbps * DOWNLINK_RISE_PERCENT * passed / 100000000;
		downlink->reason = DOWNLINK_RISES;
	}
	/* It follows what is sent: while it is above that it has not met a bound. */
	if (remb_kbps != 0 && (uint64_t)remb_kbps * 100 < (uint64_t)sent * 110 &&
	    remb_kbps < kbps) {
		kbps = remb_kbps;
		downlink->reason = DOWNLINK_REMB;
		downlink->queued = now;
	}
	downlink->kbps = bounded(kbps);
}
