/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as header extensions, under any map: what comes out fits the room that is asked for, is
 * an extension that reads the same again, and has none of the ids that the map leaves out.
 */
#include "fuzz.h"
#include "media/ext_map.h"
#include "media/state.h"
#include "srtp/rtp.h"

#define MAPPED     16
#define LENGTH_MAX 1024

static const struct ext_map *map_read(struct ext_map *map, const uint8_t *bytes)
{
	memset(map, 0, sizeof(*map));
	for (unsigned int id = 1; id < 256; id++)
		map->to[id] = bytes[(id - 1) % MAPPED];
	return map;
}

static const struct ext_map *map_same(struct ext_map *map, const struct ext_map *of)
{
	memset(map, 0, sizeof(*map));
	for (unsigned int id = 1; id < 256; id++)
		map->to[of->to[id]] = of->to[id];
	map->to[0] = 0;
	return map;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t profiles[] = {RTP_EXT_ONE_BYTE, RTP_EXT_TWO_BYTE, 0x100f, 0x1234};
	uint8_t elements[LENGTH_MAX], out[EXT_MAP_ROOM(LENGTH_MAX)],
	        again[EXT_MAP_ROOM(sizeof(out))];
	struct ext_map map, same;
	uint16_t length, written, profile;

	if (size < 1 + MAPPED)
		return 0;
	map_read(&map, data + 1);
	length = (uint16_t)RTE_MIN(size - 1 - MAPPED, (size_t)LENGTH_MAX) & ~3;
	memcpy(elements, data + 1 + MAPPED, length);
	memset(out, 0xee, sizeof(out));
	written = ext_map_write(&map, profiles[data[0] & 3], elements, length, out);
	CHECK(written % 4 == 0 && written <= EXT_MAP_ROOM(length));
	if (written == 0)
		return 0;
	CHECK(written == 4 + 4 * (out[2] << 8 | out[3]));
	profile = (uint16_t)(out[0] << 8 | out[1]);
	CHECK(ext_map_write(map_same(&same, &map), profile, out + 4, written - 4, again) ==
	      written);
	CHECK(memcmp(out, again, written) == 0);
	return 0;
}
