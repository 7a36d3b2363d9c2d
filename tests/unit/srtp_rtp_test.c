/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "srtp/rtp.h"
#include "srtp_hex.h"

static void headers(void **state)
{
	static const struct {
		const char *packet;
		int result;
		uint16_t header_length, payload_length, ext_offset, ext_length, ext_profile;
	} rows[] = {
	        {"8060123456789abc01020304", 0, 12, 0, 0, 0, 0},
	        {"8060123456789abc01020304ffee", 0, 12, 2, 0, 0, 0},
	        {"8060123456789abc010203", -EBADMSG},
	        {"", -EBADMSG},
	        {"4060123456789abc01020304", -EBADMSG}, /* version 1 */
	        {"c060123456789abc01020304", -EBADMSG}, /* 3 */
	        /* CSRCs, the last of them cut */
	        {"8260123456789abc010203040000000100000002aa", 0, 20, 1, 0, 0, 0},
	        {"8260123456789abc0102030400000001000000", -EBADMSG},
	        {"8f60123456789abc0102030400000001", -EBADMSG},
	        /* extensions: of one word, of none, cut anywhere, longer than the packet */
	        {"9060123456789abc01020304bede000110aa0000bb", 0, 20, 1, 16, 4, 0xbede},
	        {"9060123456789abc01020304bede0000", 0, 16, 0, 16, 0, 0xbede},
	        {"9060123456789abc01020304bede000110aa00", -EBADMSG},
	        {"9060123456789abc01020304bede00", -EBADMSG},
	        {"9060123456789abc01020304", -EBADMSG},
	        {"9060123456789abc01020304bedeffff10aa0000", -EBADMSG},
	        {"9160123456789abc01020304000000011000000110aa0000bb", 0, 24, 1, 20, 4, 0x1000},
	};
	uint8_t bytes[64], *packet;
	struct rtp_view view;
	unsigned int i;
	uint16_t length;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		length = hex_read(rows[i].packet, bytes);
		packet = malloc(length + 1);
		memcpy(packet, bytes, length);
		assert_int_equal(rtp_parse(packet, length, &view), rows[i].result);
		free(packet);
		if (rows[i].result != 0)
			continue;
		assert_int_equal(view.header_length, rows[i].header_length);
		assert_int_equal(view.payload_length, rows[i].payload_length);
		assert_int_equal(view.ext_offset, rows[i].ext_offset);
		assert_int_equal(view.ext_length, rows[i].ext_length);
		assert_int_equal(view.ext_profile, rows[i].ext_profile);
		assert_int_equal(view.seq, 0x1234);
		assert_int_equal(view.timestamp, 0x56789abc);
		assert_int_equal(view.ssrc, 0x01020304);
	}
}

static void bits(void **state)
{
	uint8_t packet[12] = {0xa0, 0xe1};
	struct rtp_view view;

	assert_int_equal(rtp_parse(packet, sizeof(packet), &view), 0);
	assert_true(view.padding && view.marker);
	assert_int_equal(view.payload_type, 0x61);
	packet[0] = 0x80;
	packet[1] = 0x61;
	assert_int_equal(rtp_parse(packet, sizeof(packet), &view), 0);
	assert_false(view.padding || view.marker);
}

/* The longest header that is taken, and one word more. */
static void long_extension(void **state)
{
	uint8_t packet[RTP_HEADER_MAX + 4] = {0x9f};
	struct rtp_view view;

	packet[72] = 0xbe;
	packet[73] = 0xde;
	packet[74] = 1; /* 256 words */
	assert_int_equal(rtp_parse(packet, sizeof(packet), &view), 0);
	assert_int_equal(view.header_length, RTP_HEADER_MAX);
	packet[75] = 1;
	assert_int_equal(rtp_parse(packet, sizeof(packet), &view), -EBADMSG);
}

static void paddings(void **state)
{
	uint8_t payload[4] = {0, 0, 0, 1};

	assert_int_equal(rtp_padding(payload, 4), 1);
	payload[3] = 4;
	assert_int_equal(rtp_padding(payload, 4), 4);
	payload[3] = 5;
	assert_int_equal(rtp_padding(payload, 4), -EBADMSG);
	payload[3] = 0;
	assert_int_equal(rtp_padding(payload, 4), -EBADMSG);
	assert_int_equal(rtp_padding(payload, 0), -EBADMSG);
}

static void control_or_media(void **state)
{
	assert_true(rtp_is_rtcp(192) && rtp_is_rtcp(200) && rtp_is_rtcp(223));
	assert_false(rtp_is_rtcp(191) || rtp_is_rtcp(224) || rtp_is_rtcp(96));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(headers),          cmocka_unit_test(bits),
	        cmocka_unit_test(long_extension),   cmocka_unit_test(paddings),
	        cmocka_unit_test(control_or_media),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
