/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/agree.h"

#include "common/refuse.h"
#include "sdp/codec.h"

#include <errno.h>
#include <string.h>

#define RTCP_FIRST 64 /* payload types that look like RTCP beside it (RFC 5761, 4) */
#define RTCP_LAST  95

/* -- payload types -- */

static bool is_like_rtcp(uint8_t pt)
{
	return pt >= RTCP_FIRST && pt <= RTCP_LAST;
}

/* That of RTX for this one; 0: none. */
static uint8_t rtx_of(const struct sdp_media *media, const struct sdp_format *format)
{
	if (!(format->feedback & SLUICE_FEEDBACK_NACK))
		return 0;
	for (uint32_t i = 0; i < media->n_formats; i++)
		if (media->formats[i].rtx && media->formats[i].apt == format->pt &&
		    !is_like_rtcp(media->formats[i].pt))
			return media->formats[i].pt;
	return 0;
}

static bool offers_opus(const struct sdp_media *media, uint32_t pt)
{
	for (uint32_t i = 0; i < media->n_formats; i++)
		if (media->formats[i].codec == SLUICE_CODEC_OPUS && media->formats[i].pt == pt)
			return true;
	return false;
}

static bool format_is_usable(const struct sdp_media *media, const struct sdp_format *format,
                             enum sluice_track_kind kind)
{
	bool audio = format->codec == SLUICE_CODEC_OPUS || format->codec == SLUICE_CODEC_RED;

	if (format->codec == SLUICE_CODEC_OTHER || audio != (kind == SLUICE_TRACK_AUDIO) ||
	    is_like_rtcp(format->pt))
		return false;
	if (format->codec == SLUICE_CODEC_RED)
		return offers_opus(media, format->variant);
	/* Interleaved H.264 needs what no browser has (RFC 6184, 5.4). */
	return format->codec != SLUICE_CODEC_H264 || format->variant >> 24 <= 1;
}

static void payload_add(const struct sdp_media *media, const struct sdp_format *format,
                        uint8_t from, struct sluice_track *track, uint32_t *variants)
{
	struct sluice_payload *payload;

	if (track->n_payloads == SLUICE_TRACK_PAYLOADS_MAX)
		return;
	variants[track->n_payloads] = format->variant;
	payload = &track->payloads[track->n_payloads++];
	*payload = (struct sluice_payload){
	        .pt = format->pt,
	        .rtx_pt = rtx_of(media, format),
	        .codec = format->codec,
	        .from = from,
	        .clock_hz = format->clock_hz,
	};
	track->feedback |= format->feedback;
}

/* How well a viewer's format plays what is published: sdp_codec_plays. The payload types inside of
 * RED are not rewritten, and have to be the same. */
static int format_plays(const struct sdp_format *format, const struct sluice_payload *published,
                        uint32_t variant)
{
	return format->codec == published->codec
	               ? sdp_codec_plays(format->codec, format->variant, variant)
	               : 0;
}

/* The viewer's best for this one, its first of equally good ones; NULL: there is none. */
static const struct sdp_format *format_for(const struct sdp_media *media,
                                           const struct sluice_payload *published, uint32_t variant,
                                           enum sluice_track_kind kind)
{
	const struct sdp_format *best = NULL;
	int quality = 0;

	for (uint32_t i = 0; i < media->n_formats; i++) {
		const struct sdp_format *format = &media->formats[i];
		int plays = format_is_usable(media, format, kind)
		                    ? format_plays(format, published, variant)
		                    : 0;

		if (plays > quality) {
			quality = plays;
			best = format;
		}
	}
	return best;
}

/* In the offer's order: what each of the publisher's becomes. */
static int payloads_watch(const struct sdp_media *media, const struct sluice_track *published,
                          const uint32_t *published_variants, struct sluice_track *track,
                          uint32_t *variants, char *why)
{
	const struct sdp_format *matches[SLUICE_TRACK_PAYLOADS_MAX];

	for (uint32_t i = 0; i < published->n_payloads; i++)
		matches[i] = format_for(media, &published->payloads[i], published_variants[i],
		                        track->kind);
	/* What a publisher prefers it sends. */
	if (published->n_payloads == 0 || matches[0] == NULL) {
		char codec[64] = "nothing";

		if (published->n_payloads > 0)
			sdp_codec_describe(published->payloads[0].codec, published_variants[0],
			                   codec, sizeof(codec));
		return refuse(why, -ENOTSUP, "the publisher sends %s, which the offer cannot play",
		              codec);
	}
	for (uint32_t n = 0; n < media->n_formats; n++)
		for (uint32_t i = 0; i < published->n_payloads; i++)
			if (matches[i] == &media->formats[n])
				payload_add(media, matches[i], published->payloads[i].pt, track,
				            variants);
	return 0;
}

