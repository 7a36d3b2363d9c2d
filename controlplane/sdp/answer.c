/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/answer.h"

#include "command/addr.h"
#include "command/text.h"
#include "sdp/attribute.h"
#include "sdp/codec.h"

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#define TYPE_HOST 126 /* RFC 8445, 5.1.2.1 */
/* RFC 6544, 4.2: below all that needs no connection; 4 is a passive host's direction. */
#define TYPE_HOST_TCP     90
#define DIRECTION_PASSIVE (4 << 13)

#define LINE "\r\n"

static void add_slice(struct text *text, struct slice slice)
{
	text_add_bytes(text, slice.bytes, slice.length);
}

/* -- ICE and DTLS -- */

static void candidate_write(struct text *text, const struct sluice_addr *addr, uint32_t i, bool tcp)
{
	uint32_t priority = tcp ? (uint32_t)TYPE_HOST_TCP << 24 | (DIRECTION_PASSIVE | (8191 - i))
	                                                                  << 8
	                        : (uint32_t)TYPE_HOST << 24 | (65535 - i) << 8;
	bool v4 = addr_is_v4(addr);
	char host[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr->ip + 12 : addr->ip, host, sizeof(host));
	text_addf(text, "a=candidate:%u 1 %s %u %s %u typ host%s" LINE, i + 1, tcp ? "TCP" : "udp",
	          priority | 255, host, ntohs(addr->port), tcp ? " tcptype passive" : "");
}

void sdp_candidates_write(struct text *text, const struct sluice_session_made *made)
{
	uint32_t count = (uint32_t)made->n_addresses + made->n_tcp;

	for (uint32_t i = 0; i < count && i < SLUICE_SESSION_ADDRESSES_MAX; i++)
		candidate_write(text, &made->addresses[i], i, i >= made->n_addresses);
	text_add(text, "a=end-of-candidates" LINE);
}

static void add_fingerprint(struct text *text, const struct sluice_fingerprint *fingerprint)
{
	static const char *const names[] = {"sha-256", "sha-384", "sha-512"};

	text_addf(text, "a=fingerprint:%s ", names[fingerprint->digest % 3]);
	for (uint32_t i = 0; i < fingerprint->length && i < sizeof(fingerprint->bytes); i++)
		text_addf(text, "%s%02X", i > 0 ? ":" : "", fingerprint->bytes[i]);
	text_add(text, LINE);
}

static void add_transport(struct text *text, const struct sdp_answer *answer)
{
	const struct sluice_session_made *made = answer->made;

	text_addf(text, "a=ice-ufrag:%s" LINE "a=ice-pwd:%s" LINE, made->ufrag, made->pwd);
	if (answer->offer->trickle)
		text_add(text, "a=ice-options:trickle" LINE);
	add_fingerprint(text, &made->fingerprint);
	text_addf(text, "a=setup:%s" LINE, answer->agreement->active ? "active" : "passive");
}

/* -- payload types -- */

static const struct sdp_format *format_of(const struct sdp_media *media, uint8_t pt)
{
	for (uint32_t i = 0; i < media->n_formats; i++)
		if (media->formats[i].pt == pt)
			return &media->formats[i];
	return NULL;
}

