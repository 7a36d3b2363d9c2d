/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written is read back, and what does not fit leaves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>

#include "media/rtcp_write.h"

static void a_compound_comes_back(void **state)
{
	static const struct rtcp_sender sender = {
	        .ntp = 0x83aa7e8012345678, .rtp = 0xfffffff0, .packets = 7, .octets = 7000};
	static const struct rtcp_block block = {.ssrc = 5,
	                                        .fraction_lost = 12,
	                                        .lost = -3,
	                                        .highest = 0x1fffe,
	                                        .jitter = 9,
	                                        .lsr = 10,
	                                        .dlsr = 11};
	uint8_t bytes[256];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
	static const uint8_t types[] = {RTCP_SR, RTCP_SDES, RTCP_PSFB, RTCP_BYE};
	struct rtcp_cursor cursor = {bytes};
	struct rtcp_packet packets[RTE_DIM(types)];
	struct rtcp_report report;
	struct rtcp_block read;

	rtcp_put_sr(&writer, 1, &sender);
	rtcp_put_block(&writer, &block);
	rtcp_put_block(&writer, &block);
	rtcp_put_sdes(&writer);
	rtcp_put_cname(&writer, 1, "abc", 3);
	rtcp_put_cname(&writer, 2, "abcdefgh", 8);
	rtcp_put_pli(&writer, 1, 2);
	rtcp_put_bye(&writer, 1);
	cursor.left = rtcp_end(&writer);
	assert_true(rtcp_valid(bytes, cursor.left));
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		assert_true(rtcp_next(&cursor, &packets[i]));
		assert_int_equal(packets[i].type, types[i]);
	}
	assert_false(rtcp_next(&cursor, &packets[0]));
	assert_int_equal(rtcp_report_read(&packets[0], &report), 0);
	assert_int_equal(report.blocks, 2);
	assert_int_equal(report.sender.ntp, sender.ntp);
	assert_int_equal(report.sender.rtp, sender.rtp);
	assert_int_equal(report.sender.packets, sender.packets);
	assert_int_equal(report.sender.octets, sender.octets);
	rtcp_block_read(&report, 1, &read);
	assert_int_equal(read.ssrc, block.ssrc);
	assert_int_equal(read.fraction_lost, block.fraction_lost);
	assert_int_equal(read.lost, block.lost);
	assert_int_equal(read.highest, block.highest);
	assert_int_equal(read.jitter, block.jitter);
	assert_int_equal(read.lsr, block.lsr);
	assert_int_equal(read.dlsr, block.dlsr);
	assert_int_equal(packets[1].count, 2);
	assert_int_equal(packets[1].length, rtcp_cname_size(3) + rtcp_cname_size(8));
	/* each chunk ends with at least one zero, on a word (RFC 3550, 6.5) */
	assert_int_equal(rtcp_cname_size(1), 8);
	assert_int_equal(rtcp_cname_size(2), 12);
	assert_memory_equal(packets[1].body, "\0\0\0\1\1\3abc\0\0\0\0\0\0\2\1\10abcdefgh\0\0", 28);
	assert_int_equal(rtcp_bye_read(&packets[3]), 1);
}

struct nack_row {
	uint64_t indices[8];
	uint32_t count;
	uint16_t entries[4][2];
	uint16_t n_entries;
};

static const struct nack_row nacks[] = {
        {{7}, 1, {{7, 0}}, 1},
        {{7, 8, 10}, 3, {{7, 0x0005}}, 1},
        {{7, 23}, 2, {{7, 0x8000}}, 1},
        {{7, 24}, 2, {{7, 0}, {24, 0}}, 2},
        {{0xfffe, 0x10000, 0x10001}, 3, {{0xfffe, 0x0006}}, 1},
        {{0x2fffff, 0x300010, 0x300011}, 3, {{0xffff, 0}, {0x10, 1}}, 2},
        {{9, 7, 7}, 3, {{9, 0}, {7, 0}, {7, 0}}, 3}, /* in no order: still all of them */
};

static void nacks_are_packed(void **state)
{
	for (size_t i = 0; i < RTE_DIM(nacks); i++) {
		const struct nack_row *row = &nacks[i];
		uint8_t bytes[64];
		struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
		struct rtcp_cursor cursor = {bytes};
		struct rtcp_packet packet;
		struct rtcp_feedback feedback;

		rtcp_put_nack(&writer, 1, 2, row->indices, row->count);
		cursor.left = rtcp_end(&writer);
		assert_true(rtcp_valid(bytes, cursor.left));
		assert_true(rtcp_next(&cursor, &packet));
		assert_int_equal(packet.type, RTCP_RTPFB);
		assert_int_equal(packet.count, RTCP_RTPFB_NACK);
		assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
		assert_int_equal(feedback.fci_length / RTCP_NACK_SIZE, row->n_entries);
		for (uint16_t j = 0; j < row->n_entries; j++) {
			uint16_t pid, blp;

			rtcp_nack_read(&feedback, j, &pid, &blp);
			assert_int_equal(pid, row->entries[j][0]);
			assert_int_equal(blp, row->entries[j][1]);
		}
	}
}

static void no_room_is_remembered(void **state)
{
	static const uint64_t indices[] = {1, 100, 200, 300};
	uint8_t bytes[64];

	for (uint16_t room = 0; room < 64; room++) {
		struct rtcp_writer writer = {.start = bytes, .room = room};

		memset(bytes, 0xee, sizeof(bytes));
		rtcp_put_rr(&writer, 1);
		rtcp_put_sdes(&writer);
		rtcp_put_cname(&writer, 1, "name", 4);
		rtcp_put_nack(&writer, 1, 2, indices, RTE_DIM(indices));
		assert_int_equal(rtcp_end(&writer), room < 8 + 16 + 28 ? 0 : 8 + 16 + 28);
		for (uint16_t i = room; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0xee);
	}
}

static void a_report_has_31_blocks(void **state)
{
	uint8_t bytes[1024];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
	static const struct rtcp_block block;

	rtcp_put_rr(&writer, 1);
	for (int i = 0; i < RTCP_BLOCKS_MAX; i++)
		rtcp_put_block(&writer, &block);
	assert_int_equal(rtcp_end(&writer), 8 + RTCP_BLOCKS_MAX * RTCP_BLOCK_SIZE);
	assert_true(rtcp_valid(bytes, writer.length));
	rtcp_put_block(&writer, &block);
	assert_int_equal(rtcp_end(&writer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_compound_comes_back),
	        cmocka_unit_test(nacks_are_packed),
	        cmocka_unit_test(no_room_is_remembered),
	        cmocka_unit_test(a_report_has_31_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
