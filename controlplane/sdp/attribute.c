/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/attribute.h"

#include "sdp/codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EXTENSION_MOST 14 /* of one-byte headers (RFC 8285, 4.2): all clients understand those */

static int refuse(struct sdp_reading *reading, const char *why)
{
	snprintf(reading->why, SDP_WHY_MAX, "%s", why);
	return -EINVAL;
}

static struct sdp_transport *transport_here(struct sdp_reading *reading)
{
	return reading->media != NULL ? &reading->media->transport : &reading->offer->transport;
}

/* -- ICE and DTLS -- */

static int read_ufrag(struct sdp_reading *reading, struct slice value)
{
	if (!sdp_ufrag_is_valid(value))
		return refuse(reading, "a=ice-ufrag: expected 4 to 256 letters, digits, + or /");
	transport_here(reading)->ufrag = value;
	return 0;
}

static int read_pwd(struct sdp_reading *reading, struct slice value)
{
	if (!sdp_pwd_is_valid(value))
		return refuse(reading, "a=ice-pwd: expected 22 to 256 letters, digits, + or /");
	transport_here(reading)->pwd = value;
	return 0;
}

static int read_ice_options(struct sdp_reading *reading, struct slice value)
{
	struct slice word;

	while (slice_word(&value, ' ', &word))
		if (slice_is(word, "trickle"))
			reading->offer->trickle = true;
	return 0;
}

static int read_setup(struct sdp_reading *reading, struct slice value)
{
	static const char *const words[] = {"actpass", "active", "passive", "holdconn"};
	struct sdp_transport *transport = transport_here(reading);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_is_caseless(value, words[i])) {
			transport->setup = i;
			transport->setup_given = true;
			return 0;
		}
	}
	return refuse(reading, "a=setup: expected actpass, active or passive");
}

