/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/codec.h"

#include "media/bytes.h"

/* RFC 7741, 4.2. */
#define VP8_X        0x80
#define VP8_S        0x10 /* begins a partition */
#define VP8_PID      0x07
#define VP8_I        0x80 /* of the extension: picture id, ... */
#define VP8_L        0x40 /* TL0PICIDX, ... */
#define VP8_T        0x20 /* TID, ... */
#define VP8_K        0x10 /* KEYIDX: one byte for both */
#define VP8_M        0x80 /* of the picture id: it has 15 bits */
#define VP8_Y        0x20 /* of TID's byte: layer sync */
#define VP8_TID      6    /* its place there */
#define VP8_INTER    0x01 /* of the frame header: not a key frame (4.3) */
#define VP8_PID_MAX7 0x7f

/* RFC 9628, 4.2. */
#define VP9_I 0x80 /* picture id */
#define VP9_P 0x40 /* predicted from another picture */
#define VP9_L 0x20 /* layer indices */
#define VP9_F 0x10 /* flexible mode */
#define VP9_B 0x08 /* begins a frame */
#define VP9_U 0x10 /* of the layers: one may go up behind it */

/* RFC 6184, 5.2. */
#define H264_TYPE   0x1f
#define H264_SPS    7
#define H264_STAP_A 24
#define H264_FU_A   28
#define H264_BEGINS 0x80 /* of the FU header */

/* AV1's aggregation header. */
#define AV1_Z 0x80 /* the first OBU goes on from another packet */
#define AV1_N 0x08 /* begins a coded video sequence */

bool vp8_descriptor_read(const uint8_t *payload, uint16_t length, struct vp8_descriptor *descriptor)
{
	uint16_t at = 1;
	uint8_t flags;

	*descriptor = (struct vp8_descriptor){.length = 1};
	if (length < 1)
		return false;
	descriptor->begins = (payload[0] & (VP8_S | VP8_PID)) == VP8_S;
	if (!(payload[0] & VP8_X))
		return true;
	if (length < 2)
		return false;
	flags = payload[at++];
	if (flags & VP8_I) {
		if (at >= length)
			return false;
		descriptor->wide = payload[at] & VP8_M;
		if (at + descriptor->wide >= length)
			return false;
		descriptor->picture_at = (uint8_t)at;
		descriptor->picture = descriptor->wide ? read_be16(payload + at) & 0x7fff
		                                       : payload[at] & VP8_PID_MAX7;
		at += 1 + descriptor->wide;
	}
	if (flags & VP8_L) {
		if (at >= length)
			return false;
		descriptor->tl0_at = (uint8_t)at;
		descriptor->tl0 = payload[at++];
	}
	if (flags & VP8_T && at < length) {
		descriptor->temporal = payload[at] >> VP8_TID;
		descriptor->sync = payload[at] & VP8_Y;
	}
	at += (flags & (VP8_T | VP8_K)) != 0;
	descriptor->length = (uint8_t)at;
	return at <= length;
}

uint8_t vp8_temporal(const uint8_t *payload, uint16_t length)
{
	struct vp8_descriptor descriptor;

	return vp8_descriptor_read(payload, length, &descriptor) ? descriptor.temporal : 0;
}

static bool vp8_is_key(const uint8_t *payload, uint16_t length)
{
	struct vp8_descriptor descriptor;

	if (!vp8_descriptor_read(payload, length, &descriptor) || descriptor.length >= length)
		return false;
	return (payload[0] & VP8_S) && (payload[0] & VP8_PID) == 0 &&
	       !(payload[descriptor.length] & VP8_INTER);
}

/* Of the lowest spatial layer: those above it hang on that. */
static bool vp9_is_key(const uint8_t *payload, uint16_t length)
{
	uint16_t at = 1;

	if (length < 2 || !(payload[0] & VP9_B) || payload[0] & VP9_P)
		return false;
	if (payload[0] & VP9_I)
		at += payload[at] & 0x80 ? 2 : 1;
	if (!(payload[0] & VP9_L))
		return at < length;
	return at < length && (payload[at] >> 1 & 7) == 0;
}

/* Layers of one picture come one after the other: the lowest one begins it. */
uint8_t vp9_frame(const uint8_t *payload, uint16_t length)
{
	uint16_t at = 1;
	uint8_t temporal, frame = FRAME_TELLS;

	if (length < 2 || !(payload[0] & VP9_L))
		return 0;
	if (payload[0] & VP9_I)
		at += payload[at] & 0x80 ? 2 : 1;
	if (at >= length)
		return 0;
	temporal = payload[at] >> 5;
	frame |= temporal < VP8_TEMPORALS ? temporal : VP8_TEMPORALS - 1;
	if (payload[0] & VP9_B && (payload[at] >> 1 & 7) == 0)
		frame |= FRAME_BEGINS;
	return payload[at] & VP9_U ? frame | FRAME_UP : frame;
}

static bool h264_stap_has_sps(const uint8_t *payload, uint16_t length)
{
	uint32_t at = 1;

	while (at + 2 < length) {
		uint16_t size = read_be16(payload + at);

		if ((payload[at + 2] & H264_TYPE) == H264_SPS && size != 0)
			return true;
		at += 2u + size;
	}
	return false;
}

/* An IDR alone is none: its parameter sets have gone by. */
static bool h264_is_key(const uint8_t *payload, uint16_t length)
{
	if (length < 2)
		return false;
	switch (payload[0] & H264_TYPE) {
	case H264_SPS:
		return true;
	case H264_STAP_A:
		return h264_stap_has_sps(payload, length);
	case H264_FU_A:
		return (payload[1] & H264_BEGINS) && (payload[1] & H264_TYPE) == H264_SPS;
	default:
		return false;
	}
}

bool codec_is_key(uint8_t codec, const uint8_t *payload, uint16_t length)
{
	switch (codec) {
	case SLUICE_CODEC_VP8:
		return vp8_is_key(payload, length);
	case SLUICE_CODEC_VP9:
		return vp9_is_key(payload, length);
	case SLUICE_CODEC_H264:
		return h264_is_key(payload, length);
	case SLUICE_CODEC_AV1:
		return length > 1 && (payload[0] & (AV1_Z | AV1_N)) == AV1_N;
	default:
		return false;
	}
}
