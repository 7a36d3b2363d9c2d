/* SPDX-License-Identifier: BSD-3-Clause */
/* a= lines of payload types. */
#include "sdp/attribute.h"

#include "common/refuse.h"

#include <errno.h>

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
		return refuse(reading->why, -EINVAL, "a=rtpmap: expected PT NAME/CLOCK");
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
		return refuse(reading->why, -EINVAL, "a=fmtp: expected PT PARAMETERS");
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

const struct sdp_attribute_row sdp_format_rows[] = {
        {"rtpmap", true, read_rtpmap},
        {"fmtp", true, read_fmtp},
        {"rtcp-fb", true, read_rtcp_fb},
        {0},
};
