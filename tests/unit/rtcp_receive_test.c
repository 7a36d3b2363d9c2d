/* SPDX-License-Identifier: BSD-3-Clause */
/* Compounds in, and what came out: upstream, to the subscribers, into the backlog. */
#include "rtcp_fixture.h"

#include "media/fan.h"
#include "media/feedback.h"
#include "media/key_frame.h"
#include "media/missing.h"
#include "media/nack.h"
#include "media/presence.h"
#include "media/repeat.h"
#include "media/rewrite.h"
#include "media/rtcp_receive.h"
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct dataplane *dp;

static int dp_setup(void **state)
{
	return net_setup((void **)&dp);
}

static int dp_teardown(void **state)
{
	return net_teardown((void **)&dp);
}

static int scene_setup(void **state)
{
	*state = rtcp_scene_create(dp);
	return 0;
}

static int scene_teardown(void **state)
{
	rtcp_scene_destroy(*state);
	return 0;
}

static uint8_t room[1500];

static struct rtcp_writer writer_new(void)
{
	return (struct rtcp_writer){.start = room, .room = sizeof(room)};
}

static uint64_t counter(const struct rtcp_scene *scene, enum media_counter which)
{
	return scene->media_worker->counters[which];
}

static void pli(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_rr(&writer, 77);
	rtcp_put_pli(&writer, 77, ssrc);
	rtcp_scene_receive(scene, endpoint, &writer);
}

static void fir(struct rtcp_scene *scene, uint32_t endpoint, uint32_t ssrc, uint8_t sender,
                uint8_t number)
{
	struct rtcp_writer writer = writer_new();
	uint8_t *body = rtcp_put(&writer, RTCP_PSFB, RTCP_PSFB_FIR, 16);

	memset(body, 0, 16);
	body[3] = sender;
	body[12] = number;
	for (int i = 0; i < 4; i++)
		body[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	rtcp_scene_receive(scene, endpoint, &writer);
}

/* A leg asks for source indices, in its own numbering. */
static void nack(struct rtcp_scene *scene, uint32_t leg, const uint64_t *indices, uint32_t count)
{
	const struct subscription *subscription = &scene->media.subscriptions[leg];
	struct rtcp_writer writer = writer_new();
	uint64_t outgoing[600];

	for (uint32_t i = 0; i < count; i++)
		outgoing[i] = indices[i] + subscription->seq_offset;
	rtcp_put_nack(&writer, 77, subscription->ssrc, outgoing, count);
	rtcp_scene_receive(scene, subscription->endpoint, &writer);
}

static void packets(struct rtcp_scene *scene, uint64_t first, uint64_t last)
{
	for (uint64_t index = first; index <= last; index++) {
		rtcp_scene_pass(scene, 1);
		rtcp_scene_packet(scene, VIDEO, index, false);
	}
}

static uint32_t plis_upstream(struct rtcp_scene *scene)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	struct rtcp_feedback feedback;
	uint32_t count =
	        rtcp_scene_count(scene, PUBLISHER, RTCP_PSFB, RTCP_PSFB_PLI, &sent, &packet);

	if (count != 0) {
		assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
		assert_int_equal(feedback.media, VIDEO_SSRC);
		assert_int_equal(feedback.sender, scene->media.endpoints[PUBLISHER].rtcp_ssrc);
	}
	return count;
}

static void key_frames_are_merged(void **state)
{
	struct rtcp_scene *scene = *state;

	pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	fir(scene, SUBSCRIBER_3, LEG_SSRC(LEG_3), 7, 0);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
	/* nobody wants one now, nothing is sent when the time is over */
	rtcp_scene_pass(scene, KEY_FRAME_INTERVAL_MS);
	assert_int_equal(plis_upstream(scene), 0);
	/* a flood: at once, and then each second, for as long as it is wanted */
	for (int ms = 0; ms < 4000; ms += 10) {
		if (ms < 2990)
			pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
		rtcp_scene_pass(scene, 10);
	}
	assert_int_equal(plis_upstream(scene), 4);
	assert_int_equal(scene->media.streams[VIDEO].key_frame_requests, 5);
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 5);
	assert_int_equal(scene->media.subscriptions[LEG_2].key_frame_requests, 300);
	assert_int_equal(scene->media.subscriptions[LEG_1].key_frame_requests, 1);
}

