/* SPDX-License-Identifier: BSD-3-Clause */
/* Codecs by their names in rtpmap, and when a receiver of one can take what a sender calls the
 * same. */
#ifndef SDP_CODEC_H
#define SDP_CODEC_H

#include "sdp/offer.h"

/* From rtpmap and fmtp: codec, variant, rtx and apt. */
void sdp_codec_resolve(struct sdp_format *format);

/*
 * Whether a receiver that offers `receiver` plays what a sender sends as `sender`: 2: it is the
 * same, 1: the receiver can do more, 0: no. Both are variants of one codec.
 */
int sdp_codec_plays(enum sluice_codec codec, uint32_t receiver, uint32_t sender);

/* "H264 profile 42e0, packetization-mode 1": for people. */
void sdp_codec_describe(enum sluice_codec codec, uint32_t variant, char *text, size_t room);

#endif
