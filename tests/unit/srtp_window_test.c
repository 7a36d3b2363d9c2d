/* SPDX-License-Identifier: BSD-3-Clause */
/* The replay table, and indices estimated over wraps with loss and reordering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "srtp/receive_window.h"
#include "srtp/rtcp_window.h"

#define REACH (SRTP_WINDOW_BITS - 64)
#define N     SRTP_WINDOW_NEW
#define R     SRTP_WINDOW_REPLAYED
#define O     SRTP_WINDOW_OLD

/* One window through all of it; what is new is taken. */
static void replay_table(void **state)
{
	static const struct {
		uint64_t index;
		enum srtp_window_verdict verdict;
	} rows[] = {
	        {0, N},
	        {0, R},
	        {1, N},
	        {1, R},
	        {9, N},
	        {8, N},
	        {7, N},
	        {7, R},
	        {REACH, N},
	        {REACH - 1, N},
	        {REACH, R},
	        {2, N},
	        {2, R},
	        {REACH + 16, N},
	        {3, O},
	        {16, O},
	        {17, N},
	        {17, R},
	        {REACH + 17, N},
	        {17, O},
	        {REACH * 4, N},
	        {REACH * 4 - (REACH + 1), O},
	        {REACH * 4 - REACH, O},
	        {REACH * 4 - (REACH - 1), N},
	        {REACH * 4 - (REACH - 2), N},
	        {REACH * 4 + 1, N},
	        {REACH * 4 - (REACH - 2), R},
	        {REACH * 4 - (REACH - 1), O},
	        {0, O},
	        {REACH + 17, O},
	        /* a leap of whole windows leaves nothing behind */
	        {REACH * 4 + SRTP_WINDOW_BITS * 8, N},
	        {REACH * 4 + SRTP_WINDOW_BITS * 7, O},
	        {REACH * 4 + SRTP_WINDOW_BITS * 8 - 64, N},
	        /* over the wrap of SEQ */
	        {0x1ffff, N},
	        {0x20000, N},
	        {0x1ffff, R},
	        {0x1fffe, N},
	        {0x20000 - REACH, O},
	        {0x20000 - REACH + 1, N},
	        {UINT64_C(0xffffffffffff), N},
	        {UINT64_C(0xffffffffffff), R},
	        {0, O},
	};
	struct srtp_receive_window window = {0};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(srtp_window_look(&window, rows[i].index), rows[i].verdict);
		assert_int_equal(srtp_window_take(&window, rows[i].index), rows[i].verdict == N);
	}
}

/* Two of a burst were looked at before either was taken. */
static void same_index_within_a_burst(void **state)
{
	struct srtp_receive_window window = {0};

	assert_int_equal(srtp_window_look(&window, 5), N);
	assert_int_equal(srtp_window_look(&window, 5), N);
	assert_int_equal(srtp_window_look(&window, 70000), N);
	assert_true(srtp_window_take(&window, 5));
	assert_false(srtp_window_take(&window, 5));
	assert_true(srtp_window_take(&window, 70000));
	assert_int_equal(srtp_window_look(&window, 6), O);
	assert_false(srtp_window_take(&window, 6));
}

static void estimates(void **state)
{
	static const struct {
		uint64_t highest;
		uint16_t seq;
		uint64_t index;
	} rows[] = {
	        {0, 1, 1},
	        {0, 0xffff, 0xffff}, /* there is no ROC before the first */
	        {5, 0x8005, 0x8005},
	        {0x7fff, 0xffff, 0xffff},
	        {0x8000, 0, 0},
	        {0x8001, 0, 0x10000},
	        {0xffff, 0, 0x10000},
	        {0xffff, 0x7ffe, 0x17ffe},
	        {0xffff, 0x7fff, 0x7fff},
	        {0x10000, 0xffff, 0xffff},
	        {0x10000, 0x8000, 0x18000},
	        {0x10000, 0x8001, 0x8001},
	        {0x17fff, 0xffff, 0x1ffff},
	        {0x2ffff, 3, 0x30003},
	        {UINT64_C(0xffff0000ffff), 0, UINT64_C(0xffff00010000)},
	        {UINT64_C(0xffffffffffff), 0, 0}, /* no ROC after the last: old */
	};
	struct srtp_receive_window window = {.started = true};
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		window.highest = rows[i].highest;
		assert_int_equal(srtp_window_estimate(&window, rows[i].seq), rows[i].index);
	}
	window.started = false;
	assert_int_equal(srtp_window_estimate(&window, 0xfff0), 0xfff0);
}

