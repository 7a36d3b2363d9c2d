/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/attribute.h"

#include "common/refuse.h"
#include "sdp/codec.h"

#include <errno.h>

#define EXTENSION_MOST 14 /* of one-byte headers (RFC 8285, 4.2): all clients understand those */

/* -- session level -- */

static int read_group(struct sdp_reading *reading, struct slice value)
{
	struct slice semantics;

	if (reading->media == NULL && reading->offer->bundle.length == 0 &&
	    slice_word(&value, ' ', &semantics) && slice_is(semantics, "BUNDLE"))
		reading->offer->bundle = value;
	return 0;
}

static int read_extmap_mixed(struct sdp_reading *reading, struct slice value)
{
	if (reading->media != NULL)
		reading->media->extmap_mixed = true;
	else
		reading->offer->extmap_mixed = true;
	return 0;
}

static int direction_set(struct sdp_reading *reading, enum sdp_direction direction)
{
	if (reading->media != NULL)
		reading->media->direction = direction;
	else
		reading->offer->direction = direction;
	return 0;
}

static int read_sendrecv(struct sdp_reading *reading, struct slice value)
{
	return direction_set(reading, SDP_SENDRECV);
}

static int read_sendonly(struct sdp_reading *reading, struct slice value)
{
	return direction_set(reading, SDP_SENDONLY);
}

static int read_recvonly(struct sdp_reading *reading, struct slice value)
{
	return direction_set(reading, SDP_RECVONLY);
}

static int read_inactive(struct sdp_reading *reading, struct slice value)
{
	return direction_set(reading, SDP_INACTIVE);
}

/* -- an m-line's -- */

static int read_mid(struct sdp_reading *reading, struct slice value)
{
	const struct sdp_offer *offer = reading->offer;

	if (!slice_consists(value, "!#$%&'*+-.^_`{|}~") || value.length >= SLUICE_TRACK_MID_MAX)
		return refuse(reading->why, -EINVAL,
		              "a=mid: expected a token of 1 to 16 characters");
	for (uint32_t i = 0; i < offer->n_media; i++)
		if (slice_equals(offer->media[i].mid, value) && &offer->media[i] != reading->media)
			return refuse(reading->why, -EINVAL, "a=mid: another m-line has the same");
	reading->media->mid = value;
	return 0;
}

static int read_rtcp_mux(struct sdp_reading *reading, struct slice value)
{
	reading->media->rtcp_mux = true;
	return 0;
}

static int read_rtcp_rsize(struct sdp_reading *reading, struct slice value)
{
	reading->media->rtcp_rsize = true;
	return 0;
}

static int read_bundle_only(struct sdp_reading *reading, struct slice value)
{
	reading->media->bundle_only = true;
	return 0;
}

/* -- extensions -- */

const char *const sdp_extension_uris[SLUICE_EXTENSIONS] = {
        [SLUICE_EXTENSION_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
        [SLUICE_EXTENSION_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        [SLUICE_EXTENSION_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] =
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        [SLUICE_EXTENSION_ABS_SEND_TIME] =
                "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        [SLUICE_EXTENSION_ABS_CAPTURE_TIME] =
                "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
        [SLUICE_EXTENSION_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        [SLUICE_EXTENSION_PLAYOUT_DELAY] =
                "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        [SLUICE_EXTENSION_ORIENTATION] = "urn:3gpp:video-orientation",
        [SLUICE_EXTENSION_LAYERS_ALLOCATION] =
                "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
        [SLUICE_EXTENSION_DEPENDENCY] = ("https://aomediacodec.github.io/av1-rtp-spec/"
                                         "#dependency-descriptor-rtp-header-extension"),
        [SLUICE_EXTENSION_TOFFSET] = "urn:ietf:params:rtp-hdrext:toffset",
};

/* "3 URI", "3/sendonly URI ATTRIBUTES" */
static int read_extmap(struct sdp_reading *reading, struct slice value)
{
	static const char *const words[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	uint8_t direction = SDP_SENDRECV;
	struct slice head, uri, id, word;
	uint32_t number;

	if (reading->media == NULL)
		return 0;
	if (!slice_word(&value, ' ', &head) || !slice_word(&value, ' ', &uri) ||
	    !slice_word(&head, '/', &id) || !slice_number(id, 65535, &number) || number == 0)
		return refuse(reading->why, -EINVAL, "a=extmap: expected ID URI");
	if (number > EXTENSION_MOST)
		return 0;
	if (slice_word(&head, '/', &word))
		for (uint8_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (slice_is(word, words[i]))
				direction = i;
	for (int i = 0; i < SLUICE_EXTENSIONS; i++) {
		if (!slice_is(uri, sdp_extension_uris[i]))
			continue;
		reading->media->extensions[i] = (uint8_t)number;
		reading->media->extension_directions[i] = direction;
	}
	return 0;
}

/* -- the tables -- */

static const struct sdp_attribute_row other_rows[] = {
        {"group", false, read_group},
        {"extmap-allow-mixed", false, read_extmap_mixed},
        {"sendrecv", false, read_sendrecv},
        {"sendonly", false, read_sendonly},
        {"recvonly", false, read_recvonly},
        {"inactive", false, read_inactive},
        {"mid", true, read_mid},
        {"rtcp-mux", true, read_rtcp_mux},
        {"rtcp-mux-only", true, read_rtcp_mux},
        {"rtcp-rsize", true, read_rtcp_rsize},
        {"bundle-only", true, read_bundle_only},
        {"extmap", true, read_extmap},
        {0},
};

static const struct sdp_attribute_row *const tables[] = {
        other_rows,
        sdp_transport_rows,
        sdp_format_rows,
        sdp_layer_rows,
};

static const struct sdp_attribute_row *row_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct sdp_attribute_row *row = tables[i]; row->name != NULL; row++)
			if (slice_is(name, row->name))
				return row;
	return NULL;
}

int sdp_attribute(struct sdp_reading *reading, struct slice name, struct slice value)
{
	const struct sdp_attribute_row *row = row_of(name);

	if (row == NULL || (row->media_only && reading->media == NULL))
		return 0;
	return row->read(reading, value);
}

void sdp_media_finish(struct sdp_reading *reading)
{
	struct sdp_media *media = reading->media;

	if (media == NULL)
		return;
	for (uint32_t i = 0; i < media->n_formats; i++) {
		media->formats[i].feedback |= media->any_feedback;
		sdp_codec_resolve(&media->formats[i]);
	}
	sdp_layers_finish(reading);
}
