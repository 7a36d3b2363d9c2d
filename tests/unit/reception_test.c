/* SPDX-License-Identifier: BSD-3-Clause */
/* Report blocks beside RFC 3550's formulas; gaps and when they are asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_common.h>

#include "media/reception.h"
#include "media/rtcp_read.h"
#include "media/sender_clock.h"

#define TSC_HZ   1000000000u
#define CLOCK_HZ 90000u
#define MS       (TSC_HZ / 1000)

static struct reception reception_new(void)
{
	struct reception reception = {.clock_hz = CLOCK_HZ, .tsc_hz = TSC_HZ};

	missing_clear(&reception.missing);
	return reception;
}

/* Packets in order of arrival, then one report. repeat: came as RTX. */
struct loss_row {
	const char *name;
	struct {
		uint64_t index;
		uint32_t count; /* so many in a row */
		bool repeat;
	} packets[6];
	int32_t lost;
	uint8_t fraction;
	uint32_t highest;
};

static const struct loss_row losses[] = {
        {"none lost", {{100, 50}}, 0, 0, 149},
        {"a quarter", {{100, 30}, {140, 10}}, 10, 256 * 10 / 50, 149},
        {"over the wrap", {{0xfff0, 16}, {0x10008, 8}}, 8, 256 * 8 / 32, 0x1000f},
        {"over the third wrap", {{0x2fffe, 2}, {0x30001, 2}}, 1, 256 / 5, 0x30002},
        {"out of order", {{10, 5}, {16, 1}, {15, 1}}, 0, 0, 16},
        {"before the first", {{10, 5}, {9, 1}}, 0, 0, 14},
        {"repaired by RTX stays lost", {{10, 5}, {16, 1}, {15, 1, true}}, 1, 256 / 7, 16},
        {"repaired in its own numbering", {{10, 5}, {17, 1}, {15, 1}, {16, 1}}, 0, 0, 17},
        {"just not a new beginning", {{10, 1}, {3010, 1}}, 2999, 255, 3010},
        {"a new beginning", {{10, 1}, {3011, 5}}, 0, 0, 3015},
        {"most of all lost", {{1, 1}, {1000, 1}}, 998, 255, 1000},
};

static void losses_are_counted(void **state)
{
	for (size_t i = 0; i < RTE_DIM(losses); i++) {
		const struct loss_row *row = &losses[i];
		struct reception reception = reception_new();
		struct rtcp_block block;
		uint64_t tsc = TSC_HZ;

		for (size_t j = 0; j < RTE_DIM(row->packets); j++)
			for (uint32_t k = 0; k < row->packets[j].count; k++)
				reception_packet(&reception, row->packets[j].index + k, 0,
				                 tsc += MS, row->packets[j].repeat);
		reception_report(&reception, 42, tsc, &block);
		if (block.lost != row->lost || block.fraction_lost != row->fraction ||
		    block.highest != row->highest)
			fail_msg("%s: lost %d of 256 %u highest %x", row->name, block.lost,
			         block.fraction_lost, block.highest);
		assert_int_equal(block.ssrc, 42);
		assert_int_equal(block.lsr, 0);
		assert_int_equal(block.dlsr, 0);
	}
}

/* The fraction is of the interval, the count of all. */
static void intervals_are_apart(void **state)
{
	static const struct {
		uint64_t first;
		uint32_t count;
		int32_t lost;
		uint8_t fraction;
	} rows[] = {
	        {0xff80, 64, 0, 0},   {0xffe0, 32, 32, 128}, /* 0xffc0 to 0xffdf missing */
	        {0x10000, 64, 32, 0}, {0x10080, 1, 96, 252}, /* 64 of 65 */
	        {0x10081, 0, 96, 0},  /* nothing came, so nothing is known to be lost */
	        {0x10050, 16, 80, 0}, /* late ones: more than were expected */
	};
	struct reception reception = reception_new();
	struct rtcp_block block;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (uint32_t k = 0; k < rows[i].count; k++)
			reception_packet(&reception, rows[i].first + k, 0, TSC_HZ, false);
		reception_report(&reception, 1, TSC_HZ, &block);
		if (block.lost != rows[i].lost || block.fraction_lost != rows[i].fraction)
			fail_msg("interval %zu: lost %d of 256 %u", i, block.lost,
			         block.fraction_lost);
	}
	assert_int_equal(reception_lost(&reception), 80);
}

/* A.8 in floating point beside ours. */
static void jitter_is_the_formulas(void **state)
{
	struct reception reception = reception_new();
	struct rtcp_block block;
	double jitter = 0, transit_before = 0;
	uint32_t timestamp = 0xffff0000; /* wraps on the way */
	uint64_t tsc = (uint64_t)TSC_HZ * 47000;

	srand(1);
	for (int i = 0; i < 2000; i++) {
		double transit;
		uint64_t arrival = tsc + (uint64_t)(rand() % 20) * MS;

		reception_packet(&reception, 5 + i, timestamp, arrival, false);
		transit = (double)arrival * CLOCK_HZ / TSC_HZ - 3000.0 * i;
		if (i != 0) {
			double d = transit - transit_before;

			jitter += ((d < 0 ? -d : d) - jitter) / 16;
		}
		transit_before = transit;
		timestamp += 3000;
		tsc += TSC_HZ / 30;
	}
	reception_report(&reception, 1, tsc, &block);
	assert_in_range(block.jitter, (uint32_t)jitter - 3, (uint32_t)jitter + 3);
	assert_in_range(block.jitter, 300, 1200);
	assert_in_range(reception_jitter_us(&reception), block.jitter * 11, block.jitter * 12);
}

