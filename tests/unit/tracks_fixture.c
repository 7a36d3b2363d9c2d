/* SPDX-License-Identifier: BSD-3-Clause */
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

const uint8_t publishers[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = ID_MID,
        [SLUICE_EXTENSION_RID] = ID_RID,
        [SLUICE_EXTENSION_REPAIRED_RID] = ID_REPAIRED,
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] = ID_TRANSPORT,
        [SLUICE_EXTENSION_ABS_SEND_TIME] = ID_SEND_TIME,
        [SLUICE_EXTENSION_AUDIO_LEVEL] = ID_LEVEL,
        [SLUICE_EXTENSION_DEPENDENCY] = ID_DEPENDENCY,
};
const uint8_t subscribers[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = 9,
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] = 7,
        [SLUICE_EXTENSION_ABS_SEND_TIME] = 8,
        [SLUICE_EXTENSION_AUDIO_LEVEL] = 1,
};

struct media *media_of(const struct call *call)
{
	return call->scene->rig.dp->media;
}

void party_agree(const struct call *call, struct party *party, uint8_t feedback,
                 const uint8_t *extensions)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	party->endpoint.feedback_given = 1;
	party->endpoint.feedback = feedback;
	memcpy(party->endpoint.extensions, extensions, sizeof(party->endpoint.extensions));
	if (media_endpoint_add(media_of(call), &party->endpoint, SLUICE_API_EXIST_OK, why) != 0)
		fail_msg("%s", why);
}

int call_setup(void **state)
{
	static struct call call;

	call = (struct call){.scene = media_scene_create(2)};
	call.publisher = party_add(call.scene, "publisher", SLUICE_SRTP_GCM128);
	call.viewer = party_add(call.scene, "viewer", SLUICE_SRTP_CM80);
	party_agree(&call, call.publisher, SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI, publishers);
	*state = &call;
	return 0;
}

int call_teardown(void **state)
{
	struct call *call = *state;

	assert_int_equal(call->viewer->unreadable, 0);
	media_scene_destroy(call->scene);
	return 0;
}

void layer_add(const struct call *call, const char *name, const char *mid, const char *rid,
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

static uint8_t *text_put(uint8_t *at, uint8_t id, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	if (text == NULL)
		return at;
	*at++ = (uint8_t)(id << 4 | (length - 1));
	memcpy(at, text, length);
	return at + length;
}

int track_write(uint8_t *packet, uint32_t ssrc, uint16_t seq, uint8_t pt, const struct said *said)
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
	if (said->n_dependency != 0) {
		*at++ = (uint8_t)(ID_DEPENDENCY << 4 | (said->n_dependency - 1));
		memcpy(at, said->dependency, said->n_dependency);
		at += said->n_dependency;
	}
	while ((at - elements) % 4 != 0)
		at++;
	write_be16(elements - 4, RTP_EXT_ONE_BYTE);
	write_be16(elements - 2, (uint16_t)((at - elements) / 4));
	write_be16(at, said->original);
	return (int)(at - packet) + PARTY_PAYLOAD;
}

void track_send(const struct call *call, uint32_t ssrc, uint16_t seq, uint8_t pt,
                const struct said *said)
{
	uint8_t packet[PARTY_MTU];
	int length = track_write(packet, ssrc, seq, pt, said);

	length = party_protect(call->publisher, packet, length);
	party_send(call->scene, call->publisher, packet, length);
}

const struct stream *stream_of(const struct call *call, const char *name)
{
	uint32_t index = stream_named(media_of(call), name);

	assert_int_not_equal(index, 0);
	return &media_of(call)->streams[index];
}

void stream_is(const struct call *call, const char *name, uint32_t ssrc, uint32_t rtx_ssrc)
{
	const struct stream *stream = stream_of(call, name);

	if (stream->source->ssrc != ssrc || stream->rtx_source->ssrc != rtx_ssrc)
		fail_msg("%s: %u and %u", name, stream->source->ssrc, stream->rtx_source->ssrc);
}

const struct endpoint *publisher_of(const struct call *call)
{
	return &media_of(call)->endpoints[media_endpoint_index(media_of(call), "publisher")];
}

void viewer_add(const struct call *call, const char *stream, uint32_t ssrc, uint32_t rtx_ssrc,
                const char *mid)
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

struct got viewer_next(const struct call *call)
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

void report_lost(const struct call *call, uint64_t seq)
{
	uint8_t packet[PARTY_MTU];
	struct rtcp_writer writer = {.start = packet, .room = PARTY_MTU};

	rtcp_put_rr(&writer, 77);
	rtcp_put_nack(&writer, 77, LEG_SSRC, &seq, 1);
	party_report(call->scene, call->viewer, &writer);
}

const struct subscription *leg_of(const struct call *call, const char *stream)
{
	uint32_t index = subscription_named(media_of(call), stream, call->viewer->name);

	assert_int_not_equal(index, 0);
	return &media_of(call)->subscriptions[index];
}

struct asked asked_count(struct party *party)
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
