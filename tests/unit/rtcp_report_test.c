/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports, names and ends: made again for each side, and who is silent is held. */
#include "rtcp_parties.h"

#include "media/fan.h"
#include "media/feedback.h"
#include "media/missing.h"
#include "media/presence.h"
#include "media/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void sender_report(struct rtcp_scene *scene, uint32_t ssrc, uint64_t ntp, uint32_t rtp)
{
	const struct rtcp_sender sender = {.ntp = ntp, .rtp = rtp, .packets = 1, .octets = 2};
	struct rtcp_writer writer = writer_new();

	rtcp_put_sr(&writer, ssrc, &sender);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
}

/* The repair stream's clock is none. */
static void a_repair_streams_report_is_not_its_streams(void **state)
{
	struct rtcp_scene *scene = *state;

	scene->media.streams[AUDIO].source->rtx = true;
	sender_report(scene, AUDIO_SSRC, 1, 1);
	assert_int_equal(scene->media.streams[AUDIO].clock.version, 0);
	assert_int_equal(counter(scene, MEDIA_RTCP_UNKNOWN), 1);
}

/* By the leg's SSRC. */
static bool sr_find(const struct rtcp_sent *sent, uint32_t ssrc, struct rtcp_report *report)
{
	struct rtcp_cursor cursor = {sent->bytes, sent->length};
	struct rtcp_packet packet;

	while (rtcp_next(&cursor, &packet))
		if (packet.type == RTCP_SR && rtcp_report_read(&packet, report) == 0 &&
		    report->ssrc == ssrc)
			return true;
	return false;
}

static bool sent_to(struct rtcp_scene *scene, uint32_t endpoint, struct rtcp_sent *sent)
{
	while (rtcp_scene_sent(scene, sent))
		if (sent->endpoint == endpoint)
			return true;
	return false;
}

static void sender_reports_are_rewritten(void **state)
{
	struct rtcp_scene *scene = *state;
	const struct subscription *video = &scene->media.subscriptions[LEG_1];
	const struct subscription *audio = &scene->media.subscriptions[LEG_AUDIO];
	struct rtcp_report report;
	struct rtcp_sent sent;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	rtcp_scene_packet(scene, VIDEO, 101, false);
	rtcp_scene_packet(scene, AUDIO, 7, false);
	sender_report(scene, VIDEO_SSRC, 0xe000000000000000, 500000);
	sender_report(scene, AUDIO_SSRC, 0xe000000040000000, 0xfffffff0);
	sender_report(scene, 0x99, 0xe000000040000000, 1);
	assert_int_equal(counter(scene, MEDIA_RTCP_UNKNOWN), 1);
	rtcp_scene_pass(scene, 250);
	assert_true(sent_to(scene, SUBSCRIBER_1, &sent));
	assert_true(sr_find(&sent, LEG_SSRC(LEG_1), &report));
	assert_in_range(report.sender.ntp, 0xe00000003fff0000, 0xe000000040010000);
	assert_in_range(report.sender.rtp - video->timestamp_offset, 522499, 522501);
	assert_int_equal(report.sender.packets, 2);
	assert_int_equal(report.sender.octets, video->bytes);
	assert_int_equal(video->timestamp_offset, 1000000);
	assert_true(sr_find(&sent, LEG_SSRC(LEG_AUDIO), &report));
	assert_in_range(report.sender.ntp, 0xe00000007fff0000, 0xe000000080010000);
	/* signed: it wraps */
	assert_in_range((uint32_t)(report.sender.rtp - audio->timestamp_offset) + 16, 11999, 12001);
	assert_int_equal(report.sender.packets, 1);
	assert_false(sr_find(&sent, LEG_SSRC(LEG_2), &report));
}

