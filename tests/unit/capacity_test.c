/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a path is taken to carry, over a simulated link: a queue with a rate, a delay, jitter and
 * loss, and a sender that paces its packets and sends trains as a browser's probes are.
 */
#include "estimate/capacity.h"
#include "estimate/remb.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PACKET   1200
#define LOOK_US  50000
#define QUEUE_US 300000

struct link {
	struct capacity capacity;
	uint32_t rate;                /* kbit/s */
	uint32_t delay, jitter, loss; /* us, us, per mille */
	uint64_t now;                 /* the sender's clock */
	uint64_t free;                /* when the link has sent all */
	uint64_t latest, looked;
	uint64_t queue;     /* us, of the last packet */
	uint64_t queue_top; /* of all, since it was set to 0 */
	uint32_t random;
	int32_t missing;
};

static uint32_t next_random(struct link *link)
{
	link->random = link->random * 1664525 + 1013904223;
	return link->random >> 8;
}

static struct link *link_new(uint32_t rate, uint32_t delay)
{
	struct link *link = calloc(1, sizeof(*link));

	link->rate = rate;
	link->delay = delay;
	link->now = link->free = 1000000;
	link->random = 7;
	return link;
}

static void looks(struct link *link, uint64_t until)
{
	for (; link->looked + LOOK_US <= until; link->looked += LOOK_US)
		capacity_look(&link->capacity, link->looked + LOOK_US);
}

static void packet_send(struct link *link)
{
	uint64_t takes = (uint64_t)PACKET * 8000 / link->rate, came;

	if (link->free < link->now)
		link->free = link->now;
	link->queue = link->free - link->now;
	if (link->queue > link->queue_top)
		link->queue_top = link->queue;
	if (link->queue > QUEUE_US || next_random(link) % 1000 < link->loss) {
		link->missing++;
		return;
	}
	link->free += takes;
	came = link->free + link->delay;
	if (link->jitter != 0)
		came += next_random(link) % link->jitter;
	if (came < link->latest)
		came = link->latest; /* nothing is reordered */
	link->latest = came;
	if (link->looked == 0)
		link->looked = came;
	looks(link, came);
	capacity_packet(&link->capacity, came, link->now, PACKET, link->missing);
	link->missing = 0;
}

/* So much, in frames: 30 a second, each paced over 20 ms. */
static void send_for(struct link *link, uint32_t kbps, uint32_t ms)
{
	uint64_t end = link->now + (uint64_t)ms * 1000, gap = (uint64_t)PACKET * 8000 / kbps;

	while (link->now < end) {
		packet_send(link);
		link->now += gap;
	}
}

/* A train of twelve packets at this rate. */
static void probe(struct link *link, uint32_t kbps)
{
	for (int i = 0; i < 12; i++) {
		packet_send(link);
		link->now += (uint64_t)PACKET * 8000 / kbps;
	}
}

static uint32_t proven(const struct link *link)
{
	return link->capacity.proven;
}

static void nothing_is_known_before_two_seconds(void **state)
{
	struct link *link = link_new(20000, 10000);

	send_for(link, 2000, 1500);
	assert_int_equal(proven(link), 0);
	assert_int_equal(capacity_lower(&link->capacity), 0);
	send_for(link, 2000, 2000);
	assert_in_range(proven(link), 1800, 2100);
	assert_in_range(capacity_lower(&link->capacity), 1.12 * 1800, 1.12 * 2100);
	free(link);
}

/* The known case: a sender that is limited by itself proves more by its own probes, and a path that
 * becomes longer is no queue. */
static void probes_prove_more_than_is_sent(void **state)
{
	struct link *link = link_new(20000, 10000);
	uint32_t before;

	for (int i = 0; i < 4; i++) {
		send_for(link, 2500, 150);
		probe(link, 6000);
	}
	send_for(link, 2500, 4000);
	before = proven(link);
	assert_in_range(before, 5500, 6100);
	link->delay += 50000;
	send_for(link, 2500, 10000);
	assert_int_equal(proven(link), before);
	assert_int_equal(link->capacity.clears, 0);
	/* nor one that becomes shorter */
	link->delay -= 50000;
	send_for(link, 2500, 10000);
	assert_int_equal(proven(link), before);
	free(link);
}

static void a_drop_clears_soon(void **state)
{
	static const struct {
		uint32_t to, within_ms, queue_ms;
	} rows[] = {{1000, 800, 310}, {2000, 900, 310}, {3000, 1500, 310}, {3500, 4000, 150}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct link *link = link_new(4000, 25000);
		uint32_t ms = 0;

		send_for(link, 3700, 8000);
		assert_in_range(proven(link), 3500, 4100);
		link->delay += 50000;
		send_for(link, 3700, 5000);
		assert_in_range(proven(link), 3500, 4100);
		link->rate = rows[i].to;
		link->queue_top = 0;
		for (; proven(link) != 0 && ms < 10000; ms += 50)
			send_for(link, 3700, 50);
		if (ms > rows[i].within_ms || link->queue_top > rows[i].queue_ms * 1000)
			fail_msg("to %u: after %u ms, queue %u ms", rows[i].to, ms,
			         (uint32_t)(link->queue_top / 1000));
		assert_int_equal(link->capacity.clears, 1);
		free(link);
	}
}