/* A command that comes again, for its sender has seen nothing of it yet, is no other one. */
static void a_fir_counts_once(void **state)
{
	static const struct {
		uint8_t sender, number;
		bool is_new;
	} firs[] = {
	        {7, 0, true},   {7, 0, false}, {7, 1, true}, {7, 1, false},
	        {7, 255, true}, {7, 0, true},  {8, 0, true}, {8, 0, false},
	};
	struct rtcp_scene *scene = *state;
	const struct subscription *leg = &scene->media.subscriptions[LEG_2];

	for (size_t i = 0; i < RTE_DIM(firs); i++) {
		uint64_t before = leg->key_frame_requests;

		fir(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2), firs[i].sender, firs[i].number);
		rtcp_scene_pass(scene, KEY_FRAME_INTERVAL_MS);
		if (plis_upstream(scene) != firs[i].is_new ||
		    leg->key_frame_requests != before + firs[i].is_new)
			fail_msg("FIR %zu", i);
	}
	/* another leg's numbers are its own */
	fir(scene, SUBSCRIBER_3, LEG_SSRC(LEG_3), 8, 0);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
}

static void key_frames_that_nobody_awaits(void **state)
{
	struct rtcp_scene *scene = *state;

	/* somebody else's leg, a source's SSRC, nobody's */
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_1));
	pli(scene, SUBSCRIBER_2, VIDEO_SSRC);
	fir(scene, SUBSCRIBER_2, 0, 7, 0);
	assert_int_equal(counter(scene, MEDIA_RTCP_UNKNOWN), 3);
	/* a pause needs no picture */
	scene->media.subscriptions[LEG_2].paused = true;
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 0);
	/* the last subscriber went while the request was held back */
	key_frame_ask_from_control(&scene->media, VIDEO);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
	key_frame_ask_from_control(&scene->media, VIDEO);
	rtcp_scene_pass(scene, 1);
	scene->media.streams[VIDEO].workers = 0;
	rtcp_scene_pass(scene, 1000);
	assert_int_equal(plis_upstream(scene), 0);
}

/* The publisher's address is not learned yet: the request waits for it. */
static void a_key_frame_waits_for_the_way(void **state)
{
	struct rtcp_scene *scene = *state;
	struct endpoint *publisher = &scene->media.endpoints[PUBLISHER];
	uint16_t port = publisher->remote.port;

	publisher->remote.port = 0;
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 10);
	assert_int_equal(plis_upstream(scene), 0);
	publisher->remote.port = port;
	rtcp_scene_pass(scene, 10);
	assert_int_equal(plis_upstream(scene), 1);
}

static void a_nack_is_answered(void **state)
{
	struct rtcp_scene *scene = *state;
	static const uint64_t wanted[] = {0xfffe, 0xffff, 0x10000, 0x10003};
	uint64_t index;

	packets(scene, 0xfff0, 0x10010);
	nack(scene, LEG_2, wanted, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
		assert_int_equal(index, wanted[i]);
	}
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
	/* again within the round trip */
	nack(scene, LEG_2, wanted, 4);
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
	assert_int_equal(scene->media.subscriptions[LEG_2].retransmit_refused, 4);
	/* another leg has its own */
	nack(scene, LEG_3, wanted, 1);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_3);
	/* and later again: the repeat was lost too */
	rtcp_scene_pass(scene, REPEAT_UNKNOWN_MS);
	nack(scene, LEG_2, wanted, 1);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
	assert_int_equal(index, 0xfffe);
	assert_int_equal(counter(scene, MEDIA_NACK_MISSED), 0);
	assert_int_equal(counter(scene, MEDIA_NACK_SENT), 0);
}

/* Its numbering closed over a pause: what it was sent before and after is found by either. */
static void a_nack_reaches_over_a_pause(void **state)
{
	struct rtcp_scene *scene = *state;
	struct subscription *leg = &scene->media.subscriptions[LEG_2];
	struct rtcp_writer writer = writer_new();
	uint64_t outgoing[4], index;

	packets(scene, 100, 110);
	outgoing[0] = leg->highest;
	leg->paused = true;
	packets(scene, 111, 150);
	leg->paused = false;
	packets(scene, 151, 153);
	outgoing[1] = leg->highest - 2;
	outgoing[2] = leg->highest;
	outgoing[3] = leg->highest + 1; /* never sent */
	assert_int_equal(outgoing[1], outgoing[0] + 1);
	rtcp_put_nack(&writer, 77, leg->ssrc, outgoing, 4);
	rtcp_scene_receive(scene, SUBSCRIBER_2, &writer);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
	assert_int_equal(index, 110);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
	assert_int_equal(index, 151);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
	assert_int_equal(index, 153);
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
	assert_int_equal(leg->retransmit_refused, 1);
}

