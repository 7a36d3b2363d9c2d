/* SPDX-License-Identifier: BSD-3-Clause */
/* A subscription's numbering as tables: what happens, which packet comes, what leaves. */
#include "media/rewrite.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define A              1
#define B              2
#define SERIAL(stream) (100 + (stream))

#define CLOCK_HZ 90000
#define TSC_HZ   2000000000ull
#define ROC      ((uint64_t)1 << 16)

enum event { NOTHING, PAUSE, RESUME, TO_A, TO_B };

struct row {
	enum event event; /* before the packet */
	uint32_t ms;      /* when it comes */
	uint32_t stream;
	uint64_t index;
	uint32_t timestamp;
	bool empty;
	enum rewrite_verdict verdict;
	int64_t outgoing; /* from the first packet's on */
	uint32_t out_timestamp;
};

static void event_apply(struct subscription *subscription, enum event event)
{
	if (event == PAUSE || event == RESUME)
		subscription->paused = event == PAUSE;
	if (event == TO_A || event == TO_B) {
		subscription->stream = event == TO_A ? A : B;
		subscription->switches++;
	}
}

static struct rewrite_packet packet_of_row(const struct row *row)
{
	return (struct rewrite_packet){
	        .index = row->index,
	        .stream = row->stream,
	        .serial = SERIAL(row->stream),
	        .timestamp = row->timestamp,
	        .empty = row->empty,
	        .clock_hz = CLOCK_HZ,
	        .tsc = row->ms * (TSC_HZ / 1000),
	        .tsc_hz = TSC_HZ,
	};
}

/* What was sent is found again from its outgoing number and from its own. */
static void found_again(struct subscription *subscription, const struct row *row,
                        const struct rewritten *out)
{
	struct rewrite_packet packet = packet_of_row(row);
	struct rewritten again;
	struct rewrite_source source;

	assert_true(rewrite_source(subscription, out->index, &source));
	assert_int_equal(source.stream, row->stream);
	assert_int_equal(source.serial, SERIAL(row->stream));
	assert_int_equal(source.index, row->index);
	assert_true(rewrite_find(subscription, &packet, &again));
	assert_int_equal(again.index, out->index);
	assert_int_equal(again.timestamp, out->timestamp);
	assert_int_equal(rewrite_outgoing(subscription, (uint16_t)out->index), out->index);
}

static void rows_run(const struct row *rows, size_t count)
{
	struct subscription subscription = {.stream = A};
	uint64_t first;

	rewrite_begin(&subscription, 12345);
	first = subscription.highest + 1;
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct rewrite_packet packet = packet_of_row(row);
		struct rewritten out;

		event_apply(&subscription, row->event);
		if (rewrite_next(&subscription, &packet, &out) != row->verdict)
			fail_msg("row %zu: another verdict", i);
		if (row->verdict != REWRITE_SEND)
			continue;
		if ((int64_t)(out.index - first) != row->outgoing)
			fail_msg("row %zu: outgoing %ld", i, (int64_t)(out.index - first));
		if (out.timestamp != row->out_timestamp)
			fail_msg("row %zu: timestamp %u", i, out.timestamp);
		found_again(&subscription, row, &out);
	}
}

#define ROWS_RUN(rows) rows_run(rows, sizeof(rows) / sizeof(rows[0]))

static void order_and_wraps(void **state)
{
	static const struct row rows[] = {
	        {0, 0, A, ROC - 2, 0xffffff00, 0, REWRITE_SEND, 0, 0xffffff00},
	        {0, 1, A, ROC - 1, 0xffffff00, 0, REWRITE_SEND, 1, 0xffffff00},
	        /* the source's sequence number and its timestamp wrap */
	        {0, 33, A, ROC, 0x00000ab8, 0, REWRITE_SEND, 2, 0x00000ab8},
	        {0, 34, A, ROC + 3, 0x00000ab8, 0, REWRITE_SEND, 5, 0x00000ab8},
	        /* late ones keep their places, before the first one as well */
	        {0, 35, A, ROC + 1, 0x00000ab8, 0, REWRITE_SEND, 3, 0x00000ab8},
	        {0, 36, A, ROC + 2, 0x00000ab8, 0, REWRITE_SEND, 4, 0x00000ab8},
	        {0, 37, A, ROC - 3, 0xfffff448, 0, REWRITE_SEND, -1, 0xfffff448},
	        {0, 38, A, ROC - 2 - REWRITE_BEFORE, 0, 0, REWRITE_SEND, -REWRITE_BEFORE, 0},
	        {0, 38, A, ROC - 3 - REWRITE_BEFORE, 0, 0, REWRITE_LATE, 0, 0},
	        {0, 39, A, ROC + 4, 0x00001670, 0, REWRITE_SEND, 6, 0x00001670},
	};

	ROWS_RUN(rows);
}

