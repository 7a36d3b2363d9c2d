/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of an SSRC, and which one follows. */
#include "receive_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool row_ended(struct call *call)
{
	struct sluice_stream_row row;
	uint32_t cursor = 0;

	assert_int_equal(media_stream_show(call->scene->rig.dp->media, NULL, &cursor, &row, 1), 1);
	return row.ended;
}

/* The network turns the BYE and the last packets round: the legs hear of the end all the same. */
static void a_bye_may_overtake_packets(void **state)
{
	struct call *call = *state;

	video_add(call);
	publish(call, VIDEO_SSRC, 1, 3);
	assert_false(row_ended(call));
	bye(call, VIDEO_SSRC);
	for (uint16_t seq = 4; seq < 6; seq++)
		party_publish(call->scene, call->publisher, VIDEO_SSRC, seq, seq * 3000u);
	assert_true(row_ended(call));
	media_scene_pass(call->scene, 10);
	assert_int_equal(party_count(call->subscriber, RTCP_BYE, 1, NULL), 1);
	/* and then it goes on */
	media_scene_pass(call->scene, 200);
	publish(call, VIDEO_SSRC, 6, 1);
	assert_false(row_ended(call));
	assert_int_equal(counted(call, MEDIA_FORWARDED), 6);
}

static void unnamed_add(struct call *call)
{
	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
}

/* A stream without a name takes the publisher's next SSRC when the last one has said BYE, however
 * often, and nothing of that again. */
static void another_ssrc_follows_a_bye(void **state)
{
	struct call *call = *state;
	struct datagram old, next;
	uint32_t ssrc = 0x1001;
	uint64_t unknown;
	uint16_t last, seq;

	unnamed_add(call);
	datagram_write(call, &old, ssrc, 500);
	assert_true(passes(call, &old));
	last = publish(call, ssrc, 501, 5);
	for (int round = 0; round < 3 * SOURCE_FORMERS_MAX; round++, ssrc++) {
		datagram_write(call, &next, ssrc + 1, 7);
		unknown = dropped(call, DROP_MEDIA_NO_STREAM);
		assert_false(passes(call, &next));
		assert_int_equal(dropped(call, DROP_MEDIA_NO_STREAM), unknown + 1);
		bye(call, ssrc);
		/* lower numbers of another numbering: new all the same, and in order */
		seq = publish(call, ssrc + 1, 10, 3);
		assert_int_equal(seq, (uint16_t)(last + 3));
		last = seq;
		assert_false(row_ended(call));
		assert_false(passes(call, &old));
	}
}

/* The same where nobody hears a BYE: once the last one has been silent. */
static void another_ssrc_follows_silence(void **state)
{
	struct call *call = *state;
	struct datagram next, old;
	uint16_t last, seq;

	unnamed_add(call);
	datagram_write(call, &old, 0x1001, 500);
	assert_true(passes(call, &old));
	last = publish(call, 0x1001, 501, 5);
	for (uint32_t ssrc = 0x1002; ssrc < 0x1002 + 2 * SOURCE_FORMERS_MAX; ssrc++) {
		media_scene_pass(call->scene, 150);
		datagram_write(call, &next, ssrc, 7);
		assert_false(passes(call, &next));
		media_scene_pass(call->scene, 60);
		seq = publish(call, ssrc, 10, 3);
		assert_int_equal(seq, (uint16_t)(last + 3));
		last = seq;
		assert_false(passes(call, &old));
		media_scene_pass(call->scene, 210);
		assert_false(passes(call, &old));
		publish(call, ssrc, 13, 1);
		last++;
	}
}

/* Another payload type may be another stream's: it waits for longer. */
static void rtx_that_nobody_named_does_not_follow(void **state)
{
	struct call *call = *state;
	struct datagram next;
	uint8_t packet[PARTY_MTU];
	static const uint8_t payload[] = {0, 1, 'a'};
	uint64_t forwarded;
	int length;

	unnamed_add(call);
	publish(call, 0x1001, 1, 3);
	media_scene_pass(call->scene, 300);
	length = rtx_write(packet, RTP_VERSION << 6, 1, 0, payload, sizeof(payload));
	forwarded = counted(call, MEDIA_FORWARDED);
	party_send(call->scene, call->publisher, packet,
	           party_protect(call->publisher, packet, length));
	assert_int_equal(counted(call, MEDIA_FORWARDED), forwarded);
	datagram_write(call, &next, 0x1001, 4);
	assert_true(passes(call, &next));
}

