/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) as a receiver of it
 * reads it: a reader of this file's own, which knows the draft and not the writer.
 */
#include "media/arrival.h"
#include "media/bytes.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROOM 1000

struct read {
	uint16_t base, count;
	uint8_t message;
	uint32_t reference;   /* 64 ms */
	int64_t ticks[65536]; /* of base + i; -1: it has not come */
};

static void message_read(struct read *read, const uint8_t *fci, uint16_t length)
{
	static uint8_t symbols[65536 + 8191 + 14];
	uint16_t at = 8;
	uint32_t known = 0;
	int64_t last;

	read->base = read_be16(fci);
	read->count = read_be16(fci + 2);
	read->reference = read_be32(fci + 4) >> 8;
	read->message = fci[7];
	last = (int64_t)read->reference * 256;
	while (known < read->count) {
		uint16_t chunk = read_be16(fci + at);

		at += 2;
		assert_true(at <= length);
		if (!(chunk & 0x8000)) {
			for (uint32_t i = 0; i < (chunk & 0x1fffu); i++)
				symbols[known++] = chunk >> 13 & 3;
		} else if (!(chunk & 0x4000)) {
			for (int bit = 13; bit >= 0; bit--)
				symbols[known++] = chunk >> bit & 1;
		} else {
			for (int bit = 12; bit >= 0; bit -= 2)
				symbols[known++] = chunk >> bit & 3;
		}
	}
	for (uint32_t i = 0; i < read->count; i++) {
		read->ticks[i] = -1;
		if (symbols[i] == 0)
			continue;
		assert_in_range(symbols[i], 1, 2);
		last += symbols[i] == 1 ? fci[at] : (int16_t)read_be16(fci + at);
		at += symbols[i];
		read->ticks[i] = last;
	}
	assert_int_equal(at, length);
}

/* -- tables -- */

struct come {
	uint16_t number;
	uint32_t ticks;
};

struct row {
	const char *what;
	struct come comes[12]; /* the last one has 0 ticks */
	uint16_t base, count;
	uint32_t reference;
	uint16_t length;
};

static const struct row rows[] = {
        {"one", {{7, 300}}, 7, 1, 1, 8 + 2 + 1},
        {"next to each other", {{7, 300}, {8, 300}, {9, 555}}, 7, 3, 1, 8 + 2 + 3},
        {"losses between", {{7, 300}, {10, 301}}, 7, 4, 1, 8 + 2 + 2},
        {"over the wrap", {{65534, 512}, {65535, 513}, {0, 514}, {1, 515}}, 65534, 4, 2, 8 + 2 + 4},
        {"a large delta", {{7, 300}, {8, 600}}, 7, 2, 1, 8 + 2 + 3},
        {"reordered", {{7, 300}, {9, 310}, {8, 320}}, 7, 3, 1, 8 + 2 + 1 + 1 + 2},
        {"the same twice", {{7, 300}, {7, 310}}, 7, 1, 1, 8 + 2 + 1},
        {"a reference of 24 bits", {{7, 0xfffffff0u}, {8, 0xfffffff1u}}, 7, 2, 0xffffff, 8 + 2 + 2},
        {"late before the first", {{7, 300}, {6, 310}}, 6, 2, 1, 8 + 2 + 1 + 2},
        {"a gap of more than a vector", {{7, 300}, {30, 310}}, 7, 24, 1, 8 + 2 + 2 + 2},
        {"a gap as a run", {{7, 300}, {60, 310}}, 7, 54, 1, 8 + 2 + 2 + 2 + 2},
};

static void each_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct arrival *arrival = calloc(1, sizeof(*arrival));
		struct read *read = calloc(1, sizeof(*read));
		uint8_t fci[ROOM];
		int32_t missing;
		uint16_t length;

		for (const struct come *come = row->comes; come->ticks != 0; come++)
			arrival_note(arrival, come->number, come->ticks, true, &missing);
		length = arrival_message(arrival, fci, ROOM);
		if (length != row->length)
			fail_msg("%s: %u bytes", row->what, length);
		message_read(read, fci, length);
		if (read->base != row->base || read->count != row->count ||
		    read->reference != row->reference)
			fail_msg("%s: %u, %u from %u on", row->what, read->count, read->reference,
			         read->base);
		for (const struct come *come = row->comes; come->ticks != 0; come++)
			if (read->ticks[(uint16_t)(come->number - read->base)] < 0)
				fail_msg("%s: %u has not come", row->what, come->number);
		assert_int_equal(arrival_message(arrival, fci, ROOM), 0);
		free(arrival);
		free(read);
	}
}