static void add_feedback(struct text *text, const struct sdp_format *format, uint8_t agreed)
{
	static const struct {
		uint8_t feedback;
		const char *text;
	} rows[] = {
	        {SLUICE_FEEDBACK_REMB, "goog-remb"}, {SLUICE_FEEDBACK_TRANSPORT, "transport-cc"},
	        {SLUICE_FEEDBACK_FIR, "ccm fir"},    {SLUICE_FEEDBACK_NACK, "nack"},
	        {SLUICE_FEEDBACK_PLI, "nack pli"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (format->feedback & agreed & rows[i].feedback)
			text_addf(text, "a=rtcp-fb:%u %s" LINE, format->pt, rows[i].text);
}

/* As the offer describes it: the answer to that may say the same (RFC 3264, 6.1). */
static void add_format(struct text *text, const struct sdp_format *format, uint8_t feedback)
{
	text_addf(text, "a=rtpmap:%u ", format->pt);
	add_slice(text, format->rtpmap);
	text_add(text, LINE);
	add_feedback(text, format, feedback);
	if (format->fmtp.length > 0) {
		text_addf(text, "a=fmtp:%u ", format->pt);
		add_slice(text, format->fmtp);
		text_add(text, LINE);
	}
}

/* Each payload type once: a viewer's may stand for several of the publisher's. */
static bool is_repeated(const struct sluice_track *track, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (track->payloads[i].pt == track->payloads[index].pt)
			return true;
	return false;
}

static void add_formats(struct text *text, const struct sdp_media *media,
                        const struct sluice_track *track)
{
	for (uint32_t i = 0; i < track->n_payloads; i++) {
		const struct sluice_payload *payload = &track->payloads[i];
		const struct sdp_format *format = format_of(media, payload->pt);
		const struct sdp_format *rtx =
		        payload->rtx_pt != 0 ? format_of(media, payload->rtx_pt) : NULL;

		if (format == NULL || is_repeated(track, i))
			continue;
		add_format(text, format, track->feedback);
		if (rtx != NULL)
			add_format(text, rtx, 0);
	}
}

static void add_payload_types(struct text *text, const struct sluice_track *track)
{
	for (uint32_t i = 0; i < track->n_payloads; i++) {
		const struct sluice_payload *payload = &track->payloads[i];

		if (is_repeated(track, i))
			continue;
		text_addf(text, " %u", payload->pt);
		if (payload->rtx_pt != 0)
			text_addf(text, " %u", payload->rtx_pt);
	}
}

/* -- m-lines -- */

static void add_media_line(struct text *text, const struct sdp_media *media, bool live)
{
	text_add(text, "m=");
	add_slice(text, media->kind);
	text_addf(text, " %d ", live ? 9 : 0);
	add_slice(text, media->protocol);
}

static void add_rejected(struct text *text, const struct sdp_media *media)
{
	add_media_line(text, media, false);
	text_add(text, " ");
	add_slice(text, media->formats_text);
	text_add(text, LINE "c=IN IP4 0.0.0.0" LINE);
	if (media->mid.length > 0) {
		text_add(text, "a=mid:");
		add_slice(text, media->mid);
		text_add(text, LINE);
	}
	text_add(text, "a=inactive" LINE);
}

/* The other way round where the offer names a direction (RFC 8285, 6). */
static void add_extensions(struct text *text, const struct sdp_media *media,
                           const struct sluice_track *track)
{
	static const char *const directions[] = {"", "/recvonly", "/sendonly", "/inactive"};

	for (int i = 0; i < SLUICE_EXTENSIONS; i++)
		if (track->extensions[i] != 0)
			text_addf(text, "a=extmap:%u%s %s" LINE, track->extensions[i],
			          directions[media->extension_directions[i]],
			          sdp_extension_uris[i]);
}

/* What a viewer is told of what it gets. */
static void add_sources(struct text *text, const struct sdp_answer *answer, uint8_t index)
{
	const struct sluice_session_made *made = answer->made;
	const struct sluice_track *track = &answer->agreement->tracks.tracks[index];
	uint32_t ssrc = made->ssrcs[index], rtx = made->rtx_ssrcs[index];

	text_addf(text, "a=msid:%s %s" LINE, answer->stream,
	          track->kind == SLUICE_TRACK_AUDIO ? "audio" : "video");
	if (ssrc == 0)
		return;
	if (rtx != 0)
		text_addf(text, "a=ssrc-group:FID %u %u" LINE, ssrc, rtx);
	text_addf(text, "a=ssrc:%u cname:%s" LINE, ssrc, made->cname);
	if (rtx != 0)
		text_addf(text, "a=ssrc:%u cname:%s" LINE, rtx, made->cname);
}

static void add_layers(struct text *text, const struct sluice_track *track)
{
	for (uint32_t i = 0; i < track->n_rids; i++)
		text_addf(text, "a=rid:%s recv" LINE, track->rids[i]);
	for (uint32_t i = 0; i < track->n_rids; i++)
		text_addf(text, "%s%s", i == 0 ? "a=simulcast:recv " : ";", track->rids[i]);
	if (track->n_rids > 0)
		text_add(text, LINE);
}

/* Live or silent; candidates stand below the first one, which is the tagged one of the bundle. */
static void add_media(struct text *text, const struct sdp_answer *answer,
                      const struct sdp_media *media, uint8_t index, bool first)
{
	const struct sluice_track *track =
	        index != SDP_SILENT ? &answer->agreement->tracks.tracks[index] : NULL;

	add_media_line(text, media, true);
	if (track != NULL)
		add_payload_types(text, track);
	else
		text_addf(text, " %u", media->formats[0].pt);
	text_add(text, LINE "c=IN IP4 0.0.0.0" LINE);
	add_transport(text, answer);
	if (media->mid.length > 0) {
		text_add(text, "a=mid:");
		add_slice(text, media->mid);
		text_add(text, LINE);
	}
	text_addf(text, "a=%s" LINE "a=rtcp-mux" LINE "%s",
	          track == NULL   ? "inactive"
	          : answer->watch ? "sendonly"
	                          : "recvonly",
	          media->rtcp_rsize ? "a=rtcp-rsize" LINE : "");
	if (track == NULL) {
		if (media->formats[0].rtpmap.length > 0)
			add_format(text, &media->formats[0], 0);
	} else {
		add_extensions(text, media, track);
		if (answer->watch)
			add_sources(text, answer, index);
		add_formats(text, media, track);
		if (!answer->watch)
			add_layers(text, track);
	}
	if (first)
		sdp_candidates_write(text, answer->made);
}

/* -- all of it -- */

static void add_bundle(struct text *text, const struct sdp_answer *answer)
{
	const struct sdp_offer *offer = answer->offer;

	if (offer->bundle.length == 0)
		return;
	text_add(text, "a=group:BUNDLE");
	for (uint32_t i = 0; i < offer->n_media; i++) {
		if (answer->agreement->track_of[i] == SDP_REJECTED ||
		    !sdp_is_bundled(offer, offer->media[i].mid))
			continue;
		text_add(text, " ");
		add_slice(text, offer->media[i].mid);
	}
	text_add(text, LINE);
}

static bool is_mixed(const struct sdp_offer *offer)
{
	bool mixed = offer->extmap_mixed;

	for (uint32_t i = 0; i < offer->n_media; i++)
		mixed |= offer->media[i].extmap_mixed;
	return mixed;
}

int sdp_answer_write(const struct sdp_answer *answer, char *bytes, size_t room)
{
	const struct sdp_offer *offer = answer->offer;
	struct text text;
	bool first = true;

	text_start(&text, bytes, room);
	text_addf(&text, "v=0" LINE "o=- %lu 1 IN IP4 127.0.0.1" LINE "s=-" LINE "t=0 0" LINE,
	          (unsigned long)(answer->id >> 1));
	text_add(&text, "a=ice-lite" LINE);
	add_bundle(&text, answer);
	if (is_mixed(offer))
		text_add(&text, "a=extmap-allow-mixed" LINE);
	text_add(&text, "a=msid-semantic:WMS *" LINE);
	for (uint32_t i = 0; i < offer->n_media; i++) {
		uint8_t index = answer->agreement->track_of[i];

		if (index == SDP_REJECTED) {
			add_rejected(&text, &offer->media[i]);
			continue;
		}
		add_media(&text, answer, &offer->media[i], index, first);
		first = false;
	}
	return text.cut ? -EMSGSIZE : (int)text.length;
}
