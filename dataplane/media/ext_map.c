/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/ext_map.h"

#include "media/bytes.h"
#include "media/ext_element.h"

bool ext_elements_whole(uint16_t profile, const uint8_t *bytes, uint16_t length)
{
	struct ext_elements elements;
	struct ext_element element;

	if (!ext_elements_begin(&elements, profile, bytes, length))
		return true;
	while (ext_element_next(&elements, &element))
		;
	return !elements.overrun;
}

/* Two bytes are needed as soon as one of the ids wanted is above 14. */
static bool one_byte_suffices(const struct ext_map *map, struct ext_elements elements)
{
	struct ext_element element;

	if (!elements.one_byte || map->mid_id > ONE_BYTE_ID_MAX ||
	    map->transport_id > ONE_BYTE_ID_MAX || map->send_time_id > ONE_BYTE_ID_MAX)
		return false;
	while (ext_element_next(&elements, &element))
		if (map->to[element.id] > ONE_BYTE_ID_MAX)
			return false;
	return true;
}

static uint8_t *element_write(uint8_t *out, uint8_t id, const void *data, uint8_t length,
                              bool one_byte)
{
	if (one_byte) {
		*out++ = (uint8_t)(id << 4 | (length - 1));
	} else {
		*out++ = id;
		*out++ = length;
	}
	memcpy(out, data, length);
	return out + length;
}

/* What is of this transport alone. */
static uint8_t *own_write(const struct ext_map *map, uint32_t send_time, uint8_t *begin,
                          uint8_t *at, bool one_byte, uint16_t *transport_at)
{
	const uint8_t time[3] = {(uint8_t)(send_time >> 16), (uint8_t)(send_time >> 8),
	                         (uint8_t)send_time};
	const uint8_t number[2] = {0};

	if (map->transport_id != 0) {
		at = element_write(at, map->transport_id, number, sizeof(number), one_byte);
		*transport_at = (uint16_t)(at - sizeof(number) - begin);
	}
	if (map->send_time_id != 0)
		at = element_write(at, map->send_time_id, time, sizeof(time), one_byte);
	if (map->mid_id != 0 && map->mid_length != 0)
		at = element_write(at, map->mid_id, map->mid, map->mid_length, one_byte);
	return at;
}

uint16_t ext_map_write(const struct ext_map *map, uint16_t profile, const uint8_t *bytes,
                       uint16_t length, uint32_t send_time, uint8_t *out, uint16_t *transport_at)
{
	uint8_t *at = out + EXT_HEADER_SIZE;
	struct ext_elements elements;
	struct ext_element element;
	uint16_t words;
	bool one_byte;

	*transport_at = 0;
	if (!ext_elements_begin(&elements, profile, bytes, length))
		ext_elements_begin(&elements, RTP_EXT_ONE_BYTE, bytes, 0);
	one_byte = one_byte_suffices(map, elements);
	at = own_write(map, send_time, out, at, one_byte, transport_at);
	while (ext_element_next(&elements, &element))
		if (map->to[element.id] != 0)
			at = element_write(at, map->to[element.id], element.data, element.length,
			                   one_byte);
	if (at == out + EXT_HEADER_SIZE)
		return 0;
	while ((at - out) % 4 != 0)
		*at++ = 0;
	words = (uint16_t)((at - out - EXT_HEADER_SIZE) / 4);
	profile = one_byte ? RTP_EXT_ONE_BYTE
	                   : RTP_EXT_TWO_BYTE | (elements.one_byte ? 0 : profile & 15);
	write_be16(out, profile);
	write_be16(out + 2, words);
	return (uint16_t)(at - out);
}
