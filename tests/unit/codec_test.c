/* SPDX-License-Identifier: BSD-3-Clause */
/* Payloads of video as rows: which begin a key frame, and what VP8's descriptor says. */
#include "media/codec.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	const char *what;
	uint8_t codec;
	uint8_t length;
	uint8_t bytes[16];
	bool key;
};

static const struct row rows[] = {
        {"VP8, key", SLUICE_CODEC_VP8, 3, {0x10, 0x00, 0}, true},
        {"VP8, inter", SLUICE_CODEC_VP8, 3, {0x10, 0x01, 0}, false},
        {"VP8, in the midst of a frame", SLUICE_CODEC_VP8, 3, {0x00, 0x00, 0}, false},
        {"VP8, second partition", SLUICE_CODEC_VP8, 3, {0x11, 0x00, 0}, false},
        {"VP8, all of the descriptor", SLUICE_CODEC_VP8, 7, {0x90, 0xf0, 0x80, 1, 2, 3, 0}, true},
        {"VP8, one byte for TID and KEYIDX", SLUICE_CODEC_VP8, 4, {0x90, 0x30, 7, 0}, true},
        {"VP8, descriptor alone", SLUICE_CODEC_VP8, 6, {0x90, 0xf0, 0x80, 1, 2, 3}, false},
        {"VP8, cut off in the picture id", SLUICE_CODEC_VP8, 3, {0x90, 0x80, 0x80}, false},
        {"VP8, nothing", SLUICE_CODEC_VP8, 0, {0}, false},
        {"VP9, key", SLUICE_CODEC_VP9, 4, {0x88, 0x80, 1, 0}, true},
        {"VP9, predicted", SLUICE_CODEC_VP9, 4, {0xc8, 0x80, 1, 0}, false},
        {"VP9, goes on", SLUICE_CODEC_VP9, 4, {0x80, 0x80, 1, 0}, false},
        {"VP9, lowest layer", SLUICE_CODEC_VP9, 5, {0xa8, 0x80, 1, 0x00, 0}, true},
        {"VP9, a layer above it", SLUICE_CODEC_VP9, 5, {0xa8, 0x80, 1, 0x02, 0}, false},
        {"VP9, cut off", SLUICE_CODEC_VP9, 3, {0xa8, 0x80, 1}, false},
        {"H.264, SPS", SLUICE_CODEC_H264, 3, {0x67, 1, 2}, true},
        {"H.264, IDR alone", SLUICE_CODEC_H264, 3, {0x65, 1, 2}, false},
        {"H.264, STAP-A with SPS first",
         SLUICE_CODEC_H264,
         8,
         {0x78, 0, 2, 0x67, 1, 0, 1, 0x68},
         true},
        {"H.264, STAP-A with SPS second",
         SLUICE_CODEC_H264,
         9,
         {0x78, 0, 1, 0x09, 0, 2, 0x67, 1, 0},
         true},
        {"H.264, STAP-A without", SLUICE_CODEC_H264, 8, {0x78, 0, 2, 0x68, 1, 0, 1, 0x65}, false},
        {"H.264, STAP-A that lies", SLUICE_CODEC_H264, 5, {0x78, 0xff, 0xff, 0x68, 1}, false},
        {"H.264, FU-A of an SPS", SLUICE_CODEC_H264, 3, {0x7c, 0x87, 0}, true},
        {"H.264, FU-A of an IDR", SLUICE_CODEC_H264, 3, {0x7c, 0x85, 0}, false},
        {"AV1, new sequence", SLUICE_CODEC_AV1, 3, {0x18, 0x0a, 0}, true},
        {"AV1, the same goes on", SLUICE_CODEC_AV1, 3, {0x98, 0x0a, 0}, false},
        {"AV1, another frame", SLUICE_CODEC_AV1, 3, {0x10, 0x32, 0}, false},
        {"no video", SLUICE_CODEC_OPUS, 3, {0x10, 0, 0}, false},
};

static void each_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (codec_is_key(row->codec, row->bytes, row->length) != row->key)
			fail_msg("%s", row->what);
	}
}

static void descriptors_of_dependencies(void **state)
{
	assert_true(dependency_is_key((const uint8_t[]){0x80, 0, 1, 0x80, 0}, 5));
	assert_false(dependency_is_key((const uint8_t[]){0x80, 0, 1, 0x40, 0}, 5));
	assert_false(dependency_is_key((const uint8_t[]){0x40, 0, 1, 0x80, 0}, 5));
	assert_false(dependency_is_key((const uint8_t[]){0x80, 0, 1}, 3));
}

static void what_vp8_says(void **state)
{
	struct vp8_descriptor got;

	assert_true(vp8_descriptor_read((const uint8_t[]){0x90, 0xe0, 0x92, 0x34, 9, 0x40, 0}, 7,
	                                &got));
	assert_int_equal(got.picture_at, 2);
	assert_true(got.wide);
	assert_int_equal(got.picture, 0x1234);
	assert_int_equal(got.tl0_at, 4);
	assert_int_equal(got.tl0, 9);
	assert_int_equal(got.length, 6);
	assert_true(vp8_descriptor_read((const uint8_t[]){0x90, 0xc0, 0x7f, 9}, 4, &got));
	assert_false(got.wide);
	assert_int_equal(got.picture, 0x7f);
	assert_int_equal(got.tl0_at, 3);
	assert_true(vp8_descriptor_read((const uint8_t[]){0x10, 1}, 2, &got));
	assert_int_equal(got.picture_at + got.tl0_at, 0);
	assert_true(got.begins);
	assert_int_equal(got.temporal, 0);
	assert_true(vp8_descriptor_read((const uint8_t[]){0x80, 0xe0, 0x12, 9, 0xa0, 0}, 6, &got));
	assert_false(got.begins);
	assert_int_equal(got.temporal, 2);
	assert_true(got.sync);
	assert_int_equal(got.length, 5);
	assert_true(vp8_descriptor_read((const uint8_t[]){0x91, 0x30, 0x5f, 0}, 4, &got));
	assert_false(got.begins);
	assert_int_equal(got.temporal, 1);
	assert_false(got.sync);
	/* of a byte that tells of the key index alone, nothing */
	assert_true(vp8_descriptor_read((const uint8_t[]){0x90, 0x10, 0xff, 0}, 4, &got));
	assert_int_equal(got.temporal, 0);
	assert_false(vp8_descriptor_read((const uint8_t[]){0x90, 0x20}, 2, &got));
	assert_int_equal(vp8_temporal((const uint8_t[]){0x90, 0x20, 0xc0, 0}, 4), 3);
	assert_int_equal(vp8_temporal((const uint8_t[]){0x90, 0x20}, 2), 0);
	assert_false(vp8_descriptor_read((const uint8_t[]){0x90}, 1, &got));
	assert_false(vp8_descriptor_read((const uint8_t[]){0x90, 0xc0, 0x7f}, 3, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_row),
	        cmocka_unit_test(descriptors_of_dependencies),
	        cmocka_unit_test(what_vp8_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
