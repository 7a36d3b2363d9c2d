/* SPDX-License-Identifier: BSD-3-Clause */
/* Each subscriber's packets are written as it has agreed to them. */
#include "tracks_fixture.h"

#include "graph/drop.h"
#include "media/config.h"
#include "media/ext_read.h"
#include "media/rewrite.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void each_leg_is_written_as_it_agreed(void **state)
{
	struct call *call = *state;
	uint32_t before = 0;

	party_agree(call, call->viewer, SLUICE_FEEDBACK_NACK, subscribers);
	layer_add(call, "audio", "a", "", 0, 0, 111);
	layer_add(call, "video", "v", "", 0, 0, 96);
	viewer_add(call, "audio", LEG_SSRC, 0, "0");
	viewer_add(call, "video", LEG_SSRC + 1, RTX_SSRC, "1");
	for (uint16_t i = 0; i < 10; i++) {
		bool video = i % 2;
		struct got got;

		track_send(call, video ? 20 : 10, 100 + i / 2, video ? 96 : 111,
		           &(struct said){video ? "v" : "a", NULL, NULL, 0});
		got = viewer_next(call);
		assert_int_equal(got.view.ssrc, LEG_SSRC + video);
		assert_int_equal(got.view.payload_type, video ? 100 : 111);
		assert_true(ext_bytes_are(&got.said.mid, video ? "1" : "0"));
		assert_int_equal(got.level, 77);
		/* one numbering for all that goes to the viewer */
		assert_true(got.said.has_transport_number);
		assert_int_equal(got.said.transport_number, i);
		assert_true(got.said.has_send_time);
		if (i > 0)
			assert_in_range((got.said.send_time - before) & 0xffffff, 0, 1 << 18);
		before = got.said.send_time;
	}
	assert_null(party_next(call->viewer, false));
}

static void retransmissions_go_by_the_map(void **state)
{
	struct call *call = *state;
	uint8_t packet[PARTY_MTU];
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};
	struct got first, again;
	uint64_t asked;

	party_agree(call, call->viewer, SLUICE_FEEDBACK_NACK, subscribers);
	layer_add(call, "video", "v", "", 0, 0, 96);
	viewer_add(call, "video", LEG_SSRC, RTX_SSRC, "1");
	for (uint16_t i = 0; i < 3; i++)
		track_send(call, 20, 100 + i, 96, &(struct said){"v", NULL, NULL, 0});
	viewer_next(call);
	first = viewer_next(call);
	viewer_next(call);
	asked = first.view.seq;
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &asked, 1);
	party_report(call->scene, call->viewer, &writer);
	again = viewer_next(call);
	assert_int_equal(again.view.ssrc, RTX_SSRC);
	assert_int_equal(again.view.payload_type, 101);
	assert_int_equal(again.original, first.view.seq);
	assert_true(ext_bytes_are(&again.said.mid, "1"));
	assert_int_equal(again.said.transport_number, 3);
}

/* Without RTX a packet that is sent again has its first number. Another header under it would be
 * another packet under one nonce, which GCM does not forgive. */
static void a_nonce_has_one_header(void **state)
{
	static const struct {
		uint8_t profile,
		        kind; /* of the extension that it has agreed to; 0: the level alone */
		bool moves;   /* to a stream of another publisher, before it is asked */
		bool again;
	} rows[] = {
	        {SLUICE_SRTP_GCM128, SLUICE_EXTENSION_TRANSPORT_NUMBER, false, false},
	        {SLUICE_SRTP_GCM256, SLUICE_EXTENSION_ABS_SEND_TIME, false, false},
	        {SLUICE_SRTP_GCM128, SLUICE_EXTENSION_AUDIO_LEVEL, false, true},
	        {SLUICE_SRTP_GCM128, SLUICE_EXTENSION_AUDIO_LEVEL, true, false},
	        {SLUICE_SRTP_CM80, SLUICE_EXTENSION_TRANSPORT_NUMBER, false, true},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct call *call = *state;
		struct sluice_subscription add = {.stream = "audio", .endpoint = "leg"};
		struct party *other;
		char why[SLUICE_API_ERROR_MAX] = "";
		struct got got;

		call->viewer = party_add(call->scene, "leg", rows[i].profile);
		other = party_add(call->scene, "other", SLUICE_SRTP_CM80);
		stream_add(call->scene, "others", other, 0x77, 48000);
		layer_add(call, "audio", "a", "", 0, 0, 111);
		add.ssrc = LEG_SSRC;
		add.extensions[rows[i].kind] = 5;
		assert_int_equal(media_subscription_add(media_of(call), &add, 0, why), 0);
		track_send(call, 20, 100, 111, &(struct said){"a", NULL, NULL, 0});
		got = viewer_next(call);
		call->viewer->lose_ssrc = LEG_SSRC;
		call->viewer->lose_seq = (uint16_t)(got.view.seq + 1);
		track_send(call, 20, 101, 111, &(struct said){"a", NULL, NULL, 0});
		track_send(call, 20, 102, 111, &(struct said){"a", NULL, NULL, 0});
		viewer_next(call);
		assert_int_equal(call->viewer->lost, 1);
		if (rows[i].moves) {
			struct sluice_subscription_switch to = {
			        .stream = "audio", .endpoint = "leg", .to = "others"};

			assert_int_equal(media_subscription_switch(media_of(call), &to, why), 0);
		}
		report_lost(call, (uint16_t)(got.view.seq + 1));
		assert_int_equal(party_next(call->viewer, false) != NULL, rows[i].again);
		assert_int_equal(leg_of(call, "audio")->retransmit_refused, !rows[i].again);
		call_teardown(state);
		call_setup(state);
	}
}