static uint32_t nacks_upstream(struct rtcp_scene *scene, uint16_t *pid, uint16_t *blp)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	struct rtcp_feedback feedback;
	uint32_t count =
	        rtcp_scene_count(scene, PUBLISHER, RTCP_RTPFB, RTCP_RTPFB_NACK, &sent, &packet);

	if (count != 0) {
		assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
		assert_int_equal(feedback.media, VIDEO_SSRC);
		rtcp_nack_read(&feedback, 0, pid, blp);
	}
	return count;
}

/* Lost before us: all three ask, the publisher is asked once, and what comes goes to all. */
static void a_loss_upstream_is_asked_for_once(void **state)
{
	struct rtcp_scene *scene = *state;
	static const uint64_t lost[] = {105, 106};
	uint16_t pid, blp;
	uint64_t index;

	packets(scene, 100, 104);
	packets(scene, 107, 107);
	for (uint32_t leg = LEG_1; leg <= LEG_3; leg++)
		nack(scene, leg, lost, 2);
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
	assert_int_equal(counter(scene, MEDIA_NACK_MISSED), 6);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 1);
	assert_int_equal(pid, 105);
	assert_int_equal(blp, 1);
	rtcp_scene_pass(scene, 20);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 0);
	rtcp_scene_packet(scene, VIDEO, 105, true);
	assert_int_equal(scene->media.streams[VIDEO].repaired, 1);
	rtcp_scene_pass(scene, 60);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 1);
	assert_int_equal(pid, 106);
	assert_int_equal(blp, 0);
	nack(scene, LEG_1, lost, 1);
	assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_1);
	for (int i = 0; i < 100; i++)
		rtcp_scene_pass(scene, 60);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), MISSING_ASKS - 2);
	assert_int_equal(scene->media.streams[VIDEO].nacks_sent, 2 + MISSING_ASKS - 1);
}

/* Nobody asked, but we miss it. What came and is no longer kept is not asked for again. */
static void our_own_gaps_are_asked_for(void **state)
{
	struct rtcp_scene *scene = *state;
	static const uint64_t old[] = {100};
	uint16_t pid, blp;
	uint64_t index;

	packets(scene, 100, 104);
	packets(scene, 106, 106);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 0);
	rtcp_scene_pass(scene, 5);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 1);
	assert_int_equal(pid, 105);
	rtcp_scene_packet(scene, VIDEO, 105, false);
	rtcp_scene_pass(scene, 2000);
	nacks_upstream(scene, &pid, &blp);
	nack(scene, LEG_1, old, 1);
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
	rtcp_scene_pass(scene, 100);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 0);
	assert_int_equal(scene->media.subscriptions[LEG_1].retransmit_missed, 1);
	assert_int_equal(rte_mempool_in_use_count(dp->pool), 0);
}

/* All that it was sent in the last quarter second, each millisecond: a share of the stream comes
 * back, the others have what they had. */
static void a_nack_storm_is_bounded(void **state)
{
	struct rtcp_scene *scene = *state;
	static const uint64_t fair[] = {2000};
	uint64_t wanted[240], index, repeated = 0;
	const struct subscription *leg = &scene->media.subscriptions[LEG_2];

	for (uint64_t sent = 1000; sent < 4000; sent++) {
		packets(scene, sent, sent);
		for (uint32_t i = 0; i < 240; i++)
			wanted[i] = sent - 239 + i;
		nack(scene, LEG_2, wanted, 240);
		while (rtcp_scene_repeated(scene, &index) != 0)
			repeated++;
		if (sent == 2000)
			nack(scene, LEG_3, fair, 1);
	}
	assert_in_range(repeated * 1000, leg->bytes / 5, leg->bytes / 4 + REPEAT_BURST + 1000);
	assert_true(counter(scene, MEDIA_NACK_REFUSED) > 100000);
	assert_true(counter(scene, MEDIA_RTCP_RATE) > 1000);
	assert_int_equal(scene->media.subscriptions[LEG_3].retransmit_refused, 0);
	assert_int_equal(counter(scene, MEDIA_NACK_SENT), 0);
}

