/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers of browsers and others (offers/), what is agreed to, and what the answer says; what is
 * refused, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sdp/answer.h"
#include "sdp/fragment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

static const char *folder;

struct talk {
	char text[SDP_LENGTH_MAX];
	size_t length;
	struct sdp_offer *offer;
	struct sdp_agreement agreement;
	char why[SDP_WHY_MAX];
	char answer[SDP_ANSWER_MAX];
};

static struct talk *talk_start(const char *name)
{
	struct talk *talk = test_calloc(1, sizeof(*talk));
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.sdp", folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	talk->length = fread(talk->text, 1, sizeof(talk->text), file);
	fclose(file);
	talk->offer = sdp_offer_create();
	return talk;
}

static void talk_end(struct talk *talk)
{
	sdp_offer_destroy(talk->offer);
	test_free(talk);
}

static int talk_read(struct talk *talk, const struct sdp_tracks *published)
{
	int error = sdp_read(talk->offer, talk->text, talk->length, talk->why);

	return error < 0 ? error : sdp_agree(talk->offer, published, &talk->agreement, talk->why);
}

static struct sluice_session_made made_example(void)
{
	struct sluice_session_made made = {
	        .ufrag = "AbCdEfGhIjKlMnOp",
	        .pwd = "0123456789abcdefghijklmnopqrstuv",
	        .n_addresses = 2,
	        .fingerprint = {SLUICE_DIGEST_SHA256, 32, {0}, {0xab, 0xcd}},
	        .ssrcs = {1111, 2222},
	        .rtx_ssrcs = {0, 2223},
	        .cname = "sluice-cname",
	};

	memset(made.addresses[0].ip + 10, 0xff, 2);
	memcpy(made.addresses[0].ip + 12, "\xc6\x12\x01\x01", 4);
	made.addresses[0].port = made.addresses[1].port = htons(3478);
	memcpy(made.addresses[1].ip, "\x20\x01\x00\x02", 4);
	made.addresses[1].ip[15] = 1;
	return made;
}

static void talk_answer(struct talk *talk, bool watch)
{
	struct sluice_session_made made = made_example();
	const struct sdp_answer answer = {talk->offer, &talk->agreement, &made, "cam", 8, watch};

	assert_true(sdp_answer_write(&answer, talk->answer, sizeof(talk->answer)) > 0);
}

static void expect(const struct talk *talk, const char *line)
{
	if (strstr(talk->answer, line) == NULL)
		fail_msg("no '%s' in:\n%s", line, talk->answer);
}

static void expect_not(const struct talk *talk, const char *line)
{
	if (strstr(talk->answer, line) != NULL)
		fail_msg("'%s' in:\n%s", line, talk->answer);
}

/* -- publishers -- */

struct publisher {
	const char *name;
	const char *ufrag;
	uint8_t pts[8], rtx[8];  /* of video, in the offer's order */
	uint8_t n_rids, n_ssrcs; /* of video */
	uint8_t audio;           /* pt of opus */
	uint8_t feedback;        /* of video */
	const char *audio_line, *video_line;
};

#define NACKS (SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI)