static void pause_and_resume(void **state)
{
	static const struct row rows[] = {
	        {0, 0, A, 100, 1000, 0, REWRITE_SEND, 0, 1000},
	        {0, 1, A, 102, 1000, 0, REWRITE_SEND, 2, 1000},
	        {PAUSE, 33, A, 103, 4000, 0, REWRITE_SKIP, 0, 0},
	        {0, 66, A, 104, 7000, 0, REWRITE_SKIP, 0, 0},
	        {0, 99, A, 105, 10000, 0, REWRITE_SKIP, 0, 0},
	        /* late, from before the pause: it has its place; from within: it has none */
	        {RESUME, 100, A, 101, 1000, 0, REWRITE_SEND, 1, 1000},
	        /* padding begins nothing */
	        {0, 100, A, 106, 10000, 1, REWRITE_SKIP, 0, 0},
	        /* without a gap, in the source's own time */
	        {0, 133, A, 107, 13000, 0, REWRITE_SEND, 3, 13000},
	        {0, 134, A, 104, 7000, 0, REWRITE_LATE, 0, 0},
	        {0, 134, A, 106, 10000, 0, REWRITE_LATE, 0, 0},
	        {0, 134, A, 109, 13000, 0, REWRITE_SEND, 5, 13000},
	        {0, 134, A, 108, 13000, 0, REWRITE_SEND, 4, 13000},
	        /* over before a packet came: nothing happened */
	        {PAUSE, 166, B, 1, 1, 0, REWRITE_SKIP, 0, 0},
	        {RESUME, 167, A, 110, 16000, 0, REWRITE_SEND, 6, 16000},
	};

	ROWS_RUN(rows);
}

static void switch_of_source(void **state)
{
	static const struct row rows[] = {
	        {0, 1000, A, 5 * ROC - 1, 90000, 0, REWRITE_SEND, 0, 90000},
	        {0, 1000, A, 5 * ROC + 1, 90000, 0, REWRITE_SEND, 2, 90000},
	        /* 100 ms later: 9000 of 90 kHz, whatever B's clock reads */
	        {TO_B, 1100, B, 7, 0xfffffff0, 0, REWRITE_SEND, 3, 99000 - 1},
	        {0, 1101, B, 8, 0xfffffff0, 0, REWRITE_SEND, 4, 99000 - 1},
	        {0, 1133, B, 9, 3000 - 16, 0, REWRITE_SEND, 5, 102000 - 1},
	        /* of A: late, placed; what came after the switch was never anyone's */
	        {0, 1134, A, 5 * ROC, 90000, 0, REWRITE_SEND, 1, 90000},
	        {0, 1134, A, 5 * ROC + 2, 93000, 0, REWRITE_LATE, 0, 0},
	        {0, 1135, B, 6, 0xffff0000, 0, REWRITE_LATE, 0, 0},
	        /* back: A has gone on, a second has passed */
	        {TO_A, 2133, A, 5 * ROC + 40, 180000, 0, REWRITE_SEND, 6, 192000 - 2},
	        {0, 2133, A, 5 * ROC + 39, 180000, 0, REWRITE_LATE, 0, 0},
	        {0, 2133, B, 9, 3000 - 16, 0, REWRITE_SEND, 5, 102000 - 1},
	        {0, 2133, B, 10, 3000 - 16, 0, REWRITE_LATE, 0, 0},
	        {0, 2166, A, 5 * ROC + 41, 183000, 0, REWRITE_SEND, 7, 195000 - 2},
	        /* at once: another frame all the same */
	        {TO_B, 2166, B, 500, 77, 0, REWRITE_SEND, 8, 195000 - 1},
	        /* away and back before anything came: what went by is no gap */
	        {TO_A, 2166, B, 502, 77, 0, REWRITE_LATE, 0, 0},
	        {TO_B, 2166, B, 503, 77, 0, REWRITE_SEND, 9, 195000 - 1},
	};

	ROWS_RUN(rows);
}