/* The same name for the publisher's audio and video, another one for us (RFC 3550, 6.5.1). */
static void names_belong_together(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_packet packet = {0};
	struct rtcp_sent sent;
	struct rtcp_cursor cursor;
	const uint8_t *chunks;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	rtcp_scene_packet(scene, AUDIO, 7, false);
	sender_report(scene, VIDEO_SSRC, 1, 1);
	sender_report(scene, AUDIO_SSRC, 1, 1);
	rtcp_scene_pass(scene, 1);
	assert_true(sent_to(scene, SUBSCRIBER_1, &sent));
	cursor = (struct rtcp_cursor){sent.bytes, sent.length};
	while (packet.type != RTCP_SDES)
		assert_true(rtcp_next(&cursor, &packet));
	assert_int_equal(packet.count, 3);
	assert_int_equal(packet.length, 3 * rtcp_cname_size(16));
	chunks = packet.body;
	assert_memory_not_equal(chunks + 4, chunks + 24 + 4, 20);
	assert_memory_equal(chunks + 24 + 4, chunks + 48 + 4, 20);
	assert_memory_not_equal(chunks + 24, chunks + 48, 4);
}

/* The publisher hears once a second how its streams arrive, and what it last reported. */
static void the_publisher_is_reported_to(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_packet packet;
	struct rtcp_report report;
	struct rtcp_block block;
	struct rtcp_sent sent;
	uint32_t reports = 0;

	rtcp_scene_pass(scene, 10);
	assert_int_equal(rtcp_scene_count(scene, PUBLISHER, RTCP_RR, -1, NULL, NULL), 0);
	rtcp_scene_packet(scene, VIDEO, 0xfffe, false);
	rtcp_scene_packet(scene, VIDEO, 0x10001, false);
	sender_report(scene, VIDEO_SSRC, 0x0000abcdef010000, 1);
	for (int i = 0; i < 300; i++) {
		rtcp_scene_pass(scene, 10);
		if (rtcp_scene_count(scene, PUBLISHER, RTCP_RR, 1, &sent, &packet) == 0)
			continue;
		if (reports++ != 0)
			continue;
		assert_int_equal(rtcp_report_read(&packet, &report), 0);
		rtcp_block_read(&report, 0, &block);
		assert_int_equal(block.ssrc, VIDEO_SSRC);
		assert_int_equal(block.lost, 2);
		assert_int_equal(block.fraction_lost, 128);
		assert_int_equal(block.highest, 0x10001);
		assert_int_equal(block.lsr, 0xabcdef01);
	}
	assert_in_range(reports, 2, 6);
	/* it fell silent */
	rtcp_scene_pass(scene, 5000);
	rtcp_scene_count(scene, PUBLISHER, RTCP_RR, 1, NULL, NULL);
	rtcp_scene_pass(scene, 5000);
	assert_int_equal(rtcp_scene_count(scene, PUBLISHER, RTCP_RR, 1, NULL, NULL), 0);
}

static void subscribers_reports_are_kept(void **state)
{
	struct rtcp_scene *scene = *state;
	struct subscription *leg = &scene->media.subscriptions[LEG_2];
	struct rtcp_writer writer = writer_new();
	struct rtcp_block block = {
	        .ssrc = LEG_SSRC(LEG_2), .fraction_lost = 25, .lost = 40, .jitter = 900};

	rtcp_scene_packet(scene, VIDEO, 100, false);
	sender_report(scene, VIDEO_SSRC, 0x123456789abcdef0, 1);
	rtcp_scene_pass(scene, 10);
	assert_int_not_equal(leg->sr_middle, 0);
	rtcp_scene_pass(scene, 250);
	block.lsr = leg->sr_middle;
	block.dlsr = 0x10000 / 5;
	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	rtcp_scene_receive(scene, SUBSCRIBER_2, &writer);
	assert_int_equal(leg->reported_lost, 40);
	assert_int_equal(leg->fraction_lost, 25);
	assert_int_equal(leg->reported_jitter_us, 10000);
	assert_in_range(leg->rtt_us, 49900, 50100);
	/* another report's time, or more than has passed, says nothing of the round trip */
	block.lsr++;
	block.lost = -1;
	block.dlsr = 0;
	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	rtcp_scene_receive(scene, SUBSCRIBER_2, &writer);
	block.lsr--;
	block.dlsr = 0x100000;
	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	rtcp_scene_receive(scene, SUBSCRIBER_2, &writer);
	assert_in_range(leg->rtt_us, 49900, 50100);
	assert_int_equal(leg->reported_lost, 0);
	/* about somebody else's leg */
	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	rtcp_scene_receive(scene, SUBSCRIBER_3, &writer);
	assert_int_equal(scene->media.subscriptions[LEG_3].fraction_lost, 0);
}

