/* SPDX-License-Identifier: BSD-3-Clause */
/* A publisher's retransmissions (RFC 4588): those that are taken, and those that are none. */
#include "receive_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define APT 100 /* the stream goes on with another payload type meanwhile: 96 */

static void rtx_stream_add(struct call *call, bool apt)
{
	struct sluice_stream stream = {
	        .name = "video",
	        .endpoint = "publisher",
	        .ssrc = VIDEO_SSRC,
	        .rtx_ssrc = RTX_UP_SSRC,
	        .rtx_pt = RTX_PT,
	        .rtx_apt = APT,
	        .rtx_apt_given = apt,
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_stream_add(call->scene->rig.dp->media, &stream, 0, why) != 0)
		fail_msg("%s", why);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

static void rtx_send(struct call *call, uint8_t first, uint16_t seq, uint32_t timestamp,
                     const uint8_t *payload, int length)
{
	uint8_t packet[PARTY_MTU];

	length = rtx_write(packet, first, seq, timestamp, payload, length);
	party_send(call->scene, call->publisher, packet,
	           party_protect(call->publisher, packet, length));
}

/* A repeat of `osn` whose payload is what it says. */
static void repeat_send(struct call *call, uint16_t seq, uint16_t osn)
{
	uint8_t payload[] = {osn >> 8, (uint8_t)osn, 'r', 'e', 'p', 'e', 'a', 't'};

	rtx_send(call, RTP_VERSION << 6, seq, osn * 3000u, payload, sizeof(payload));
}

static uint32_t received(struct call *call)
{
	uint32_t count = 0;

	while (party_next(call->subscriber, false) != NULL)
		count++;
	return count;
}

/* As libwebrtc does: P, zeros, and their count in the last byte. The media beside them go on. */
static void padding_probes_are_no_repeats(void **state)
{
	struct call *call = *state;
	uint16_t seq = 40000, probe = 7;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, seq, 3);
	for (uint32_t round = 0; round < 50; round++) {
		for (int length = 1; length <= 224; length += 31) {
			uint8_t payload[224] = {0};

			payload[length - 1] = (uint8_t)length;
			rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, probe++, 0, payload,
			         length);
		}
		publish(call, VIDEO_SSRC, (uint16_t)(seq + 3 + round), 1);
	}
	assert_int_equal(dropped(call, DROP_RTX_PADDING), 50 * 8);
	assert_int_equal(dropped(call, DROP_SRTP_OLD), 0);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 53);
}

static void rtx_that_lies_is_refused(void **state)
{
	static const uint8_t none[] = {0, 0, 0, 0}, one[] = {1, 2, 3, 3}, three[] = {1, 2, 3, 9},
	                     much[] = {1, 2, 3, 5};
	struct call *call = *state;

	rtx_stream_add(call, false);
	repeat_send(call, 1, 100); /* of nothing */
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 1);
	publish(call, VIDEO_SSRC, 100, 3);
	/* padding that is more than there is, or none, or all but one byte of the number */
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 2, 0, none, sizeof(none));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 3, 0, one, sizeof(one));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 4, 0, three, sizeof(three));
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 5, 0, much, sizeof(much));
	assert_int_equal(dropped(call, DROP_RTX_PADDING), 4);
	rtx_send(call, RTP_VERSION << 6, 6, 0, one, 1);
	rtx_send(call, RTP_VERSION << 6, 7, 0, one, 0);
	assert_int_equal(dropped(call, DROP_RTP_MALFORMED), 2);
	repeat_send(call, 8, 102 + 257); /* ahead by too much, by half of the circle */
	repeat_send(call, 9, 102 + 0x7fff);
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 3);
	repeat_send(call, 10, 101); /* it came */
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	publish(call, VIDEO_SSRC, 103, 2);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 5);
}