/* What comes after its message is told in the next one, from there on. */
static void a_late_packet_goes_back(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	uint8_t fci[ROOM];
	int32_t missing;

	arrival_note(arrival, 10, 300, true, &missing);
	arrival_note(arrival, 12, 310, true, &missing);
	assert_int_equal(missing, 1);
	arrival_message(arrival, fci, ROOM);
	arrival_note(arrival, 13, 400, true, &missing);
	assert_true(arrival_note(arrival, 11, 410, true, &missing));
	assert_int_equal(missing, -1);
	message_read(read, fci, arrival_message(arrival, fci, ROOM));
	assert_int_equal(read->base, 11);
	assert_int_equal(read->count, 3);
	assert_int_equal(read->message, 1);
	assert_int_equal(read->ticks[0], 410);
	assert_int_equal(read->ticks[1], 310);
	assert_int_equal(read->ticks[2], 400);
	free(arrival);
	free(read);
}

/* Many packets, and times far apart, are told in several messages. */
static void what_does_not_fit_is_split(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	uint32_t told = 0, messages = 0;
	uint8_t fci[ROOM];
	uint16_t length;
	int32_t missing;

	for (uint32_t i = 0; i < 1800; i++)
		arrival_note(arrival, (uint16_t)(65000 + i), 1000 + (i < 900 ? i : i + 40000), true,
		             &missing);
	while ((length = arrival_message(arrival, fci, 400)) != 0) {
		assert_in_range(length, 8, 400);
		message_read(read, fci, length);
		assert_int_equal(read->base, (uint16_t)(65000 + told));
		assert_int_equal(read->message, messages++);
		for (uint32_t i = 0; i < read->count; i++, told++)
			assert_int_equal(read->ticks[i], 1000 + (told < 900 ? told : told + 40000));
	}
	assert_int_equal(told, 1800);
	assert_in_range(messages, 6, 8);
	free(arrival);
	free(read);
}

/* A publisher that counts anew, or so far ahead that nothing between can be told. */
static void a_large_gap_begins_anew(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	uint8_t fci[ROOM];
	int32_t missing;

	arrival_note(arrival, 10, 300, true, &missing);
	arrival_note(arrival, 10 + ARRIVAL_SIZE, 310, true, &missing);
	assert_int_equal(missing, 0);
	message_read(read, fci, arrival_message(arrival, fci, ROOM));
	assert_int_equal(read->base, 10 + ARRIVAL_SIZE);
	assert_int_equal(read->count, 1);
	/* backwards it is one of long ago, until all that come are */
	for (uint32_t i = 0; i < ARRIVAL_STRAYS; i++)
		assert_int_equal(arrival_note(arrival, (uint16_t)(40000 + i), 320, true, &missing),
		                 i == ARRIVAL_STRAYS - 1);
	message_read(read, fci, arrival_message(arrival, fci, ROOM));
	assert_int_equal(read->base, 40000 + ARRIVAL_STRAYS - 1);
	assert_int_equal(read->count, 1);
	free(arrival);
	free(read);
}

/* One of long ago takes nothing back that is not told yet. */
static void what_comes_too_late_is_passed_over(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	uint8_t fci[ROOM];
	int32_t missing;

	for (uint16_t i = 0; i < 5000; i++)
		arrival_note(arrival, i, 300 + i, true, &missing);
	arrival_note(arrival, 2100, 5400, true, &missing);
	assert_int_equal(missing, 0);
	message_read(read, fci, arrival_message(arrival, fci, ROOM));
	assert_int_equal(read->base, 5000 - ARRIVAL_SIZE);
	assert_true(arrival_note(arrival, 5000, 5401, true, &missing));
	assert_int_equal(missing, 0);
	free(arrival);
	free(read);
}

