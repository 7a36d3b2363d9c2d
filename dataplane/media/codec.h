/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What payloads of video tell of their frames: VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184),
 * AV1 (AOM's payload format 1.0), or the dependency descriptor whatever the codec is. The bytes are
 * the publisher's, and may lie.
 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/media.h>

/* Whether key frames of the codec can be told. */
static inline bool codec_is_video(uint8_t codec)
{
	return codec == SLUICE_CODEC_VP8 || codec == SLUICE_CODEC_VP9 ||
	       codec == SLUICE_CODEC_H264 || codec == SLUICE_CODEC_AV1;
}

/* Whether the packet begins a frame that needs none before it; of H.264: its parameter sets. */
bool codec_is_key(uint8_t codec, const uint8_t *payload, uint16_t length);

#define VP8_TEMPORALS 4

/* What a packet tells of the temporal layer of its frame, in one byte: packet_media.frame. */
#define FRAME_TEMPORAL 0x03
#define FRAME_BEGINS   0x04
#define FRAME_UP       0x08 /* where it can be decoded, all layers of what follows can */
#define FRAME_TELLS    0x80 /* something of the above is told */

/* VP8's payload descriptor: where the picture id and TL0PICIDX stand. */
struct vp8_descriptor {
	uint8_t picture_at; /* 0: there is none */
	uint8_t tl0_at;     /* 0: there is none */
	bool wide;          /* the picture id has 15 bits, not 7 */
	uint16_t picture;
	uint8_t tl0;
	uint8_t temporal; /* 0: the lowest, or there are none */
	bool sync;        /* it hangs on the lowest temporal layer alone */
	bool begins;      /* a frame */
	uint8_t length;
};

/* Of VP8: which temporal layer; 0: the lowest, or there are none. */
uint8_t vp8_temporal(const uint8_t *payload, uint16_t length);

/* Of VP9: what its descriptor says; 0: nothing. */
uint8_t vp9_frame(const uint8_t *payload, uint16_t length);

/* False: it is cut off. */
bool vp8_descriptor_read(const uint8_t *payload, uint16_t length,
                         struct vp8_descriptor *descriptor);

#endif
