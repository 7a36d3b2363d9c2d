/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ext_map.h"

#include "media/ext_read.h"
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
		uint16_t at, length = ext_map_write(&map, row->profile, row->in, row->length, 0,
		                                    out, &at);

		if (length != row->out_length || memcmp(out, row->out, length) != 0)
			fail_msg("%s: %u bytes", row->what, length);
	}
}

/* What is of one transport is written for it, whatever the publisher said there. */
static void what_is_written(void **state)
{
	static const uint8_t in[] = {0x10, 'p', 0x20, 'q'};
	static const struct {
		struct ext_map map;
		uint8_t length, transport_at;
		uint8_t out[24];
	} cases[] = {
	        {{.to = {[2] = 9}, .mid_id = 4, .mid_length = 2, .mid = "v0"},
	         12,
	         0,
	         {0xbe, 0xde, 0, 2, 0x41, 'v', '0', 0x90, 'q', 0, 0, 0}},
	        {{.to = {[2] = 9},
	          .mid_id = 4,
	          .mid_length = 1,
	          .mid = "1",
	          .transport_id = 3,
	          .send_time_id = 2},
	         16,
	         5,
	         {0xbe, 0xde, 0, 3, 0x31, 0, 0, 0x22, 0x12, 0x34, 0x56, 0x40, '1', 0x90, 'q', 0}},
	        {{.transport_id = 20}, 8, 6, {0x10, 0, 0, 1, 20, 2, 0, 0}},
	        {{.mid_id = 4}, 0, 0, {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[EXT_MAP_ROOM(sizeof(in))];
		uint16_t at;

		assert_int_equal(ext_map_write(&cases[i].map, RTP_EXT_ONE_BYTE, in, sizeof(in),
		                               0x123456, out, &at),
		                 cases[i].length);
		assert_int_equal(at, cases[i].transport_at);
		assert_memory_equal(out, cases[i].out, cases[i].length);
	}
	/* also where the publisher has no extension, or one that has no elements */
	for (int i = 0; i < 2; i++) {
		uint8_t out[EXT_MAP_ROOM(0)];
		uint16_t at;

		assert_int_equal(ext_map_write(&cases[1].map, i == 0 ? 0 : 0x1234, in, 0, 0x123456,
		                               out, &at),
		                 16);
		assert_int_equal(at, 5);
	}
}

static void what_is_read(void **state)
{
	static const uint8_t agreed[SLUICE_EXTENSIONS_MAX] = {
	        [SLUICE_EXTENSION_MID] = 4,           [SLUICE_EXTENSION_RID] = 10,
	        [SLUICE_EXTENSION_REPAIRED_RID] = 11, [SLUICE_EXTENSION_TRANSPORT_NUMBER] = 3,
	        [SLUICE_EXTENSION_ABS_SEND_TIME] = 2, [SLUICE_EXTENSION_DEPENDENCY] = 200,
	};
	static const uint8_t one[] = {0x31, 0xab, 0xcd, 0x22, 1, 2,    3, 0x40,
	                              '7',  0xa1, 'h',  'i',  0, 0x51, 9, 9};
	static const uint8_t two[] = {200, 3, 0x80, 0, 1, 11, 2, 'l', 'o', 3, 1, 0xff, 2, 2, 1, 2};
	struct ext_ids ids;
	struct ext_said said;

	ext_ids_set(&ids, agreed);
	ext_read(&ids, RTP_EXT_ONE_BYTE, one, sizeof(one), &said);
	assert_true(said.has_transport_number && said.transport_number == 0xabcd);
	assert_true(said.has_send_time && said.send_time == 0x010203);
	assert_true(ext_bytes_are(&said.mid, "7") && !ext_bytes_are(&said.mid, "77"));
	assert_true(ext_bytes_are(&said.rid, "hi") && !ext_bytes_are(&said.rid, "h"));
	assert_false(said.truncated || ext_bytes_are(&said.repaired_rid, ""));
	ext_read(&ids, RTP_EXT_TWO_BYTE, two, sizeof(two), &said);
	assert_true(ext_bytes_are(&said.repaired_rid, "lo") && said.dependency.length == 3);
	/* too short for what they are */
	assert_false(said.has_transport_number || said.has_send_time || said.mid.bytes != NULL);
	ext_read(&ids, RTP_EXT_ONE_BYTE, one, 5, &said);
	assert_true(said.truncated && said.has_transport_number && !said.has_send_time);
}

/* The most that can come of so many bytes is within the room that is asked for. */
static void room_suffices(void **state)
{
	struct ext_map up = {.to = {0}};
	uint8_t in[1024], out[EXT_MAP_ROOM(sizeof(in))];
	uint16_t at;

	memset(up.to, 255, sizeof(up.to));
	up.mid_id = up.transport_id = up.send_time_id = 255;
	up.mid_length = sizeof(up.mid);
	for (uint16_t length = 4; length <= sizeof(in); length += 4) {
		memset(in, 0x10, length); /* the shortest elements: one byte of data */
		assert_in_range(ext_map_write(&up, RTP_EXT_ONE_BYTE, in, length, 0, out, &at), 4,
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
	        cmocka_unit_test(what_is_written),
	        cmocka_unit_test(what_is_read),
	        cmocka_unit_test(room_suffices),
	        cmocka_unit_test(elements_that_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