static const struct publisher publishers[] = {
        {"chromium-publish",
         NULL,
         {96, 102, 104, 108, 114, 116, 39, 45},
         {97, 103, 107, 109, 115, 117, 40, 46},
         0,
         1,
         111,
         NACKS | SLUICE_FEEDBACK_FIR | SLUICE_FEEDBACK_TRANSPORT,
         "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107"},
        {"chromium-simulcast",
         NULL,
         {96, 102, 104, 108, 114, 116, 39, 45},
         {97, 103, 107, 109, 115, 117, 40, 46},
         3,
         0,
         111,
         NACKS | SLUICE_FEEDBACK_FIR | SLUICE_FEEDBACK_TRANSPORT,
         "m=audio 9",
         "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"},
        {"firefox-publish",
         NULL,
         {120, 121, 99},
         {124, 125, 100},
         0,
         1,
         109,
         NACKS | SLUICE_FEEDBACK_FIR | SLUICE_FEEDBACK_TRANSPORT,
         "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 99 100\r\n"},
        {"firefox-simulcast",
         "c3f0e950",
         {120, 121, 99},
         {124, 125, 100},
         3,
         3,
         109,
         NACKS | SLUICE_FEEDBACK_FIR | SLUICE_FEEDBACK_TRANSPORT,
         "m=audio 9",
         "a=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n"},
        {"safari-publish",
         "Ka3W",
         {96, 98, 101},
         {97, 99, 0},
         0,
         1,
         111,
         NACKS | SLUICE_FEEDBACK_FIR | SLUICE_FEEDBACK_TRANSPORT,
         "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 101\r\n"},
        {"libdatachannel-publish",
         "KJ6f",
         {96},
         {0},
         0,
         1,
         111,
         NACKS | SLUICE_FEEDBACK_REMB,
         "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"},
        {"aiortc-publish",
         NULL,
         {97, 99, 101},
         {98, 100, 102},
         0,
         1,
         96,
         NACKS | SLUICE_FEEDBACK_REMB,
         "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 97 98 99 100 101 102\r\n"},
        {"werift-publish",
         NULL,
         {98},
         {0},
         0,
         1,
         96,
         NACKS | SLUICE_FEEDBACK_REMB,
         "a=rtpmap:96 OPUS/48000/2\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 98\r\n"},
        {"gstreamer-publish",
         "0n3cQv5xq0jBzPcqLbVf6R5mN9dYtM1e",
         {96},
         {0},
         0,
         1,
         97,
         NACKS,
         "a=group:BUNDLE audio0 video1\r\n",
         "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"},
};

static void publisher_check(const struct publisher *row)
{
	struct talk *talk = talk_start(row->name);
	const struct sluice_track *audio, *video;

	if (talk_read(talk, NULL) != 0)
		fail_msg("%s: %s", row->name, talk->why);
	assert_int_equal(talk->agreement.tracks.count, 2);
	audio = &talk->agreement.tracks.tracks[0];
	video = &talk->agreement.tracks.tracks[1];
	assert_int_equal(audio->payloads[0].pt, row->audio);
	assert_int_equal(audio->payloads[0].codec, SLUICE_CODEC_OPUS);
	for (uint32_t i = 0; i < 8 && row->pts[i] != 0; i++) {
		assert_int_equal(video->payloads[i].pt, row->pts[i]);
		assert_int_equal(video->payloads[i].rtx_pt, row->rtx[i]);
	}
	assert_int_equal(video->n_rids, row->n_rids);
	assert_int_equal(video->n_ssrcs, row->n_ssrcs);
	assert_int_equal(video->feedback, row->feedback);
	assert_int_equal(talk->agreement.transport.n_fingerprints, 1);
	assert_false(talk->agreement.active);
	if (row->ufrag != NULL)
		assert_true(slice_is(talk->agreement.transport.ufrag, row->ufrag));
	talk_answer(talk, false);
	expect(talk, row->audio_line);
	expect(talk, row->video_line);
	expect(talk, "a=ice-lite\r\n");
	expect(talk, "a=ice-ufrag:AbCdEfGhIjKlMnOp\r\n");
	expect(talk, "a=setup:passive\r\n");
	expect(talk, "a=recvonly\r\n");
	expect(talk, "a=candidate:1 1 udp 2130706431 198.18.1.1 3478 typ host\r\n");
	expect(talk, "a=candidate:2 1 udp 2130706175 2001:2::1 3478 typ host\r\n");
	expect_not(talk, "a=ssrc:");
	talk_end(talk);
}

static void each_publisher_is_answered(void **state)
{
	for (size_t i = 0; i < sizeof(publishers) / sizeof(publishers[0]); i++)
		publisher_check(&publishers[i]);
}