/* What is of no stream may be a replay: it fills its place, and moves the record a little. */
static void what_nobody_knows_moves_little(void **state)
{
	static const struct {
		uint16_t number;
		bool known, noted;
		int32_t missing;
	} steps[] = {
	        {500, false, false, 0}, /* nothing begins with it */
	        {1000, true, true, 0},
	        {1002, true, true, 1},
	        {1001, false, true, -1},
	        {1001, false, false, 0},
	        {1003, false, true, 0},
	        {1004 + ARRIVAL_UNKNOWN_AHEAD, false, false, 0},
	        {1003 + ARRIVAL_UNKNOWN_AHEAD, false, true, ARRIVAL_UNKNOWN_AHEAD - 1},
	        {1004, true, true, -1},
	        {40000, false, false, 0},
	        {20000, false, false, 0},
	        {1004 + ARRIVAL_UNKNOWN_AHEAD, true, true, 0},
	};
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int32_t missing;
		bool noted = arrival_note(arrival, steps[i].number, 300, steps[i].known, &missing);

		if (noted != steps[i].noted || missing != steps[i].missing)
			fail_msg("step %zu: %d, %d", i, noted, missing);
	}
	free(arrival);
}

/* Each gap is one, however far it goes over the words of the record. */
static void a_gap_is_whole(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	uint8_t fci[ROOM];
	int32_t missing;

	for (uint32_t gap = 0; gap < 700; gap++) {
		uint16_t base;

		for (uint32_t i = 0; i < ARRIVAL_SIZE; i++)
			arrival_note(arrival, (uint16_t)(arrival->highest + 1), 300, true,
			             &missing);
		while (arrival_message(arrival, fci, ROOM) != 0)
			;
		base = (uint16_t)(arrival->highest + 1);
		arrival_note(arrival, (uint16_t)(base + gap), 300, true, &missing);
		assert_int_equal(missing, gap);
		message_read(read, fci, arrival_message(arrival, fci, ROOM));
		assert_int_equal(read->base, base);
		assert_int_equal(read->count, gap + 1);
		for (uint32_t i = 0; i < gap; i++)
			assert_int_equal(read->ticks[i], -1);
	}
	free(arrival);
	free(read);
}

/* Whatever comes in whatever order: each message says of each packet since the one before what is
 * true. */
static void random_arrivals_are_told_right(void **state)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));
	struct read *read = calloc(1, sizeof(*read));
	int64_t *came = malloc(65536 * sizeof(*came));
	uint32_t number = 65000, ticks = 5000, random = 12345;
	uint8_t fci[ROOM];
	uint16_t length;
	int32_t missing;

	memset(came, 0xff, 65536 * sizeof(*came));
	for (uint32_t i = 0; i < 30000; i++) {
		uint32_t back;

		random = random * 1664525 + 1013904223;
		number += (random >> 28) == 0 ? 1 + (random >> 20 & 63) : 1;
		back = (random >> 24 & 15) == 1 ? random >> 16 & 31 : 0;
		ticks += random >> 27;
		if (back == 0)
			for (uint32_t far = 0; far < 4096; far++)
				came[(uint16_t)(number + 8192 + far)] = -1;
		if (arrival_note(arrival, (uint16_t)(number - back), ticks, true, &missing))
			came[(uint16_t)(number - back)] = ticks;
		if ((random >> 8 & 63) != 0)
			continue;
		while ((length = arrival_message(arrival, fci, 300)) != 0) {
			message_read(read, fci, length);
			for (uint32_t k = 0; k < read->count; k++)
				assert_int_equal(read->ticks[k], came[(uint16_t)(read->base + k)]);
		}
	}
	free(arrival);
	free(read);
	free(came);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_row),
	        cmocka_unit_test(a_late_packet_goes_back),
	        cmocka_unit_test(what_does_not_fit_is_split),
	        cmocka_unit_test(a_large_gap_begins_anew),
	        cmocka_unit_test(what_comes_too_late_is_passed_over),
	        cmocka_unit_test(what_nobody_knows_moves_little),
	        cmocka_unit_test(a_gap_is_whole),
	        cmocka_unit_test(random_arrivals_are_told_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