/*
 * Three wraps of a stream that loses one packet in ten, now and then thousands at once, and has one
 * in five late by up to a window; each comes twice. A set of all indices is the judge.
 */
static void three_wraps(void **state)
{
	enum { END = 0x10000 * 4 };
	static uint8_t seen[END];
	struct srtp_receive_window window = {0};
	uint64_t sent = 0xff00, index, estimate, highest = 0;
	unsigned int taken = 0;

	srand(3711);
	memset(seen, 0, sizeof(seen));
	while (sent < END) {
		index = sent - (rand() % 5 == 0 ? rand() % 1200 : 0);
		sent += rand() % 10 == 0 ? 2 : 1;
		if (rand() % 5000 == 0)
			sent += rand() % 0x6000;
		estimate = srtp_window_estimate(&window, index);
		assert_int_equal(estimate, index);
		if (index > highest)
			highest = index;
		if (highest - index >= REACH) {
			assert_int_equal(srtp_window_look(&window, index), O);
			continue;
		}
		assert_int_equal(srtp_window_look(&window, index), seen[index] ? R : N);
		assert_int_equal(srtp_window_take(&window, index), !seen[index]);
		taken += !seen[index];
		seen[index] = 1;
		assert_int_equal(srtp_window_look(&window, index), R);
	}
	assert_int_equal(window.highest, highest);
	assert_true(highest >> 16 >= 3 && taken > 30000);
}

/* SRTCP: each sender's table is its own. */
static void rtcp_table(void **state)
{
	static const struct {
		uint32_t ssrc, index;
		enum srtp_window_verdict verdict;
	} rows[] = {
	        {7, 1, N},          {7, 1, R},       {8, 1, N},  {8, 1, R},
	        {0, 5, N},          {0, 5, R},       {7, 3, N},  {7, 2, N},
	        {7, 2, R},          {7, 3, R},       {7, 66, N}, {7, 3, R},
	        {7, 2, O},          {7, 67, N},      {7, 3, O},  {7, 4, N},
	        {7, 4, R},          {7, 67 + 64, N}, {7, 67, O}, {7, 68, N},
	        {7, 0x7fffffff, N}, {7, 67 + 64, O}, {7, 0, O},  {7, 0x7fffffff - 63, N},
	        {8, 2, N},          {8, 40, N},      {8, 1, R},
	};
	struct srtcp_senders senders = {.count = 0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (srtcp_window_take(&senders, rows[i].ssrc, rows[i].index) != rows[i].verdict)
			fail_msg("row %zu", i);
	assert_int_equal(senders.count, 3);
	for (uint32_t ssrc = 100; senders.count < SRTCP_SENDERS_MAX; ssrc++)
		assert_int_equal(srtcp_window_take(&senders, ssrc, 1), N);
	assert_int_equal(srtcp_window_take(&senders, 99, 1), SRTP_WINDOW_FULL);
	assert_int_equal(srtcp_window_take(&senders, 100, 1), R);
	assert_int_equal(srtcp_window_take(&senders, 100, 2), N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(replay_table), cmocka_unit_test(same_index_within_a_burst),
	        cmocka_unit_test(estimates),    cmocka_unit_test(three_wraps),
	        cmocka_unit_test(rtcp_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
