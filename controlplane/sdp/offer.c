/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/offer.h"

#include "sdp/attribute.h"
#include "sdp/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UFRAG_LEAST 4
#define PWD_LEAST   22

struct sdp_offer *sdp_offer_create(void)
{
	return calloc(1, sizeof(struct sdp_offer));
}

void sdp_offer_destroy(struct sdp_offer *offer)
{
	free(offer);
}

static bool ice_chars(struct slice slice, size_t least)
{
	return slice.length >= least && slice.length < SLUICE_SESSION_UFRAG_MAX &&
	       slice_consists(slice, "+/");
}

bool sdp_ufrag_is_valid(struct slice ufrag)
{
	return ice_chars(ufrag, UFRAG_LEAST);
}

bool sdp_pwd_is_valid(struct slice pwd)
{
	return ice_chars(pwd, PWD_LEAST);
}

/* -- an m-line: "video 9 UDP/TLS/RTP/SAVPF 96 97" -- */

static int formats_read(struct sdp_media *media, struct slice list)
{
	struct slice word;
	uint32_t pt;

	while (slice_word(&list, ' ', &word)) {
		if (!slice_number(word, 127, &pt))
			return -EINVAL;
		if (media->n_formats == SDP_FORMATS_MAX)
			return -E2BIG;
		media->formats[media->n_formats++].pt = (uint8_t)pt;
	}
	return media->n_formats > 0 ? 0 : -EINVAL;
}

static bool is_rtp(struct slice protocol)
{
	return protocol.length >= 8 && memmem(protocol.bytes, protocol.length, "RTP/", 4) != NULL;
}

static int media_start(struct sdp_reading *reading, struct slice value, uint32_t line)
{
	struct sdp_offer *offer = reading->offer;
	struct sdp_media *media;
	struct slice port, number;
	uint32_t port_number;

	if (offer->n_media == SDP_MEDIA_MAX)
		return sdp_line_refuse(reading->why, line, "more than 16 m-lines");
	media = &offer->media[offer->n_media++];
	media->direction = offer->direction;
	if (!slice_word(&value, ' ', &media->kind) || !slice_word(&value, ' ', &port) ||
	    !slice_word(&value, ' ', &media->protocol) || value.length < 2 ||
	    !slice_consists(media->kind, "-_.") || !slice_consists(media->protocol, "/-_."))
		return sdp_line_refuse(reading->why, line,
		                       "m=: expected KIND PORT PROTOCOL FORMATS");
	if (!slice_word(&port, '/', &number) || !slice_number(number, 65535, &port_number))
		return sdp_line_refuse(reading->why, line, "m=: expected a port from 0 to 65535");
	media->formats_text = (struct slice){value.bytes + 1, value.length - 1};
	media->zero_port = port_number == 0;
	if (!slice_consists(media->formats_text, " -_.*"))
		return sdp_line_refuse(reading->why, line, "m=: expected formats");
	if (is_rtp(media->protocol) && formats_read(media, value) < 0)
		return sdp_line_refuse(reading->why, line,
		                       "m=: expected 1 to 64 payload types from 0 to 127");
	*reading = (struct sdp_reading){.offer = offer, .media = media, .why = reading->why};
	return 0;
}

/* -- all of it -- */

static int attribute_read(struct sdp_reading *reading, struct slice value, uint32_t number)
{
	char why[SDP_WHY_MAX];
	struct slice name = {value.bytes, value.length}, rest = {value.bytes + value.length, 0};
	const char *colon = memchr(value.bytes, ':', value.length);
	int error;

	if (colon != NULL) {
		name.length = (size_t)(colon - value.bytes);
		rest = (struct slice){colon + 1, value.length - name.length - 1};
	}
	error = sdp_attribute(reading, name, rest);
	if (error < 0) {
		memcpy(why, reading->why, sizeof(why));
		return sdp_line_refuse(reading->why, number, why);
	}
	return 0;
}

static int line_read(struct sdp_reading *reading, struct slice line, uint32_t number)
{
	struct slice value;

	if (sdp_line_check(line, number, reading->why) < 0)
		return -EINVAL;
	value = (struct slice){line.bytes + 2, line.length - 2};
	if (number == 1 && !slice_is(line, "v=0"))
		return sdp_line_refuse(reading->why, number, "expected v=0");
	switch (line.bytes[0]) {
	case 'm':
		sdp_media_finish(reading);
		return media_start(reading, value, number);
	case 'a':
		return attribute_read(reading, value, number);
	}
	return 0;
}

int sdp_read(struct sdp_offer *offer, const char *text, size_t length, char *why)
{
	struct sdp_reading reading = {.offer = offer, .why = why};
	struct sdp_lines lines = {.rest = {text, length}};
	struct slice line;
	int error;

	why[0] = '\0';
	while ((error = sdp_line_next(&lines, &line, why)) > 0) {
		if (line.length == 0 && lines.rest.length == 0)
			break;
		error = line_read(&reading, line, lines.number);
		if (error < 0)
			return error;
	}
	if (error < 0)
		return error;
	sdp_media_finish(&reading);
	if (offer->n_media == 0)
		return sdp_line_refuse(why, lines.number, "there is no m-line before the end");
	return 0;
}

bool sdp_is_bundled(const struct sdp_offer *offer, struct slice mid)
{
	struct slice list = offer->bundle, word;

	while (slice_word(&list, ' ', &word))
		if (mid.length > 0 && slice_equals(word, mid))
			return true;
	return false;
}

struct sdp_transport sdp_transport_of(const struct sdp_offer *offer, const struct sdp_media *media)
{
	const struct sdp_transport *session = &offer->transport;
	struct sdp_transport transport = media->transport;

	if (transport.ufrag.length == 0) {
		transport.ufrag = session->ufrag;
		transport.pwd = session->pwd;
	}
	if (transport.n_fingerprints == 0) {
		transport.n_fingerprints = session->n_fingerprints;
		memcpy(transport.fingerprints, session->fingerprints,
		       sizeof(transport.fingerprints));
	}
	if (!transport.setup_given)
		transport.setup = session->setup;
	return transport;
}