static void the_last_sender_report_is_named(void **state)
{
	struct reception reception = reception_new();
	struct rtcp_block block;

	reception_packet(&reception, 1, 0, TSC_HZ, false);
	reception_sender_report(&reception, 0x0123456789abcdef, 10 * (uint64_t)TSC_HZ);
	reception_report(&reception, 1, 10 * (uint64_t)TSC_HZ + 1500 * (uint64_t)MS, &block);
	assert_int_equal(block.lsr, 0x456789ab);
	assert_int_equal(block.dlsr, 0x18000);
	reception_report(&reception, 1, 100000 * (uint64_t)TSC_HZ, &block);
	assert_int_equal(block.dlsr, UINT32_MAX);
}

static uint32_t taken_at(struct missing_packets *missing, uint64_t ms, uint64_t *indices)
{
	return missing_take(missing, ms * MS, TSC_HZ, indices, 512);
}

/* A gap waits for what was merely overtaken, is asked for a few times, then given up. */
static void gaps_are_asked_for(void **state)
{
	struct reception reception = reception_new();
	struct missing_packets *missing = &reception.missing;
	uint64_t indices[512];

	reception_packet(&reception, 0xfffe, 0, 0, false);
	assert_int_equal(reception_packet(&reception, 0x10002, 0, 0, false), RECEPTION_GAP);
	assert_int_equal(taken_at(missing, 4, indices), 0);
	assert_int_equal(reception_packet(&reception, 0x10000, 0, 2 * MS, false), RECEPTION_NEXT);
	assert_int_equal(taken_at(missing, 5, indices), 2);
	assert_int_equal(indices[0], 0xffff);
	assert_int_equal(indices[1], 0x10001);
	assert_int_equal(taken_at(missing, 64, indices), 0);
	assert_int_equal(taken_at(missing, 65, indices), 2);
	assert_int_equal(reception_packet(&reception, 0xffff, 0, 70 * MS, true),
	                 RECEPTION_REPAIRED);
	assert_int_equal(reception_packet(&reception, 0xffff, 0, 70 * MS, true), RECEPTION_NEXT);
	assert_int_equal(taken_at(missing, 125, indices), 1);
	assert_int_equal(taken_at(missing, 185, indices), 1);
	assert_int_equal(taken_at(missing, 10000, indices), 0);
	assert_int_equal(missing->count, 0);
}

/* Ten subscribers that miss the same packet make one ask; one that was received makes none. */
static void subscribers_ask_once(void **state)
{
	struct reception reception = reception_new();
	uint64_t indices[512];

	reception_packet(&reception, 10, 0, 0, false);
	reception_packet(&reception, 12, 0, 0, false);
	for (int i = 0; i < 10; i++)
		assert_true(missing_want(&reception.missing, 11, 1 * MS));
	assert_false(missing_want(&reception.missing, 10, 1 * MS));
	assert_int_equal(taken_at(&reception.missing, 1, indices), 1);
	for (int i = 0; i < 10; i++)
		assert_true(missing_want(&reception.missing, 11, 2 * MS));
	assert_int_equal(taken_at(&reception.missing, 2, indices), 0);
	assert_int_equal(taken_at(&reception.missing, 61, indices), 1);
}

static void a_great_gap_is_bounded(void **state)
{
	struct reception reception = reception_new();
	uint64_t indices[512];

	reception_packet(&reception, 1, 0, 0, false);
	reception_packet(&reception, 2902, 0, 0, false);
	assert_int_equal(missing_take(&reception.missing, 5 * MS, TSC_HZ, indices, 100), 100);
	assert_int_equal(indices[0], 2902 - MISSING_PACKETS);
	assert_int_equal(taken_at(&reception.missing, 5, indices), MISSING_PACKETS - 100);
	assert_int_equal(indices[MISSING_PACKETS - 101], 2901);
	assert_int_equal(taken_at(&reception.missing, 6, indices), 0);
}

static void a_senders_clock_runs_on(void **state)
{
	struct sender_clock clock = {0};
	uint64_t ntp, tsc = 1000 * (uint64_t)TSC_HZ;
	uint32_t rtp;

	assert_false(sender_clock_at(&clock, tsc, TSC_HZ, CLOCK_HZ, &ntp, &rtp));
	sender_clock_write(&clock, 0xe0000000c0000000, 0xffffffff, tsc);
	assert_true(sender_clock_at(&clock, tsc, TSC_HZ, CLOCK_HZ, &ntp, &rtp));
	assert_int_equal(ntp, 0xe0000000c0000000);
	assert_int_equal(rtp, 0xffffffff);
	assert_true(
	        sender_clock_at(&clock, tsc + 1500 * (uint64_t)MS, TSC_HZ, CLOCK_HZ, &ntp, &rtp));
	assert_int_equal(ntp, 0xe000000240000000);
	assert_int_equal(rtp, 134999);
	/* our walk began before the report came */
	assert_true(sender_clock_at(&clock, tsc - MS, TSC_HZ, CLOCK_HZ, &ntp, &rtp));
	assert_int_equal(ntp, 0xe0000000c0000000);
	assert_false(sender_clock_at(&clock, tsc + 200 * (uint64_t)TSC_HZ, TSC_HZ, CLOCK_HZ, &ntp,
	                             &rtp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(losses_are_counted),
	        cmocka_unit_test(intervals_are_apart),
	        cmocka_unit_test(jitter_is_the_formulas),
	        cmocka_unit_test(the_last_sender_report_is_named),
	        cmocka_unit_test(gaps_are_asked_for),
	        cmocka_unit_test(subscribers_ask_once),
	        cmocka_unit_test(a_great_gap_is_bounded),
	        cmocka_unit_test(a_senders_clock_runs_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