static void padding(void **state)
{
	static const struct row rows[] = {
	        {0, 0, A, 10, 500, 1, REWRITE_SKIP, 0, 0}, /* nothing begins with it */
	        {0, 0, A, 11, 500, 0, REWRITE_SEND, 0, 500},
	        {0, 1, A, 12, 500, 1, REWRITE_SKIP, 0, 0},
	        {0, 2, A, 13, 500, 1, REWRITE_SKIP, 0, 0},
	        {0, 3, A, 14, 800, 0, REWRITE_SEND, 1, 800},
	        /* before one that was left out, two are missing: they keep their places */
	        {0, 4, A, 17, 900, 1, REWRITE_SKIP, 0, 0},
	        {0, 5, A, 15, 800, 0, REWRITE_SEND, 2, 800},
	        {0, 6, A, 18, 900, 0, REWRITE_SEND, 4, 900},
	        /* late padding fills a gap that the subscriber sees */
	        {0, 7, A, 16, 800, 1, REWRITE_SEND, 3, 800},
	        {0, 8, A, 19, 900, 0, REWRITE_SEND, 5, 900},
	};

	ROWS_RUN(rows);
}

/* A jump is a source that began again: it leaves no gap, and what was before keeps its place. */
static void jumps(void **state)
{
	enum { FAR = REWRITE_GAP_MAX };
	static const struct row rows[] = {
	        {0, 0, A, 100, 500, 0, REWRITE_SEND, 0, 500},
	        {0, 0, A, 102, 500, 0, REWRITE_SEND, 2, 500},
	        {0, 1, A, 104 + FAR, 800, 0, REWRITE_SEND, 3, 800},
	        {0, 1, A, 101, 500, 0, REWRITE_SEND, 1, 500},
	        {0, 1, A, 103, 500, 0, REWRITE_LATE, 0, 0},
	        {0, 1, A, 103 + FAR, 500, 0, REWRITE_LATE, 0, 0},
	        {0, 2, A, 105 + FAR, 800, 0, REWRITE_SEND, 4, 800},
	        {0, 3, A, 45000, 900, 0, REWRITE_SEND, 5, 900},
	        {0, 4, A, 3 * ROC, 900, 0, REWRITE_SEND, 6, 900},
	        {0, 4, A, 3 * ROC + 1 + FAR, 950, 0, REWRITE_SEND, 7 + FAR, 950},
	        {0, 4, A, 3 * ROC + 1, 920, 0, REWRITE_SEND, 7, 920},
	};

	ROWS_RUN(rows);
}

/* Padding that is left out takes the numbering no further than a packet would. */
static void padding_jumps(void **state)
{
	enum { FAR = 30000 };
	static const struct row rows[] = {
	        {0, 0, A, 100, 500, 0, REWRITE_SEND, 0, 500},
	        {0, 1, A, 100 + FAR, 500, 1, REWRITE_SKIP, 0, 0},
	        {0, 1, A, 100 + 2 * FAR, 600, 0, REWRITE_SEND, 1, 600},
	        {0, 1, A, 101 + 3 * FAR, 600, 1, REWRITE_SKIP, 0, 0},
	        {0, 1, A, 102 + 3 * FAR, 600, 1, REWRITE_SKIP, 0, 0},
	        {0, 1, A, 103 + 3 * FAR, 700, 0, REWRITE_SEND, 2, 700},
	        {0, 1, A, 102 + 3 * FAR, 600, 1, REWRITE_LATE, 0, 0},
	};

	ROWS_RUN(rows);
}

struct wait_row {
	enum event event;
	uint32_t ms;
	uint32_t stream;
	bool key;
	enum rewrite_verdict verdict;
};

