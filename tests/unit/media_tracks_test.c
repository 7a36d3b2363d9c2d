/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracks of browsers, through the whole graph and written by libsrtp2: SSRCs that nobody has named
 * are bound by what their packets say (RFC 8843, 8852), and each subscriber's packets are written
 * as it has agreed to them.
 */
#include "media_fixture.h"

#include "graph/drop.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/ext_element.h"
#include "media/ext_read.h"
#include "media/rewrite.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define LEG_SSRC 0x2000u
#define RTX_SSRC 0x3000u

enum { ID_SEND_TIME = 2, ID_TRANSPORT, ID_MID, ID_LEVEL, ID_RID = 10, ID_REPAIRED };

static const uint8_t publishers[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = ID_MID,
        [SLUICE_EXTENSION_RID] = ID_RID,
        [SLUICE_EXTENSION_REPAIRED_RID] = ID_REPAIRED,
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] = ID_TRANSPORT,
        [SLUICE_EXTENSION_ABS_SEND_TIME] = ID_SEND_TIME,
        [SLUICE_EXTENSION_AUDIO_LEVEL] = ID_LEVEL,
};
static const uint8_t subscribers[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = 9,
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] = 7,
        [SLUICE_EXTENSION_ABS_SEND_TIME] = 8,
        [SLUICE_EXTENSION_AUDIO_LEVEL] = 1,
};

struct call {
	struct media_scene *scene;
	struct party *publisher, *viewer;
};

static struct media *media_of(const struct call *call)
{
	return call->scene->rig.dp->media;
}

/* The same endpoint, as it agrees to more. */
static void party_agree(const struct call *call, struct party *party, uint8_t feedback,
                        const uint8_t *extensions)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	party->endpoint.feedback_given = 1;
	party->endpoint.feedback = feedback;
	memcpy(party->endpoint.extensions, extensions, sizeof(party->endpoint.extensions));
	if (media_endpoint_add(media_of(call), &party->endpoint, SLUICE_API_EXIST_OK, why) != 0)
		fail_msg("%s", why);
}

static int call_setup(void **state)
{
	static struct call call;

	call = (struct call){.scene = media_scene_create(2)};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_GCM128);
	call.viewer = party_add(call.scene, "viewer", SLUICE_SRTP_CM80);
	party_agree(&call, call.publisher, SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI, publishers);
	*state = &call;
	return 0;
}