static int hex_digit(char c)
{
	char letter = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* "AA:BB:CC" of as many bytes as the digest has. */
static bool fingerprint_read(struct sluice_fingerprint *fingerprint, struct slice hex)
{
	if (hex.length != 3u * fingerprint->length - 1)
		return false;
	for (uint32_t i = 0; i < fingerprint->length; i++) {
		const char *at = hex.bytes + 3 * i;
		int high = hex_digit(at[0]), low = hex_digit(at[1]);

		if (high < 0 || low < 0 || (i + 1 < fingerprint->length && at[2] != ':'))
			return false;
		fingerprint->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* One of a digest that is not known or too old (RFC 8122, 5) is as if it were not there. */
static int read_fingerprint(struct sdp_reading *reading, struct slice value)
{
	static const struct {
		const char *name;
		uint8_t length;
	} digests[] = {[SLUICE_DIGEST_SHA256] = {"sha-256", 32},
	               [SLUICE_DIGEST_SHA384] = {"sha-384", 48},
	               [SLUICE_DIGEST_SHA512] = {"sha-512", 64}};
	struct sdp_transport *transport = transport_here(reading);
	struct sluice_fingerprint fingerprint = {0};
	struct slice name, hex;

	if (!slice_word(&value, ' ', &name) || !slice_word(&value, ' ', &hex))
		return refuse(reading, "a=fingerprint: expected a digest's name and bytes in hex");
	for (uint8_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (!slice_is_caseless(name, digests[i].name))
			continue;
		fingerprint.digest = i;
		fingerprint.length = digests[i].length;
		if (!fingerprint_read(&fingerprint, hex))
			return refuse(reading,
			              "a=fingerprint: not as many bytes as the digest has");
		if (transport->n_fingerprints < SLUICE_SESSION_FINGERPRINTS_MAX)
			transport->fingerprints[transport->n_fingerprints++] = fingerprint;
	}
	return 0;
}

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
		return refuse(reading, "a=mid: expected a token of 1 to 16 characters");
	for (uint32_t i = 0; i < offer->n_media; i++)
		if (slice_equals(offer->media[i].mid, value) && &offer->media[i] != reading->media)
			return refuse(reading, "a=mid: another m-line has the same");
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

static struct sdp_format *format_find(struct sdp_media *media, struct slice pt)
{
	uint32_t number;

	if (!slice_number(pt, 127, &number))
		return NULL;
	for (uint32_t i = 0; i < media->n_formats; i++)
		if (media->formats[i].pt == number)
			return &media->formats[i];
	return NULL;
}

/* "111 opus/48000/2" */
static int read_rtpmap(struct sdp_reading *reading, struct slice value)
{
	struct sdp_format *format;
	struct slice pt, map, name, clock;

	if (!slice_word(&value, ' ', &pt) || !slice_word(&value, ' ', &map))
		return refuse(reading, "a=rtpmap: expected PT NAME/CLOCK");
	format = format_find(reading->media, pt);
	if (format == NULL || !slice_consists(map, "/-_+."))
		return 0;
	format->rtpmap = map;
	if (slice_word(&map, '/', &name) && slice_word(&map, '/', &clock) &&
	    slice_number(clock, 1000000000, &format->clock_hz))
		format->name = name;
	return 0;
}

/* What is not ASCII is not echoed. */
static bool is_ascii(struct slice slice)
{
	for (size_t i = 0; i < slice.length; i++)
		if (slice.bytes[i] < ' ' || slice.bytes[i] > '~')
			return false;
	return true;
}

static int read_fmtp(struct sdp_reading *reading, struct slice value)
{
	struct sdp_format *format;
	struct slice pt;

	if (!slice_word(&value, ' ', &pt))
		return refuse(reading, "a=fmtp: expected PT PARAMETERS");
	format = format_find(reading->media, pt);
	while (value.length > 0 && value.bytes[0] == ' ') {
		value.bytes++;
		value.length--;
	}
	if (format != NULL && is_ascii(value))
		format->fmtp = value;
	return 0;
}

/* "96 nack pli", "* transport-cc" */
static int read_rtcp_fb(struct sdp_reading *reading, struct slice value)
{
	static const struct {
		const char *text;
		uint8_t feedback;
	} rows[] = {
	        {"nack", SLUICE_FEEDBACK_NACK},      {"nack pli", SLUICE_FEEDBACK_PLI},
	        {"ccm fir", SLUICE_FEEDBACK_FIR},    {"transport-cc", SLUICE_FEEDBACK_TRANSPORT},
	        {"goog-remb", SLUICE_FEEDBACK_REMB},
	};
	struct sdp_format *format;
	uint8_t *feedback = NULL;
	struct slice pt;

	if (!slice_word(&value, ' ', &pt) || value.length == 0)
		return 0;
	value.bytes++;
	value.length--;
	if (slice_is(pt, "*")) {
		feedback = &reading->media->any_feedback;
	} else {
		format = format_find(reading->media, pt);
		feedback = format != NULL ? &format->feedback : NULL;
	}
	for (size_t i = 0; feedback != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is_caseless(value, rows[i].text))
			*feedback |= rows[i].feedback;
	return 0;
}

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
		return refuse(reading, "a=extmap: expected ID URI");
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

/* -- layers -- */

/* "q send": RFC 8851 */
static int read_rid(struct sdp_reading *reading, struct slice value)
{
	struct slice rid, direction;

	if (slice_word(&value, ' ', &rid) && slice_word(&value, ' ', &direction) &&
	    slice_is(direction, "send") && slice_consists(rid, "-_") &&
	    rid.length < SLUICE_TRACK_RID_MAX && reading->n_rids < SDP_SSRCS_MAX)
		reading->rids[reading->n_rids++] = rid;
	return 0;
}

static int read_simulcast(struct sdp_reading *reading, struct slice value)
{
	reading->simulcast = value;
	return 0;
}

/* "3644448489 cname:x" */
static int read_ssrc(struct sdp_reading *reading, struct slice value)
{
	struct slice word;
	uint32_t ssrc;

	if (!slice_word(&value, ' ', &word) || !slice_number(word, UINT32_MAX, &ssrc) || ssrc == 0)
		return refuse(reading, "a=ssrc: expected an SSRC");
	for (uint32_t i = 0; i < reading->n_ssrcs; i++)
		if (reading->ssrcs[i] == ssrc)
			return 0;
	if (reading->n_ssrcs < SDP_SSRCS_MAX)
		reading->ssrcs[reading->n_ssrcs++] = ssrc;
	return 0;
}

/* "FID 1 2", "SIM 1 2 3", "FEC-FR 1 2": RFC 5576, 4.2 */
static int read_ssrc_group(struct sdp_reading *reading, struct slice value)
{
	struct slice semantics, word;
	uint32_t ssrcs[SLUICE_TRACK_LAYERS_MAX], count = 0;

	if (!slice_word(&value, ' ', &semantics))
		return 0;
	while (count < SLUICE_TRACK_LAYERS_MAX && slice_word(&value, ' ', &word))
		if (slice_number(word, UINT32_MAX, &ssrcs[count]) && ssrcs[count] != 0)
			count++;
	if (slice_is(semantics, "SIM")) {
		memcpy(reading->sims, ssrcs, sizeof(ssrcs[0]) * count);
		reading->n_sims = count;
	} else if (count >= 2 && slice_is(semantics, "FID") && reading->n_fids < SDP_SSRCS_MAX) {
		reading->fids[reading->n_fids++] = (struct sdp_ssrc_pair){ssrcs[0], ssrcs[1]};
	} else if (count >= 2 && (slice_is(semantics, "FEC-FR") || slice_is(semantics, "FEC")) &&
	           reading->n_protecting < SDP_SSRCS_MAX) {
		reading->protecting[reading->n_protecting++] = ssrcs[1];
	}
	return 0;
}

/* -- the table -- */

static const struct {
	const char *name;
	bool media_only;
	int (*read)(struct sdp_reading *reading, struct slice value);
} attributes[] = {
        {"ice-ufrag", false, read_ufrag},
        {"ice-pwd", false, read_pwd},
        {"ice-options", false, read_ice_options},
        {"setup", false, read_setup},
        {"fingerprint", false, read_fingerprint},
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
        {"rtpmap", true, read_rtpmap},
        {"fmtp", true, read_fmtp},
        {"rtcp-fb", true, read_rtcp_fb},
        {"extmap", true, read_extmap},
        {"rid", true, read_rid},
        {"simulcast", true, read_simulcast},
        {"ssrc", true, read_ssrc},
        {"ssrc-group", true, read_ssrc_group},
};

int sdp_attribute(struct sdp_reading *reading, struct slice name, struct slice value)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (slice_is(name, attributes[i].name))
			return attributes[i].media_only && reading->media == NULL
			               ? 0
			               : attributes[i].read(reading, value);
	return 0;
}

/* -- what follows from an m-line's attributes -- */

/* Once, where it has a line of its own. */
static void rid_add(struct sdp_reading *reading, struct slice rid)
{
	struct sdp_media *media = reading->media;

	for (uint32_t i = 0; i < media->n_rids; i++)
		if (slice_equals(media->rids[i], rid))
			return;
	for (uint32_t i = 0; i < reading->n_rids; i++) {
		if (slice_equals(reading->rids[i], rid)) {
			media->rids[media->n_rids++] = rid;
			return;
		}
	}
}

/* "send q;h;~f", "send 1,2;3": of alternatives the first (RFC 8853, 5.1). */
static void rids_finish(struct sdp_reading *reading)
{
	struct sdp_media *media = reading->media;
	struct slice list = reading->simulcast, word, direction;

	while (slice_word(&list, ' ', &direction) && slice_word(&list, ' ', &word)) {
		struct slice layer;

		if (!slice_is(direction, "send"))
			continue;
		while (slice_word(&word, ';', &layer) && media->n_rids < SLUICE_TRACK_LAYERS_MAX) {
			struct slice rid;

			if (!slice_word(&layer, ',', &rid))
				continue;
			if (rid.bytes[0] == '~') { /* paused at first */
				rid.bytes++;
				rid.length--;
			}
			rid_add(reading, rid);
		}
	}
	if (media->n_rids == 1 && reading->n_rids <= 1)
		media->n_rids = 0; /* one layer is none */
}

static bool is_secondary(const struct sdp_reading *reading, uint32_t ssrc)
{
	for (uint32_t i = 0; i < reading->n_fids; i++)
		if (reading->fids[i].rtx == ssrc)
			return true;
	for (uint32_t i = 0; i < reading->n_protecting; i++)
		if (reading->protecting[i] == ssrc)
			return true;
	return false;
}

static void ssrc_add(struct sdp_reading *reading, uint32_t ssrc)
{
	struct sdp_media *media = reading->media;
	struct sdp_ssrc_pair *pair;

	if (media->n_ssrcs == SLUICE_TRACK_LAYERS_MAX || is_secondary(reading, ssrc))
		return;
	pair = &media->ssrcs[media->n_ssrcs++];
	*pair = (struct sdp_ssrc_pair){ssrc, 0};
	for (uint32_t i = 0; i < reading->n_fids; i++)
		if (reading->fids[i].ssrc == ssrc)
			pair->rtx = reading->fids[i].rtx;
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
	rids_finish(reading);
	if (reading->n_sims > 0)
		for (uint32_t i = 0; i < reading->n_sims; i++)
			ssrc_add(reading, reading->sims[i]);
	else
		for (uint32_t i = 0; i < reading->n_ssrcs; i++)
			ssrc_add(reading, reading->ssrcs[i]);
}
