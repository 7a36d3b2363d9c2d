/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/rtp.h"

#include <errno.h>
#include <string.h>

#define EXT_HEADER_SIZE 4
#define EXT_WORDS_MAX   ((RTP_HEADER_MAX - RTP_HEADER_SIZE - 15 * 4 - EXT_HEADER_SIZE) / 4)

static uint16_t read16(const uint8_t *from)
{
	return from[0] << 8 | from[1];
}

static uint32_t read32(const uint8_t *from)
{
	return (uint32_t)read16(from) << 16 | read16(from + 2);
}

/* The cursor stands behind the CSRCs and moves behind the extension (RFC 3550, 5.3.1). */
static int extension_parse(const uint8_t *packet, uint16_t length, uint16_t *cursor,
                           struct rtp_view *view)
{
	uint16_t words;

	if (length - *cursor < EXT_HEADER_SIZE)
		return -EBADMSG;
	view->ext_profile = read16(packet + *cursor);
	words = read16(packet + *cursor + 2);
	*cursor += EXT_HEADER_SIZE;
	if (words > EXT_WORDS_MAX || words * 4 > length - *cursor)
		return -EBADMSG;
	view->ext_offset = *cursor;
	view->ext_length = words * 4;
	*cursor += view->ext_length;
	return 0;
}

int rtp_parse(const uint8_t *packet, uint16_t length, struct rtp_view *view)
{
	uint16_t cursor;

	if (length < RTP_HEADER_SIZE || packet[0] >> 6 != RTP_VERSION)
		return -EBADMSG;
	cursor = RTP_HEADER_SIZE + (packet[0] & 0x0f) * 4;
	if (cursor > length)
		return -EBADMSG;
	*view = (struct rtp_view){
	        .padding = packet[0] >> 5 & 1,
	        .marker = packet[1] >> 7,
	        .payload_type = packet[1] & 0x7f,
	        .seq = read16(packet + 2),
	        .timestamp = read32(packet + 4),
	        .ssrc = read32(packet + 8),
	};
	if (packet[0] >> 4 & 1 && extension_parse(packet, length, &cursor, view) < 0)
		return -EBADMSG;
	view->header_length = cursor;
	view->payload_length = length - cursor;
	return 0;
}

int rtp_padding(const uint8_t *payload, uint16_t length)
{
	uint8_t padding;

	if (length == 0)
		return -EBADMSG;
	padding = payload[length - 1];
	return padding > 0 && padding <= length ? padding : -EBADMSG;
}