/* An extension is answered where it is of use, the other way round if the offer names one. */
static void extensions_have_directions(void **state)
{
	struct talk *talk = talk_start("firefox-simulcast");
	const struct sluice_track *video = &talk->agreement.tracks.tracks[1];

	assert_int_equal(talk_read(talk, NULL), 0);
	assert_int_equal(video->extensions[SLUICE_EXTENSION_MID], 3);
	assert_int_equal(video->extensions[SLUICE_EXTENSION_RID], 9);
	assert_int_equal(video->extensions[SLUICE_EXTENSION_TRANSPORT_NUMBER], 7);
	assert_int_equal(video->extensions[SLUICE_EXTENSION_PLAYOUT_DELAY], 0);
	assert_int_equal(video->ssrcs[1], 3685454540);
	assert_int_equal(video->rtx_ssrcs[1], 2174721384);
	talk_answer(talk, false);
	expect(talk, "a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n");
	expect_not(talk, "playout-delay");
	expect_not(talk, "goog-remb");
	talk_end(talk);
}

/* -- viewers -- */

struct pair {
	const char *publisher, *viewer;
	int status;
	uint8_t from[4], pt[4]; /* of video: the publisher's, the viewer's */
};

static const struct pair pairs[] = {
        {"chromium-publish", "chromium-watch", 0, {96, 45}, {96, 45}},
        {"chromium-publish", "firefox-watch", 0, {96}, {120}},
        {"firefox-publish", "chromium-watch", 0, {120, 121, 99}, {96, 98, 45}},
        {"safari-publish", "chromium-watch", -ENOTSUP, {0}, {0}},
        {"libdatachannel-publish", "chromium-watch", 0, {96}, {108}},
        {"libdatachannel-publish", "pion-watch", 0, {96}, {102}}, /* baseline plays constrained */
        {"libdatachannel-publish", "firefox-watch", -ENOTSUP, {0}, {0}},
        {"werift-publish", "pion-watch", 0, {98}, {96}},
};

static const struct sluice_payload *payload_from(const struct sluice_track *track, uint8_t from)
{
	for (uint32_t i = 0; i < track->n_payloads; i++)
		if (track->payloads[i].from == from)
			return &track->payloads[i];
	return NULL;
}

static void pair_check(const struct pair *row)
{
	struct talk *publisher = talk_start(row->publisher), *viewer = talk_start(row->viewer);
	int status;

	assert_int_equal(talk_read(publisher, NULL), 0);
	status = talk_read(viewer, &publisher->agreement.tracks);
	if (status != row->status)
		fail_msg("%s, %s: %d %s", row->publisher, row->viewer, status, viewer->why);
	for (uint32_t i = 0; i < 4 && row->from[i] != 0; i++) {
		const struct sluice_payload *payload =
		        payload_from(&viewer->agreement.tracks.tracks[1], row->from[i]);

		assert_non_null(payload);
		assert_int_equal(payload->pt, row->pt[i]);
	}
	if (status == 0) {
		talk_answer(viewer, true);
		expect(viewer, "a=sendonly\r\n");
		expect(viewer, "a=ssrc:1111 cname:sluice-cname\r\n");
		expect(viewer, "a=ssrc-group:FID 2222 2223\r\n");
		expect(viewer, "a=msid:cam video\r\n");
		expect_not(viewer, "ulpfec");
		expect_not(viewer, "flexfec");
	}
	talk_end(publisher);
	talk_end(viewer);
}

static void viewers_get_what_they_can_play(void **state)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		pair_check(&pairs[i]);
}

/* RED's blocks name payload types that are not rewritten. */
static void red_needs_the_same_numbers(void **state)
{
	struct talk *publisher = talk_start("chromium-publish");
	struct talk *viewer = talk_start("chromium-watch"), *other = talk_start("chromium-watch");
	char *inner;

	assert_int_equal(talk_read(publisher, NULL), 0);
	assert_int_equal(talk_read(viewer, &publisher->agreement.tracks), 0);
	assert_int_equal(viewer->agreement.tracks.tracks[0].n_payloads, 2);
	while ((inner = strstr(other->text, "111")) != NULL)
		memcpy(inner, "112", 3);
	assert_int_equal(talk_read(other, &publisher->agreement.tracks), 0);
	assert_int_equal(other->agreement.tracks.tracks[0].n_payloads, 1);
	assert_int_equal(other->agreement.tracks.tracks[0].payloads[0].pt, 112);
	talk_end(publisher);
	talk_end(viewer);
	talk_end(other);
}

