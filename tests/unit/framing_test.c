/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages one behind the other in a stream: what begins, what is whole, what no message is. */
#include "stream/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MOST 2048

struct row {
	const char *what;
	uint8_t bytes[32];
	uint8_t length;
	enum framing verdict;
	uint32_t message, taken; /* where whole */
};

#define COOKIE 0x21, 0x12, 0xa4, 0x42
#define ID     1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

static const struct row rows[] = {
        {"nothing", {0}, 0, FRAMING_PART, 0, 0},
        {"a Binding", {0, 1, 0, 0, COOKIE, ID}, 20, FRAMING_WHOLE, 20, 20},
        {"a Binding and what follows", {0, 1, 0, 0, COOKIE, ID, 0}, 21, FRAMING_WHOLE, 20, 20},
        {"all but a byte of one", {0, 1, 0, 0, COOKIE, ID}, 19, FRAMING_PART, 0, 0},
        {"one with an attribute to come", {0, 1, 0, 8, COOKIE, ID}, 20, FRAMING_PART, 0, 0},
        {"one with its attribute",
         {0, 1, 0, 8, COOKIE, ID, 0x80, 0x22, 0, 4, 'a', 'b', 'c', 'd'},
         28,
         FRAMING_WHOLE,
         28,
         28},
        {"a length that is no whole word", {0, 1, 0, 7, COOKIE, ID}, 20, FRAMING_GARBAGE, 0, 0},
        {"another cookie", {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43}, 8, FRAMING_GARBAGE, 0, 0},
        {"the first byte of another cookie", {0, 1, 0, 0, 0x22}, 5, FRAMING_GARBAGE, 0, 0},
        {"half a cookie", {0, 1, 0, 0, 0x21, 0x12}, 6, FRAMING_PART, 0, 0},
        {"a longest one", {0, 1, 0xff, 0xfc, COOKIE, ID}, 20, FRAMING_TOO_LONG, 0, 0},
        {"empty ChannelData", {0x40, 0, 0, 0}, 4, FRAMING_WHOLE, 4, 4},
        {"ChannelData of 4", {0x40, 0, 0, 4, 1, 2, 3, 4}, 8, FRAMING_WHOLE, 8, 8},
        {"of 1, filled up", {0x7f, 0xff, 0, 1, 1, 0, 0, 0}, 8, FRAMING_WHOLE, 5, 8},
        {"of 1, not yet filled up", {0x7f, 0xff, 0, 1, 1, 0, 0}, 7, FRAMING_PART, 0, 0},
        {"of 65535", {0x40, 0, 0xff, 0xff}, 4, FRAMING_TOO_LONG, 0, 0},
        {"of more than is taken", {0x40, 0, 0x07, 0xfd}, 4, FRAMING_TOO_LONG, 0, 0},
        {"of as much as is taken", {0x40, 0, 0x07, 0xfc}, 4, FRAMING_PART, 0, 0},
        {"a byte of ChannelData", {0x40}, 1, FRAMING_PART, 0, 0},
        {"HTTP", {'G', 'E', 'T', ' '}, 4, FRAMING_TOO_LONG, 0, 0},
        {"TLS where none is spoken", {22, 3, 1}, 3, FRAMING_GARBAGE, 0, 0},
        {"RTP", {0x80, 0}, 2, FRAMING_GARBAGE, 0, 0},
        {"a first byte of no class", {4}, 1, FRAMING_GARBAGE, 0, 0},
};

/* Packets of sessions, each behind its length. */
static const struct row packets[] = {
        {"nothing", {0}, 0, FRAMING_PART, 0, 0},
        {"half a length", {0}, 1, FRAMING_PART, 0, 0},
        {"no byte", {0, 0}, 2, FRAMING_WHOLE, 0, 2},
        {"three", {0, 3, 1, 2, 3}, 5, FRAMING_WHOLE, 3, 5},
        {"three and what follows", {0, 3, 1, 2, 3, 0, 1}, 7, FRAMING_WHOLE, 3, 5},
        {"two of three", {0, 3, 1, 2}, 4, FRAMING_PART, 0, 0},
        {"as much as is taken", {8, 0}, 2, FRAMING_PART, 0, 0},
        {"more", {8, 1}, 2, FRAMING_TOO_LONG, 0, 0},
        {"HTTP", {'G', 'E', 'T'}, 3, FRAMING_TOO_LONG, 0, 0},
};