/* Much is to be written already: what all wait for goes first, and the leg may ask again. */
static void repeats_stand_back(void **state)
{
	struct rtcp_scene *scene = *state;
	struct media_worker *media_worker = scene->media_worker;
	uint64_t wanted[100], index;
	uint32_t half = media_worker->backlog_mask / 2 + 1, waiting;
	struct rte_mbuf *mbuf;

	packets(scene, 1000, 1099);
	for (uint32_t i = 0; i < RTE_DIM(wanted); i++)
		wanted[i] = 1000 + i;
	for (waiting = 0; waiting < half - 10; waiting++) {
		mbuf = rte_pktmbuf_alloc(dp->pool);
		assert_true(fan_put(media_worker, mbuf, 0));
	}
	nack(scene, LEG_2, wanted, 90);
	assert_int_equal(media_worker->backlog_tail - media_worker->backlog_head, half);
	assert_int_equal(scene->media.subscriptions[LEG_2].retransmit_refused, 80);
	assert_int_equal(counter(scene, MEDIA_NACK_REFUSED), 80);
	for (; waiting != 0; waiting--)
		rtcp_scene_repeated(scene, &index);
	nack(scene, LEG_2, wanted + 10, 80);
	for (uint32_t i = 0; i < 90; i++) {
		assert_int_equal(rtcp_scene_repeated(scene, &index), LEG_2);
		assert_int_equal(index, wanted[i]);
	}
	assert_int_equal(rtcp_scene_repeated(scene, &index), 0);
}

static void a_compound_asks_for_so_many(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_writer writer = writer_new();
	uint64_t indices[300 * 17], index;
	uint32_t repeated = 0;

	packets(scene, 1, 20);
	for (uint32_t i = 0; i < RTE_DIM(indices); i++)
		indices[i] = i;
	rtcp_put_nack(&writer, 77, LEG_SSRC(LEG_1), indices, RTE_DIM(indices));
	rtcp_scene_receive(scene, SUBSCRIBER_1, &writer);
	while (rtcp_scene_repeated(scene, &index) != 0)
		repeated++;
	/* 30 entries of 17 are read, 270 refused whole */
	assert_in_range(repeated, 0, 20);
	assert_in_range(counter(scene, MEDIA_NACK_REFUSED) + counter(scene, MEDIA_NACK_MISSED) +
	                        repeated,
	                NACKS_PER_COMPOUND - 17, NACKS_PER_COMPOUND + 300);
}

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