static void a_bye_goes_on_once(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_writer writer = writer_new();
	uint32_t ssrc = 0;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	rtcp_scene_packet(scene, AUDIO, 100, false);
	rtcp_scene_pass(scene, 2000);
	rtcp_scene_count(scene, 0, 0, -1, NULL, NULL);
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_put_bye(&writer, 0x77);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(byes(scene, SUBSCRIBER_3, &ssrc), 1);
	assert_int_equal(ssrc, LEG_SSRC(LEG_3));
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	rtcp_scene_pass(scene, 5000);
	assert_int_equal(byes(scene, SUBSCRIBER_1, &ssrc), 0);
	assert_int_equal(scene->media.subscriptions[LEG_AUDIO].byes_sent, 0);
	/* it comes back, and goes again */
	rtcp_scene_packet(scene, VIDEO, 101, false);
	assert_false(scene->media.streams[VIDEO].ended);
	sender_report(scene, VIDEO_SSRC, 1, 1);
	rtcp_scene_pass(scene, 2000);
	assert_int_equal(byes(scene, SUBSCRIBER_1, &ssrc), 0);
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(byes(scene, SUBSCRIBER_1, &ssrc), 1);
	assert_int_equal(ssrc, LEG_SSRC(LEG_1));
	/* a subscriber's BYE ends nothing */
	rtcp_put_bye(&writer, AUDIO_SSRC);
	rtcp_scene_receive(scene, SUBSCRIBER_2, &writer);
	assert_false(scene->media.streams[AUDIO].ended);
}

/* A stream that comes and goes four times in a second, the most that packets which a BYE overtakes
 * leave: its legs are gone through once, and hear of its end with their reports. */
static void a_stream_that_flaps(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_writer writer = writer_new();
	uint32_t ssrc = 0, walks = 0;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	rtcp_scene_pass(scene, 2000);
	byes(scene, SUBSCRIBER_3, &ssrc);
	for (uint64_t index = 101; index <= 104; index++) {
		rtcp_scene_packet(scene, VIDEO, index, false);
		rtcp_put_bye(&writer, VIDEO_SSRC);
		rtcp_scene_receive(scene, PUBLISHER, &writer);
		walks += rte_ring_count(scene->media_worker->asks);
		rtcp_scene_pass(scene, STREAM_ENDED_MS + 10);
	}
	assert_int_equal(walks, 1);
	assert_int_equal(scene->media.streams[VIDEO].byes, 4);
	assert_in_range(byes(scene, SUBSCRIBER_3, &ssrc), 1, 3);
	rtcp_scene_pass(scene, 1500);
	byes(scene, SUBSCRIBER_3, &ssrc);
	/* the last one was told, too */
	for (uint32_t leg = LEG_1; leg <= LEG_3; leg++)
		assert_int_equal(scene->media.subscriptions[leg].byes_sent, 4);
	rtcp_scene_packet(scene, VIDEO, 105, false);
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	assert_int_equal(rte_ring_count(scene->media_worker->asks), 1);
}