/* What is left out is no gap. */
static void payload_types_that_are_not_agreed_are_left_out(void **state)
{
	struct call *call = *state;
	uint16_t seq = 0;

	layer_add(call, "video", "v", "", 0, 0, 96);
	viewer_add(call, "video", LEG_SSRC, 0, "1");
	for (uint16_t i = 0; i < 12; i++) {
		struct got got;

		track_send(call, 20, 100 + i, i % 3 == 1 ? 13 : 96,
		           &(struct said){"v", NULL, NULL, 0});
		if (i % 3 == 1)
			continue;
		got = viewer_next(call);
		assert_int_equal(got.view.payload_type, 100);
		if (i > 0)
			assert_int_equal(got.view.seq, (uint16_t)(seq + 1));
		seq = got.view.seq;
	}
	assert_null(party_next(call->viewer, false));
}

/* Its number is between others that were sent, and would be asked for again and again: it leaves
 * empty, lost or late. */
static void what_is_left_out_late_fills_its_place(void **state)
{
	static const struct {
		uint8_t profile;
		uint32_t rtx_ssrc;
	} rows[] = {{SLUICE_SRTP_CM80, 0},
	            {SLUICE_SRTP_GCM128, 0},
	            {SLUICE_SRTP_GCM256, RTX_SSRC},
	            {SLUICE_SRTP_CM32, RTX_SSRC}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct call *call = *state;
		struct sluice_subscription add = {
		        .stream = "video",
		        .endpoint = "leg",
		        .ssrc = LEG_SSRC,
		        .rtx_ssrc = rows[i].rtx_ssrc,
		        .n_pts = 1,
		        .pt_from = {96},
		        .pt_to = {100},
		        .pt_rtx = {101},
		};
		const struct said said = {"v", NULL, NULL, 0};
		char why[SLUICE_API_ERROR_MAX] = "";
		struct got first, got;

		call->viewer = party_add(call->scene, "leg", rows[i].profile);
		layer_add(call, "video", "v", "", 0, 0, 96);
		assert_int_equal(media_subscription_add(media_of(call), &add, 0, why), 0);
		track_send(call, 20, 100, 96, &said);
		first = viewer_next(call);
		track_send(call, 20, 103, 96, &said);
		viewer_next(call);
		call->viewer->lose_ssrc = LEG_SSRC;
		call->viewer->lose_seq = (uint16_t)(first.view.seq + 2);
		for (uint16_t n = 1; n < 3; n++)
			track_send(call, 20, 100 + n, 13, &said);
		got = viewer_next(call);
		assert_int_equal(got.view.seq, (uint16_t)(first.view.seq + 1));
		assert_int_equal(got.view.payload_type, 100);
		assert_int_equal(got.view.payload_length, 0);
		assert_int_equal(call->viewer->lost, 1);
		report_lost(call, (uint16_t)(first.view.seq + 2));
		got = viewer_next(call);
		assert_int_equal(got.view.payload_type, rows[i].rtx_ssrc == 0 ? 100 : 101);
		assert_int_equal(got.view.payload_length, rows[i].rtx_ssrc == 0 ? 0 : 2);
		assert_null(party_next(call->viewer, false));
		call_teardown(state);
		call_setup(state);
	}
}

static void legs_that_are_written_alike_share_a_map(void **state)
{
	struct call *call = *state;
	const struct media *media = media_of(call);
	uint32_t maps = 0;
	struct party *other = party_add(call->scene, "other", SLUICE_SRTP_CM80), *viewer;

	layer_add(call, "video", "v", "", 0, 0, 96);
	viewer = call->viewer;
	viewer_add(call, "video", LEG_SSRC, 0, "1");
	call->viewer = other;
	viewer_add(call, "video", LEG_SSRC, 0, "1");
	call->viewer = viewer;
	for (uint32_t i = 0; i < LEG_MAP_HEADS; i++)
		for (const struct leg_map *map = media->config->leg_maps[i]; map != NULL;
		     map = map->next)
			maps += map->users == 2;
	assert_int_equal(maps, 1);
	assert_int_equal(media_stream_delete(media_of(call), "video", (char[256]){0}), 0);
	media_collect_all(media_of(call));
	for (uint32_t i = 0; i < LEG_MAP_HEADS; i++)
		assert_null(media->config->leg_maps[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(each_leg_is_written_as_it_agreed),
	        TEST(retransmissions_go_by_the_map),
	        TEST(a_nonce_has_one_header),
	        TEST(payload_types_that_are_not_agreed_are_left_out),
	        TEST(what_is_left_out_late_fills_its_place),
	        TEST(legs_that_are_written_alike_share_a_map),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
