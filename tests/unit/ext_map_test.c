/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ext_map.h"

#include "media/state.h"
#include "srtp/rtp.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Ids 1, 2 and 3 go to others, 4 needs two bytes; the rest has no place. */
static const struct ext_map map = {.to = {[1] = 5, [2] = 1, [3] = 14, [4] = 200, [30] = 7}};

struct row {
	const char *what;
	uint16_t profile;
	uint8_t length;
	uint8_t in[24];
	uint8_t out_length;
	uint8_t out[32];
};

static const struct row rows[] = {
        {"one", RTP_EXT_ONE_BYTE, 4, {0x11, 'a', 'b', 0}, 8, {0xbe, 0xde, 0, 1, 0x51, 'a', 'b', 0}},
        {"the unknown one goes",
         RTP_EXT_ONE_BYTE,
         8,
         {0x10, 'a', 0x61, 'x', 'y', 0x20, 'b', 0},
         8,
         {0xbe, 0xde, 0, 1, 0x50, 'a', 0x10, 'b'}},
        {"nothing is left", RTP_EXT_ONE_BYTE, 4, {0x62, 1, 2, 3}, 0, {0}},
        {"no elements", RTP_EXT_ONE_BYTE, 0, {0}, 0, {0}},
        {"padding alone", RTP_EXT_ONE_BYTE, 4, {0}, 0, {0}},
        {"padding between",
         RTP_EXT_ONE_BYTE,
         8,
         {0, 0, 0x10, 'a', 0, 0, 0x20, 'b'},
         8,
         {0xbe, 0xde, 0, 1, 0x50, 'a', 0x10, 'b'}},
        {"id 15 ends",
         RTP_EXT_ONE_BYTE,
         4,
         {0x10, 'a', 0xf0, 0x10},
         8,
         {0xbe, 0xde, 0, 1, 0x50, 'a', 0, 0}},
        {"id 0 with a length ends",
         RTP_EXT_ONE_BYTE,
         4,
         {0x10, 'a', 0x03, 0x10},
         8,
         {0xbe, 0xde, 0, 1, 0x50, 'a', 0, 0}},
        {"runs over the end",
         RTP_EXT_ONE_BYTE,
         4,
         {0x10, 'a', 0x22, 'b'},
         8,
         {0xbe, 0xde, 0, 1, 0x50, 'a', 0, 0}},
        {"16 bytes",
         RTP_EXT_ONE_BYTE,
         20,
         {0x3f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0},
         24,
         {0xbe, 0xde, 0, 5, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0}},
        {"an id above 14",
         RTP_EXT_ONE_BYTE,
         4,
         {0x40, 'a', 0x10, 'b'},
         12,
         {0x10, 0x00, 0, 2, 200, 1, 'a', 5, 1, 'b', 0, 0}},
        {"two bytes stay",
         RTP_EXT_TWO_BYTE | 3,
         8,
         {30, 0, 0, 1, 2, 'a', 'b', 0},
         12,
         {0x10, 0x03, 0, 2, 7, 0, 5, 2, 'a', 'b', 0, 0}},
        {"two bytes run over the end",
         RTP_EXT_TWO_BYTE,
         8,
         {1, 1, 'a', 2, 4, 1, 2, 3},
         8,
         {0x10, 0, 0, 1, 5, 1, 'a', 0}},
        {"half a header", RTP_EXT_TWO_BYTE, 4, {1, 1, 'a', 2}, 8, {0x10, 0, 0, 1, 5, 1, 'a', 0}},
        {"another profile", 0x1234, 4, {0x10, 'a', 0, 0}, 0, {0}},
};

static void each_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint8_t out[EXT_MAP_ROOM(sizeof(row->in))];
		uint16_t length = ext_map_write(&map, row->profile, row->in, row->length, out);

		if (length != row->out_length || memcmp(out, row->out, length) != 0)
			fail_msg("%s: %u bytes", row->what, length);
	}
}

/* The most that can come of so many bytes is within the room that is asked for. */
static void room_suffices(void **state)
{
	struct ext_map up = {{0}};
	uint8_t in[1024], out[EXT_MAP_ROOM(sizeof(in))];

	memset(up.to, 255, sizeof(up.to));
	for (uint16_t length = 4; length <= sizeof(in); length += 4) {
		memset(in, 0x10, length); /* the shortest elements: one byte of data */
		assert_in_range(ext_map_write(&up, RTP_EXT_ONE_BYTE, in, length, out), 4,
		                EXT_MAP_ROOM(length));
	}
}

static void elements_that_overrun(void **state)
{
	static const struct {
		uint16_t profile, length;
		uint8_t bytes[8];
		bool whole;
	} cases[] = {
	        {RTP_EXT_ONE_BYTE, 0, {0}, true},
	        {RTP_EXT_ONE_BYTE, 4, {0x10, 'a', 0x10, 'b'}, true},
	        {RTP_EXT_ONE_BYTE, 4, {0, 0, 0x10, 'b'}, true},
	        {RTP_EXT_ONE_BYTE, 4, {0x10, 'a', 0x11, 'b'}, false},
	        {RTP_EXT_ONE_BYTE, 4, {0x1f, 'a', 0, 0}, false},
	        {RTP_EXT_ONE_BYTE, 4, {0x10, 'a', 0xff, 'b'}, true}, /* 15 ends them */
	        {RTP_EXT_TWO_BYTE, 4, {1, 2, 'a', 'b'}, true},
	        {RTP_EXT_TWO_BYTE, 4, {1, 0, 2, 0}, true},
	        {RTP_EXT_TWO_BYTE | 5, 4, {1, 3, 'a', 'b'}, false},
	        {RTP_EXT_TWO_BYTE, 4, {1, 1, 'a', 2}, false},
	        {0x1234, 4, {0x1f, 9, 9, 9}, true}, /* no elements that we know of */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ext_elements_whole(cases[i].profile, cases[i].bytes, cases[i].length) !=
		    cases[i].whole)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_row),
	        cmocka_unit_test(room_suffices),
	        cmocka_unit_test(elements_that_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