static uint32_t byes(struct rtcp_scene *scene, uint32_t endpoint, uint32_t *ssrc)
{
	struct rtcp_sent sent;
	struct rtcp_packet packet;
	uint32_t count = rtcp_scene_count(scene, endpoint, RTCP_BYE, -1, &sent, &packet);

	if (count != 0)
		*ssrc = rtcp_bye_ssrc(&packet, 0);
	return count;
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

/* A compound names no more than a datagram's blocks; what it says beyond that is not looked at. */
static void a_compound_names_so_many(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rtcp_writer writer = writer_new();
	uint8_t *body = rtcp_put(&writer, RTCP_PSFB, RTCP_PSFB_FIR, 8 + 8 * (RTCP_LOOKUPS + 1));

	memset(body, 0, 8 + 8 * (RTCP_LOOKUPS + 1));
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *entry = body + 8 + 8 * (RTCP_LOOKUPS - 1 + i);
		uint32_t ssrc = LEG_SSRC(i == 0 ? LEG_1 : LEG_AUDIO);

		for (int byte = 0; byte < 4; byte++)
			entry[byte] = (uint8_t)(ssrc >> (24 - 8 * byte));
	}
	rtcp_scene_receive(scene, SUBSCRIBER_1, &writer);
	assert_int_equal(scene->media.subscriptions[LEG_1].key_frame_requests, 1);
	assert_int_equal(scene->media.subscriptions[LEG_AUDIO].key_frame_requests, 0);
	assert_int_equal(counter(scene, MEDIA_RTCP_UNKNOWN), RTCP_LOOKUPS);
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

#define TEXT(bytes) bytes, sizeof(bytes) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	uint8_t malformed, unknown;
} hostile[] = {
        {"nothing to say", TEXT("\x80\xc9\x00\x01\0\0\0\1"), 0, 0},
        {"a length that lies", TEXT("\x80\xc9\x00\x09\0\0\0\1"), 1, 0},
        {"a block count that lies", TEXT("\x9f\xc9\x00\x01\0\0\0\1"), 1, 0},
        {"a NACK without entries", TEXT("\x81\xcd\x00\x02\0\0\0\1\0\0\x10\1"), 1, 0},
        {"a NACK without media", TEXT("\x81\xcd\x00\x01\0\0\0\1"), 1, 0},
        {"a NACK of a stranger's", TEXT("\x81\xcd\x00\x03\0\0\0\1\0\0\x10\2\0\1\0\0"), 0, 1},
        {"a PLI without media", TEXT("\x81\xce\x00\x01\0\0\0\1"), 1, 0},
        {"half a FIR", TEXT("\x84\xce\x00\x03\0\0\0\1\0\0\0\0\0\0\x10\1"), 1, 0},
        {"a BYE count that lies", TEXT("\x9f\xcb\x00\x01\0\0\0\1"), 1, 0},
        {"REMB", TEXT("\x8f\xce\x00\x05\0\0\0\1\0\0\0\0REMB\1\xb\xff\xff\0\0\x10\1"), 0, 0},
        {"transport-wide", TEXT("\x8f\xcd\x00\x04\0\0\0\1\0\0\x10\1\0\1\0\2\0\0\5\1"), 0, 0},
        {"XR, APP and an unknown",
         TEXT("\x80\xcf\x00\x00\x8d\xcc\x00\x02\0\0\0\1goog"
              "\x80\xd1\x00\x00"),
         0, 0},
        {"two that lie and one that does not",
         TEXT("\x9f\xcb\x00\x00\x81\xce\x00\x00\x81\xce\x00\x02\0\0\0\1\0\0\x10\1"), 2, 0},
};

static void lies_are_counted(void **state)
{
	struct rtcp_scene *scene = *state;

	for (size_t i = 0; i < RTE_DIM(hostile); i++) {
		uint64_t malformed = counter(scene, MEDIA_RTCP_MALFORMED);
		uint64_t unknown = counter(scene, MEDIA_RTCP_UNKNOWN);
		struct rtcp_writer writer = writer_new();

		memcpy(room, hostile[i].bytes, hostile[i].length);
		writer.length = (uint16_t)hostile[i].length;
		rtcp_scene_receive(scene, SUBSCRIBER_1, &writer);
		if (counter(scene, MEDIA_RTCP_MALFORMED) != malformed + hostile[i].malformed ||
		    counter(scene, MEDIA_RTCP_UNKNOWN) != unknown + hostile[i].unknown)
			fail_msg("%s: %u malformed, %u unknown", hostile[i].name,
			         (unsigned int)(counter(scene, MEDIA_RTCP_MALFORMED) - malformed),
			         (unsigned int)(counter(scene, MEDIA_RTCP_UNKNOWN) - unknown));
	}
	assert_int_equal(scene->media.subscriptions[LEG_1].key_frame_requests, 1);
}

/* One endpoint's flood is cut, and its neighbour is heard. */
static void floods_are_cut(void **state)
{
	struct rtcp_scene *scene = *state;

	for (int i = 0; i < 1000; i++)
		pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	assert_in_range(counter(scene, MEDIA_RTCP_RATE), 1000 - RTCP_COMPOUNDS_BURST - 2,
	                1000 - RTCP_COMPOUNDS_BURST);
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	assert_int_equal(scene->media.subscriptions[LEG_2].key_frame_requests, 1);
	rtcp_scene_pass(scene, 100);
	pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	assert_in_range(counter(scene, MEDIA_RTCP_RATE), 1000 - RTCP_COMPOUNDS_BURST - 2,
	                1000 - RTCP_COMPOUNDS_BURST);
}

/* Nothing to take for a report: no harm, and it is counted. */
static void an_empty_pool_is_survived(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rte_mbuf *taken = NULL, *mbuf;

	rtcp_scene_packet(scene, VIDEO, 100, false);
	while ((mbuf = rte_pktmbuf_alloc(dp->pool)) != NULL) {
		mbuf->next = taken;
		taken = mbuf;
	}
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 10);
	assert_true(counter(scene, MEDIA_NO_MBUF) != 0);
	while (taken != NULL) {
		mbuf = taken->next;
		taken->next = NULL;
		rte_pktmbuf_free(taken);
		taken = mbuf;
	}
	/* what was asked for meanwhile is not forgotten, and was not counted */
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 0);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
}