static int call_teardown(void **state)
{
	struct call *call = *state;

	assert_int_equal(call->viewer->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

/* Payload types 96 with RTX 97, and 98 with 99. */
static void layer_add(const struct call *call, const char *name, const char *mid, const char *rid,
                      uint32_t ssrc, uint32_t rtx_ssrc, uint8_t pt)
{
	struct sluice_stream stream = {
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .n_payloads = 1,
	        .payloads = {{.pt = pt, .rtx_pt = pt + 1}},
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(stream.name, sizeof(stream.name), "%s", name);
	snprintf(stream.endpoint, sizeof(stream.endpoint), "%s", call->publisher->name);
	snprintf(stream.mid, sizeof(stream.mid), "%s", mid);
	snprintf(stream.rid, sizeof(stream.rid), "%s", rid);
	if (media_stream_add(media_of(call), &stream, 0, why) != 0)
		fail_msg("%s", why);
}

/* What a packet says besides its SSRC; NULL: nothing. */
struct said {
	const char *mid, *rid, *repaired;
	uint16_t original; /* of RTX */
	bool numbered;
	uint16_t number;    /* transport-wide */
	uint32_t send_time; /* 24 bits */
};

static uint8_t *text_put(uint8_t *at, uint8_t id, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	if (text == NULL)
		return at;
	*at++ = (uint8_t)(id << 4 | (length - 1));
	memcpy(at, text, length);
	return at + length;
}

/* Plaintext; returns its length. */
static int track_write(uint8_t *packet, uint32_t ssrc, uint16_t seq, uint8_t pt,
                       const struct said *said)
{
	uint8_t *at = packet + RTP_HEADER_SIZE + 4, *elements = at;

	memset(packet, 0, RTP_HEADER_SIZE + 4 + 64 + PARTY_PAYLOAD);
	packet[0] = 0x90;
	packet[1] = pt;
	write_be16(packet + 2, seq);
	write_be32(packet + 4, seq * 3000u);
	write_be32(packet + 8, ssrc);
	*at++ = ID_LEVEL << 4;
	*at++ = 77;
	at = text_put(at, ID_MID, said->mid);
	at = text_put(at, ID_RID, said->rid);
	at = text_put(at, ID_REPAIRED, said->repaired);
	if (said->numbered) {
		*at++ = ID_TRANSPORT << 4 | 1;
		write_be16(at, said->number);
		at += 2;
		*at++ = ID_SEND_TIME << 4 | 2;
		*at++ = (uint8_t)(said->send_time >> 16);
		write_be16(at, (uint16_t)said->send_time);
		at += 2;
	}
	while ((at - elements) % 4 != 0)
		at++;
	write_be16(elements - 4, RTP_EXT_ONE_BYTE);
	write_be16(elements - 2, (uint16_t)((at - elements) / 4));
	write_be16(at, said->original);
	return (int)(at - packet) + PARTY_PAYLOAD;
}

static void track_send(const struct call *call, uint32_t ssrc, uint16_t seq, uint8_t pt,
                       const struct said *said)
{
	uint8_t packet[PARTY_MTU];
	int length = track_write(packet, ssrc, seq, pt, said);

	length = party_protect(call->publisher, packet, length);
	party_send(call->scene, call->publisher, packet, length);
}

static const struct stream *stream_of(const struct call *call, const char *name)
{
	uint32_t index = stream_named(media_of(call), name);

	assert_int_not_equal(index, 0);
	return &media_of(call)->streams[index];
}

static void stream_is(const struct call *call, const char *name, uint32_t ssrc, uint32_t rtx_ssrc)
{
	const struct stream *stream = stream_of(call, name);

	if (stream->source->ssrc != ssrc || stream->rtx_source->ssrc != rtx_ssrc)
		fail_msg("%s: %u and %u", name, stream->source->ssrc, stream->rtx_source->ssrc);
}

static const struct endpoint *publisher_of(const struct call *call)
{
	return &media_of(call)->endpoints[media_endpoint_index(media_of(call), "publisher")];
}

/* -- binding -- */

static void layers_are_bound_by_rid(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	layer_add(call, "high", "0", "h", 0, 0, 96);
	/* its RTX before its first packet of media */
	track_send(call, 21, 500, 97, &(struct said){"0", NULL, "h", 7});
	track_send(call, 10, 1, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 20, 9, 96, &(struct said){"0", "h", NULL, 0});
	track_send(call, 20, 10, 96, &(struct said){NULL, NULL, NULL, 0});
	track_send(call, 11, 800, 97, &(struct said){NULL, NULL, "l", 1});
	stream_is(call, "low", 10, 11);
	stream_is(call, "high", 20, 21);
	assert_int_equal(stream_of(call, "high")->packets, 2);
	/* a rid that is nobody's, and the mid alone, which tells no layer */
	track_send(call, 30, 1, 96, &(struct said){"0", "m", NULL, 0});
	track_send(call, 31, 1, 96, &(struct said){"0", NULL, NULL, 0});
	stream_is(call, "low", 10, 11);
	assert_int_equal(publisher_of(call)->unknown_ssrc, 2);
}

static void tracks_are_bound_by_mid_and_payload_type(void **state)
{
	struct call *call = *state;

	layer_add(call, "audio", "a", "", 0, 0, 111);
	layer_add(call, "video", "v", "", 0, 0, 96);
	/* under a payload type that only the other one has: what is said goes before */
	track_send(call, 10, 1, 96, &(struct said){"a", NULL, NULL, 0});
	track_send(call, 20, 1, 96, &(struct said){NULL, NULL, NULL, 0});
	track_send(call, 21, 1, 97, &(struct said){"v", NULL, NULL, 1});
	stream_is(call, "audio", 10, 0);
	stream_is(call, "video", 20, 21);
}

static void the_offers_ssrcs_win(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 10, 11, 96);
	layer_add(call, "high", "0", "h", 20, 21, 96);
	track_send(call, 10, 1, 96, &(struct said){"0", "h", NULL, 0});
	track_send(call, 21, 1, 97, &(struct said){"0", NULL, "l", 3});
	track_send(call, 20, 4, 96, &(struct said){"0", "h", NULL, 0});
	/* and no other one takes their place */
	track_send(call, 30, 1, 96, &(struct said){"0", "l", NULL, 0});
	stream_is(call, "low", 10, 11);
	stream_is(call, "high", 20, 21);
	assert_int_equal(stream_of(call, "low")->packets, 1);
	assert_int_equal(stream_of(call, "high")->packets, 1);
}

static void a_lie_binds_nothing(void **state)
{
	struct call *call = *state;
	uint8_t packet[PARTY_MTU];
	int length;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	for (uint16_t seq = 1; seq < 20; seq++) {
		length = track_write(packet, 10, seq, 96, &(struct said){"0", "l", NULL, 0});
		length = party_protect(call->publisher, packet, length);
		packet[length - 1] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
	}
	stream_is(call, "low", 0, 0);
	assert_int_equal(publisher_of(call)->auth_failed, 19);
	track_send(call, 12, 1, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 12, 2, 96, &(struct said){"0", "l", NULL, 0});
	track_send(call, 12, 3, 96, &(struct said){"0", "l", NULL, 0});
	stream_is(call, "low", 12, 0);
}

/* Forged packets under any SSRCs before and between: an honest one loses nothing. */
static void forgers_move_nobodys_guess(void **state)
{
	struct call *call = *state;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	layer_add(call, "high", "0", "h", 0, 0, 96);
	for (uint32_t i = 0; i < 19; i++) {
		uint8_t packet[PARTY_MTU];
		const struct said said = {"0", "l", NULL, 0};
		int length = track_write(packet, 1000 + i, 1, 96, &said);

		length = party_protect(call->publisher, packet, length);
		packet[length - 1] ^= 1;
		party_send(call->scene, call->publisher, packet, length);
		if (i == 9)
			track_send(call, 10, 1, 96, &said);
	}
	track_send(call, 20, 1, 96, &(struct said){"0", "h", NULL, 0});
	stream_is(call, "low", 10, 0);
	stream_is(call, "high", 20, 0);
	assert_int_equal(publisher_of(call)->auth_failed, 19);
}

static void another_ssrc_follows_once_the_first_is_silent(void **state)
{
	struct call *call = *state;
	const struct said said = {"0", "l", NULL, 0};
	uint32_t serial;

	layer_add(call, "low", "0", "l", 0, 0, 96);
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	track_send(call, 10, 100, 96, &said);
	serial = stream_of(call, "low")->serial;
	track_send(call, 12, 5000, 96, &said);
	stream_is(call, "low", 10, 0);
	media_scene_pass(call->scene, 300);
	track_send(call, 12, 5001, 96, &said);
	stream_is(call, "low", 12, 0);
	assert_int_not_equal(stream_of(call, "low")->serial, serial);
	/* late ones of the first do not take it back */
	track_send(call, 10, 101, 96, &said);
	track_send(call, 12, 5002, 96, &said);
	stream_is(call, "low", 12, 0);
	for (int i = 0; i < 3; i++)
		assert_non_null(party_next(call->viewer, false));
	assert_null(party_next(call->viewer, false));
}

/* -- what leaves -- */

static void viewer_add(const struct call *call, const char *stream, uint32_t ssrc,
                       uint32_t rtx_ssrc, const char *mid)
{
	struct sluice_subscription add = {
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .n_pts = 2,
	        .pt_from = {96, 111},
	        .pt_to = {100, 111},
	        .pt_rtx = {101, 112},
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(add.stream, sizeof(add.stream), "%s", stream);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", call->viewer->name);
	snprintf(add.mid, sizeof(add.mid), "%s", mid);
	memcpy(add.extensions, subscribers, sizeof(add.extensions));
	if (media_subscription_add(media_of(call), &add, 0, why) != 0)
		fail_msg("%s", why);
}

struct got {
	struct rtp_view view;
	struct ext_said said;
	uint8_t level;
	uint16_t original;
};

/* 0: there is none. */
static uint8_t level_of(const struct party_packet *packet, const struct rtp_view *view)
{
	struct ext_elements elements;
	struct ext_element element;

	if (!ext_elements_begin(&elements, view->ext_profile, packet->bytes + view->ext_offset,
	                        view->ext_length))
		return 0;
	while (ext_element_next(&elements, &element))
		if (element.id == subscribers[SLUICE_EXTENSION_AUDIO_LEVEL])
			return element.data[0];
	return 0;
}

static struct got viewer_next(const struct call *call)
{
	const struct party_packet *packet = party_next(call->viewer, false);
	struct ext_ids ids;
	struct got got;

	assert_non_null(packet);
	assert_int_equal(rtp_parse(packet->bytes, packet->length, &got.view), 0);
	ext_ids_set(&ids, subscribers);
	ext_read(&ids, got.view.ext_profile, packet->bytes + got.view.ext_offset,
	         got.view.ext_length, &got.said);
	got.level = level_of(packet, &got.view);
	got.original = read_be16(packet->bytes + got.view.header_length);
	return got;
}

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

static void report_lost(const struct call *call, uint64_t seq)
{
	uint8_t packet[PARTY_MTU];
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};

	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &seq, 1);
	party_report(call->scene, call->viewer, &writer);
}

static const struct subscription *leg_of(const struct call *call, const char *stream)
{
	uint32_t index = subscription_named(media_of(call), stream, call->viewer->name);

	assert_int_not_equal(index, 0);
	return &media_of(call)->subscriptions[index];
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

/* -- what was negotiated -- */

struct asked {
	uint32_t nacks, plis, firs;
};

static struct asked asked_count(struct party *party)
{
	const struct party_packet *packet;
	struct asked asked = {0};

	while ((packet = party_next(party, true)) != NULL) {
		struct rtcp_cursor cursor = {packet->bytes, packet->length};
		struct rtcp_packet at;

		assert_true(rtcp_valid(packet->bytes, packet->length));
		while (rtcp_next(&cursor, &at)) {
			asked.nacks += at.type == RTCP_RTPFB && at.count == RTCP_RTPFB_NACK;
			asked.plis += at.type == RTCP_PSFB && at.count == RTCP_PSFB_PLI;
			asked.firs += at.type == RTCP_PSFB && at.count == RTCP_PSFB_FIR;
		}
	}
	return asked;
}

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

/* -- layers, at key frames -- */

static void vp8_layer_add(const struct call *call, const char *name, const char *rid)
{
	struct sluice_stream stream = {
	        .kind = SLUICE_TRACK_VIDEO,
	        .n_payloads = 1,
	        .payloads = {{.pt = 96, .codec = SLUICE_CODEC_VP8}},
	        .mid = "v",
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(stream.name, sizeof(stream.name), "%s", name);
	snprintf(stream.endpoint, sizeof(stream.endpoint), "%s", call->publisher->name);
	snprintf(stream.rid, sizeof(stream.rid), "%s", rid);
	if (media_stream_add(media_of(call), &stream, 0, why) != 0)
		fail_msg("%s", why);
}

/* A frame of one packet. wide: its picture id has 15 bits. */
static void vp8_send(const struct call *call, uint32_t ssrc, uint16_t seq, const char *rid,
                     uint16_t picture, uint8_t tl0, bool wide, bool key)
{
	uint8_t packet[PARTY_MTU], *at;
	int length = track_write(packet, ssrc, seq, 96, &(struct said){"v", rid, NULL, 0});

	at = packet + length - PARTY_PAYLOAD;
	*at++ = 0x90;
	*at++ = 0xc0;
	if (wide) {
		write_be16(at, picture | 0x8000);
		at += 2;
	} else {
		*at++ = picture & 0x7f;
	}
	*at++ = tl0;
	*at++ = key ? 0 : 1;
	*at = (uint8_t)ssrc;
	length = party_protect(call->publisher, packet, length);
	party_send(call->scene, call->publisher, packet, length);
}

struct vp8_got {
	uint16_t seq, picture;
	uint8_t tl0, source;
	bool wide, key;
	uint32_t timestamp;
};

static bool vp8_next(const struct call *call, struct vp8_got *got)
{
	const struct party_packet *packet = party_next(call->viewer, false);
	struct rtp_view view;
	const uint8_t *at;

	if (packet == NULL)
		return false;
	assert_int_equal(rtp_parse(packet->bytes, packet->length, &view), 0);
	at = packet->bytes + view.header_length;
	assert_int_equal(read_be16(at), 0x90c0);
	got->wide = at[2] & 0x80;
	got->picture = got->wide ? read_be16(at + 2) & 0x7fff : at[2];
	at += 3 + got->wide;
	got->tl0 = at[0];
	got->key = at[1] == 0;
	got->source = at[2];
	got->seq = view.seq;
	got->timestamp = view.timestamp;
	return true;
}

static void vp8_is(const struct call *call, struct vp8_got *before, uint32_t ssrc, bool key)
{
	struct vp8_got got;

	assert_true(vp8_next(call, &got));
	assert_int_equal(got.source, ssrc);
	assert_int_equal(got.key, key);
	if (before->timestamp != 0) {
		assert_int_equal(got.seq, (uint16_t)(before->seq + 1));
		assert_int_equal(got.picture, (before->picture + 1) & (got.wide ? 0x7fff : 0x7f));
		assert_int_equal(got.tl0, (uint8_t)(before->tl0 + 1));
	}
	*before = got;
}

static void layer_choose(const struct call *call, const char *rid, int error)
{
	struct sluice_subscription_name name = {.stream = "low", .endpoint = "viewer"};
	char why[SLUICE_API_ERROR_MAX] = "";

	assert_int_equal(media_subscription_layer(media_of(call), &name, rid, why), error);
}

/* The one before goes on until the other one has a key frame; no picture id comes twice, none is
 * left out. wide: of the low layer and of the high one. */
static void a_layer_changes_at_a_key_frame(void **state)
{
	static const bool forms[][2] = {{true, true}, {false, false}, {true, false}, {false, true}};

	for (size_t i = 0; i < RTE_DIM(forms); i++) {
		struct call *call = *state;
		struct vp8_got got = {0}, none;

		vp8_layer_add(call, "low", "l");
		vp8_layer_add(call, "high", "h");
		subscription_add(call->scene, "low", call->viewer, LEG_SSRC, RTX_SSRC);
		/* it begins at one, too */
		vp8_send(call, 10, 1, "l", 125, 254, forms[i][0], false);
		assert_false(vp8_next(call, &none));
		for (uint16_t n = 0; n < 5; n++) {
			vp8_send(call, 10, 2 + n, "l", 126 + n, (uint8_t)(255 + n), forms[i][0],
			         n == 0);
			vp8_send(call, 20, 900 + n, "h", 30000 + n, 7 + n, forms[i][1], n == 0);
			vp8_is(call, &got, 10, n == 0);
		}
		layer_choose(call, "x", -ENOENT);
		layer_choose(call, "h", 0);
		for (uint16_t n = 0; n < 5; n++) {
			vp8_send(call, 20, 905 + n, "h", 30005 + n, 12 + n, forms[i][1], n == 4);
			if (n == 4)
				break;
			vp8_send(call, 10, 7 + n, "l", 131 + n, (uint8_t)(260 + n), forms[i][0],
			         false);
			vp8_is(call, &got, 10, false);
		}
		if (forms[i][0] != forms[i][1])
			got.timestamp = 0; /* other forms have other ends */
		vp8_is(call, &got, 20, true);
		/* what still comes of the first is over, for good after the next second */
		vp8_send(call, 10, 11, "l", 135, 8, forms[i][0], false);
		assert_false(vp8_next(call, &none));
		media_tick(media_of(call));
		assert_int_equal(media_of(call)->config->leaving, 0);
		vp8_send(call, 10, 12, "l", 136, 9, forms[i][0], false);
		vp8_send(call, 20, 910, "h", 30010, 17, forms[i][1], false);
		vp8_is(call, &got, 20, false);
		assert_false(vp8_next(call, &none));
		/* and back to the one that it was made for */
		layer_choose(call, "", 0);
		vp8_send(call, 20, 911, "h", 30011, 18, forms[i][1], false);
		vp8_is(call, &got, 20, false);
		vp8_send(call, 10, 13, "l", 137, 10, forms[i][0], true);
		if (forms[i][0] != forms[i][1])
			got.timestamp = 0;
		vp8_is(call, &got, 10, true);
		call_teardown(state);
		call_setup(state);
	}
}

/* Another choice before the key frame of the one before it: what is sent goes on all the while. */
static void a_choice_is_taken_back(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0}, none;

	vp8_layer_add(call, "low", "l");
	vp8_layer_add(call, "mid", "m");
	vp8_layer_add(call, "high", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, RTX_SSRC);
	vp8_send(call, 20, 900, "m", 900, 1, true, true);
	vp8_send(call, 30, 50, "h", 50, 1, true, true);
	vp8_send(call, 10, 1, "l", 1, 1, true, true);
	vp8_is(call, &got, 10, true);
	layer_choose(call, "m", 0);
	vp8_send(call, 10, 2, "l", 2, 2, true, false);
	vp8_is(call, &got, 10, false);
	layer_choose(call, "h", 0);
	vp8_send(call, 20, 901, "m", 901, 2, true, true);
	assert_false(vp8_next(call, &none));
	vp8_send(call, 10, 3, "l", 3, 3, true, false);
	vp8_is(call, &got, 10, false);
	vp8_send(call, 30, 51, "h", 51, 2, true, false);
	assert_false(vp8_next(call, &none));
	/* back to what never left: over a loss, too, it waits for nothing */
	layer_choose(call, "l", 0);
	assert_int_equal(media_of(call)->config->leaving, 0);
	vp8_send(call, 10, 5, "l", 5, 5, true, false);
	assert_true(vp8_next(call, &got));
	assert_int_equal(got.source, 10);
	vp8_send(call, 30, 52, "h", 52, 3, true, true);
	assert_false(vp8_next(call, &none));
	/* and where the worker has gone on, that is the one before */
	layer_choose(call, "h", 0);
	vp8_send(call, 30, 53, "h", 53, 4, true, true);
	vp8_is(call, &got, 30, true);
	layer_choose(call, "l", 0);
	vp8_send(call, 10, 6, "l", 6, 6, true, false);
	assert_false(vp8_next(call, &none));
	vp8_send(call, 30, 54, "h", 54, 5, true, false);
	vp8_is(call, &got, 30, false);
	vp8_send(call, 10, 7, "l", 7, 7, true, true);
	vp8_is(call, &got, 10, true);
	media_tick(media_of(call));
	assert_int_equal(media_of(call)->config->leaving, 0);
}

/* Another publisher, whose ids are others; its stream "others" is not watched yet. */
static struct call another_publisher(struct call *call)
{
	const uint8_t ids[SLUICE_EXTENSIONS_MAX] = {[SLUICE_EXTENSION_AUDIO_LEVEL] = ID_LEVEL + 1};
	struct call others = *call;

	others.publisher = party_add(call->scene, "other", SLUICE_SRTP_CM80);
	party_agree(call, others.publisher, SLUICE_FEEDBACK_NACK, ids);
	vp8_layer_add(call, "low", "l");
	vp8_layer_add(&others, "others", "o");
	return others;
}

static void others_choose(const struct call *call)
{
	struct sluice_subscription_switch to = {.stream = "low", .to = "others"};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(to.endpoint, sizeof(to.endpoint), "%s", call->viewer->name);
	assert_int_equal(media_subscription_switch(media_of(call), &to, why), 0);
	assert_int_equal(media_of(call)->config->leaving, 1);
}

/* Until the other publisher has a key frame, the one before is written by its own ids. */
static void what_goes_on_keeps_its_ids(void **state)
{
	struct call *call = *state, others = another_publisher(call);

	viewer_add(call, "low", LEG_SSRC, RTX_SSRC, "1");
	vp8_send(call, 10, 1, "l", 1, 1, true, true);
	assert_int_equal(viewer_next(call).level, 77);
	others_choose(call);
	vp8_send(call, 10, 2, "l", 2, 2, true, false);
	assert_int_equal(viewer_next(call).level, 77);
	/* the same id is no level of theirs */
	vp8_send(&others, 20, 1, "o", 9, 9, true, true);
	assert_int_equal(viewer_next(call).level, 0);
	media_tick(media_of(call));
	assert_int_equal(media_of(call)->config->leaving, 0);
	assert_null(leg_of(call, "low")->map_left);
}

/* The header that it had is that of a map which is gone: it is not sent again under its nonce, and
 * as long as the map is there, it is. */
static void what_was_left_is_not_repeated(void **state)
{
	struct call *call = *state, others;
	struct sluice_subscription add = {.stream = "low", .endpoint = "leg", .ssrc = LEG_SSRC};
	char why[SLUICE_API_ERROR_MAX] = "";
	uint16_t first;

	call->viewer = party_add(call->scene, "leg", SLUICE_SRTP_GCM128);
	others = another_publisher(call);
	add.extensions[SLUICE_EXTENSION_AUDIO_LEVEL] = subscribers[SLUICE_EXTENSION_AUDIO_LEVEL];
	assert_int_equal(media_subscription_add(media_of(call), &add, 0, why), 0);
	vp8_send(call, 10, 1, "l", 1, 1, true, true);
	first = viewer_next(call).view.seq;
	others_choose(call);
	call->viewer->lose_ssrc = LEG_SSRC;
	for (uint16_t i = 1; i <= 100; i++) {
		if (i == 98 || i == 99)
			call->viewer->lose_seq = (uint16_t)(first + i);
		vp8_send(call, 10, 1 + i, "l", 1 + i, (uint8_t)(1 + i), true, false);
	}
	assert_int_equal(call->viewer->lost, 2);
	party_forget(call->viewer);
	report_lost(call, (uint16_t)(first + 98));
	assert_int_equal(viewer_next(call).level, 77);
	vp8_send(&others, 20, 1, "o", 9, 9, true, true);
	media_tick(media_of(call));
	assert_int_equal(media_of(call)->config->leaving, 0);
	party_forget(call->viewer);
	report_lost(call, (uint16_t)(first + 99));
	assert_null(party_next(call->viewer, false));
	assert_int_equal(leg_of(call, "low")->retransmit_refused, 1);
}

/* Whoever publishes now begins with numbers of his own: the viewer sees them go on. */
static void another_publisher_goes_on_with_the_pictures(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0};
	struct media_clock clock;
	char why[SLUICE_API_ERROR_MAX] = "";

	vp8_layer_add(call, "low", "l");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	for (uint16_t i = 0; i < 3; i++) {
		vp8_send(call, 10, 1 + i, "l", 500 + i, (uint8_t)(20 + i), true, i == 0);
		vp8_is(call, &got, 10, i == 0);
	}
	clock = media_subscription_clock(media_of(call), "low", "viewer");
	assert_true(clock.known);
	assert_int_equal(media_stream_delete(media_of(call), "low", why), 0);
	vp8_layer_add(call, "low", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	media_subscription_clock_set(media_of(call), "low", "viewer", &clock);
	vp8_send(call, 20, 7000, "h", 9, 1, true, true);
	vp8_is(call, &got, 20, true);
	assert_true((int32_t)(got.timestamp - clock.timestamp) > 0);
}

/* What is neither, as of a payload type that nobody has listed, is no key frame: the one before
 * goes on, with its own ones. */
static void another_payload_type_ends_no_wait(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0};

	vp8_layer_add(call, "low", "l");
	vp8_layer_add(call, "high", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, RTX_SSRC);
	vp8_send(call, 20, 900, "h", 900, 1, true, true);
	track_send(call, 10, 1, 13, &(struct said){"v", "l", NULL, 0});
	assert_null(party_next(call->viewer, false));
	vp8_send(call, 10, 2, "l", 1, 1, true, true);
	vp8_is(call, &got, 10, true);
	layer_choose(call, "h", 0);
	track_send(call, 20, 901, 13, &(struct said){"v", "h", NULL, 0});
	assert_null(party_next(call->viewer, false));
	track_send(call, 10, 3, 13, &(struct said){"v", "l", NULL, 0});
	assert_non_null(party_next(call->viewer, false));
	got.seq++;
	vp8_send(call, 10, 4, "l", 2, 2, true, false);
	vp8_is(call, &got, 10, false);
	vp8_send(call, 20, 902, "h", 901, 2, true, true);
	vp8_is(call, &got, 20, true);
}

/* The browser pauses it: the next best one goes on, until it is back. */
static void a_silent_layer_has_another_ones_place(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0};
	uint16_t low = 1, high = 900;

	vp8_layer_add(call, "low", "l");
	vp8_layer_add(call, "high", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	vp8_send(call, 10, low, "l", low, low, true, true);
	vp8_is(call, &got, 10, true);
	layer_choose(call, "h", 0);
	vp8_send(call, 20, high, "h", high, 7, true, true);
	vp8_is(call, &got, 20, true);
	for (int second = 0; second < 3; second++) {
		media_tick(media_of(call));
		media_scene_pass(call->scene, 1000);
		low++;
		vp8_send(call, 10, low, "l", low, (uint8_t)low, true, second == 2);
		if (second == 2)
			vp8_is(call, &got, 10, true);
	}
	high++;
	vp8_send(call, 20, high, "h", high, 8, true, false);
	media_tick(media_of(call));
	low++;
	vp8_send(call, 10, low, "l", low, (uint8_t)low, true, false);
	vp8_is(call, &got, 10, false);
	high++;
	vp8_send(call, 20, high, "h", high, 9, true, true);
	vp8_is(call, &got, 20, true);
}

/* A retransmission has the picture id that the packet had, whatever has been switched since. */
static void a_retransmission_keeps_its_picture(void **state)
{
	struct call *call = *state;
	uint8_t packet[PARTY_MTU];
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};
	const struct party_packet *again;
	struct vp8_got got = {0}, lost;
	struct rtp_view view;
	uint64_t asked;

	vp8_layer_add(call, "low", "l");
	vp8_layer_add(call, "high", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, RTX_SSRC);
	vp8_send(call, 10, 1, "l", 100, 1, true, true);
	vp8_is(call, &got, 10, true);
	layer_choose(call, "h", 0);
	vp8_send(call, 20, 900, "h", 30000, 77, true, true);
	vp8_is(call, &got, 20, true);
	lost = got;
	layer_choose(call, "l", 0);
	vp8_send(call, 10, 2, "l", 101, 2, true, true);
	vp8_is(call, &got, 10, true);
	asked = lost.seq;
	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &asked, 1);
	party_report(call->scene, call->viewer, &writer);
	again = party_next(call->viewer, false);
	assert_non_null(again);
	assert_int_equal(rtp_parse(again->bytes, again->length, &view), 0);
	assert_int_equal(view.ssrc, RTX_SSRC);
	assert_int_equal(read_be16(again->bytes + view.header_length), lost.seq);
	assert_int_equal(read_be16(again->bytes + view.header_length + 4) & 0x7fff, lost.picture);
	assert_int_equal(again->bytes[view.header_length + 6], lost.tl0);
}

