/* SPDX-License-Identifier: BSD-3-Clause */
/* What publishers are asked for and told, as was negotiated with each. */
#include "tracks_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/ext_element.h"
#include "media/ext_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void nothing_is_asked_that_was_not_agreed(void **state)
{
	static const struct {
		uint8_t feedback;
		bool nack, pli, fir;
	} rows[] = {
	        {0, false, false, false},
	        {SLUICE_FEEDBACK_NACK, true, false, false},
	        {SLUICE_FEEDBACK_PLI, false, true, false},
	        {SLUICE_FEEDBACK_FIR, false, false, true},
	        {SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI | SLUICE_FEEDBACK_FIR, true, true,
	         false},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct call *call = *state;
		const struct said said = {"v", NULL, NULL, 0};
		struct asked asked;

		party_agree(call, call->publisher, rows[i].feedback, publishers);
		layer_add(call, "video", "v", "", 0, 0, 96);
		track_send(call, 20, 100, 96, &said);
		viewer_add(call, "video", LEG_SSRC, 0, "1");
		track_send(call, 20, 101, 96, &said);
		track_send(call, 20, 104, 96, &said);
		media_scene_pass(call->scene, 300);
		asked = asked_count(call->publisher);
		assert_int_equal(asked.nacks != 0, rows[i].nack);
		assert_int_equal(asked.plis != 0, rows[i].pli);
		assert_int_equal(asked.firs != 0, rows[i].fir);
		call_teardown(state);
		call_setup(state);
	}
}

/* What one m-line has agreed to is asked for its stream alone. */
static void each_stream_is_asked_for_what_it_agreed_to(void **state)
{
	struct call *call = *state;

	layer_add(call, "audio", "a", "", 0, 0, 111);
	layer_add(call, "video", "v", "", 0, 0, 96);
	media_stream_feedback_set(media_of(call), "audio", SLUICE_FEEDBACK_TRANSPORT);
	media_stream_feedback_set(media_of(call), "video", SLUICE_FEEDBACK_NACK);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "audio" : "video";
		const struct said said = {i == 0 ? "a" : "v", NULL, NULL, 0};
		struct asked asked;

		track_send(call, 20 + i, 100, i == 0 ? 111 : 96, &said);
		viewer_add(call, name, LEG_SSRC + i, 0, "1");
		track_send(call, 20 + i, 101, i == 0 ? 111 : 96, &said);
		track_send(call, 20 + i, 104, i == 0 ? 111 : 96, &said);
		media_scene_pass(call->scene, 300);
		asked = asked_count(call->publisher);
		assert_int_equal(asked.nacks != 0, i == 1);
		assert_int_equal(asked.plis + asked.firs, 0);
	}
}

/* -- toward publishers -- */

/* Base, count, and how many of them have come, of the transport-wide feedback in a compound. */
struct feedback {
	uint32_t messages, told, came;
	uint32_t estimates, lower; /* RemoteEstimates; the last one's, in kbit/s */
	uint32_t infinite;         /* of them */
};

static void transport_read(const struct rtcp_packet *packet, struct feedback *feedback)
{
	uint16_t count = read_be16(packet->body + 10);
	const uint8_t *at = packet->body + 16;

	feedback->messages++;
	feedback->told += count;
	for (uint32_t known = 0; known < count; at += 2) {
		uint16_t chunk = read_be16(at);

		if (!(chunk & 0x8000)) {
			feedback->came += chunk >> 13 != 0 ? chunk & 0x1fff : 0;
			known += chunk & 0x1fff;
		} else if (!(chunk & 0x4000)) {
			feedback->came += (uint32_t)__builtin_popcount(chunk & 0x3fff);
			known += 14;
		} else {
			for (int bit = 12; bit >= 0; bit -= 2)
				feedback->came += (chunk >> bit & 3) != 0;
			known += 7;
		}
	}
}

static struct feedback feedback_read(struct party *party)
{
	const struct party_packet *packet;
	struct feedback feedback = {0};

	while ((packet = party_next(party, true)) != NULL) {
		struct rtcp_cursor cursor = {packet->bytes, packet->length};
		struct rtcp_packet at;

		assert_true(rtcp_valid(packet->bytes, packet->length));
		while (rtcp_next(&cursor, &at)) {
			if (at.type == RTCP_RTPFB && at.count == RTCP_RTPFB_TRANSPORT)
				transport_read(&at, &feedback);
			if (at.type != RTCP_APP)
				continue;
			assert_int_equal(at.count, 13);
			assert_memory_equal(at.body + 4, "goog", 4);
			feedback.estimates++;
			feedback.lower = read_be32(at.body + 8) & 0xffffff;
			feedback.infinite += feedback.lower == 0xffffff;
		}
	}
	return feedback;
}