/* The same where the way out is full: key frames, packets, the end of a stream. */
static void a_full_inbox_is_survived(void **state)
{
	struct rtcp_scene *scene = *state;
	struct rte_ring *inbox = scene->worker->inbox;
	struct rtcp_writer writer = writer_new();
	uint32_t ssrc = 0;
	uint16_t pid, blp;
	void *filler;

	packets(scene, 100, 104);
	rtcp_scene_pass(scene, 2000);
	byes(scene, SUBSCRIBER_3, &ssrc);
	while (rte_ring_enqueue(inbox, scene) == 0)
		;
	packets(scene, 106, 106);
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 100);
	rtcp_scene_pass(scene, 100);
	assert_true(counter(scene, MEDIA_RTCP_UNSENT) != 0);
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 0);
	assert_int_equal(counter(scene, MEDIA_NACK_SENT), 0);
	assert_int_equal(scene->media.streams[VIDEO].key_frame_requests, 0);
	while (rte_ring_dequeue(inbox, &filler) == 0)
		;
	rtcp_scene_pass(scene, 6);
	assert_int_equal(counter(scene, MEDIA_KEY_FRAME_SENT), 1);
	assert_int_equal(nacks_upstream(scene, &pid, &blp), 1);
	assert_int_equal(pid, 105);
	while (rte_ring_enqueue(inbox, scene) == 0)
		;
	rtcp_put_bye(&writer, VIDEO_SSRC);
	rtcp_scene_receive(scene, PUBLISHER, &writer);
	rtcp_scene_pass(scene, 1);
	while (rte_ring_dequeue(inbox, &filler) == 0)
		;
	rtcp_scene_pass(scene, 1600);
	assert_int_equal(byes(scene, SUBSCRIBER_3, &ssrc), 1);
	assert_int_equal(ssrc, LEG_SSRC(LEG_3));
	rtcp_scene_pass(scene, 1600);
	assert_int_equal(byes(scene, SUBSCRIBER_3, &ssrc), 0);
}

/* SRTCP's index has 31 bits: behind the last one there is none (RFC 3711, 9.2). */
static void a_key_is_spent(void **state)
{
	struct rtcp_scene *scene = *state;
	struct endpoint *publisher = &scene->media.endpoints[PUBLISHER];

	publisher->rtcp_index = 0x7ffffffe;
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
	assert_int_equal(scene->indices[PUBLISHER], 0x7fffffff);
	key_frame_ask(scene->media_worker, VIDEO);
	rtcp_scene_pass(scene, KEY_FRAME_INTERVAL_MS);
	assert_int_equal(plis_upstream(scene), 0);
	assert_true(counter(scene, MEDIA_RTCP_USED_UP) != 0);
	assert_int_equal(publisher->rtcp_index, 0x7fffffff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(key_frames_are_merged),
	        TEST(a_fir_counts_once),
	        TEST(key_frames_that_nobody_awaits),
	        TEST(a_key_frame_waits_for_the_way),
	        TEST(a_nack_is_answered),
	        TEST(a_nack_reaches_over_a_pause),
	        TEST(a_loss_upstream_is_asked_for_once),
	        TEST(our_own_gaps_are_asked_for),
	        TEST(a_nack_storm_is_bounded),
	        TEST(repeats_stand_back),
	        TEST(a_compound_asks_for_so_many),
	        TEST(sender_reports_are_rewritten),
	        TEST(a_repair_streams_report_is_not_its_streams),
	        TEST(names_belong_together),
	        TEST(the_publisher_is_reported_to),
	        TEST(subscribers_reports_are_kept),
	        TEST(a_bye_goes_on_once),
	        TEST(a_silent_subscriber_is_held),
	        TEST(who_is_quiet_is_not_held),
	        TEST(a_stream_that_flaps),
	        TEST(a_compound_names_so_many),
	        TEST(lies_are_counted),
	        TEST(floods_are_cut),
	        TEST(an_empty_pool_is_survived),
	        TEST(a_full_inbox_is_survived),
	        TEST(a_key_is_spent),
	};

	return cmocka_run_group_tests(tests, dp_setup, dp_teardown);
}
