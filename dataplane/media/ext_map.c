/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ext_map.h"

#include "media/state.h"
#include "srtp/rtp.h"

#define EXT_HEADER_SIZE 4
#define ONE_BYTE_ID_MAX 14 /* 15 ends the elements (RFC 8285, 4.2) */

struct element {
	uint8_t id;
	uint8_t length;
	const uint8_t *data;
};

struct elements {
	const uint8_t *at, *end;
	bool one_byte;
	bool overrun; /* the last one would run over the end */
};

static bool elements_begin(struct elements *elements, uint16_t profile, const uint8_t *bytes,
                           uint16_t length)
{
	*elements = (struct elements){bytes, bytes + length, profile == RTP_EXT_ONE_BYTE, false};
	return elements->one_byte || (profile & 0xfff0) == RTP_EXT_TWO_BYTE;
}

static bool element_take(struct elements *elements, uint8_t header_length, uint8_t id,
                         uint8_t length, struct element *element)
{
	if (elements->end - elements->at < header_length + length) {
		elements->overrun = true;
		return false;
	}
	*element = (struct element){id, length, elements->at + header_length};
	elements->at += header_length + length;
	return true;
}

/* False: no more, or none that fits. */
static bool element_next(struct elements *elements, struct element *element)
{
	while (elements->at < elements->end && *elements->at == 0) /* padding between them */
		elements->at++;
	if (elements->at == elements->end)
		return false;
	if (elements->one_byte) {
		uint8_t id = *elements->at >> 4;

		return id != 0 && id <= ONE_BYTE_ID_MAX &&
		       element_take(elements, 1, id, (*elements->at & 15) + 1, element);
	}
	if (elements->end - elements->at < 2) {
		elements->overrun = true;
		return false;
	}
	return element_take(elements, 2, elements->at[0], elements->at[1], element);
}

bool ext_elements_whole(uint16_t profile, const uint8_t *bytes, uint16_t length)
{
	struct elements elements;
	struct element element;

	if (!elements_begin(&elements, profile, bytes, length))
		return true;
	while (element_next(&elements, &element))
		;
	return !elements.overrun;
}

/* Two bytes are needed as soon as one of the ids wanted is above 14. */
static bool one_byte_suffices(const struct ext_map *map, struct elements elements)
{
	struct element element;

	if (!elements.one_byte)
		return false;
	while (element_next(&elements, &element))
		if (map->to[element.id] > ONE_BYTE_ID_MAX)
			return false;
	return true;
}

static uint8_t *element_write(uint8_t *out, uint8_t id, const struct element *element,
                              bool one_byte)
{
	if (one_byte) {
		*out++ = (uint8_t)(id << 4 | (element->length - 1));
	} else {
		*out++ = id;
		*out++ = element->length;
	}
	memcpy(out, element->data, element->length);
	return out + element->length;
}

uint16_t ext_map_write(const struct ext_map *map, uint16_t profile, const uint8_t *bytes,
                       uint16_t length, uint8_t *out)
{
	uint8_t *at = out + EXT_HEADER_SIZE;
	struct elements elements;
	struct element element;
	uint16_t words;
	bool one_byte;

	if (!elements_begin(&elements, profile, bytes, length))
		return 0;
	one_byte = one_byte_suffices(map, elements);
	while (element_next(&elements, &element))
		if (map->to[element.id] != 0)
			at = element_write(at, map->to[element.id], &element, one_byte);
	if (at == out + EXT_HEADER_SIZE)
		return 0;
	while ((at - out) % 4 != 0)
		*at++ = 0;
	words = (uint16_t)((at - out - EXT_HEADER_SIZE) / 4);
	profile = one_byte ? RTP_EXT_ONE_BYTE
	                   : RTP_EXT_TWO_BYTE | (elements.one_byte ? 0 : profile & 15);
	out[0] = (uint8_t)(profile >> 8);
	out[1] = (uint8_t)profile;
	out[2] = (uint8_t)(words >> 8);
	out[3] = (uint8_t)words;
	return (uint16_t)(at - out);
}
