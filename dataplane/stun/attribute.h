/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking over a message's attributes: the one place where their lengths are believed or not. */
#ifndef STUN_ATTRIBUTE_H
#define STUN_ATTRIBUTE_H

#include <errno.h>
#include <stdint.h>

#include "stun/message.h"

#define STUN_ATTR_HEADER_SIZE 4

struct stun_attr {
	uint16_t type;
	struct stun_span value;
};

struct stun_cursor {
	const uint8_t *data;
	uint32_t offset;
	uint32_t end;
};

static inline uint16_t stun_read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* 1 with *attr set, 0 at the end, -EBADMSG where the attribute overruns it. */
static inline int stun_attr_next(struct stun_cursor *cursor, struct stun_attr *attr)
{
	uint32_t left = cursor->end - cursor->offset;
	const uint8_t *header = cursor->data + cursor->offset;
	uint32_t length;

	if (left == 0)
		return 0;
	if (left < STUN_ATTR_HEADER_SIZE)
		return -EBADMSG;
	length = stun_read_u16(header + 2);
	if (((length + 3) & ~3u) > left - STUN_ATTR_HEADER_SIZE)
		return -EBADMSG;
	attr->type = stun_read_u16(header);
	attr->value.offset = (uint16_t)(cursor->offset + STUN_ATTR_HEADER_SIZE);
	attr->value.length = (uint16_t)length;
	cursor->offset += STUN_ATTR_HEADER_SIZE + ((length + 3) & ~3u);
	return 1;
}

#endif