/* Media, RTX and padding count alike; what nobody knows, too. */
static void all_that_comes_is_told(void **state)
{
	struct call *call = *state;
	struct feedback feedback;

	party_agree(call, call->publisher, SLUICE_FEEDBACK_TRANSPORT, publishers);
	layer_add(call, "video", "v", "h", 0, 0, 96);
	for (uint16_t i = 0; i < 20; i++) {
		struct said said = {"v", "h", NULL, 0, true, (uint16_t)(65530 + i), i * 2000u};

		if (i % 5 == 3) {
			said.rid = NULL;
			said.repaired = "h";
		}
		if (i % 5 == 4)
			said.rid = "x";
		if (i != 7)
			track_send(call, 20 + i % 5 / 3 * (1 + i % 5), i, i % 5 == 3 ? 97 : 96,
			           &said);
	}
	assert_int_equal(feedback_read(call->publisher).messages, 0);
	media_scene_pass(call->scene, 150);
	feedback = feedback_read(call->publisher);
	assert_int_equal(feedback.told, 20);
	assert_int_equal(feedback.came, 19);
	assert_in_range(feedback.messages, 1, 2);
	media_scene_pass(call->scene, 1000);
	assert_int_equal(feedback_read(call->publisher).messages, 0);
}

/* 100 packets a second of 280 bytes: told after two seconds, in front of the feedback; until then
 * that nothing is, for whoever forwarded before may have told something. */
static void what_the_path_has_proven_is_told(void **state)
{
	struct call *call = *state;
	struct feedback feedback;
	const struct sluice_endpoint_show all = {0};
	struct sluice_endpoint_row row;
	uint32_t cursor = 0;

	party_agree(call, call->publisher, SLUICE_FEEDBACK_TRANSPORT, publishers);
	layer_add(call, "video", "v", "", 0, 0, 96);
	for (uint16_t i = 0; i < 500; i++) {
		track_send(call, 20, i, 96,
		           &(struct said){"v", NULL, NULL, 0, true, i, i * 2621u & 0xffffff});
		media_scene_pass(call->scene, 10);
		if (i != 150)
			continue;
		feedback = feedback_read(call->publisher);
		assert_in_range(feedback.messages, 15, 31);
		assert_int_equal(feedback.estimates, 10);
		assert_int_equal(feedback.infinite, 10);
	}
	feedback = feedback_read(call->publisher);
	assert_int_not_equal(feedback.estimates, 0);
	assert_in_range(feedback.lower, 180, 320);
	assert_int_equal(media_endpoint_show(media_of(call), &all, &cursor, &row, 1), 1);
	while (strcmp(row.name, "publisher") != 0)
		assert_int_equal(media_endpoint_show(media_of(call), &all, &cursor, &row, 1), 1);
	assert_int_equal(row.lower_kbps, feedback.lower);
	assert_int_equal(row.lower_kbps, row.proven_kbps * 112 / 100);
}

/* Some 17 KB, of no use to one that only gets. */
static void who_sends_nothing_has_no_record(void **state)
{
	struct call *call = *state;
	uint32_t viewer;

	party_agree(call, call->viewer, SLUICE_FEEDBACK_TRANSPORT, publishers);
	viewer = media_endpoint_index(media_of(call), "viewer");
	assert_null(media_of(call)->endpoints[viewer].transport);
	stream_add(call->scene, "back", call->viewer, 0x55, 90000);
	assert_non_null(media_of(call)->endpoints[viewer].transport);
}

static void who_agreed_to_remb_alone_has_that(void **state)
{
	struct call *call = *state;
	struct rtcp_packet packet;

	party_agree(call, call->publisher, SLUICE_FEEDBACK_REMB, publishers);
	layer_add(call, "video", "v", "", 0, 0, 96);
	for (uint16_t i = 0; i < 300; i++) {
		track_send(call, 20, i, 96, &(struct said){"v", NULL, NULL, 0, true, i, 0});
		media_scene_pass(call->scene, 10);
	}
	assert_in_range(party_count(call->publisher, RTCP_PSFB, 15, &packet), 2, 10);
	assert_int_equal(packet.length, 8 + 8 + 4);
	assert_memory_equal(packet.body + 8, "REMB", 4);
	assert_int_equal(packet.body[12], 1);
	assert_int_equal(read_be32(packet.body + 16), 20);
	assert_in_range((read_be32(packet.body + 12) & 0x3ffff)
	                        << (read_be32(packet.body + 12) >> 18 & 0x3f),
	                1490000, 1500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(nothing_is_asked_that_was_not_agreed),
	        TEST(each_stream_is_asked_for_what_it_agreed_to),
	        TEST(all_that_comes_is_told),
	        TEST(what_the_path_has_proven_is_told),
	        TEST(who_sends_nothing_has_no_record),
	        TEST(who_agreed_to_remb_alone_has_that),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