/* It saves a round trip where its original is lost, and is that where it is late. */
static void rtx_ahead_of_its_original_is_taken(void **state)
{
	struct call *call = *state;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 3);
	received(call);
	repeat_send(call, 1, 104);
	assert_int_equal(received(call), 1);
	publish(call, VIDEO_SSRC, 103, 3); /* 104 has come */
	assert_int_equal(counted(call, MEDIA_FORWARDED), 3 + 1 + 2);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	assert_int_equal(dropped(call, DROP_RTX_AHEAD), 0);
	publish(call, VIDEO_SSRC, 106, 2);
	assert_int_equal(counted(call, MEDIA_FORWARDED), 8);
}

/* Of two that are repeated as asked for, before and behind the wrap. */
static void repeats_check(struct call *call, uint8_t payload_type)
{
	const uint16_t base = 65533;

	publish(call, VIDEO_SSRC, base, 2);
	publish(call, VIDEO_SSRC, (uint16_t)(base + 4), 2);
	received(call);
	for (uint16_t i = 2; i < 4; i++) {
		const struct party_packet *packet;

		repeat_send(call, i, (uint16_t)(base + i));
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		assert_int_equal(packet->bytes[1], payload_type);
		assert_int_equal(read_be32(packet->bytes + 4), (uint16_t)(base + i) * 3000u);
		assert_int_equal(packet->length, RTP_HEADER_SIZE + 6);
		assert_memory_equal(packet->bytes + RTP_HEADER_SIZE, "repeat", 6);
	}
}

static void a_repeat_has_the_last_payload_type(void **state)
{
	rtx_stream_add(*state, false);
	repeats_check(*state, 96);
}

static void a_repeat_has_the_payload_type_told(void **state)
{
	rtx_stream_add(*state, true);
	repeats_check(*state, APT);
}

/* Padding behind a payload goes on with it. */
static void a_repeat_may_have_padding(void **state)
{
	static const uint8_t payload[] = {0, 101, 'a', 'b', 0, 2};
	struct call *call = *state;
	const struct party_packet *packet;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 1);
	publish(call, VIDEO_SSRC, 102, 1);
	received(call);
	rtx_send(call, RTP_VERSION << 6 | RTP_PADDING_BIT, 1, 101 * 3000, payload, sizeof(payload));
	packet = party_next(call->subscriber, false);
	assert_non_null(packet);
	assert_int_equal(packet->bytes[0], RTP_VERSION << 6 | RTP_PADDING_BIT);
	assert_memory_equal(packet->bytes + RTP_HEADER_SIZE, payload + 2, 4);
}

static void the_row_has_what_rtx_is_refused_for(void **state)
{
	static const uint8_t payload[] = {0, 101, 'a'};
	struct call *call = *state;
	struct sluice_stream_row row;
	uint8_t packet[PARTY_MTU];
	uint32_t cursor = 0;
	int length;

	rtx_stream_add(call, false);
	publish(call, VIDEO_SSRC, 100, 1);
	publish(call, VIDEO_SSRC, 102, 1);
	length = rtx_write(packet, RTP_VERSION << 6, 1, 0, payload, sizeof(payload));
	length = party_protect(call->publisher, packet, length);
	for (int i = 0; i < 3; i++)
		party_send(call->scene, call->publisher, packet, length);
	packet[3]++;
	for (int i = 0; i < 4; i++)
		party_send(call->scene, call->publisher, packet, length);
	assert_int_equal(media_stream_show(call->scene->rig.dp->media, NULL, &cursor, &row, 1), 1);
	assert_int_equal(row.packets, 3);
	assert_int_equal(row.repaired, 0);
	assert_int_equal(row.replayed, 2);
	assert_int_equal(row.auth_failed, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(padding_probes_are_no_repeats),       TEST(rtx_that_lies_is_refused),
	        TEST(rtx_ahead_of_its_original_is_taken),  TEST(a_repeat_has_the_last_payload_type),
	        TEST(a_repeat_has_the_payload_type_told),  TEST(a_repeat_may_have_padding),
	        TEST(the_row_has_what_rtx_is_refused_for),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
