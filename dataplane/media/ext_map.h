/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header extensions under a subscriber's ids (RFC 8285). The elements are the publisher's bytes and
 * may lie about their lengths.
 */
#ifndef MEDIA_EXT_MAP_H
#define MEDIA_EXT_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct ext_map;

/* Room for what ext_map_write may make of `length` bytes of elements: the extension's header, each
 * element one byte longer, padding. */
#define EXT_MAP_ROOM(length) (4 + (length) + (length) / 2 + 4)

/*
 * The whole extension with its header, a multiple of 4 bytes; 0: nothing is left of it. One-byte
 * elements stay so unless an id above 14 is needed. What follows an element that does not fit is
 * left out; so is an extension of another profile, whose elements have no known ids.
 */
uint16_t ext_map_write(const struct ext_map *map, uint16_t profile, const uint8_t *bytes,
                       uint16_t length, uint8_t *out);

/* False: an element runs over the end. What is not of RFC 8285 has no elements. */
bool ext_elements_whole(uint16_t profile, const uint8_t *bytes, uint16_t length);

#endif
