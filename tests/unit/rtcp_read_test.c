/* SPDX-License-Identifier: BSD-3-Clause */
/* Compounds as they arrive: each is a row, well-formed or lying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>

#include "media/rtcp_read.h"

#define SSRC        "\x11\x22\x33\x44"
#define RR          "\x80\xc9\x00\x01" SSRC
#define PLI         "\x81\xce\x00\x02" SSRC "\x55\x66\x77\x88"
#define TEXT(bytes) bytes, sizeof(bytes) - 1

struct compound_row {
	const char *name;
	const char *bytes;
	size_t length;
	bool valid;
	uint8_t packets;
	uint16_t last_length; /* of the last packet's body */
};

static const struct compound_row compounds[] = {
        {"receiver report", TEXT(RR), true, 1, 4},
        {"report and feedback", TEXT(RR PLI), true, 2, 8},
        {"feedback alone (reduced size)", TEXT(PLI), true, 1, 8},
        {"header alone", TEXT("\x80\xcb\x00\x00"), true, 1, 0},
        {"padding of 3, as transport-wide feedback has it",
         TEXT("\xa0\xc9\x00\x01\x11\x22\x33\x03"), true, 1, 1},
        {"padding in the last", TEXT(RR "\xa0\xc9\x00\x02" SSRC "\x00\x00\x00\x04"), true, 2, 4},
        {"all of a body is padding", TEXT("\xa0\xcb\x00\x01\x00\x00\x00\x04"), true, 1, 0},
        {"an unknown type", TEXT("\x80\xd0\x00\x00"), true, 1, 0},
        {"nothing", TEXT(""), false},
        {"three bytes", TEXT("\x80\xc9\x00"), false},
        {"version 1", TEXT("\x40\xc9\x00\x01" SSRC), false},
        {"version 0 in the second", TEXT(RR "\x01\xce\x00\x02" SSRC SSRC), false},
        {"type below 192", TEXT("\x80\xbf\x00\x00"), false},
        {"type above 223", TEXT("\x80\xe0\x00\x00"), false},
        {"length beyond the datagram", TEXT("\x80\xc9\x00\x02" SSRC), false},
        {"length 65535 words", TEXT("\x80\xc9\xff\xff" SSRC), false},
        {"second length beyond", TEXT(RR "\x81\xce\x00\x03" SSRC SSRC), false},
        {"bytes behind the last", TEXT(RR "\x00\x00"), false},
        {"padding in the first", TEXT("\xa0\xc9\x00\x02" SSRC "\x00\x00\x00\x04" RR), false},
        {"padding of 0", TEXT("\xa0\xc9\x00\x01\x11\x22\x33\x00"), false},
        {"padding of 5", TEXT("\xa0\xc9\x00\x01\x11\x22\x33\x05"), false},
        {"padding over the header", TEXT("\xa0\xc9\x00\x01\x11\x22\x33\x08"), false},
        {"padding flag and no body", TEXT("\xa0\xcb\x00\x00"), false},
};

/* On the heap, to its end: a sanitizer sees one byte too far. */
static uint8_t *heap_copy(const char *bytes, size_t length)
{
	uint8_t *copy = malloc(length != 0 ? length : 1);

	memcpy(copy, bytes, length);
	return copy;
}

static void compounds_are_judged(void **state)
{
	for (size_t i = 0; i < RTE_DIM(compounds); i++) {
		const struct compound_row *row = &compounds[i];
		uint8_t *bytes = heap_copy(row->bytes, row->length);
		struct rtcp_cursor cursor = {bytes, (uint16_t)row->length};
		struct rtcp_packet packet = {0};
		uint8_t packets = 0;

		if (rtcp_valid(bytes, (uint16_t)row->length) != row->valid)
			fail_msg("%s: expected %s", row->name, row->valid ? "valid" : "invalid");
		while (row->valid && rtcp_next(&cursor, &packet))
			packets++;
		if (packets != row->packets || packet.length != row->last_length)
			fail_msg("%s: %u packets, the last one's body has %u", row->name, packets,
			         packet.length);
		free(bytes);
	}
}

static struct rtcp_packet one_packet(const uint8_t *bytes, uint16_t length)
{
	struct rtcp_cursor cursor = {bytes, length};
	struct rtcp_packet packet;

	assert_true(rtcp_valid(bytes, length));
	assert_true(rtcp_next(&cursor, &packet));
	return packet;
}

#define BLOCK                                                                                      \
	"\xaa\xbb\xcc\xdd\x40\xff\xff\xfe\x00\x01\x00\x02\x00\x00\x00\x2a\x12\x34\x56\x78\x00\x01" \
	"\x80\x00"
#define SENDER "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x00\x00\x00\x64\x00\x00\x27\x10"

