/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/capacity.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_BINS      8  /* 200 ms */
#define DELIVERED_BINS   20 /* 500 ms */
#define LONG_WINDOWS     10 /* 2 s */
#define LOSS_BINS        80 /* 2 s */
#define QUIET_US         2000000
#define PAUSE_US         5000000
#define DELAY_MOST_US    10000000 /* no path's: the sender's clock has jumped, or lies */
#define CALM_US          5000     /* from window to window */
#define GROWTH_US        5000     /* the same, for a queue */
#define GROWTH_SUM_US    30000    /* over three of them */
#define LONG_GROWTH_US   40000
#define STEP_US          12000 /* a path that has become longer, where it stays there */
#define STANDING_US      100000
#define STANDING_LOOKS   10
#define TRAIN_LEAST_US   4000
#define TRAIN_MOST_US    100000
#define TRAIN_ABOVE      130 /* percent of what is delivered anyway */
#define TRAIN_STRETCH    115 /* percent that its span may grow on the way */
#define TRAIN_JITTERS    16  /* a train that is shorter than so many proves nothing */
#define SLOWER_PERCENT   75
#define LOSS_PERCENT     2
#define LOSS_PACKETS_MIN 100
#define DELIVERED_MIN    10 /* packets in its window */

static struct capacity_bin *bin_at(struct capacity *capacity, uint64_t number)
{
	return &capacity->bins[number % CAPACITY_BINS];
}

static const struct capacity_bin *bin_of(const struct capacity *capacity, uint64_t number)
{
	return &capacity->bins[number % CAPACITY_BINS];
}

static void capacity_begin(struct capacity *capacity, uint64_t came, uint64_t sent)
{
	uint32_t clears = capacity->clears;
	enum capacity_cleared reason = capacity->reason;

	memset(capacity, 0, sizeof(*capacity));
	capacity->clears = clears;
	capacity->reason = reason;
	capacity->started = true;
	capacity->began = came;
	capacity->base = (int64_t)(came - sent);
	capacity->bin = capacity->looked = capacity->since = came / CAPACITY_BIN_US;
	capacity->least = INT32_MAX;
}

static void bins_advance(struct capacity *capacity, uint64_t number)
{
	uint64_t first = capacity->bin + 1;

	if (number > capacity->bin + CAPACITY_BINS)
		first = number - CAPACITY_BINS + 1;
	for (uint64_t i = first; i <= number; i++)
		*bin_at(capacity, i) = (struct capacity_bin){0};
	if (number > capacity->bin)
		capacity->bin = number;
}

static void missing_add(struct capacity_bin *bin, int32_t missing)
{
	int32_t sum = bin->missing + missing;

	bin->missing = (uint16_t)(sum < 0 ? 0 : sum > UINT16_MAX ? UINT16_MAX : sum);
}

