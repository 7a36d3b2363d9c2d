/* SPDX-License-Identifier: BSD-3-Clause */
/* Key frames and lost packets that subscribers ask for: merged, bounded, answered or asked for
 * upstream. */
#include "rtcp_parties.h"

#include "media/fan.h"
#include "media/feedback.h"
#include "media/key_frame.h"
#include "media/missing.h"
#include "media/nack.h"
#include "media/repeat.h"
#include "media/rewrite.h"
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

/* What a subscription that begins waits for is asked for again soon; others wait their time. */
static void a_beginning_is_hurried(void **state)
{
	struct rtcp_scene *scene = *state;
	struct stream *stream = &scene->media.streams[VIDEO];

	pli(scene, SUBSCRIBER_1, LEG_SSRC(LEG_1));
	rtcp_scene_pass(scene, 1);
	assert_int_equal(plis_upstream(scene), 1);
	key_frame_hurry(stream);
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	rtcp_scene_pass(scene, KEY_FRAME_BEGIN_MS - 10);
	assert_int_equal(plis_upstream(scene), 0);
	rtcp_scene_pass(scene, 10);
	assert_int_equal(plis_upstream(scene), 1);
	/* once */
	pli(scene, SUBSCRIBER_2, LEG_SSRC(LEG_2));
	rtcp_scene_pass(scene, KEY_FRAME_INTERVAL_MS - 10);
	assert_int_equal(plis_upstream(scene), 0);
	rtcp_scene_pass(scene, 10);
	assert_int_equal(plis_upstream(scene), 1);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(key_frames_are_merged),
	        TEST(a_beginning_is_hurried),
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
	};

	return cmocka_run_group_tests(tests, dp_setup, dp_teardown);
}
