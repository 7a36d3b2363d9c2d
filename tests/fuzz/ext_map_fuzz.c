/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as header extensions, under any map: what comes out fits the room that is asked for, is
 * an extension that reads the same again, and has none of the ids that the map leaves out. What is
 * read of them lies within them.
 */
#include "fuzz.h"
#include "media/ext_map.h"
#include "media/ext_read.h"
#include "srtp/rtp.h"

#include <rte_common.h>

#include <string.h>

#define MAPPED     16
#define LENGTH_MAX 1024

static const struct ext_map *map_read(struct ext_map *map, const uint8_t *bytes)
{
	memset(map, 0, sizeof(*map));
	for (unsigned int id = 1; id < 256; id++)
		map->to[id] = bytes[(id - 1) % MAPPED];
	if (bytes[0] & 1) {
		map->transport_id = bytes[1];
		map->send_time_id = bytes[2];
		map->mid_id = bytes[3];
		map->mid_length = bytes[4] % (sizeof(map->mid) + 1);
	}
	return map;
}

static const struct ext_map *map_same(struct ext_map *map, const struct ext_map *of)
{
	memset(map, 0, sizeof(*map));
	for (unsigned int id = 1; id < 256; id++)
		map->to[of->to[id]] = of->to[id];
	map->to[of->transport_id] = of->transport_id;
	map->to[of->send_time_id] = of->send_time_id;
	map->to[of->mid_id] = of->mid_id;
	map->to[0] = 0;
	return map;
}

static void within_check(const struct ext_bytes *bytes, const uint8_t *elements, uint16_t length)
{
	CHECK(bytes->bytes == NULL ||
	      (bytes->bytes >= elements && bytes->bytes + bytes->length <= elements + length));
}

static void read_check(uint16_t profile, const uint8_t *agreed, const uint8_t *elements,
                       uint16_t length)
{
	struct ext_said said;
	struct ext_ids ids;

	ext_ids_set(&ids, agreed);
	ext_read(&ids, profile, elements, length, &said);
	within_check(&said.mid, elements, length);
	within_check(&said.rid, elements, length);
	within_check(&said.repaired_rid, elements, length);
	within_check(&said.dependency, elements, length);
	CHECK(said.truncated == !ext_elements_whole(profile, elements, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t profiles[] = {RTP_EXT_ONE_BYTE, RTP_EXT_TWO_BYTE, 0x100f, 0x1234};
	uint8_t elements[LENGTH_MAX], out[EXT_MAP_ROOM(LENGTH_MAX)],
	        again[EXT_MAP_ROOM(sizeof(out))];
	struct ext_map map, same;
	uint16_t length, written, profile, at;

	if (size < 1 + MAPPED)
		return 0;
	map_read(&map, data + 1);
	length = (uint16_t)RTE_MIN(size - 1 - MAPPED, (size_t)LENGTH_MAX) & ~3;
	memcpy(elements, data + 1 + MAPPED, length);
	memset(out, 0xee, sizeof(out));
	read_check(profiles[data[0] & 3], data + 1, elements, length);
	written = ext_map_write(&map, profiles[data[0] & 3], elements, length, 0x123456, out, &at);
	CHECK(at == 0 || at + 2 <= written);
	CHECK(written % 4 == 0 && written <= EXT_MAP_ROOM(length));
	if (written == 0)
		return 0;
	CHECK(written == 4 + 4 * (out[2] << 8 | out[3]));
	profile = (uint16_t)(out[0] << 8 | out[1]);
	CHECK(ext_map_write(map_same(&same, &map), profile, out + 4, written - 4, 0, again, &at) ==
	      written);
	CHECK(memcmp(out, again, written) == 0);
	return 0;
}
