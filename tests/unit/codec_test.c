/* SPDX-License-Identifier: BSD-3-Clause */
/* Payloads of video as rows: which begin a key frame, and what they say of their layers. */
#include "media/codec.h"
#include "media/dependency.h"

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

struct frame_row {
	const char *what;
	uint8_t length;
	uint8_t bytes[24];
	uint8_t frame; /* without FRAME_TELLS; UINT8_MAX: nothing is told */
};

/* RFC 9628, 4.2: the byte of the layers is TID, U, SID, D. */
static const struct frame_row vp9_rows[] = {
        {"no layers", 4, {0x88, 0x80, 1, 0}, UINT8_MAX},
        {"lowest, begins", 4, {0x28, 0x00, 0, 0}, FRAME_BEGINS},
        {"behind a picture id of 7 bits", 5, {0xa8, 0x01, 0x40, 0, 0}, 2 | FRAME_BEGINS},
        {"behind one of 15 bits", 6, {0xa8, 0x80, 1, 0x20, 0, 0}, 1 | FRAME_BEGINS},
        {"one may go up", 6, {0xa8, 0x80, 1, 0x30, 0, 0}, 1 | FRAME_BEGINS | FRAME_UP},
        {"goes on", 6, {0xa0, 0x80, 1, 0x50, 0, 0}, 2 | FRAME_UP},
        {"second spatial layer", 6, {0xa8, 0x80, 1, 0x42, 0, 0}, 2},
        {"more layers than are told apart", 6, {0xa8, 0x80, 1, 0xe0, 0, 0}, 3 | FRAME_BEGINS},
        {"flexible mode", 5, {0xb8, 0x05, 0x40, 0x02, 0}, 2 | FRAME_BEGINS},
        {"cut off before the layers", 3, {0xa8, 0x80, 1}, UINT8_MAX},
        {"cut off in the picture id", 2, {0xa8, 0x80}, UINT8_MAX},
        {"one byte", 1, {0x28}, UINT8_MAX},
        {"nothing", 0, {0}, UINT8_MAX},
};

static void layers_of_vp9(void **state)
{
	for (size_t i = 0; i < sizeof(vp9_rows) / sizeof(vp9_rows[0]); i++) {
		const struct frame_row *row = &vp9_rows[i];
		uint8_t frame = vp9_frame(row->bytes, row->length);
		uint8_t expected = row->frame == UINT8_MAX ? 0 : row->frame | FRAME_TELLS;

		if (frame != expected)
			fail_msg("%s: 0x%02x", row->what, frame);
	}
}

/*
 * What libwebrtc sends of three temporal layers (L1T3): five templates, the first one of which has
 * the number 0x3e; two of the lowest layer, one of the second, two of the highest; three decode
 * targets, of which the highest may be switched to at frames of the lowest layer and of the second.
 */
static void bits_put(uint8_t *bytes, uint32_t *at, uint32_t value, uint32_t count)
{
	for (; count != 0; count--, ++*at)
		bytes[*at / 8] |= (uint8_t)((value >> (count - 1) & 1) << (7 - *at % 8));
}

static uint8_t structure_write(uint8_t *bytes, uint8_t room)
{
	static const uint8_t targets[5][3] = {
	        {2, 2, 2}, {2, 2, 2}, {0, 1, 2}, {0, 0, 1}, {0, 0, 1}};
	static const uint8_t next[5] = {0, 1, 1, 0, 3};
	uint32_t at = 0;

	memset(bytes, 0, room);
	bits_put(bytes, &at, 0x80 | 0x3e, 8); /* a frame begins, of the first template */
	bits_put(bytes, &at, 7, 16);
	bits_put(bytes, &at, 0x10, 5);
	bits_put(bytes, &at, 0x3e, 6);
	bits_put(bytes, &at, 2, 5);
	for (uint32_t i = 0; i < 5; i++)
		bits_put(bytes, &at, next[i], 2);
	for (uint32_t i = 0; i < 5; i++)
		for (uint32_t j = 0; j < 3; j++)
			bits_put(bytes, &at, targets[i][j], 2);
	return (uint8_t)((at + 7) / 8);
}

static const struct frame_row dependency_rows[] = {
        {"lowest, the first template", 3, {0xbe, 0, 1}, FRAME_BEGINS | FRAME_UP},
        {"lowest, in the midst of a frame", 3, {0x3f, 0, 1}, FRAME_UP},
        {"second, behind the wrap of numbers", 3, {0x80, 0, 1}, 1 | FRAME_BEGINS | FRAME_UP},
        {"highest", 3, {0x81, 0, 1}, 2 | FRAME_BEGINS},
        {"highest, the last template", 3, {0x82, 0, 1}, 2 | FRAME_BEGINS},
        {"no such template", 3, {0x83, 0, 1}, UINT8_MAX},
        {"none before the first one", 3, {0xbd, 0, 1}, UINT8_MAX},
        {"cut off", 2, {0x81, 0}, UINT8_MAX},
        {"nothing", 0, {0}, UINT8_MAX},
};

static void layers_of_dependencies(void **state)
{
	struct dependency_structure structure = {0};
	uint8_t bytes[32], length = structure_write(bytes, sizeof(bytes));

	assert_int_equal(dependency_frame(&structure, bytes, length), 0);
	dependency_structure_take(&structure, bytes, length);
	assert_int_equal(structure.count, 5);
	for (size_t i = 0; i < sizeof(dependency_rows) / sizeof(dependency_rows[0]); i++) {
		const struct frame_row *row = &dependency_rows[i];
		uint8_t frame = dependency_frame(&structure, row->bytes, row->length);
		uint8_t expected = row->frame == UINT8_MAX ? 0 : row->frame | FRAME_TELLS;

		if (frame != expected)
			fail_msg("%s: 0x%02x", row->what, frame);
		/* one that brings none takes none away */
		dependency_structure_take(&structure, row->bytes, row->length);
		assert_int_equal(structure.count, 5);
	}
}

/* Cut off anywhere it is none; templates without an end neither. */
static void structures_that_lie(void **state)
{
	struct dependency_structure structure = {0};
	uint8_t bytes[64], length = structure_write(bytes, sizeof(bytes));

	for (uint8_t cut = 4; cut < length; cut++) {
		dependency_structure_take(&structure, bytes, cut);
		assert_int_equal(structure.count, 0);
		assert_int_equal(dependency_frame(&structure, bytes, cut), 0);
	}
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = bytes[3] = 0x80;
	dependency_structure_take(&structure, bytes, sizeof(bytes));
	assert_int_equal(structure.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_row),
	        cmocka_unit_test(descriptors_of_dependencies),
	        cmocka_unit_test(what_vp8_says),
	        cmocka_unit_test(layers_of_vp9),
	        cmocka_unit_test(layers_of_dependencies),
	        cmocka_unit_test(structures_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