static void waits_run(const struct wait_row *rows, size_t count)
{
	struct subscription subscription = {.stream = A};
	uint64_t index[3] = {0, 1000, 5000};

	rewrite_begin(&subscription, 4711);
	for (size_t i = 0; i < count; i++) {
		struct row row = {.stream = rows[i].stream, .ms = 1000 + rows[i].ms};
		struct rewrite_packet packet;
		struct rewritten out;

		row.index = ++index[row.stream];
		packet = packet_of_row(&row);
		packet.keyed = true;
		packet.key = rows[i].key;
		event_apply(&subscription, rows[i].event);
		if (rewrite_next(&subscription, &packet, &out) != rows[i].verdict)
			fail_msg("row %zu: another verdict", i);
	}
}

#define WAITS_RUN(rows) waits_run(rows, sizeof(rows) / sizeof(rows[0]))

/* Each wait for a key frame has its own time, whatever was waited for before. */
static void each_wait_begins_anew(void **state)
{
	enum { LONG = REWRITE_WAIT_MS };
	static const struct wait_row pause[] = {
	        {0, 0, A, false, REWRITE_SKIP},
	        {PAUSE, 10, A, false, REWRITE_SKIP},
	        {RESUME, LONG + 10, A, false, REWRITE_SKIP},
	        {0, 2 * LONG, A, false, REWRITE_SKIP},
	        {0, 2 * LONG + 10, A, false, REWRITE_SEND},
	};
	static const struct wait_row change[] = {
	        {0, 0, A, true, REWRITE_SEND},
	        {TO_B, 10, B, false, REWRITE_SKIP},
	        {TO_A, 20, A, false, REWRITE_SEND},
	        {TO_B, LONG + 20, B, false, REWRITE_SKIP},
	        {0, LONG + 30, A, false, REWRITE_SEND},
	        {0, 2 * LONG + 20, B, false, REWRITE_SEND},
	        {0, 2 * LONG + 30, A, false, REWRITE_LATE},
	};

	WAITS_RUN(pause);
	WAITS_RUN(change);
}

/* What a dataplane before added to VP8's ids is added still, by the first packet on. */
static void pictures_go_on_after_a_death(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet packet = {.index = 100,
	                                .stream = A,
	                                .serial = 5,
	                                .tsc_hz = TSC_HZ,
	                                .vp8 = true,
	                                .picture = 0x7ffe,
	                                .picture_mask = 0x7fff,
	                                .tl0 = 250};
	struct rewritten out;

	rewrite_begin(&subscription, 1);
	subscription.picture_offset = 500;
	subscription.tl0_offset = 20;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal(out.picture_offset, 500);
	assert_int_equal(out.tl0_offset, 20);
	assert_int_equal(subscription.sent_picture, 498);
	assert_int_equal(subscription.sent_tl0, 14);
	/* and another stream's go on from there */
	subscription.stream = B;
	subscription.switches++;
	packet.stream = B;
	packet.serial = 6;
	packet.picture = 9;
	packet.tl0 = 3;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal((9 + out.picture_offset) & 0x7fff, 499);
	assert_int_equal((uint8_t)(3 + out.tl0_offset), 15);
}

/* However a source strews gaps, with packets or with padding, a receiver that loses many packets in
 * a row is not left behind by half of the circle; and a source that pays back may go on. */
static void gaps_are_paid_for(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet packet = {.index = 70000, .stream = A, .serial = 5, .tsc_hz = TSC_HZ};
	struct rewritten out, before;

	rewrite_begin(&subscription, 4711);
	assert_int_equal(rewrite_next(&subscription, &packet, &before), REWRITE_SEND);
	for (int i = 0; i < 1600; i++) {
		packet.index += REWRITE_GAP_MAX - i % 100;
		packet.empty = i % 3 == 1;
		rewrite_next(&subscription, &packet, &out);
	}
	assert_true(out.index - before.index < 1 << 14);
	packet.empty = false;
	for (int i = 0; i < 3000; i++, packet.index++)
		rewrite_next(&subscription, &packet, &before);
	packet.index += 1000;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal(out.index - before.index, 1001);
}