/* Lost, or its answer: asked for again, with ever longer waits, until one comes; not for ever. */
static void a_key_frame_is_asked_for_until_one_comes(void **state)
{
	struct call *call = *state;

	vp8_layer_add(call, "low", "l");
	vp8_send(call, 10, 1, "l", 1, 1, true, true);
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	media_scene_pass(call->scene, 100);
	assert_int_equal(asked_count(call->publisher).plis, 1);
	media_scene_pass(call->scene, 1100);
	assert_int_equal(asked_count(call->publisher).plis, 1);
	media_scene_pass(call->scene, 30000);
	assert_int_equal(asked_count(call->publisher).plis, 4);
	media_scene_pass(call->scene, 30000);
	assert_int_equal(asked_count(call->publisher).plis, 0);
	subscription_add(call->scene, "low", party_add(call->scene, "other", SLUICE_SRTP_CM80),
	                 LEG_SSRC, 0);
	media_scene_pass(call->scene, 100);
	assert_int_equal(asked_count(call->publisher).plis, 1);
	vp8_send(call, 10, 2, "l", 2, 2, true, true);
	media_scene_pass(call->scene, 5000);
	assert_int_equal(asked_count(call->publisher).plis, 0);
}

/* Parameter sets may come another way. */
static void without_a_key_frame_it_begins_after_a_while(void **state)
{
	struct call *call = *state;
	struct vp8_got got;

	vp8_layer_add(call, "low", "l");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	for (uint16_t i = 0; i < 10; i++) {
		vp8_send(call, 10, 1 + i, "l", 1 + i, 1, true, false);
		assert_int_equal(vp8_next(call, &got), i >= 7);
		media_scene_pass(call->scene, REWRITE_WAIT_MS / 7 + 10);
	}
}

