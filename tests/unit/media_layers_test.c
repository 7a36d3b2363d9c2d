/* SPDX-License-Identifier: BSD-3-Clause */
/* One layer follows another at a key frame, and no picture id comes twice. */
#include "tracks_fixture.h"

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

static void video_layer_add(const struct call *call, const char *name, const char *rid,
                            uint8_t codec)
{
	struct sluice_stream stream = {
	        .kind = SLUICE_TRACK_VIDEO,
	        .n_payloads = 1,
	        .payloads = {{.pt = 96, .codec = codec}},
	        .mid = "v",
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(stream.name, sizeof(stream.name), "%s", name);
	snprintf(stream.endpoint, sizeof(stream.endpoint), "%s", call->publisher->name);
	snprintf(stream.rid, sizeof(stream.rid), "%s", rid);
	if (media_stream_add(media_of(call), &stream, 0, why) != 0)
		fail_msg("%s", why);
}

static void vp8_layer_add(const struct call *call, const char *name, const char *rid)
{
	video_layer_add(call, name, rid, SLUICE_CODEC_VP8);
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

/* The bytes that tell a key frame, and those of another one. */
struct frames {
	const char *what;
	uint8_t codec;
	uint8_t payload[2][6];    /* of a key frame, of another one */
	uint8_t dependency[2][4]; /* the same; all zero: there is none */
};

static void frame_send(const struct call *call, const struct frames *frames, uint32_t ssrc,
                       uint16_t seq, const char *rid, bool key)
{
	struct said said = {.mid = "v", .rid = rid};
	uint8_t packet[PARTY_MTU], *payload;
	int length;

	memcpy(said.dependency, frames->dependency[!key], sizeof(frames->dependency[0]));
	said.n_dependency = frames->dependency[0][0] != 0 ? sizeof(frames->dependency[0]) : 0;
	length = track_write(packet, ssrc, seq, 96, &said);
	payload = packet + length - PARTY_PAYLOAD;
	memcpy(payload, frames->payload[!key], sizeof(frames->payload[0]));
	payload[sizeof(frames->payload[0])] = (uint8_t)ssrc;
	length = party_protect(call->publisher, packet, length);
	party_send(call->scene, call->publisher, packet, length);
}

/* The next packet is a frame of this source, one number on and not earlier, whose payload is as it
 * was sent. before.timestamp 0: it is the first. */
static void frame_is(const struct call *call, const struct frames *frames, struct vp8_got *before,
                     uint32_t ssrc, bool key)
{
	const struct party_packet *packet = party_next(call->viewer, false);
	struct rtp_view view;
	const uint8_t *payload;

	if (packet == NULL)
		fail_msg("%s: nothing of %u", frames->what, ssrc);
	assert_int_equal(rtp_parse(packet->bytes, packet->length, &view), 0);
	payload = packet->bytes + view.header_length;
	assert_memory_equal(payload, frames->payload[!key], sizeof(frames->payload[0]));
	assert_int_equal(payload[sizeof(frames->payload[0])], ssrc);
	if (before->timestamp != 0) {
		assert_int_equal(view.seq, (uint16_t)(before->seq + 1));
		assert_true((int32_t)(view.timestamp - before->timestamp) >= 0);
	}
	before->seq = view.seq;
	before->timestamp = view.timestamp;
}

/* What tells pictures apart stands in the payload, and goes on as the publisher wrote it: a decoder
 * of these codecs begins again at a key frame, and frame numbers that were written anew would break
 * its chains. Each RID is a layer whatever spatial index its packets name. */
static void other_codecs_change_at_a_key_frame(void **state)
{
	static const struct frames rows[] = {
	        {"VP9, each RID of spatial layer 0",
	         SLUICE_CODEC_VP9,
	         {{0xac, 0x80, 7, 0x00, 9, 0x82}, {0xec, 0x80, 8, 0x00, 10, 0x86}},
	         {{0}}},
	        {"AV1", SLUICE_CODEC_AV1, {{0x18, 0x0a, 1}, {0x10, 0x32, 1}}, {{0}}},
	        {"AV1 that nobody can read, with dependency descriptors",
	         SLUICE_CODEC_AV1,
	         {{0xff, 0xff, 1}, {0xff, 0xff, 2}},
	         {{0x80, 0, 1, 0x80}, {0x80, 0, 2, 0x00}}},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct frames *row = &rows[i];
		struct call *call = *state;
		struct vp8_got got = {0};

		video_layer_add(call, "low", "l", row->codec);
		video_layer_add(call, "high", "h", row->codec);
		subscription_add(call->scene, "low", call->viewer, LEG_SSRC, RTX_SSRC);
		frame_send(call, row, 10, 1, "l", false);
		assert_null(party_next(call->viewer, false));
		frame_send(call, row, 20, 900, "h", true);
		frame_send(call, row, 10, 2, "l", true);
		frame_is(call, row, &got, 10, true);
		layer_choose(call, "h", 0);
		for (uint16_t n = 0; n < 3; n++) {
			frame_send(call, row, 20, 901 + n, "h", false);
			frame_send(call, row, 10, 3 + n, "l", false);
			frame_is(call, row, &got, 10, false);
		}
		frame_send(call, row, 20, 904, "h", true);
		frame_is(call, row, &got, 20, true);
		frame_send(call, row, 10, 6, "l", true);
		frame_send(call, row, 20, 905, "h", false);
		frame_is(call, row, &got, 20, false);
		/* down again */
		layer_choose(call, "l", 0);
		frame_send(call, row, 10, 7, "l", false);
		frame_send(call, row, 20, 906, "h", false);
		frame_is(call, row, &got, 20, false);
		frame_send(call, row, 10, 8, "l", true);
		frame_is(call, row, &got, 10, true);
		assert_null(party_next(call->viewer, false));
		call_teardown(state);
		call_setup(state);
	}
}

/* A browser whose picture is small sends no low layer at all: who is to get that gets another. */
static void a_layer_that_never_comes_keeps_nobody_waiting(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0};

	vp8_layer_add(call, "low", "l");
	vp8_layer_add(call, "high", "h");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	vp8_send(call, 20, 900, "h", 900, 1, true, true);
	assert_null(party_next(call->viewer, false));
	media_tick(media_of(call));
	vp8_send(call, 20, 901, "h", 901, 2, true, true);
	vp8_is(call, &got, 20, true);
	vp8_send(call, 20, 902, "h", 902, 3, true, false);
	vp8_is(call, &got, 20, false);
}

/* One of the base layer, that was lost and comes again, behind one that is built on it. */
static void a_late_frame_keeps_its_place(void **state)
{
	struct call *call = *state;
	struct vp8_got first, got;

	vp8_layer_add(call, "low", "l");
	subscription_add(call->scene, "low", call->viewer, LEG_SSRC, 0);
	vp8_send(call, 10, 1, "l", 100, 7, true, true);
	assert_true(vp8_next(call, &first));
	vp8_send(call, 10, 3, "l", 102, 8, true, false);
	assert_true(vp8_next(call, &got));
	assert_int_equal(got.seq, (uint16_t)(first.seq + 2));
	vp8_send(call, 10, 2, "l", 101, 8, true, false);
	assert_true(vp8_next(call, &got));
	assert_int_equal(got.seq, (uint16_t)(first.seq + 1));
	assert_int_equal(got.picture, (first.picture + 1) & 0x7fff);
	assert_int_equal(got.tl0, (uint8_t)(first.tl0 + 1));
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
	for (uint16_t i = 1; i <= 3; i++) {
		if (i == 1 || i == 2)
			call->viewer->lose_seq = (uint16_t)(first + i);
		vp8_send(call, 10, 1 + i, "l", 1 + i, (uint8_t)(1 + i), true, false);
	}
	assert_int_equal(call->viewer->lost, 2);
	party_forget(call->viewer);
	/* numbered behind the change: the very first one of them */
	report_lost(call, (uint16_t)(first + 1));
	assert_int_equal(viewer_next(call).level, 77);
	vp8_send(&others, 20, 1, "o", 9, 9, true, true);
	media_tick(media_of(call));
	assert_int_equal(media_of(call)->config->leaving, 0);
	party_forget(call->viewer);
	report_lost(call, (uint16_t)(first + 2));
	assert_null(party_next(call->viewer, false));
	assert_int_equal(leg_of(call, "low")->retransmit_refused, 1);
}

/* Whoever publishes now begins with numbers of his own: the viewer sees them go on. */
static void another_publisher_goes_on_with_the_pictures(void **state)
{
	struct call *call = *state;
	struct vp8_got got = {0};
	struct sluice_subscription add = {.ssrc = LEG_SSRC};
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
	strcpy(add.stream, "low");
	strcpy(add.endpoint, "viewer");
	assert_int_equal(media_subscription_resume(media_of(call), &add, 0, &clock, why), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
	        TEST(a_layer_changes_at_a_key_frame),
	        TEST(other_codecs_change_at_a_key_frame),
	        TEST(a_layer_that_never_comes_keeps_nobody_waiting),
	        TEST(a_late_frame_keeps_its_place),
	        TEST(a_choice_is_taken_back),
	        TEST(what_goes_on_keeps_its_ids),
	        TEST(what_was_left_is_not_repeated),
	        TEST(another_publisher_goes_on_with_the_pictures),
	        TEST(another_payload_type_ends_no_wait),
	        TEST(a_silent_layer_has_another_ones_place),
	        TEST(a_retransmission_keeps_its_picture),
	        TEST(a_key_frame_is_asked_for_until_one_comes),
	        TEST(without_a_key_frame_it_begins_after_a_while),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