/* So far behind that its receiver would take it for another rollover: it is gone. */
static void what_is_too_far_behind_is_gone(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet late = {.index = 100, .stream = A, .serial = 5, .tsc_hz = TSC_HZ};
	struct rewrite_packet packet = {.stream = B, .serial = 6, .tsc_hz = TSC_HZ};
	struct rewritten first, out;
	struct rewrite_source source;

	rewrite_begin(&subscription, 4711);
	assert_int_equal(rewrite_next(&subscription, &late, &first), REWRITE_SEND);
	subscription.stream = B;
	for (; packet.index < 1 << 14; packet.index++)
		assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_true(rewrite_find(&subscription, &late, &out));
	assert_true(rewrite_source(&subscription, first.index, &source));
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_false(rewrite_find(&subscription, &late, &out));
	assert_false(rewrite_source(&subscription, first.index, &source));
}

/* Another stream in the place of one that is gone: neither its packets nor a request for them are
 * the old one's, whatever their numbers. */
static void place_given_to_another(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet packet = {.index = 100, .stream = A, .serial = 5, .tsc_hz = TSC_HZ};
	struct rewrite_source source;
	struct rewritten old, out;

	rewrite_begin(&subscription, 1);
	assert_int_equal(rewrite_next(&subscription, &packet, &old), REWRITE_SEND);
	subscription.stream = B;
	packet = (struct rewrite_packet){.index = 7, .stream = B, .serial = 6, .tsc_hz = TSC_HZ};
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal(out.index, old.index + 1);
	packet = (struct rewrite_packet){.index = 100, .stream = A, .serial = 7, .tsc_hz = TSC_HZ};
	assert_false(rewrite_find(&subscription, &packet, &out));
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_LATE);
	assert_true(rewrite_source(&subscription, old.index, &source));
	assert_int_equal(source.serial, 5);
	/* the leg is switched to it: a numbering of its own */
	subscription.stream = A;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal(out.index, old.index + 2);
}

/* However the source stumbles, no outgoing number is given to two of its packets. */
static void no_number_twice(void **state)
{
	enum { STEPS = 20000, SPACE = 65536 };
	static uint64_t owner[SPACE]; /* stream and index + 1 of the packet that has the number */
	struct subscription subscription = {.stream = A};
	uint64_t at[3] = {0, 3 * ROC - 900, 60000};
	uint32_t random = 1, sent = 0;

	memset(owner, 0, sizeof(owner));
	rewrite_begin(&subscription, 4711);
	for (uint32_t step = 0; step < STEPS; step++) {
		struct row row = {.ms = step};
		struct rewrite_packet packet;
		struct rewritten out;
		uint64_t *cell;

		random = random * 1664525 + 1013904223;
		row.stream =
		        (random >> 8) % 64 == 0 ? 3 - subscription.stream : subscription.stream;
		if ((random >> 16) % 97 == 0)
			event_apply(&subscription, (enum event)(1 + (random >> 24) % 4));
		at[row.stream] += (random >> 20) % 8 == 0 ? 3 : 1;
		row.index = at[row.stream] - ((random >> 12) % 16 == 0 ? (random >> 28) : 0);
		row.empty = (random >> 10) % 32 == 0;
		packet = packet_of_row(&row);
		if (rewrite_next(&subscription, &packet, &out) != REWRITE_SEND)
			continue;
		assert_true(out.index < subscription.reserved);
		sent++;
		cell = &owner[out.index % SPACE];
		if (*cell != 0)
			assert_int_equal(*cell, row.index << 2 | row.stream);
		*cell = row.index << 2 | row.stream;
	}
	assert_in_range(sent, STEPS / 4, STEPS);
}

/* Padding ahead of the reservation closes over numbers behind it: the next packet's is reserved. */
static void padding_beyond_the_reservation(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet packet = {.index = 100, .stream = A, .serial = 5, .tsc_hz = TSC_HZ};
	struct rewritten out;
	uint64_t end;

	rewrite_begin(&subscription, 2 * RECORD_STEP - REWRITE_BEFORE - 10);
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	end = subscription.reserved;
	assert_in_range(end - out.index, 1, 16);
	packet.index += end - out.index + 5;
	packet.empty = true;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SKIP);
	packet.index++;
	packet.empty = false;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal(out.index, end + 5);
	assert_true(out.index < subscription.reserved);
}