static void a_sender_report_is_read(void **state)
{
	static const uint8_t bytes[] = "\x81\xc8\x00\x0c" SSRC SENDER BLOCK;
	struct rtcp_packet packet = one_packet(bytes, sizeof(bytes) - 1);
	struct rtcp_report report;
	struct rtcp_block block;

	assert_int_equal(rtcp_report_read(&packet, &report), 0);
	assert_int_equal(report.ssrc, 0x11223344);
	assert_true(report.sent);
	assert_int_equal(report.sender.ntp, 0x0102030405060708);
	assert_int_equal(report.sender.rtp, 0x090a0b0c);
	assert_int_equal(report.sender.packets, 100);
	assert_int_equal(report.sender.octets, 10000);
	assert_int_equal(report.blocks, 1);
	rtcp_block_read(&report, 0, &block);
	assert_int_equal(block.ssrc, 0xaabbccdd);
	assert_int_equal(block.fraction_lost, 0x40);
	assert_int_equal(block.lost, -2);
	assert_int_equal(block.highest, 0x10002);
	assert_int_equal(block.jitter, 42);
	assert_int_equal(block.lsr, 0x12345678);
	assert_int_equal(block.dlsr, 0x18000);
}

/* Counts that say more than the packet holds. */
static void counts_are_not_believed(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
	} rows[] = {
	        {TEXT("\x80\xc9\x00\x00"), -EBADMSG},                        /* RR, no SSRC */
	        {TEXT("\x81\xc9\x00\x01" SSRC), -EBADMSG},                   /* RR, no block */
	        {TEXT("\x82\xc9\x00\x07" SSRC BLOCK), -EBADMSG},             /* one of two */
	        {TEXT("\x9f\xc9\x00\x07" SSRC BLOCK), -EBADMSG},             /* one of 31 */
	        {TEXT("\x80\xc8\x00\x01" SSRC), -EBADMSG},                   /* SR, no sender */
	        {TEXT("\x81\xc8\x00\x07" SSRC BLOCK), -EBADMSG},             /* SR as if RR */
	        {TEXT("\x80\xc9\x00\x02" SSRC "\x00\x00\x00\x00"), 0},       /* an extension */
	        {TEXT("\xa1\xc9\x00\x08" SSRC BLOCK "\x00\x00\x00\x04"), 0}, /* padded */
	        {TEXT("\xa1\xc9\x00\x07" SSRC "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	              "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04"),
	         -EBADMSG}, /* the padding is of the block */
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint8_t *bytes = heap_copy(rows[i].bytes, rows[i].length);
		struct rtcp_packet packet = one_packet(bytes, (uint16_t)rows[i].length);
		struct rtcp_report report;

		if (rtcp_report_read(&packet, &report) != rows[i].result)
			fail_msg("row %zu", i);
		free(bytes);
	}
}

static void feedback_is_read(void **state)
{
	static const uint8_t nack[] = "\x81\xcd\x00\x04" SSRC "\x55\x66\x77\x88"
	                              "\xff\xff\x80\x01\x00\x20\x00\x00";
	static const uint8_t fir[] = "\x84\xce\x00\x05" SSRC "\x00\x00\x00\x00"
	                             "\x55\x66\x77\x88\x01\x00\x00\x00\x99";
	static const uint8_t cut[] = "\x81\xcd\x00\x01" SSRC;
	struct rtcp_packet packet = one_packet(nack, sizeof(nack) - 1);
	struct rtcp_feedback feedback;
	uint8_t number;
	uint16_t pid, blp;

	assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
	assert_int_equal(feedback.sender, 0x11223344);
	assert_int_equal(feedback.media, 0x55667788);
	assert_int_equal(feedback.fci_length / RTCP_NACK_SIZE, 2);
	rtcp_nack_read(&feedback, 0, &pid, &blp);
	assert_int_equal(pid, 0xffff);
	assert_int_equal(blp, 0x8001);
	rtcp_nack_read(&feedback, 1, &pid, &blp);
	assert_int_equal(pid, 0x20);
	assert_int_equal(blp, 0);
	/* half an entry of a FIR is no entry */
	packet = (struct rtcp_packet){fir + 4, 8 + 12, RTCP_PSFB, RTCP_PSFB_FIR};
	assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
	assert_int_equal(feedback.fci_length / RTCP_FIR_SIZE, 1);
	assert_int_equal(rtcp_fir_read(&feedback, 0, &number), 0x55667788);
	assert_int_equal(number, 1);
	packet = one_packet(cut, sizeof(cut) - 1);
	assert_int_equal(rtcp_feedback_read(&packet, &feedback), -EBADMSG);
}