/* The bound that is told lets a queue drain: 0.85 of it is below what the link carries. */
static void nothing_is_proven_that_the_link_does_not_carry(void **state)
{
	for (uint32_t seed = 1; seed < 200; seed++) {
		struct link *link = link_new(500, 10000);

		link->random = seed * 77777;
		link->rate = 500 + next_random(link) % 10000;
		link->jitter = seed % 3 == 0 ? 30000 : 0;
		for (int i = 0; i < 40; i++) {
			send_for(link, 300 + next_random(link) % (link->rate * 11 / 10), 300);
			probe(link, 1000 + next_random(link) % 20000);
			if (0.85 * capacity_lower(&link->capacity) > 1.02 * link->rate)
				fail_msg("seed %u: %u of %u kbit/s", seed, proven(link),
				         link->rate);
		}
		free(link);
	}
}

static void loss_pause_and_another_path_clear(void **state)
{
	struct link *link = link_new(4000, 25000);

	send_for(link, 3000, 5000);
	assert_int_not_equal(proven(link), 0);
	link->loss = 40;
	send_for(link, 3000, 3000);
	assert_int_equal(proven(link), 0);
	assert_int_equal(link->capacity.reason, CAPACITY_CLEARED_LOSS);
	link->loss = 0;
	send_for(link, 3000, 6000);
	assert_in_range(proven(link), 2800, 3100);
	link->now += 30000000;
	send_for(link, 3000, 100);
	assert_int_equal(proven(link), 0);
	assert_int_equal(link->capacity.reason, CAPACITY_CLEARED_PAUSE);
	send_for(link, 3000, 5000);
	assert_in_range(proven(link), 2800, 3100);
	capacity_clear(&link->capacity, link->latest, CAPACITY_CLEARED_PATH);
	assert_int_equal(capacity_lower(&link->capacity), 0);
	send_for(link, 3000, 1500);
	assert_int_equal(proven(link), 0);
	send_for(link, 3000, 3000);
	assert_in_range(proven(link), 2800, 3100);
	assert_int_equal(link->capacity.clears, 3);
	free(link);
}

/* Three seconds a packet, forward or back: nothing is proven by it, nothing runs over, and an
 * honest clock is believed again. */
static void a_clock_that_jumps_proves_nothing(void **state)
{
	for (int sign = -1; sign <= 1; sign += 2) {
		struct link *link = link_new(4000, 25000);
		uint64_t sent = (uint64_t)1 << 40, came;

		send_for(link, 3000, 5000);
		came = link->latest;
		for (int i = 0; i < 3000; i++) {
			came += 4000;
			sent += (uint64_t)((int64_t)3000000 * sign);
			capacity_packet(&link->capacity, came, sent, PACKET, 0);
			capacity_look(&link->capacity, came);
			assert_in_range(link->capacity.delay + 10000000, 0, 20000000);
		}
		assert_int_equal(proven(link), 0);
		assert_int_equal(link->capacity.reason, CAPACITY_CLEARED_PATH);
		link->now = link->latest = link->looked = came;
		send_for(link, 3000, 5000);
		assert_in_range(proven(link), 2800, 3100);
		free(link);
	}
}

/* 200 ms longer within ten seconds: nobody can tell it from a queue. It must not last. */
static void a_ramp_is_taken_for_a_queue_at_worst(void **state)
{
	struct link *link = link_new(4000, 25000);

	send_for(link, 3000, 5000);
	for (int i = 0; i < 100; i++) {
		link->delay += 2000;
		send_for(link, 3000, 100);
	}
	send_for(link, 3000, 5000);
	assert_in_range(proven(link), 2800, 3100);
	free(link);
}

/* 1 Mbit/s at the most that came: REMB lets it rise, loss brings it down. */
static void remb_rises_and_falls(void **state)
{
	struct remb remb = {0};

	assert_int_equal(remb_next(&remb, 62500, 1000000, 0), 1500);
	assert_int_equal(remb_next(&remb, 187500, 1000000, 0), 3000);
	assert_int_equal(remb_next(&remb, 350000, 1000000, 0), 5600);
	assert_int_equal(remb_next(&remb, 600000, 1000000, 10), 5600);
	assert_in_range(remb_next(&remb, 600000, 1000000, 128), 4000, 4300);
	for (int i = 0; i < 50; i++)
		remb_next(&remb, 0, 1000000, 255);
	assert_int_equal(remb_next(&remb, 0, 1000000, 255), REMB_LEAST_KBPS);
	assert_int_equal(remb_next(&remb, UINT32_MAX, 1000, 0), REMB_MOST_KBPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_known_before_two_seconds),
	        cmocka_unit_test(probes_prove_more_than_is_sent),
	        cmocka_unit_test(a_drop_clears_soon),
	        cmocka_unit_test(nothing_is_proven_that_the_link_does_not_carry),
	        cmocka_unit_test(loss_pause_and_another_path_clear),
	        cmocka_unit_test(a_clock_that_jumps_proves_nothing),
	        cmocka_unit_test(a_ramp_is_taken_for_a_queue_at_worst),
	        cmocka_unit_test(remb_rises_and_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