/* A frame of two packets, of the pattern that encoders of three temporal layers have. */
struct temporal_frame {
	uint32_t number;
	uint8_t temporal;
	bool sync;
};

static struct temporal_frame temporal_frame(uint32_t number)
{
	static const uint8_t temporals[] = {0, 2, 1, 2, 0, 2, 1, 2};
	uint32_t place = number % 8;

	return (struct temporal_frame){number, temporals[place], place == 1 || place == 2};
}

/* How many of its packets are sent: their numbers and the picture's id follow those before. */
static uint32_t temporal_send(struct subscription *subscription, const struct temporal_frame *frame,
                              uint64_t *next, uint32_t *pictures)
{
	uint32_t sent = 0;

	for (uint32_t i = 0; i < 2; i++) {
		struct rewrite_packet packet = {
		        .index = ROC + 2 * frame->number + i,
		        .stream = A,
		        .serial = SERIAL(A),
		        .timestamp = 3000 * frame->number,
		        .keyed = true,
		        .key = frame->number == 0 && i == 0,
		        .vp8 = true,
		        .temporals = true,
		        .picture = (uint16_t)(0x7ff0 + frame->number) & 0x7fff,
		        .picture_mask = 0x7fff,
		        .temporal = frame->temporal,
		        .sync = frame->sync,
		        .begins = i == 0,
		        .clock_hz = CLOCK_HZ,
		        .tsc = frame->number * (TSC_HZ / 30),
		        .tsc_hz = TSC_HZ,
		};
		struct rewrite_source source;
		struct rewritten out, again;

		if (rewrite_next(subscription, &packet, &out) != REWRITE_SEND)
			continue;
		if (*next != 0)
			assert_int_equal(out.index, *next);
		*next = out.index + 1;
		assert_int_equal((packet.picture + out.picture_offset) & 0x7fff,
		                 (0x7ff0 + *pictures) & 0x7fff);
		assert_true(rewrite_source(subscription, out.index, &source));
		assert_int_equal(source.index, packet.index);
		assert_true(rewrite_find(subscription, &packet, &again));
		assert_int_equal(again.index, out.index);
		assert_int_equal(again.picture_offset, out.picture_offset);
		sent++;
	}
	*pictures += sent != 0;
	return sent;
}

static void temporal_layers_leave_no_gap(void **state)
{
	struct subscription subscription = {.stream = A};
	uint64_t next = 0;
	uint32_t pictures = 0;

	rewrite_begin(&subscription, 12345);
	for (uint32_t number = 0; number < 96; number++) {
		struct temporal_frame frame = temporal_frame(number);
		uint32_t phase = number / 16, sent, most;

		/* of the four that there may be, from above */
		subscription.cut_wanted = phase == 1 ? 2 : phase == 2 ? 3 : 0;
		sent = temporal_send(&subscription, &frame, &next, &pictures);
		most = phase == 1 ? 1 : phase == 2 ? 0 : 2;
		/* back one after the other, each with a frame that hangs on the lowest alone */
		if (phase == 3 && number < 57)
			most = number < 50 ? 0 : 1;
		assert_int_equal(sent, frame.temporal <= most ? 2 : 0);
	}
	assert_int_equal(subscription.cut, 1); /* of a fourth nothing came */
}

/* Frames of layers above the one that is to come back bring nothing back: the frames below them
 * were left out, too. */
static void a_temporal_layer_comes_back_with_its_own_frame(void **state)
{
	static const uint32_t sent[] = {2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 2, 0, 2, 0, 2, 0};
	struct subscription subscription = {.stream = A};
	uint64_t next = 0;
	uint32_t pictures = 0;

	rewrite_begin(&subscription, 12345);
	for (uint32_t number = 0; number < 32; number++) {
		struct temporal_frame frame = temporal_frame(number);

		/* once the frames that hang on the lowest alone are past */
		subscription.cut_wanted = number < 19 ? 3 : 2;
		assert_int_equal(temporal_send(&subscription, &frame, &next, &pictures),
		                 number < 16 ? sent[number % 8] : sent[number - 16]);
	}
	assert_int_equal(subscription.cut, 2);
}