/* What the publisher does not send is silent, and the rest is whole. */
static void a_publisher_without_audio(void **state)
{
	struct talk *publisher = talk_start("chromium-publish");
	struct talk *viewer = talk_start("chromium-watch");
	struct sdp_tracks *tracks = &publisher->agreement.tracks;

	assert_int_equal(talk_read(publisher, NULL), 0);
	tracks->tracks[0] = tracks->tracks[1];
	memcpy(tracks->variants[0], tracks->variants[1], sizeof(tracks->variants[0]));
	tracks->count = 1;
	assert_int_equal(talk_read(viewer, tracks), 0);
	assert_int_equal(viewer->agreement.tracks.count, 1);
	assert_int_equal(viewer->agreement.track_of[0], SDP_SILENT);
	talk_answer(viewer, true);
	expect(viewer, "a=group:BUNDLE 0 1\r\n");
	expect(viewer, "a=mid:0\r\na=inactive\r\n");
	expect(viewer, "a=mid:1\r\na=sendonly\r\n");
	talk_end(publisher);
	talk_end(viewer);
}

/* -- what is refused -- */

struct refusal {
	const char *name, *from, *to; /* in the offer, each time it is there */
	int status;
	const char *why;
};

static const struct refusal refusals[] = {
        {"chromium-publish", "v=0", "v=1", -EINVAL, "line 1: expected v=0"},
        {"chromium-publish", "s=-", "s-", -EINVAL, "TYPE=VALUE"},
        {"chromium-publish", "s=-", "s=\x01", -EINVAL, "control character"},
        {"chromium-publish", "m=", "x=", -EINVAL, "no m-line"},
        {"chromium-publish", "m=video 9", "m=video 99999", -EINVAL, "port"},
        {"chromium-publish", "SAVPF 96", "SAVPF 196", -EINVAL, "payload types"},
        {"chromium-publish", "a=ice-ufrag:", "a=ice-ufrag:~", -EINVAL, "a=ice-ufrag"},
        {"chromium-publish", "a=ice-pwd:", "a=ice-pwd", -EINVAL, "a=ice-pwd"},
        {"chromium-publish", "a=fingerprint:sha-256 ", "a=fingerprint:sha-384 ", -EINVAL,
         "as many bytes"},
        {"chromium-publish", "a=fingerprint:sha-256 ", "a=fingerprint:sha-1 ", -EINVAL,
         "a=fingerprint of sha-256"},
        {"chromium-publish", "a=setup:actpass", "a=setup:both", -EINVAL, "a=setup"},
        {"chromium-publish", "a=setup:actpass", "a=setup:holdconn", -ENOTSUP, "holdconn"},
        {"chromium-publish", "a=mid:0", "a=mid:01234567890123456", -EINVAL, "a=mid"},
        {"chromium-publish", "a=mid:1", "a=mid:0", -EINVAL, "another m-line"},
        {"chromium-publish", "a=rtcp-mux", "a=rtcp-no", -ENOTSUP, "rtcp-mux"},
        {"chromium-publish", "a=group:BUNDLE", "a=group:LS", -ENOTSUP, "BUNDLE"},
        {"chromium-publish", "opus/48000", "pous/48000", -ENOTSUP, "expected opus"},
        {"chromium-publish", "UDP/TLS/RTP/SAVPF", "RTP/AVPF", -ENOTSUP, "SRTP"},
        {"chromium-publish", "m=audio", "m=video", -ENOTSUP, "no video codec"},
        {"chromium-publish", "m=video", "m=audio", -ENOTSUP, "more than one"},
        {"chromium-publish", "a=sendonly", "a=recvonly", -ENOTSUP, "sendonly"},
        {"chromium-publish", "a=sendonly", "a=inactive", -ENOTSUP, "sendonly"},
        {"chromium-publish", "m=", "m=x", -ENOTSUP, "neither audio nor video"},
};

