/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/codec.h"

#include "common/hex.h"

#include <stdio.h>
#include <string.h>

#define H264_DEFAULT 0x42000a /* RFC 6184, 8.1 */

static const struct {
	const char *name;
	enum sluice_codec codec;
	uint32_t clock_hz;
	const char *parameter; /* of fmtp, a number that tells variants apart; NULL: none */
} codecs[] = {
        {"opus", SLUICE_CODEC_OPUS, 48000, NULL},    {"red", SLUICE_CODEC_RED, 48000, NULL},
        {"VP8", SLUICE_CODEC_VP8, 90000, NULL},      {"VP9", SLUICE_CODEC_VP9, 90000, "profile-id"},
        {"AV1", SLUICE_CODEC_AV1, 90000, "profile"}, {"H264", SLUICE_CODEC_H264, 90000, NULL},
};

/* -- H.264: RFC 6184, 8.1, table 5 -- */

enum h264_profile {
	H264_CONSTRAINED_BASELINE,
	H264_BASELINE,
	H264_MAIN,
	H264_CONSTRAINED_HIGH,
	H264_HIGH,
	H264_OTHER, /* with its profile_idc above it */
};

static const struct {
	uint8_t idc, mask, bits;
	enum h264_profile profile;
} h264_profiles[] = {
        {0x42, 0x4f, 0x40, H264_CONSTRAINED_BASELINE},
        {0x4d, 0x8f, 0x80, H264_CONSTRAINED_BASELINE},
        {0x58, 0xcf, 0xc0, H264_CONSTRAINED_BASELINE},
        {0x42, 0x4f, 0x00, H264_BASELINE},
        {0x58, 0xcf, 0x80, H264_BASELINE},
        {0x4d, 0xaf, 0x00, H264_MAIN},
        {0x64, 0xff, 0x00, H264_HIGH},
        {0x64, 0xff, 0x0c, H264_CONSTRAINED_HIGH},
};

static const char *const h264_words[] = {"constrained baseline", "baseline", "main",
                                         "constrained high",     "high",     "of another profile"};

static uint32_t h264_profile(uint32_t level_id)
{
	uint8_t idc = level_id >> 16, constraints = level_id >> 8;

	for (size_t i = 0; i < sizeof(h264_profiles) / sizeof(h264_profiles[0]); i++)
		if (h264_profiles[i].idc == idc &&
		    (constraints & h264_profiles[i].mask) == h264_profiles[i].bits)
			return h264_profiles[i].profile;
	return H264_OTHER | (uint32_t)idc << 8 | (uint32_t)constraints << 16;
}

static bool level_id_read(struct slice slice, uint32_t *level_id)
{
	uint8_t bytes[3];

	if (slice.length != 2 * sizeof(bytes) || !hex_decode(slice.bytes, bytes, sizeof(bytes)))
		return false;
	*level_id = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
	return true;
}

/* The profile, and in the top byte the packetization mode. */
static uint32_t h264_variant(struct slice fmtp)
{
	uint32_t level_id = H264_DEFAULT, mode = 0;
	struct slice value;

	if (slice_parameter(fmtp, "profile-level-id", &value))
		level_id_read(value, &level_id);
	if (slice_parameter(fmtp, "packetization-mode", &value) && !slice_number(value, 2, &mode))
		mode = 3;
	return h264_profile(level_id) | mode << 24;
}

/* Whether each decoder of one profile plays the other: H.264, A.2. */
static bool h264_includes(uint32_t receiver, uint32_t sender)
{
	switch (sender) {
	case H264_CONSTRAINED_BASELINE:
		return receiver <= H264_HIGH;
	case H264_MAIN:
	case H264_CONSTRAINED_HIGH:
		return receiver == H264_HIGH;
	}
	return false;
}

static int h264_plays(uint32_t receiver, uint32_t sender)
{
	if (receiver == sender)
		return 2;
	if (receiver >> 24 != sender >> 24)
		return 0;
	return h264_includes(receiver & 0xffffff, sender & 0xffffff);
}

/* -- all of them -- */

static void rtx_resolve(struct sdp_format *format)
{
	struct slice value;
	uint32_t apt;

	format->rtx = true;
	if (slice_parameter(format->fmtp, "apt", &value) && slice_number(value, 127, &apt))
		format->apt = (uint8_t)apt;
}

/* "111/111": the payload type inside, all blocks of the same (RFC 2198, 5). */
static uint32_t red_variant(struct slice fmtp)
{
	struct slice word, first = {0};
	uint32_t pt;

	while (slice_word(&fmtp, '/', &word)) {
		if (first.length != 0 && !slice_equals(first, word))
			return SDP_NO_PT;
		first = word;
	}
	return slice_number(first, 127, &pt) ? pt : SDP_NO_PT;
}

static uint32_t variant_of(enum sluice_codec codec, const char *parameter, struct slice fmtp)
{
	struct slice value;
	uint32_t number = 0;

	if (codec == SLUICE_CODEC_H264)
		return h264_variant(fmtp);
	if (codec == SLUICE_CODEC_RED)
		return red_variant(fmtp);
	if (parameter != NULL && slice_parameter(fmtp, parameter, &value) &&
	    !slice_number(value, 3, &number))
		number = UINT32_MAX;
	return number;
}

void sdp_codec_resolve(struct sdp_format *format)
{
	format->codec = SLUICE_CODEC_OTHER;
	format->apt = SDP_NO_PT;
	if (slice_is_caseless(format->name, "rtx")) {
		rtx_resolve(format);
		return;
	}
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (!slice_is_caseless(format->name, codecs[i].name) ||
		    format->clock_hz != codecs[i].clock_hz)
			continue;
		format->codec = codecs[i].codec;
		format->variant = variant_of(codecs[i].codec, codecs[i].parameter, format->fmtp);
	}
}

int sdp_codec_plays(enum sluice_codec codec, uint32_t receiver, uint32_t sender)
{
	if (codec == SLUICE_CODEC_H264)
		return h264_plays(receiver, sender);
	return receiver == sender ? 2 : 0;
}

void sdp_codec_describe(enum sluice_codec codec, uint32_t variant, char *text, size_t room)
{
	const char *name = "?";

	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i].codec == codec)
			name = codecs[i].name;
	if (codec == SLUICE_CODEC_H264)
		snprintf(text, room, "%s %s, packetization-mode %u", name,
		         h264_words[(variant & 0xff) <= H264_OTHER ? variant & 0xff : H264_OTHER],
		         variant >> 24);
	else if (codec == SLUICE_CODEC_VP9 || codec == SLUICE_CODEC_AV1)
		snprintf(text, room, "%s profile %u", name, variant);
	else
		snprintf(text, room, "%s", name);
}
