/* SPDX-License-Identifier: BSD-3-Clause */
/* A cursor over the elements of a header extension (RFC 8285, 4.2 and 4.3). */
#ifndef MEDIA_EXT_ELEMENT_H
#define MEDIA_EXT_ELEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "srtp/rtp.h"

#define EXT_HEADER_SIZE 4
#define ONE_BYTE_ID_MAX 14 /* 15 ends the elements (RFC 8285, 4.2) */

struct ext_element {
	uint8_t id;
	uint8_t length;
	const uint8_t *data;
};

struct ext_elements {
	const uint8_t *at, *end;
	bool one_byte;
	bool overrun; /* the last one would run over the end */
};

/* False: what is not of RFC 8285 has no elements. */
static inline bool ext_elements_begin(struct ext_elements *elements, uint16_t profile,
                                      const uint8_t *bytes, uint16_t length)
{
	*elements =
	        (struct ext_elements){bytes, bytes + length, profile == RTP_EXT_ONE_BYTE, false};
	return elements->one_byte || (profile & 0xfff0) == RTP_EXT_TWO_BYTE;
}

static inline bool ext_element_take(struct ext_elements *elements, uint8_t header_length,
                                    uint8_t id, uint8_t length, struct ext_element *element)
{
	if (elements->end - elements->at < header_length + length) {
		elements->overrun = true;
		return false;
	}
	*element = (struct ext_element){id, length, elements->at + header_length};
	elements->at += header_length + length;
	return true;
}

/* False: no more, or none that fits. */
static inline bool ext_element_next(struct ext_elements *elements, struct ext_element *element)
{
	while (elements->at < elements->end && *elements->at == 0) /* padding between them */
		elements->at++;
	if (elements->at == elements->end)
		return false;
	if (elements->one_byte) {
		uint8_t id = *elements->at >> 4;

		return id != 0 && id <= ONE_BYTE_ID_MAX &&
		       ext_element_take(elements, 1, id, (*elements->at & 15) + 1, element);
	}
	if (elements->end - elements->at < 2) {
		elements->overrun = true;
		return false;
	}
	return ext_element_take(elements, 2, elements->at[0], elements->at[1], element);
}

#endif