static void test_packets(void **state)
{
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const struct row *row = &packets[i];
		struct framed framed = {0};
		enum framing verdict = framing_next_packet(row->bytes, row->length, MOST, &framed);

		if (verdict != row->verdict)
			fail_msg("%s: %d", row->what, verdict);
		if (verdict != FRAMING_WHOLE)
			continue;
		assert_int_equal(framed.start, FRAMING_LENGTH_SIZE);
		assert_int_equal(framed.length, row->message);
		assert_int_equal(framed.taken, row->taken);
	}
}

/* Where both are served. */
static void test_owners(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[16];
		uint8_t length;
		enum framing_owner owner;
	} starts[] = {
	        {"nothing", {0}, 0, FRAMING_UNDECIDED},
	        {"an Allocate", {0, 3, 0, 8, COOKIE}, 8, FRAMING_TURN},
	        {"a Binding", {0, 1, 0, 0, COOKIE}, 8, FRAMING_TURN},
	        {"half a cookie", {0, 1, 0, 0, 0x21, 0x12}, 6, FRAMING_UNDECIDED},
	        {"a check", {0, 0x6c, 0, 1, 0, 0x58, 0x21, 0x12, 0xa4, 0x42}, 10, FRAMING_SESSIONS},
	        {"seven bytes of it", {0, 0x6c, 0, 1, 0, 0x58, 0x21}, 7, FRAMING_UNDECIDED},
	        {"a frame with an Allocate", {0, 0x6c, 0, 3, 0, 0x58, 0x21, 0x12}, 8, FRAMING_TURN},
	        {"a frame without a cookie", {0, 0x6c, 0, 1, 0, 0x58, 0x21, 0x13}, 8, FRAMING_TURN},
	        {"TLS", {22, 3, 1}, 3, FRAMING_TURN},
	        {"HTTP", {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, 8, FRAMING_TURN},
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (framing_owner(starts[i].bytes, starts[i].length) != starts[i].owner)
			fail_msg("%s: %d", starts[i].what,
			         framing_owner(starts[i].bytes, starts[i].length));
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct framed framed = {0};
		enum framing verdict = framing_next(row->bytes, row->length, MOST, &framed);

		if (verdict != row->verdict)
			fail_msg("%s: %d, wanted %d", row->what, verdict, row->verdict);
		if (verdict != FRAMING_WHOLE)
			continue;
		assert_int_equal(framed.length, row->message);
		assert_int_equal(framed.taken, row->taken);
	}
}

/* Wherever a stream is cut, the same messages come of it. */
static void test_cuts(void **state)
{
	static const uint8_t stream[] = {0, 1, 0, 0, COOKIE, ID, 0x40, 1, 0, 5, 1, 2, 3,      4,
	                                 5, 0, 0, 0, 0x40,   2,  0,    0, 0, 1, 0, 0, COOKIE, ID};
	static const uint32_t lengths[] = {20, 9, 4, 20};

	for (size_t cut = 0; cut <= sizeof(stream); cut++) {
		size_t at = 0, end = cut, found = 0;

		for (;;) {
			struct framed framed;
			enum framing verdict = framing_next(stream + at, end - at, MOST, &framed);

			assert_true(verdict == FRAMING_WHOLE || verdict == FRAMING_PART);
			if (verdict == FRAMING_WHOLE) {
				assert_int_equal(framed.length, lengths[found++]);
				at += framed.taken;
			} else if (end == sizeof(stream)) {
				break;
			} else {
				end = sizeof(stream);
			}
		}
		assert_int_equal(found, 4);
		assert_int_equal(at, sizeof(stream));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rows),
	        cmocka_unit_test(test_packets),
	        cmocka_unit_test(test_owners),
	        cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