/* -- where a session is -- */

static struct five_tuple flow_of(const struct party *party)
{
	return (struct five_tuple){.src = party->addr.ip, .src_port = party->addr.port};
}

static void a_sessions_path_is_set_from_outside(void **state)
{
	struct call *call = *state;
	struct party *browser = party_add(call->scene, "browser", SLUICE_SRTP_GCM256);
	struct sluice_endpoint add = browser->endpoint;
	struct transport_addr local = {.port = browser->port}, remote = browser->addr;
	struct five_tuple flow = flow_of(browser);
	char why[SLUICE_API_ERROR_MAX] = "";
	int index;

	memcpy(local.ip.bytes, add.local.ip, sizeof(local.ip.bytes));
	assert_int_equal(media_endpoint_delete(media_of(call), "browser", why), 0);
	add.outside = 1;
	memset(&add.remote, 0, sizeof(add.remote));
	index = media_session_endpoint_add(media_of(call), &add, 1, why);
	assert_true(index > 0);
	assert_int_equal(media_endpoint_index(media_of(call), "browser"), index);
	assert_int_equal(media_of(call)->endpoints[index].worker, 1);
	assert_int_equal(media_flow_add(media_of(call), &flow, (uint32_t)index), 0);
	layer_add(call, "video", "v", "", 0, 0, 96);
	subscription_add(call->scene, "video", browser, LEG_SSRC, 0);
	stream_add(call->scene, "back", browser, 0x55, 90000);
	track_send(call, 20, 100, 96, &(struct said){"v", NULL, NULL, 0});
	/* nothing is sent before there is a path, and its packets make none */
	party_publish(call->scene, browser, 0x55, 1, 1);
	assert_int_equal(stream_of(call, "back")->packets, 1);
	assert_null(party_next(browser, false));
	media_endpoint_move(media_of(call), (uint32_t)index, &local, &remote);
	track_send(call, 20, 101, 96, &(struct said){"v", NULL, NULL, 0});
	assert_non_null(party_next(browser, false));
	/* another path: packets come from both, and leave by the one that is set */
	party_move(call->scene, browser, "198.18.1.77", 7777);
	flow = flow_of(browser);
	assert_int_equal(media_flow_add(media_of(call), &flow, (uint32_t)index), 0);
	party_publish(call->scene, browser, 0x55, 2, 1);
	assert_int_equal(stream_of(call, "back")->packets, 2);
	assert_int_equal(media_of(call)->endpoints[index].remote.port, remote.port);
	remote = browser->addr;
	media_endpoint_move(media_of(call), (uint32_t)index, &local, &remote);
	track_send(call, 20, 102, 96, &(struct said){"v", NULL, NULL, 0});
	assert_non_null(party_next(browser, false));
	media_flow_remove(media_of(call), &flow);
	party_publish(call->scene, browser, 0x55, 3, 1);
	assert_int_equal(stream_of(call, "back")->packets, 2);
}