/* All that it was sent lately is repeated, whatever the numbering went through meanwhile. */
static void spans_are_repeated_from(void **state)
{
	enum { PACKETS = 20 };
	struct call *call = *state;
	struct rtcp_writer writer;
	struct party_packet sent[PACKETS];
	const struct party_packet *packet;
	uint8_t room[PARTY_MTU];
	uint64_t wanted[PACKETS];

	stream_add(call->scene, "video", call->publisher, 0, 90000);
	stream_add(call->scene, "other", call->publisher, AUDIO_SSRC, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	for (uint32_t i = 0; i < PACKETS; i += 4) {
		uint32_t ssrc = i == 8 ? AUDIO_SSRC : VIDEO_SSRC + i;

		leg_switch(call, i == 8 ? "other" : "video");
		for (uint32_t j = 0; j < 4; j++)
			party_publish(call->scene, call->publisher, ssrc,
			              (uint16_t)(30000 - i + j / 2 * 10000 + j), 0);
		if (i != 8)
			bye(call, ssrc);
	}
	for (uint32_t i = 0; i < PACKETS; i++) {
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		sent[i] = *packet;
		wanted[i] = read_be16(packet->bytes + 2);
		assert_int_equal(wanted[i], wanted[0] + i);
	}
	srtp_remove_stream(call->subscriber->rx, htonl(LEG_SSRC));
	writer = (struct rtcp_writer){.start = room, .room = sizeof(room)};
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, wanted, PACKETS);
	party_report(call->scene, call->subscriber, &writer);
	media_scene_pass(call->scene, 20);
	for (uint32_t i = 0; i < PACKETS; i++) {
		packet = party_next(call->subscriber, false);
		assert_non_null(packet);
		assert_int_equal(packet->length, sent[i].length);
		assert_memory_equal(packet->bytes, sent[i].bytes, packet->length);
	}
}

/* Nothing that was recorded of an SSRC comes in when that is over, or comes back. */
static void a_former_ssrc_is_not_replayed(void **state)
{
	struct call *call = *state;
	struct datagram old, next;

	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	datagram_write(call, &old, 0x1001, 500);
	assert_true(passes(call, &old));
	bye(call, 0x1001);
	assert_false(passes(call, &old));
	datagram_write(call, &next, 0x1002, 500);
	assert_true(passes(call, &next));
	bye(call, 0x1002);
	assert_false(passes(call, &old));
	assert_false(passes(call, &old));
	datagram_write(call, &next, 0x1001, 501);
	assert_true(passes(call, &next));
	assert_false(passes(call, &old));
	/* nor after the stream's end, under any name that it had */
	stream_delete(call, "video");
	stream_add(call->scene, "video", call->publisher, 0, 90000);
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	assert_false(passes(call, &old));
	assert_false(passes(call, &next));
	datagram_write(call, &next, 0x1001, 502);
	assert_true(passes(call, &next));
}

/* A stream whose SSRC was given keeps it. */
static void a_named_stream_keeps_its_ssrc(void **state)
{
	struct call *call = *state;
	struct datagram next;

	video_add(call);
	publish(call, VIDEO_SSRC, 1, 3);
	bye(call, VIDEO_SSRC);
	datagram_write(call, &next, AUDIO_SSRC, 7);
	assert_false(passes(call, &next));
	assert_int_equal(dropped(call, DROP_MEDIA_NO_STREAM), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(a_bye_may_overtake_packets),    TEST(another_ssrc_follows_a_bye),
	        TEST(another_ssrc_follows_silence),  TEST(rtx_that_nobody_named_does_not_follow),
	        TEST(spans_are_repeated_from),       TEST(a_former_ssrc_is_not_replayed),
	        TEST(a_named_stream_keeps_its_ssrc),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
