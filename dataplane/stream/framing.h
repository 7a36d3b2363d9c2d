/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN and ChannelData one behind the other, as TCP and TLS carry them (RFC 8489, 6.2.2; RFC 8656,
 * 12.5). */
#ifndef STREAM_FRAMING_H
#define STREAM_FRAMING_H

#include <stddef.h>
#include <stdint.h>

enum framing {
	FRAMING_WHOLE,
	FRAMING_PART,     /* more bytes are needed */
	FRAMING_GARBAGE,  /* no message begins like this: there is no way to find the next one */
	FRAMING_TOO_LONG, /* longer than `most` */
};

struct framed {
	uint32_t length; /* of the message */
	uint32_t taken;  /* and what is filled up behind it: ChannelData to a multiple of 4 */
};

/* What the bytes begin with; *framed is set where it is whole. most: of a message's length. */
enum framing framing_next(const uint8_t *bytes, size_t length, uint32_t most,
                          struct framed *framed);

/* Bytes that are missing behind a message of this length. */
static inline uint16_t framing_padding(uint32_t length)
{
	return (uint16_t)(-length & 3);
}

#endif
