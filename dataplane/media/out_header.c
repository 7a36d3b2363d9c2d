/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/out_header.h"

/* True: in a place of its own. */
static bool room_take(struct out_tail_room *room, struct out_tail *tail, uint16_t most)
{
	if (tail->room >= most)
		return true;
	if (room->used + most > sizeof(room->bytes)) {
		tail->bytes = room->last;
		tail->room = 0;
		return false;
	}
	tail->bytes = room->bytes + room->used;
	tail->room = most;
	room->used += most;
	return true;
}

void out_tail_make(struct out_tail_room *room, struct out_tail *tail,
                   const struct fan_source *source, const struct leg_map *map, uint32_t send_time)
{
	const uint8_t *bytes = source->payload - source->tail_length;
	const uint8_t *begin = bytes - RTP_HEADER_SIZE;
	uint16_t csrcs = (*begin & RTP_CSRC_COUNT) * 4, extension;
	uint16_t length = source->ext_offset != 0 ? source->ext_length : 0;
	bool kept = room_take(room, tail, csrcs + EXT_MAP_ROOM(length));

	memcpy(tail->bytes, bytes, csrcs);
	extension = ext_map_write(&map->ext, source->ext_profile, begin + source->ext_offset,
	                          length, send_time, tail->bytes + csrcs, &tail->transport_at);
	if (tail->transport_at != 0)
		tail->transport_at += csrcs;
	tail->map = kept ? map : NULL;
	tail->extension = extension != 0;
	tail->length = csrcs + extension;
}

void out_payload_change(uint8_t *to, const struct out_header *header,
                        const struct fan_source *source)
{
	const struct vp8_descriptor *vp8 = &source->vp8;
	uint16_t picture = vp8->picture + header->picture_offset;

	if (vp8->picture_at != 0 && vp8->wide)
		write_be16(to + vp8->picture_at, picture | 0x8000);
	else if (vp8->picture_at != 0)
		to[vp8->picture_at] = picture & 0x7f;
	if (vp8->tl0_at != 0)
		to[vp8->tl0_at] = vp8->tl0 + header->tl0_offset;
}