static void receiver_report(struct rtcp_scene *scene, uint32_t leg)
{
	const struct rtcp_block block = {.ssrc = LEG_SSRC(leg)};
	struct rtcp_writer writer = writer_new();

	rtcp_put_rr(&writer, 77);
	rtcp_put_block(&writer, &block);
	rtcp_scene_receive(scene, scene->media.subscriptions[leg].endpoint, &writer);
}

/* A packet a second. */
static void seconds_pass(struct rtcp_scene *scene, uint64_t *index, uint32_t seconds)
{
	struct rtcp_sent sent;

	while (seconds-- != 0) {
		rtcp_scene_packet(scene, VIDEO, (*index)++, false);
		rtcp_scene_pass(scene, 1000);
		while (rtcp_scene_sent(scene, &sent))
			;
	}
}

static void a_silent_subscriber_is_held(void **state)
{
	struct rtcp_scene *scene = *state;
	const struct subscription *legs = scene->media.subscriptions;
	uint64_t index = 100, sent, highest;

	receiver_report(scene, LEG_1);
	nack(scene, LEG_2, &index, 1); /* no report */
	seconds_pass(scene, &index, PRESENCE_SECONDS - 3);
	assert_false(legs[LEG_1].held);
	seconds_pass(scene, &index, 6);
	assert_true(legs[LEG_1].held && legs[LEG_AUDIO].held);
	assert_false(legs[LEG_2].held || legs[LEG_3].held);
	assert_int_equal(counter(scene, MEDIA_SILENT), 1);
	sent = legs[LEG_1].packets;
	highest = legs[LEG_1].highest;
	seconds_pass(scene, &index, 60);
	assert_int_equal(legs[LEG_1].packets, sent);
	assert_int_equal(legs[LEG_2].packets, index - 100);
	assert_int_equal(counter(scene, MEDIA_SILENT), 1);
	/* whatever it says, it is there, and goes on with a whole picture where it was */
	nack(scene, LEG_AUDIO, &index, 1);
	assert_false(legs[LEG_1].held || legs[LEG_AUDIO].held);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(scene->media.streams[VIDEO].key_frame_requests, 1);
	rtcp_scene_packet(scene, VIDEO, index++, false);
	assert_int_equal(legs[LEG_1].packets, sent + 1);
	assert_int_equal(legs[LEG_1].highest, highest + 1);
	assert_false(legs[LEG_1].paused);
}

/* Who is sent nothing need not answer, who reports or sends is there, who was paused is not held
 * for that. */
static void who_is_quiet_is_not_held(void **state)
{
	struct rtcp_scene *scene = *state;
	struct subscription *legs = scene->media.subscriptions;
	struct endpoint *endpoints = scene->media.endpoints;
	uint64_t index = 100;

	for (uint32_t leg = LEG_1; leg <= LEG_3; leg++)
		receiver_report(scene, leg);
	for (int i = 0; i < 100; i++)
		rtcp_scene_pass(scene, 1000);
	legs[LEG_3].paused = true;
	for (int i = 0; i < 10; i++) {
		endpoints[SUBSCRIBER_2].rx_packets++;
		receiver_report(scene, LEG_1);
		seconds_pass(scene, &index, PRESENCE_SECONDS / 2);
	}
	legs[LEG_3].paused = false;
	seconds_pass(scene, &index, PRESENCE_SECONDS / 2 - 3);
	for (uint32_t leg = LEG_1; leg <= LEG_AUDIO; leg++)
		assert_false(legs[leg].held);
	assert_int_equal(counter(scene, MEDIA_SILENT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(sender_reports_are_rewritten),
	        TEST(a_repair_streams_report_is_not_its_streams),
	        TEST(names_belong_together),
	        TEST(the_publisher_is_reported_to),
	        TEST(subscribers_reports_are_kept),
	        TEST(a_bye_goes_on_once),
	        TEST(a_silent_subscriber_is_held),
	        TEST(who_is_quiet_is_not_held),
	        TEST(a_stream_that_flaps),
	};

	return cmocka_run_group_tests(tests, dp_setup, dp_teardown);
}
