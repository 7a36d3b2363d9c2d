/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN and ChannelData one behind the other, as TCP and TLS carry them (RFC 8489, 6.2.2; RFC 8656,
 * 12.5); and packets of sessions, each behind two bytes of its length (RFC 4571). */
#ifndef STREAM_FRAMING_H
#define STREAM_FRAMING_H

#include <stddef.h>
#include <stdint.h>

enum framing {
	FRAMING_WHOLE,
	FRAMING_PART,     /* more bytes are needed */
	FRAMING_GARBAGE,  /* no message begins like this: there is no way to find the next one */
	FRAMING_TOO_LONG, /* longer than `most` */
	FRAMING_STRANGER, /* whole, and from nobody who may say it: not told here */
};

struct framed {
	uint32_t start;  /* of the message */
	uint32_t length; /* of the message */
	uint32_t taken;  /* with what is before it, and what is filled up behind it: ChannelData to
	                    a multiple of 4 */
};

/* In front of a session's packet. */
#define FRAMING_LENGTH_SIZE 2

/* What the bytes begin with; *framed is set where it is whole. most: of a message's length. */
enum framing framing_next(const uint8_t *bytes, size_t length, uint32_t most,
                          struct framed *framed);

/* The same of a session's; the message may have no byte. */
enum framing framing_next_packet(const uint8_t *bytes, size_t length, uint32_t most,
                                 struct framed *framed);

enum framing_owner {
	FRAMING_UNDECIDED, /* more bytes are needed */
	FRAMING_TURN,      /* or nobody's */
	FRAMING_SESSIONS,
};

/* Whose a connection is, by its first bytes: where STUN's magic cookie is. */
enum framing_owner framing_owner(const uint8_t *bytes, size_t length);

/* Bytes that are missing behind a message of this length. */
static inline uint16_t framing_padding(uint32_t length)
{
	return (uint16_t)(-length & 3);
}

#endif