static int payloads_publish(const struct sdp_media *media, struct sluice_track *track,
                            uint32_t *variants, char *why)
{
	for (uint32_t i = 0; i < media->n_formats; i++)
		if (format_is_usable(media, &media->formats[i], track->kind))
			payload_add(media, &media->formats[i], 0, track, variants);
	if (track->n_payloads == 0)
		return refuse(why, -ENOTSUP,
		              track->kind == SLUICE_TRACK_AUDIO
		                      ? "no audio codec in common: expected opus"
		                      : "no video codec in common: expected VP8, VP9, H264 or AV1");
	return 0;
}

/* -- an m-line -- */

static bool kind_read(const struct sdp_media *media, uint8_t *kind)
{
	*kind = slice_is(media->kind, "audio") ? SLUICE_TRACK_AUDIO : SLUICE_TRACK_VIDEO;
	return *kind == SLUICE_TRACK_AUDIO || slice_is(media->kind, "video");
}

static bool is_rejected(const struct sdp_media *media)
{
	uint8_t kind;

	return (media->zero_port && !media->bundle_only) || !kind_read(media, &kind);
}

/* m-lines that are not rejected. */
static uint32_t media_live(const struct sdp_offer *offer)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < offer->n_media; i++)
		count += !is_rejected(&offer->media[i]);
	return count;
}

static int media_check(const struct sdp_offer *offer, const struct sdp_media *media, bool watch,
                       char *why)
{
	enum sdp_direction other = watch ? SDP_SENDONLY : SDP_RECVONLY;

	if (memmem(media->protocol.bytes, media->protocol.length, "SAVP", 4) == NULL)
		return refuse(why, -ENOTSUP, "media have to be SRTP: UDP/TLS/RTP/SAVPF");
	if (!media->rtcp_mux)
		return refuse(why, -ENOTSUP, "a=rtcp-mux is needed");
	if (media->direction == other || media->direction == SDP_INACTIVE)
		return refuse(why, -ENOTSUP,
		              watch ? "a viewer's media have to be recvonly or sendrecv"
		                    : "a publisher's media have to be sendonly or sendrecv");
	if (media_live(offer) > 1 && !sdp_is_bundled(offer, media->mid))
		return refuse(why, -ENOTSUP, "all media have to be in one a=group:BUNDLE");
	return 0;
}

/* Those that its packets, or ours to it, may carry. */
static void extensions_agree(struct sluice_track *track, const struct sdp_media *media, bool watch)
{
	for (int i = 0; i < SLUICE_EXTENSIONS; i++) {
		uint8_t direction = media->extension_directions[i];

		if (direction == SDP_SENDRECV || direction == (watch ? SDP_RECVONLY : SDP_SENDONLY))
			track->extensions[i] = media->extensions[i];
	}
}

static void track_start(struct sluice_track *track, const struct sdp_media *media, uint8_t kind,
                        bool watch)
{
	memset(track, 0, sizeof(*track));
	track->kind = kind;
	slice_copy(media->mid, track->mid, sizeof(track->mid));
	extensions_agree(track, media, watch);
}

/* What a publisher says of its layers and SSRCs. */
static void track_sources(struct sluice_track *track, const struct sdp_media *media)
{
	track->n_rids = media->n_rids;
	for (uint32_t i = 0; i < media->n_rids; i++)
		slice_copy(media->rids[i], track->rids[i], sizeof(track->rids[i]));
	track->n_ssrcs = media->n_ssrcs;
	for (uint32_t i = 0; i < media->n_ssrcs; i++) {
		track->ssrcs[i] = media->ssrcs[i].ssrc;
		track->rtx_ssrcs[i] = media->ssrcs[i].rtx;
	}
}