/* Of codecs that say so (VP9's U, a switch of dependency descriptors) all come back behind a frame
 * that is sent and says it. */
static void temporal_layers_come_back_behind_a_frame_that_says_so(void **state)
{
	static const uint8_t temporals[] = {0, 2, 1, 2};
	struct subscription subscription = {.stream = A};
	uint64_t next = 0;

	rewrite_begin(&subscription, 12345);
	for (uint32_t number = 0; number < 48; number++) {
		uint8_t temporal = temporals[number % 4], most;
		struct rewrite_packet packet = {
		        .index = ROC + number,
		        .stream = A,
		        .serial = SERIAL(A),
		        .timestamp = 3000 * number,
		        .keyed = true,
		        .key = number == 0,
		        .temporals = true,
		        .temporal = temporal,
		        .begins = true,
		        /* of frames of the second layer nothing follows: they are not sent */
		        .up = temporal == 1 || number == 24,
		        .clock_hz = CLOCK_HZ,
		        .tsc = number * (TSC_HZ / 30),
		        .tsc_hz = TSC_HZ,
		};
		struct rewrite_source source;
		struct rewritten out;

		subscription.cut_wanted = number >= 5 && number < 18 ? 3 : 0;
		most = number >= 5 && number < 24 ? 0 : 2;
		assert_int_equal(rewrite_next(&subscription, &packet, &out),
		                 temporal <= most ? REWRITE_SEND : REWRITE_CUT);
		if (temporal > most)
			continue;
		if (next != 0)
			assert_int_equal(out.index, next);
		next = out.index + 1;
		assert_true(rewrite_source(&subscription, out.index, &source));
		assert_int_equal(source.index, packet.index);
	}
}

/* A key frame hangs on none before it. */
static void a_key_frame_brings_all_temporal_layers_back(void **state)
{
	struct subscription subscription = {.stream = A};
	struct rewrite_packet packet = {
	        .index = ROC,
	        .stream = A,
	        .serial = SERIAL(A),
	        .keyed = true,
	        .key = true,
	        .vp8 = true,
	        .temporals = true,
	        .picture_mask = 0x7f,
	        .begins = true,
	        .clock_hz = CLOCK_HZ,
	        .tsc_hz = TSC_HZ,
	};
	struct rewritten out;

	rewrite_begin(&subscription, 12345);
	subscription.cut_wanted = 3;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	packet.index++;
	packet.picture++;
	packet.key = false;
	packet.temporal = 2;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_CUT);
	subscription.cut_wanted = 0;
	packet.index++;
	packet.picture++;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_CUT);
	packet.index++;
	packet.picture++;
	packet.key = true;
	packet.temporal = 0;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
	assert_int_equal((packet.picture + out.picture_offset) & 0x7f, 1);
	packet.index++;
	packet.key = false;
	packet.temporal = 2;
	assert_int_equal(rewrite_next(&subscription, &packet, &out), REWRITE_SEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(order_and_wraps),
	        cmocka_unit_test(pause_and_resume),
	        cmocka_unit_test(switch_of_source),
	        cmocka_unit_test(padding),
	        cmocka_unit_test(no_number_twice),
	        cmocka_unit_test(place_given_to_another),
	        cmocka_unit_test(jumps),
	        cmocka_unit_test(padding_jumps),
	        cmocka_unit_test(each_wait_begins_anew),
	        cmocka_unit_test(pictures_go_on_after_a_death),
	        cmocka_unit_test(padding_beyond_the_reservation),
	        cmocka_unit_test(gaps_are_paid_for),
	        cmocka_unit_test(what_is_too_far_behind_is_gone),
	        cmocka_unit_test(temporal_layers_leave_no_gap),
	        cmocka_unit_test(a_temporal_layer_comes_back_with_its_own_frame),
	        cmocka_unit_test(temporal_layers_come_back_behind_a_frame_that_says_so),
	        cmocka_unit_test(a_key_frame_brings_all_temporal_layers_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
