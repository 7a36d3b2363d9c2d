/* SPDX-License-Identifier: BSD-3-Clause */
/* The laboratory's link in virtual time, and the file that says what it is like. */
#include "../../tools/link/settings.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MS     1000000ull
#define SECOND (1000 * MS)
#define FRAME  1250u /* bytes: 10,000 bits */

static struct way made(struct way_settings settings)
{
	struct way way;

	way_init(&way, 1);
	way.settings = settings;
	return way;
}

static void a_frame_takes_its_bits_and_the_delay(void **state)
{
	struct way way =
	        made((struct way_settings){.rate_kbps = 10000, .delay_ms = 25, .queue_ms = 100});

	assert_int_equal(way_take(&way, SECOND, FRAME), SECOND + 26 * MS);
	/* behind the one before */
	assert_int_equal(way_take(&way, SECOND, FRAME), SECOND + 27 * MS);
	/* the link is empty again */
	assert_int_equal(way_take(&way, 2 * SECOND, FRAME), 2 * SECOND + 26 * MS);
	way = made((struct way_settings){.delay_ms = 25});
	assert_int_equal(way_take(&way, SECOND, FRAME), SECOND + 25 * MS);
	assert_int_equal(way_take(&way, SECOND, FRAME), SECOND + 25 * MS);
}

static void a_full_queue_drops(void **state)
{
	struct way way = made((struct way_settings){.rate_kbps = 10000, .queue_ms = 5});
	uint64_t last = 0, due;

	/* One in service, five that wait 1 to 5 ms. */
	for (int i = 0; i < 10; i++) {
		due = way_take(&way, SECOND, FRAME);
		last = due != 0 ? due : last;
	}
	assert_int_equal(way.count.full, 4);
	assert_int_equal(last, SECOND + 6 * MS);
	assert_true(way.count.waited_most_ms == 5);
}

/* Twice what the link carries, for ten seconds. */
static void the_rate_is_exact(void **state)
{
	struct way way =
	        made((struct way_settings){.rate_kbps = 4000, .delay_ms = 25, .queue_ms = 100});
	uint64_t carried = 0, due;

	for (uint64_t at = SECOND; at < 11 * SECOND; at += FRAME * 8 * SECOND / 8000000) {
		due = way_take(&way, at, FRAME);
		carried += due != 0 && due <= 11 * SECOND ? FRAME * 8 : 0;
	}
	/* 10 s at 4 Mbit/s without the delay at the end, to a frame */
	assert_in_range(carried, 39890000, 39900000);
}

static void losses_are_as_many_as_asked_for(void **state)
{
	struct way way = made((struct way_settings){.loss = 3});

	for (uint32_t i = 0; i < 100000; i++)
		way_take(&way, SECOND + i * MS, FRAME);
	assert_in_range(way.count.lost, 2800, 3200);
}

static void jitter_delays_and_keeps_the_order(void **state)
{
	struct way way = made((struct way_settings){.delay_ms = 10, .jitter_ms = 30});
	uint64_t before = 0, due, most = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		uint64_t at = SECOND + i * 20 * MS;

		due = way_take(&way, at, FRAME);
		assert_true(due >= at + 10 * MS && due <= at + 40 * MS);
		assert_true(due >= before);
		most = due - at > most ? due - at : most;
		before = due;
	}
	assert_true(most > 39 * MS);
}

/* What a file of this text makes of settings that were all 7: 0, or -1. */
static int text_read(const char *text, struct way_settings settings[LINK_WAYS], char why[256])
{
	char path[] = "/tmp/sluice-link-XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	for (int i = 0; i < LINK_WAYS; i++)
		settings[i] = (struct way_settings){7, 7, 7, 7, 7};
	ret = settings_read(path, settings, why, 256);
	unlink(path);
	return ret;
}

static void settings_are_read_whole_or_not(void **state)
{
	static const char *const wrong[] = {
	        "up 1 2 3 4\n",     "up 1 2 3 4 5 6\n", "side 1 2 3 4 5\n",       "up -1 2 3 4 5\n",
	        "up nan 2 3 4 5\n", "up 1 2 3 101 5\n", "up 1 2 3 4 5\ndown x\n",
	};
	struct way_settings settings[LINK_WAYS];
	char why[256];

	assert_int_equal(text_read("up 4000 25 300 1.5 0\n", settings, why), 0);
	assert_true(settings[LINK_UP].rate_kbps == 4000 && settings[LINK_UP].loss == 1.5);
	assert_true(settings[LINK_DOWN].rate_kbps == 7);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(text_read(wrong[i], settings, why), -1);
		assert_true(settings[LINK_UP].rate_kbps == 7);
		assert_non_null(strstr(why, "expected: up|down RATE"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_frame_takes_its_bits_and_the_delay),
	        cmocka_unit_test(a_full_queue_drops),
	        cmocka_unit_test(the_rate_is_exact),
	        cmocka_unit_test(losses_are_as_many_as_asked_for),
	        cmocka_unit_test(jitter_delays_and_keeps_the_order),
	        cmocka_unit_test(settings_are_read_whole_or_not),
	};

	return cmocka_run_group_tests_name("link way", tests, NULL, NULL);
}