static void replace(struct talk *talk, const char *from, const char *to)
{
	size_t old = strlen(from), fresh = strlen(to);
	char *at = talk->text;

	while ((at = strstr(at, from)) != NULL) {
		assert_true(talk->length + fresh - old < sizeof(talk->text));
		memmove(at + fresh, at + old, talk->length - (size_t)(at - talk->text) - old + 1);
		memcpy(at, to, fresh);
		talk->length += fresh - old;
		at += fresh;
	}
}

static void what_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct talk *talk = talk_start(row->name);
		int status;

		replace(talk, row->from, row->to);
		status = talk_read(talk, NULL);
		if (status != row->status || strstr(talk->why, row->why) == NULL)
			fail_msg("%s: %d '%s', wanted %d '%s'", row->to, status, talk->why,
			         row->status, row->why);
		talk_end(talk);
	}
}

static void setup_decides_who_begins(void **state)
{
	static const struct {
		const char *setup, *answer;
		bool active;
	} rows[] = {
	        {"actpass", "a=setup:passive", false},
	        {"active", "a=setup:passive", false},
	        {"passive", "a=setup:active", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct talk *talk = talk_start("chromium-publish");

		replace(talk, "actpass", rows[i].setup);
		assert_int_equal(talk_read(talk, NULL), 0);
		assert_int_equal(talk->agreement.active, rows[i].active);
		talk_answer(talk, false);
		expect(talk, rows[i].answer);
		talk_end(talk);
	}
}

/* Of a bundle the tagged m-line alone may have them (RFC 9429, 5.2.1). */
static void attributes_of_the_tagged_line(void **state)
{
	struct talk *talk = talk_start("chromium-publish");
	char *video = strstr(talk->text, "m=video"), *line;

	while ((line = strstr(video, "a=ice-")) != NULL)
		memcpy(line, "a=xce-", 6);
	while ((line = strstr(video, "a=fingerprint")) != NULL)
		memcpy(line, "a=xingerprint", 13);
	line = strstr(talk->text, "m=audio 9");
	memcpy(line, "m=audio 0", 9); /* and is rejected itself */
	assert_int_equal(talk_read(talk, NULL), 0);
	assert_int_equal(talk->agreement.tracks.count, 1);
	assert_int_equal(talk->agreement.transport.n_fingerprints, 1);
	talk_end(talk);
}

/* One medium that is left needs no bundle; a layer that is named twice is one. */
static void what_is_left(void **state)
{
	struct talk *talk = talk_start("chromium-simulcast");

	replace(talk, "a=group:BUNDLE", "a=group:LS");
	replace(talk, "m=audio 9", "m=audio 0");
	replace(talk, "send q;h;f", "send q;q;f");
	assert_int_equal(talk_read(talk, NULL), 0);
	assert_int_equal(talk->agreement.tracks.count, 1);
	assert_int_equal(talk->agreement.tracks.tracks[0].n_rids, 2);
	talk_end(talk);
	talk = talk_start("chromium-publish");
	replace(talk, " 97 ", " 64 ");
	replace(talk, ":97 ", ":64 ");
	assert_int_equal(talk_read(talk, NULL), 0);
	assert_int_equal(talk->agreement.tracks.tracks[1].payloads[0].rtx_pt, 0);
	talk_end(talk);
}

/* At the session level, once for all m-lines. */
static void attributes_of_the_session(void **state)
{
	static const char text[] =
	        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:active\r\n"
	        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
	        "a=fingerprint:SHA-512 "
	        "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:00:01:02:03:04:05:06:07:08:09:0a:"
	        "0b:0c:0d:0e:0f:00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:00:01:02:03:04:05:"
	        "06:07:08:09:0a:0b:0c:0d:0e:0F\r\n"
	        "m=video 9 UDP/TLS/RTP/SAVPF 100\r\na=rtcp-mux\r\na=sendonly\r\n"
	        "a=rtpmap:100 vp8/90000\r\na=rtcp-fb:* nack\r\na=ssrc:7 cname:x\r\n";
	struct talk *talk = talk_start("chromium-publish");

	memcpy(talk->text, text, sizeof(text));
	talk->length = sizeof(text) - 1;
	assert_int_equal(talk_read(talk, NULL), 0);
	assert_true(slice_is(talk->agreement.transport.ufrag, "abcd"));
	assert_int_equal(talk->agreement.transport.fingerprints[0].digest, SLUICE_DIGEST_SHA512);
	assert_int_equal(talk->agreement.transport.fingerprints[0].bytes[63], 0x0f);
	assert_int_equal(talk->agreement.tracks.tracks[0].feedback, SLUICE_FEEDBACK_NACK);
	assert_int_equal(talk->agreement.tracks.tracks[0].ssrcs[0], 7);
	talk_answer(talk, false);
	expect_not(talk, "BUNDLE");
	talk_end(talk);
}

/* Each bound is a refusal or a cut, never more memory. */
static void what_is_too_much(void **state)
{
	struct talk *talk = talk_start("chromium-publish");
	size_t line;

	for (line = talk->length; line + 4 < sizeof(talk->text); line += 4)
		memcpy(talk->text + line, "b=\r\n", 4);
	talk->length = line;
	assert_int_equal(talk_read(talk, NULL), -EINVAL);
	assert_non_null(strstr(talk->why, "4096 lines"));
	talk_end(talk);
	talk = talk_start("chromium-publish");
	assert_int_equal(sdp_read(talk->offer, talk->text, SDP_LENGTH_MAX + 1, talk->why), -EINVAL);
	talk_end(talk);
}

/* -- sdpfrag -- */

static void fragments(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *ufrag;
		uint32_t candidates;
	} rows[] = {
	        {"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 RTP/AVP 0\r\n"
	         "a=mid:0\r\na=candidate:1 1 udp 1 198.18.1.2 5 typ "
	         "host\r\na=end-of-candidates\r\n",
	         0, "abcd", 1},
	        {"a=end-of-candidates\n", 0, "", 0},
	        {"a=ice-ufrag:abcd\r\n", -EINVAL, "", 0},
	        {"a=ice-ufrag:ab\r\n", -EINVAL, "", 0},
	        {"hello", -EINVAL, "", 0},
	        {"", -EINVAL, "", 0},
	        {"a=mid:0\r\n", -EINVAL, "", 0},
	        {"a=\x7f\x01\r\n", -EINVAL, "", 0},
	};
	struct sluice_session_made made = made_example();
	struct sdp_fragment fragment;
	char why[SDP_WHY_MAX], text[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		        sdp_fragment_read(&fragment, rows[i].text, strlen(rows[i].text), why),
		        rows[i].status);
		if (rows[i].status < 0)
			continue;
		assert_true(slice_is(fragment.ufrag, rows[i].ufrag));
		assert_int_equal(fragment.candidates, rows[i].candidates);
	}
	assert_true(sdp_fragment_write(&made, "audio", "0", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "a=ice-ufrag:AbCdEfGhIjKlMnOp\r\n"));
	assert_non_null(strstr(text, "a=mid:0\r\n"));
	assert_non_null(strstr(text, "a=end-of-candidates\r\n"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_publisher_is_answered),
	        cmocka_unit_test(extensions_have_directions),
	        cmocka_unit_test(viewers_get_what_they_can_play),
	        cmocka_unit_test(red_needs_the_same_numbers),
	        cmocka_unit_test(a_publisher_without_audio),
	        cmocka_unit_test(what_is_refused),
	        cmocka_unit_test(setup_decides_who_begins),
	        cmocka_unit_test(attributes_of_the_session),
	        cmocka_unit_test(attributes_of_the_tagged_line),
	        cmocka_unit_test(what_is_left),
	        cmocka_unit_test(what_is_too_much),
	        cmocka_unit_test(fragments),
	};

	folder = argc > 1 ? argv[1] : "tests/unit/offers";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