/* kbit/s of bytes in so many microseconds. */
static uint32_t rate_of(uint64_t bytes, uint64_t us)
{
	uint64_t rate = us == 0 ? 0 : bytes * 8000 / us;

	return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

/* The best ones, the last of which counts: one alone may be chance. */
static void proof_add(uint32_t proofs[CAPACITY_PROOFS], uint32_t rate)
{
	for (int i = 0; i < CAPACITY_PROOFS; i++) {
		uint32_t lesser = proofs[i];

		if (rate <= lesser)
			continue;
		proofs[i] = rate;
		rate = lesser;
	}
}

/* Of the packets that came within so many bins up to the latest; *owd: how much later the last one
 * of them was than the first one. */
static uint32_t delivered(const struct capacity *capacity, uint64_t bins, int32_t *later)
{
	uint64_t bytes = 0, packets = 0, span = bins * CAPACITY_BIN_US;
	const struct capacity_bin *first = NULL, *last = NULL;

	for (uint64_t i = 0; i < bins; i++) {
		const struct capacity_bin *bin = bin_of(capacity, capacity->looked - bins + i);

		if (bin->packets == 0)
			continue;
		first = first == NULL ? bin : first;
		last = bin;
		bytes += bin->bytes;
		packets += bin->packets;
	}
	*later = first == NULL ? 0 : last->delay_last - first->delay_last;
	if (packets < DELIVERED_MIN)
		return 0;
	/* what was sent over a longer time than it came in was held up before */
	if (*later < 0)
		span += (uint64_t) - *later;
	return rate_of(bytes, span);
}

/* -- trains -- */

/* Eight packets that were sent together, faster than what is delivered anyway, and came so. */
static void train_look(struct capacity *capacity)
{
	const struct capacity_packet *first =
	        &capacity->train[capacity->train_count % CAPACITY_TRAIN];
	const struct capacity_packet *last =
	        &capacity->train[(capacity->train_count - 1) % CAPACITY_TRAIN];
	uint64_t sent = last->sent - first->sent, came = last->came - first->came, bytes = 0;
	uint32_t rate;
	int32_t later;

	if (capacity->train_count < CAPACITY_TRAIN || last->sent < first->sent ||
	    sent < TRAIN_LEAST_US || sent > TRAIN_MOST_US || came < TRAIN_LEAST_US ||
	    came * 100 > sent * TRAIN_STRETCH ||
	    sent < (uint64_t)capacity->jitter / 16 * TRAIN_JITTERS)
		return;
	for (uint32_t i = 1; i < CAPACITY_TRAIN; i++)
		bytes += capacity->train[(capacity->train_count + i) % CAPACITY_TRAIN].bytes;
	rate = rate_of(bytes, sent > came ? sent : came);
	if ((uint64_t)rate * 100 <
	    (uint64_t)delivered(capacity, DELIVERED_BINS, &later) * TRAIN_ABOVE)
		return;
	proof_add(capacity->trains, rate);
	capacity->train_count = 0; /* the next one is another one */
}

static void jitter_add(struct capacity *capacity, int32_t delay)
{
	uint32_t changed = (uint32_t)abs(delay - capacity->delay);

	capacity->delay = delay;
	capacity->jitter += changed - (capacity->jitter + 8) / 16;
}

static void capacity_anew(struct capacity *capacity, uint64_t came, uint64_t sent,
                          enum capacity_cleared reason)
{
	capacity_clear(capacity, came, reason);
	capacity_begin(capacity, came, sent);
}

static bool delay_is_possible(const struct capacity *capacity, uint64_t came, uint64_t sent)
{
	int64_t delay = (int64_t)(came - sent) - capacity->base;

	return delay > -DELAY_MOST_US && delay < DELAY_MOST_US;
}

void capacity_packet(struct capacity *capacity, uint64_t came, uint64_t sent, uint32_t bytes,
                     int32_t missing)
{
	uint64_t number = came / CAPACITY_BIN_US;
	struct capacity_bin *bin;
	int32_t delay;

	if (!capacity->started)
		capacity_begin(capacity, came, sent);
	else if (came - capacity->latest > PAUSE_US)
		capacity_anew(capacity, came, sent, CAPACITY_CLEARED_PAUSE);
	else if (!delay_is_possible(capacity, came, sent))
		capacity_anew(capacity, came, sent, CAPACITY_CLEARED_PATH);
	capacity->latest = came;
	bins_advance(capacity, number);
	bin = bin_at(capacity, number);
	delay = (int32_t)((int64_t)(came - sent) - capacity->base);
	if (bin->packets == 0 || delay < bin->delay_least)
		bin->delay_least = delay;
	bin->delay_last = delay;
	jitter_add(capacity, delay);
	bin->bytes += bytes;
	bin->packets += bin->packets != UINT16_MAX;
	missing_add(bin, missing);
	capacity->train[capacity->train_count++ % CAPACITY_TRAIN] =
	        (struct capacity_packet){.sent = sent, .came = came, .bytes = bytes};
	train_look(capacity);
}

/* -- delays -- */

/* The middle one of the window's bins; false: nothing came in it. back: windows before the look. */
static bool window_delay(const struct capacity *capacity, uint32_t back, int32_t *delay)
{
	uint64_t first = capacity->looked - (uint64_t)(back + 1) * WINDOW_BINS;
	int32_t sorted[WINDOW_BINS];
	uint32_t count = 0;

	if (first < capacity->since)
		return false;
	for (uint64_t i = first; i < first + WINDOW_BINS; i++) {
		const struct capacity_bin *bin = bin_of(capacity, i);
		uint32_t at = count;

		if (bin->packets == 0)
			continue;
		for (count++; at > 0 && sorted[at - 1] > bin->delay_least; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = bin->delay_least;
	}
	if (count != 0)
		*delay = sorted[count / 2];
	return count != 0;
}

/* Windows of 200 ms, the latest one first. */
struct delays {
	uint32_t count;
	int32_t delay[LONG_WINDOWS + 1];
};

static void delays_read(const struct capacity *capacity, struct delays *delays)
{
	delays->count = 0;
	while (delays->count <= LONG_WINDOWS &&
	       window_delay(capacity, delays->count, &delays->delay[delays->count]))
		delays->count++;
}

static bool is_calm(const struct delays *delays)
{
	for (uint32_t i = 0; i < 2; i++) {
		int32_t grown = delays->delay[i] - delays->delay[i + 1];

		if (grown > CALM_US || grown < -CALM_US)
			return false;
	}
	return true;
}

/* Three windows in a row: a path that has become longer shows in one, or in two. */
static bool grows_fast(const struct delays *delays)
{
	if (delays->count < 4)
		return false;
	for (uint32_t i = 0; i < 3; i++)
		if (delays->delay[i] - delays->delay[i + 1] < GROWTH_US)
			return false;
	return delays->delay[0] - delays->delay[3] > GROWTH_SUM_US;
}

/* Little by little, over two seconds. */
static bool grows_slowly(const struct delays *delays)
{
	int32_t most = 0, sum;

	if (delays->count <= LONG_WINDOWS)
		return false;
	sum = delays->delay[0] - delays->delay[LONG_WINDOWS];
	for (uint32_t i = 0; i < LONG_WINDOWS; i++)
		if (delays->delay[i] - delays->delay[i + 1] > most)
			most = delays->delay[i] - delays->delay[i + 1];
	return sum > LONG_GROWTH_US && most < sum / 2;
}

/* A step and then three calm windows: the path is longer now. */
static void least_follow(struct capacity *capacity, const struct delays *delays)
{
	if (delays->delay[0] < capacity->least)
		capacity->least = delays->delay[0];
	if (delays->count < 5 || !is_calm(delays))
		return;
	for (uint32_t i = 2; i < 4; i++)
		if (delays->delay[i] - delays->delay[i + 1] > STEP_US)
			capacity->least = delays->delay[0];
}

static bool stands(struct capacity *capacity, const struct delays *delays)
{
	bool high = delays->delay[0] - capacity->least > STANDING_US;

	capacity->high = high ? capacity->high + 1 : 0;
	return capacity->high >= STANDING_LOOKS;
}

static bool is_lossy(const struct capacity *capacity)
{
	uint64_t packets = 0, missing = 0;

	for (uint64_t i = 0; i < LOSS_BINS && capacity->looked - i > capacity->since; i++) {
		packets += bin_of(capacity, capacity->looked - i - 1)->packets;
		missing += bin_of(capacity, capacity->looked - i - 1)->missing;
	}
	return packets >= LOSS_PACKETS_MIN && missing * 100 > packets * LOSS_PERCENT;
}

/* -- the look -- */

static enum capacity_cleared contradiction(struct capacity *capacity, const struct delays *delays)
{
	const int32_t span = DELIVERED_BINS * CAPACITY_BIN_US;
	int32_t later;

	least_follow(capacity, delays);
	delivered(capacity, DELIVERED_BINS, &later);
	if (grows_fast(delays) || grows_slowly(delays))
		return CAPACITY_CLEARED_GROWING;
	if (later > span / 100 * (100 - SLOWER_PERCENT))
		return CAPACITY_CLEARED_SLOWER;
	if (stands(capacity, delays))
		return CAPACITY_CLEARED_STANDING;
	return is_lossy(capacity) ? CAPACITY_CLEARED_LOSS : CAPACITY_CLEARED_NOT;
}

static void delivered_prove(struct capacity *capacity)
{
	int32_t later;
	uint32_t rate;

	if (capacity->looked < capacity->delivered_bin + DELIVERED_BINS / 2 ||
	    capacity->looked < capacity->since + DELIVERED_BINS)
		return;
	rate = delivered(capacity, DELIVERED_BINS, &later);
	if (rate == 0)
		return;
	proof_add(capacity->delivered, rate);
	capacity->delivered_bin = capacity->looked;
}

void capacity_look(struct capacity *capacity, uint64_t now)
{
	uint32_t last = CAPACITY_PROOFS - 1;
	enum capacity_cleared why;
	struct delays delays;

	if (!capacity->started || now / CAPACITY_BIN_US <= capacity->looked)
		return;
	bins_advance(capacity, now / CAPACITY_BIN_US);
	/* the bin of this moment is not whole yet */
	capacity->looked = now / CAPACITY_BIN_US;
	delays_read(capacity, &delays);
	if (delays.count < 3)
		return;
	why = contradiction(capacity, &delays);
	if (why != CAPACITY_CLEARED_NOT) {
		capacity_clear(capacity, now, why);
		return;
	}
	if (is_calm(&delays))
		delivered_prove(capacity);
	if (now - capacity->began < QUIET_US)
		return;
	capacity->proven = capacity->delivered[last] > capacity->trains[last]
	                           ? capacity->delivered[last]
	                           : capacity->trains[last];
}

void capacity_clear(struct capacity *capacity, uint64_t now, enum capacity_cleared reason)
{
	capacity->clears += capacity->proven != 0;
	if (capacity->proven != 0)
		capacity->reason = reason;
	capacity->proven = 0;
	capacity->began = now;
	capacity->high = 0;
	capacity->train_count = 0;
	memset(capacity->delivered, 0, sizeof(capacity->delivered));
	memset(capacity->trains, 0, sizeof(capacity->trains));
	capacity->since = now / CAPACITY_BIN_US;
	capacity->least = INT32_MAX;
}

uint32_t capacity_lower(const struct capacity *capacity)
{
	return (uint32_t)((uint64_t)capacity->proven * CAPACITY_LOWER_PERCENT / 100);
}
