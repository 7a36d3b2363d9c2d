/* SPDX-License-Identifier: BSD-3-Clause */
/* RTP's header (RFC 3550, 5.1) read by a cursor, once: what does not fit is refused. */
#ifndef SRTP_RTP_H
#define SRTP_RTP_H

#include <stdbool.h>
#include <stdint.h>

#define RTP_VERSION      2
#define RTP_HEADER_SIZE  12
#define RTP_PADDING_BIT  0x20   /* of the first byte */
#define RTP_EXT_ONE_BYTE 0xbede /* RFC 8285, 4.2 */
#define RTP_EXT_TWO_BYTE 0x1000 /* 4.3, low four bits are the application's */
#define RTP_HEADER_MAX   (RTP_HEADER_SIZE + 15 * 4 + 4 + 1024) /* longer extensions are refused */

struct rtp_view {
	uint16_t header_length;  /* with CSRCs and the extension */
	uint16_t payload_length; /* the rest: for SRTP with its tag, for plaintext with the padding
	                          */
	uint16_t ext_offset;     /* of the extension's first element; 0: none */
	uint16_t ext_length;     /* bytes of elements */
	uint16_t ext_profile;
	uint16_t seq;
	uint32_t timestamp, ssrc; /* host order */
	uint8_t payload_type;
	bool marker, padding;
};

/* 0 or -EBADMSG. */
int rtp_parse(const uint8_t *packet, uint16_t length, struct rtp_view *view);

/* Of a plaintext packet whose P bit is set: bytes of padding at the payload's end (1 to its
 * length), or -EBADMSG. */
int rtp_padding(const uint8_t *payload, uint16_t length);

/* RFC 5761, 4: of two kinds on one port. */
static inline bool rtp_is_rtcp(uint8_t second_byte)
{
	return second_byte >= 192 && second_byte <= 223;
}

#endif
