/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header extensions under a subscriber's ids (RFC 8285). The elements are the publisher's bytes and
 * may lie about their lengths. What says something of one transport alone, its mid, its numbers and
 * its send time, is not passed on but written for each.
 */
#ifndef MEDIA_EXT_MAP_H
#define MEDIA_EXT_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/media.h>

struct ext_map {
	uint8_t to[256]; /* [from] = to, 0: left out */
	/* ids of what is written; 0: not */
	uint8_t mid_id, transport_id, send_time_id;
	uint8_t mid_length;
	char mid[SLUICE_TRACK_MID_MAX - 1]; /* without a NUL */
};

/* Of what we write: each with two bytes of header. */
#define EXT_WRITTEN_MAX (2 + SLUICE_TRACK_MID_MAX - 1 + 2 + 2 + 2 + 3)
/* Room for what ext_map_write may make of `length` bytes of elements: the extension's header, each
 * element one byte longer, what is written, padding. */
#define EXT_MAP_ROOM(length) (4 + (length) + (length) / 2 + EXT_WRITTEN_MAX + 4)

/*
 * The whole extension with its header, a multiple of 4 bytes; 0: nothing is left of it. One-byte
 * elements stay so unless an id above 14 is needed. What follows an element that does not fit is
 * left out; so is an extension of another profile, whose elements have no known ids. send_time: 24
 * bits. *transport_at: where the two bytes of the transport-wide number stand, which the caller
 * writes; 0: there is none.
 */
uint16_t ext_map_write(const struct ext_map *map, uint16_t profile, const uint8_t *bytes,
                       uint16_t length, uint32_t send_time, uint8_t *out, uint16_t *transport_at);

/* False: an element runs over the end. What is not of RFC 8285 has no elements. */
bool ext_elements_whole(uint16_t profile, const uint8_t *bytes, uint16_t length);

#endif
