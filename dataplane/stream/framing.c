/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/framing.h"

#include "stun/message.h"

#include <rte_byteorder.h>

#include <string.h>

#define LENGTH_OFFSET 2
#define COOKIE_OFFSET 4
/* Of a session's first packet: behind the length of the frame. */
#define CHECK_TYPE_OFFSET   FRAMING_LENGTH_SIZE
#define CHECK_COOKIE_OFFSET (FRAMING_LENGTH_SIZE + COOKIE_OFFSET)
#define OWNER_BYTES         8

static uint16_t length_field(const uint8_t *bytes)
{
	return (uint16_t)(bytes[LENGTH_OFFSET] << 8 | bytes[LENGTH_OFFSET + 1]);
}

/* As far as the cookie is there, it is right. */
static int cookie_fits(const uint8_t *bytes, size_t length)
{
	const uint32_t cookie = RTE_BE32(STUN_MAGIC_COOKIE);
	size_t there = length - COOKIE_OFFSET;

	return memcmp(bytes + COOKIE_OFFSET, &cookie, RTE_MIN(there, sizeof(cookie))) == 0;
}

static enum framing whole_or_part(size_t length, uint32_t most, const struct framed *framed)
{
	if (framed->length > most)
		return FRAMING_TOO_LONG;
	return framed->taken <= length ? FRAMING_WHOLE : FRAMING_PART;
}

enum framing framing_next(const uint8_t *bytes, size_t length, uint32_t most, struct framed *framed)
{
	framed->start = 0;
	if (length == 0)
		return FRAMING_PART;
	if (bytes[0] >> 6 > 1 || (bytes[0] >> 6 == 0 && bytes[0] > 3))
		return FRAMING_GARBAGE;
	if (length < COOKIE_OFFSET)
		return FRAMING_PART;
	if (bytes[0] >> 6 == 1) {
		framed->length = STUN_CHANNEL_HEADER_SIZE + length_field(bytes);
		framed->taken = framed->length + framing_padding(framed->length);
		return whole_or_part(length, most, framed);
	}
	framed->length = framed->taken = STUN_HEADER_SIZE + length_field(bytes);
	/* RFC 8489, 5: attributes are whole words */
	if (length_field(bytes) % 4 != 0 || !cookie_fits(bytes, length))
		return FRAMING_GARBAGE;
	return whole_or_part(length, most, framed);
}

enum framing framing_next_packet(const uint8_t *bytes, size_t length, uint32_t most,
                                 struct framed *framed)
{
	if (length < FRAMING_LENGTH_SIZE)
		return FRAMING_PART;
	framed->start = FRAMING_LENGTH_SIZE;
	framed->length = (uint32_t)(bytes[0] << 8 | bytes[1]);
	framed->taken = FRAMING_LENGTH_SIZE + framed->length;
	return whole_or_part(length, most, framed);
}

/* The frame of a check that is shorter than 1024 bytes begins with 0 to 3, as a STUN message does:
 * the place of the magic cookie, behind 4 bytes or 6, tells them apart. All that a check may have
 * fits. */
enum framing_owner framing_owner(const uint8_t *bytes, size_t length)
{
	const uint32_t cookie = RTE_BE32(STUN_MAGIC_COOKIE);
	const uint16_t binding = RTE_BE16(STUN_BINDING);

	if (length == 0)
		return FRAMING_UNDECIDED;
	if (bytes[0] > 3)
		return FRAMING_TURN;
	if (length < OWNER_BYTES)
		return FRAMING_UNDECIDED;
	if (memcmp(bytes + COOKIE_OFFSET, &cookie, sizeof(cookie)) == 0)
		return FRAMING_TURN;
	return memcmp(bytes + CHECK_TYPE_OFFSET, &binding, sizeof(binding)) == 0 &&
	                       memcmp(bytes + CHECK_COOKIE_OFFSET, &cookie,
	                              OWNER_BYTES - CHECK_COOKIE_OFFSET) == 0
	               ? FRAMING_SESSIONS
	               : FRAMING_TURN;
}