static int eal_setup(void **state)
{
	return srtp_init() == srtp_err_status_ok ? rig_eal("media_tracks", 256, false) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(layers_are_bound_by_rid),
	        TEST(tracks_are_bound_by_mid_and_payload_type),
	        TEST(the_offers_ssrcs_win),
	        TEST(a_lie_binds_nothing),
	        TEST(forgers_move_nobodys_guess),
	        TEST(another_ssrc_follows_once_the_first_is_silent),
	        TEST(each_leg_is_written_as_it_agreed),
	        TEST(retransmissions_go_by_the_map),
	        TEST(a_nonce_has_one_header),
	        TEST(payload_types_that_are_not_agreed_are_left_out),
	        TEST(what_is_left_out_late_fills_its_place),
	        TEST(legs_that_are_written_alike_share_a_map),
	        TEST(nothing_is_asked_that_was_not_agreed),
	        TEST(each_stream_is_asked_for_what_it_agreed_to),
	        TEST(all_that_comes_is_told),
	        TEST(what_the_path_has_proven_is_told),
	        TEST(who_sends_nothing_has_no_record),
	        TEST(who_agreed_to_remb_alone_has_that),
	        TEST(a_layer_changes_at_a_key_frame),
	        TEST(a_choice_is_taken_back),
	        TEST(what_goes_on_keeps_its_ids),
	        TEST(what_was_left_is_not_repeated),
	        TEST(another_publisher_goes_on_with_the_pictures),
	        TEST(another_payload_type_ends_no_wait),
	        TEST(a_silent_layer_has_another_ones_place),
	        TEST(a_retransmission_keeps_its_picture),
	        TEST(a_key_frame_is_asked_for_until_one_comes),
	        TEST(without_a_key_frame_it_begins_after_a_while),
	        TEST(a_sessions_path_is_set_from_outside),
	};

	return cmocka_run_group_tests(tests, eal_setup, NULL);
}
