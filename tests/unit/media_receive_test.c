/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What publishers send, through the whole graph and written by libsrtp2 alone: which indices are
 * new, whose they are, and what becomes of packets that lie.
 */
#include "receive_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* -- SRTCP -- */

static void each_sender_has_its_own_rtcp_indices(void **state)
{
	static const uint32_t ssrcs[] = {VIDEO_SSRC, AUDIO_SSRC};
	uint8_t packet[2][PARTY_MTU];
	struct call *call = *state;
	int length[2];

	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < 2; i++) {
			/* two of the one for each of the other: their indices drift apart */
			length[i] = report_write(call, packet[i], ssrcs[i]);
			if (i == 0)
				length[i] = report_write(call, packet[i], ssrcs[i]);
			party_send(call->scene, call->publisher, packet[i], length[i]);
		}
		if (round % 20 == 0)
			media_scene_pass(call->scene, 1000);
	}
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 0);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 200);
	for (uint32_t i = 0; i < 2; i++)
		party_send(call->scene, call->publisher, packet[i], length[i]);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 2);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 200);
}

/* Nobody's indices are forgotten for another's: who has been heard can never be replayed. */
static void senders_of_rtcp_are_bounded(void **state)
{
	uint8_t first[PARTY_MTU], packet[PARTY_MTU];
	struct call *call = *state;
	int first_length = report_write(call, first, 1);

	party_send(call->scene, call->publisher, first, first_length);
	for (uint32_t ssrc = 2; ssrc <= SRTCP_SENDERS_MAX + 3; ssrc++)
		party_send(call->scene, call->publisher, packet, report_write(call, packet, ssrc));
	assert_int_equal(dropped(call, DROP_SRTCP_SENDERS), 3);
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), SRTCP_SENDERS_MAX);
	party_send(call->scene, call->publisher, first, first_length);
	assert_int_equal(dropped(call, DROP_SRTP_REPLAY), 1);
	/* one that is known is served on */
	party_send(call->scene, call->publisher, packet, report_write(call, packet, 1));
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), SRTCP_SENDERS_MAX + 1);
}

/* A forged compound takes nobody's place. */
static void forged_rtcp_is_not_remembered(void **state)
{
	uint8_t packet[PARTY_MTU];
	struct call *call = *state;

	for (uint32_t ssrc = 1; ssrc <= 2 * SRTCP_SENDERS_MAX; ssrc++) {
		int length = report_write(call, packet, ssrc);

		packet[length - 6] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
	}
	assert_int_equal(dropped(call, DROP_SRTP_AUTH), 2 * SRTCP_SENDERS_MAX);
	party_send(call->scene, call->publisher, packet, report_write(call, packet, 1));
	assert_int_equal(counted(call, MEDIA_RTCP_RECEIVED), 1);
}

/* -- a stream's place -- */

static uint16_t worker_of(const struct call *call, const struct party *party)
{
	const struct media *media = call->scene->rig.dp->media;

	return media->endpoints[endpoint_named(media, party->name)].worker;
}

/* One that the subscriber's worker serves, too. */
static struct party *neighbour_add(struct call *call)
{
	struct party *party;
	char name[16];

	do {
		snprintf(name, sizeof(name), "party%u", call->scene->n_parties);
		party = party_add(call->scene, name, SLUICE_SRTP_GCM128);
	} while (worker_of(call, party) != worker_of(call, call->subscriber));
	return party;
}

/* The subscriber had packets of a stream that is gone; another one has its place and numbers. What
 * the subscriber asks for is not the other one's. */
static void a_nack_does_not_reach_another_stream(void **state)
{
	struct call *call = *state;
	struct rtcp_writer writer;
	uint8_t room[PARTY_MTU];
	uint64_t wanted;
	uint32_t place;

	stream_add(call->scene, "video", call->publisher, VIDEO_SSRC, 90000);
	stream_add(call->scene, "other", call->publisher, AUDIO_SSRC, 90000);
	place = stream_named(call->scene->rig.dp->media, "other");
	subscription_add(call->scene, "video", call->subscriber, LEG_SSRC, 0);
	publish(call, VIDEO_SSRC, 1, 5);
	leg_switch(call, "other");
	wanted = publish(call, AUDIO_SSRC, 100, 5);
	leg_switch(call, "video");
	publish(call, VIDEO_SSRC, 6, 5);
	stream_delete(call, "other");
	/* places go round: until the secret one has that of the stream that the leg once had */
	for (;;) {
		stream_add(call->scene, "secret", call->publisher, 0x5ec7e7, 90000);
		if (stream_named(call->scene->rig.dp->media, "secret") == place)
			break;
		stream_delete(call, "secret");
	}
	subscription_add(call->scene, "secret", neighbour_add(call), 0x3000, 0);
	publish(call, 0x5ec7e7, 100, 5);
	writer = (struct rtcp_writer){.start = room, .room = sizeof(room)};
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &wanted, 1);
	party_report(call->scene, call->subscriber, &writer);
	media_scene_pass(call->scene, 20);
	assert_null(party_next(call->subscriber, false));
	assert_int_equal(counted(call, MEDIA_NACK_REFUSED), 1);
	assert_int_equal(counted(call, MEDIA_RETRANSMITTED), 0);
}