/* Lost, small, large; a vector of each kind, a run; what is behind the last number is nobody's. */
static void transport_feedback_is_read(void **state)
{
	static const uint8_t fci[] =
	        "\xff\xfe\x00\x0c\x01\x02\x03\x09" /* 12 numbers from 65534 on */
	        "\xd8\x40"                         /* two bits: 1 2 0 1 0 0 0 */
	        "\x00\x02"                         /* a run of two that are lost */
	        "\xa8\x00"                         /* one bit: 1 0 1 ... */
	        "\x10\xff\xf0\x05\x01\x02";
	static const struct {
		bool came;
		int32_t ticks;
	} says[] = {{true, 16}, {true, 0},  {false, 0}, {true, 5}, {false, 5}, {false, 5},
	            {false, 5}, {false, 5}, {false, 5}, {true, 6}, {false, 6}, {true, 8}};
	struct rtcp_feedback feedback = {.fci = fci, .fci_length = sizeof(fci) - 1};
	struct rtcp_transport transport;
	struct rtcp_transport_number number;

	assert_int_equal(rtcp_transport_read(&feedback, &transport), 0);
	assert_int_equal(transport.reference, 0x010203);
	for (size_t i = 0; i < RTE_DIM(says); i++) {
		assert_true(rtcp_transport_next(&transport, &number));
		assert_int_equal(number.number, (uint16_t)(65534 + i));
		if (number.came != says[i].came || number.ticks != says[i].ticks)
			fail_msg("number %zu: %d, %d", i, number.came, number.ticks);
	}
	assert_false(rtcp_transport_next(&transport, &number));
	for (uint16_t length = 0; length < sizeof(fci) - 1; length++) {
		uint8_t *bytes = heap_copy((const char *)fci, length);

		feedback = (struct rtcp_feedback){.fci = bytes, .fci_length = length};
		assert_int_equal(rtcp_transport_read(&feedback, &transport), -EBADMSG);
		free(bytes);
	}
}

static void transport_feedback_may_lie(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
	} rows[] = {
	        {TEXT("\0\0\0\0\0\0\0\0"), 0},
	        {TEXT("\0\0\0\1\0\0\0\0\0\0"), -EBADMSG}, /* a run of none */
	        {TEXT("\0\0\0\1\0\0\0\0\x60\1"), -EBADMSG},
	        {TEXT("\0\0\0\1\0\0\0\0\xf0\0\1\2\3"), -EBADMSG},
	        {TEXT("\0\0\0\1\0\0\0\0\x3f\xff\7"), 0}, /* a run that is longer than all */
	        {TEXT("\0\0\0\2\0\0\0\0\x3f\xff\7"), -EBADMSG},
	        {TEXT("\0\0\xff\xff\0\0\0\0\x1f\xff"), -EBADMSG},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint8_t *bytes = heap_copy(rows[i].bytes, rows[i].length);
		struct rtcp_feedback feedback = {.fci = bytes,
		                                 .fci_length = (uint16_t)rows[i].length};
		struct rtcp_transport_number number;
		struct rtcp_transport transport;

		if (rtcp_transport_read(&feedback, &transport) != rows[i].result)
			fail_msg("row %zu", i);
		while (rows[i].result == 0 && rtcp_transport_next(&transport, &number))
			assert_true(transport.done <= transport.count);
		free(bytes);
	}
}

static void remb_is_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
		uint32_t kbps;
	} rows[] = {
	        /* 250000 << 2 */
	        {TEXT("REMB\1\x0b\xd0\x90\x55\x66\x77\x88"), 0, 1000},
	        {TEXT("REMB\0\0\x27\x10"), 0, 10},
	        {TEXT("REMB\0\xff\xff\xff"), 0, UINT32_MAX},
	        {TEXT("REMB\1\0\x27\x10"), -EBADMSG, 0},
	        {TEXT("REMX\0\0\x27\x10"), -ENOENT, 0},
	        {TEXT("REMB"), -ENOENT, 0},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint8_t *bytes = heap_copy(rows[i].bytes, rows[i].length);
		struct rtcp_feedback feedback = {.fci = bytes,
		                                 .fci_length = (uint16_t)rows[i].length};
		uint32_t kbps = 0;

		if (rtcp_remb_read(&feedback, &kbps) != rows[i].result || kbps != rows[i].kbps)
			fail_msg("row %zu: %u", i, kbps);
		free(bytes);
	}
}

static void byes_are_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
	} rows[] = {
	        {TEXT("\x80\xcb\x00\x00"), 0},
	        {TEXT("\x81\xcb\x00\x01" SSRC), 1},
	        {TEXT("\x82\xcb\x00\x02" SSRC SSRC), 2},
	        {TEXT("\x81\xcb\x00\x02" SSRC "\x03"
	              "end"),
	         1},
	        {TEXT("\x81\xcb\x00\x02" SSRC "\x04"
	              "end"),
	         -EBADMSG},
	        {TEXT("\x82\xcb\x00\x01" SSRC), -EBADMSG},
	        {TEXT("\x9f\xcb\x00\x01" SSRC), -EBADMSG},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint8_t *bytes = heap_copy(rows[i].bytes, rows[i].length);
		struct rtcp_packet packet = one_packet(bytes, (uint16_t)rows[i].length);

		if (rtcp_bye_read(&packet) != rows[i].result)
			fail_msg("row %zu", i);
		for (int j = 0; j < rows[i].result; j++)
			assert_int_equal(rtcp_bye_ssrc(&packet, (uint8_t)j), 0x11223344);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(compounds_are_judged),
	        cmocka_unit_test(a_sender_report_is_read),
	        cmocka_unit_test(counts_are_not_believed),
	        cmocka_unit_test(feedback_is_read),
	        cmocka_unit_test(transport_feedback_is_read),
	        cmocka_unit_test(transport_feedback_may_lie),
	        cmocka_unit_test(remb_is_read),
	        cmocka_unit_test(byes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