static void track_finish(struct sluice_track *track)
{
	/* One way to steer a sender, not two. */
	if (track->feedback & SLUICE_FEEDBACK_TRANSPORT &&
	    track->extensions[SLUICE_EXTENSION_TRANSPORT_NUMBER] != 0)
		track->feedback &= (uint8_t)~SLUICE_FEEDBACK_REMB;
	else
		track->feedback &= (uint8_t)~SLUICE_FEEDBACK_TRANSPORT;
}

static const struct sluice_track *track_of_kind(const struct sdp_tracks *tracks, uint8_t kind,
                                                uint32_t *index)
{
	for (*index = 0; *index < tracks->count; ++*index)
		if (tracks->tracks[*index].kind == kind)
			return &tracks->tracks[*index];
	return NULL;
}

static int media_agree(const struct sdp_offer *offer, const struct sdp_media *media,
                       const struct sdp_tracks *published, struct sdp_tracks *tracks,
                       uint8_t *track_of, char *why)
{
	uint32_t *variants = tracks->variants[tracks->count], index;
	struct sluice_track *track = &tracks->tracks[tracks->count];
	const struct sluice_track *source;
	uint8_t kind;
	int error;

	*track_of = SDP_REJECTED;
	if (is_rejected(media))
		return 0;
	kind_read(media, &kind);
	error = media_check(offer, media, published != NULL, why);
	if (error < 0)
		return error;
	if (track_of_kind(tracks, kind, &index) != NULL)
		return refuse(why, -ENOTSUP, "more than one audio or more than one video");
	track_start(track, media, kind, published != NULL);
	if (published == NULL) {
		track_sources(track, media);
		error = payloads_publish(media, track, variants, why);
	} else {
		source = track_of_kind(published, kind, &index);
		if (source == NULL) {
			*track_of = SDP_SILENT;
			return 0;
		}
		error = payloads_watch(media, source, published->variants[index], track, variants,
		                       why);
	}
	track_finish(track);
	*track_of = (uint8_t)tracks->count;
	if (error == 0)
		tracks->count++;
	return error;
}

/* -- all of it -- */

/* The first of the BUNDLE: its transport is everybody's (RFC 9143, 7.1). NULL: there is none. */
static const struct sdp_media *media_tagged(const struct sdp_offer *offer)
{
	struct slice list = offer->bundle, mid;

	if (!slice_word(&list, ' ', &mid))
		return NULL;
	for (uint32_t i = 0; i < offer->n_media; i++)
		if (slice_equals(offer->media[i].mid, mid))
			return &offer->media[i];
	return NULL;
}

static int transport_agree(const struct sdp_offer *offer, struct sdp_agreement *agreement,
                           char *why)
{
	const struct sdp_media *tagged = media_tagged(offer);
	uint32_t first = 0;

	while (agreement->track_of[first] >= agreement->tracks.count)
		first++;
	if (tagged == NULL || tagged->transport.ufrag.length == 0)
		tagged = &offer->media[first];
	agreement->transport = sdp_transport_of(offer, tagged);
	if (agreement->transport.ufrag.length == 0 || agreement->transport.pwd.length == 0)
		return refuse(why, -EINVAL, "a=ice-ufrag and a=ice-pwd are needed");
	if (agreement->transport.n_fingerprints == 0)
		return refuse(why, -EINVAL,
		              "a=fingerprint of sha-256, sha-384 or sha-512 is needed");
	if (agreement->transport.setup == SDP_HOLDCONN)
		return refuse(why, -ENOTSUP, "a=setup:holdconn is no connection");
	agreement->active = agreement->transport.setup == SDP_PASSIVE;
	return 0;
}

int sdp_agree(const struct sdp_offer *offer, const struct sdp_tracks *published,
              struct sdp_agreement *agreement, char *why)
{
	int error = 0;

	memset(agreement, 0, sizeof(*agreement));
	memset(agreement->track_of, SDP_REJECTED, sizeof(agreement->track_of));
	for (uint32_t i = 0; i < offer->n_media && error == 0; i++)
		error = media_agree(offer, &offer->media[i], published, &agreement->tracks,
		                    &agreement->track_of[i], why);
	if (error < 0)
		return error;
	if (agreement->tracks.count == 0)
		return refuse(why, -ENOTSUP,
		              published != NULL ? "nothing that the publisher sends is asked for"
		                                : "there is neither audio nor video");
	return transport_agree(offer, agreement, why);
}