/* -- MKI -- */

static const uint8_t mki[] = {0xc0, 0xff, 0xee};

/* Behind the tag with GCM, in front of it with the others (RFC 7714, 8.2 and 9; RFC 3711, 3.1). */
static int mki_last(uint8_t profile, bool rtcp, int length)
{
	const struct srtp_profile_info *info = &srtp_profiles[profile];

	if (info->aead)
		return length - 1;
	return length - 1 - (rtcp ? info->rtcp_tag_length : info->tag_length);
}

static void mki_check(uint8_t profile)
{
	struct call call = {.scene = media_scene_create(2)};
	struct datagram datagram, cut;
	int length;

	call.publisher = party_add_mki(call.scene, "publisher", profile, mki, sizeof(mki));
	call.subscriber = party_add_mki(call.scene, "subscriber", profile, mki, 1);
	video_add(&call);
	datagram_write(&call, &datagram, VIDEO_SSRC, 1);
	for (cut = datagram, cut.length = 0; cut.length < datagram.length; cut.length++)
		assert_false(passes(&call, &cut));
	cut = datagram;
	cut.bytes[mki_last(profile, false, cut.length)] ^= 1;
	assert_false(passes(&call, &cut));
	datagram_write(&call, &datagram, VIDEO_SSRC, 2);
	assert_true(passes(&call, &datagram));
	assert_int_equal(call.subscriber->unreadable, 0);
	length = report_write(&call, datagram.bytes, VIDEO_SSRC);
	for (int i = 0; i < length; i++)
		party_send(call.scene, call.publisher, datagram.bytes, i);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 0);
	datagram.bytes[mki_last(profile, true, length)] ^= 1;
	party_send(call.scene, call.publisher, datagram.bytes, length);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 0);
	datagram.bytes[mki_last(profile, true, length)] ^= 1;
	party_send(call.scene, call.publisher, datagram.bytes, length);
	assert_int_equal(counted(&call, MEDIA_RTCP_RECEIVED), 1);
	media_scene_destroy(call.scene);
}

static void packets_carry_their_mki(void **state)
{
	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++)
		mki_check(profile);
}

/* -- extensions -- */

static void an_extension_that_overruns_is_counted(void **state)
{
	static const uint8_t extensions[][8] = {{0xbe, 0xde, 0, 1, 0x10, 'a', 0, 0},
	                                        {0xbe, 0xde, 0, 1, 0x10, 'a', 0x12, 'b'}};
	struct call *call = *state;
	uint8_t packet[PARTY_MTU] = {RTP_VERSION << 6 | 0x10, 96};

	video_add(call);
	for (uint16_t i = 0; i < 2; i++) {
		write_be16(packet + 2, i);
		write_be32(packet + 8, VIDEO_SSRC);
		memcpy(packet + RTP_HEADER_SIZE, extensions[i], 8);
		memset(packet + RTP_HEADER_SIZE + 8, 0, 20);
		party_send(call->scene, call->publisher, packet,
		           party_protect(call->publisher, packet, RTP_HEADER_SIZE + 8 + 20));
		assert_int_equal(counted(call, MEDIA_EXT_TRUNCATED), i);
	}
	assert_int_equal(counted(call, MEDIA_FORWARDED), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(each_sender_has_its_own_rtcp_indices),
	        TEST(senders_of_rtcp_are_bounded),
	        TEST(forged_rtcp_is_not_remembered),
	        TEST(a_nack_does_not_reach_another_stream),
	        cmocka_unit_test(packets_carry_their_mki),
	        TEST(an_extension_that_overruns_is_counted),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
