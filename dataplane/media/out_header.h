/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RTP header of a packet that goes out: the source's, in the numbering and under the ids of one
 * subscription.
 */
#ifndef MEDIA_OUT_HEADER_H
#define MEDIA_OUT_HEADER_H

#include "media/bytes.h"
#include "media/fan.h"
#include "media/leg_map.h"
#include "media/record.h"
#include "media/rewrite.h"
#include "srtp/rtp.h"

/* An RTX packet begins with the original sequence number (RFC 4588, 4). */
#define OSN_SIZE          2
#define RTP_CSRC_COUNT    0x0f /* of the first byte */
#define RTP_EXTENSION_BIT 0x10

/* The RTP header of one copy. */
struct out_header {
	uint64_t index;
	uint64_t head; /* the first 8 bytes as a number, without what `index` and `timestamp` say */
	uint32_t ssrc, timestamp; /* host order */
	uint8_t payload_type;
	bool left_out;  /* its subscriber has not agreed to the payload type, and waits for the
	                   number: it leaves empty, as one of another */
	bool cut;       /* it is of a temporal layer that its subscriber does not get */
	uint8_t prefix; /* bytes of the payload that we put in front of the publisher's */
	uint16_t osn;
	/* what follows the fixed header: CSRCs, extension */
	uint16_t tail_length;
	uint16_t transport_at; /* of the tail: where the transport-wide number stands;
	                          0: none */
	/* of VP8: what is added; 0 both: the payload stays as it is */
	uint16_t picture_offset;
	uint8_t tl0_offset;
	const uint8_t *tail;
	const struct leg_map *map; /* NULL: as the source has it */
};

static inline uint16_t out_payload_length(const struct out_header *header,
                                          const struct fan_source *source)
{
	return header->left_out ? 0 : source->payload_length;
}

/* A tail that is made for several subscriptions. */
struct out_tail {
	const struct leg_map *map; /* NULL: not made yet */
	uint8_t *bytes;
	uint16_t room; /* of bytes */
	uint16_t length, transport_at;
	bool extension;
};

#define OUT_TAILS     2 /* of one packet, at once */
#define OUT_TAIL_MOST (15 * 4 + EXT_MAP_ROOM(RTP_HEADER_MAX))

/* Where the tails of one burst stand, side by side; what does not fit has the last place, and is
 * made for each subscription. */
struct out_tail_room {
	uint16_t used;
	uint8_t bytes[FAN_SOURCES * OUT_TAILS * 64];
	uint8_t last[OUT_TAIL_MOST];
};

/* CSRCs as they are, the extension under the subscribers' ids. send_time: 24 bits. */
void out_tail_make(struct out_tail_room *room, struct out_tail *tail,
                   const struct fan_source *source, const struct leg_map *map, uint32_t send_time);

static inline void out_tail_use(struct out_header *header, const struct out_tail *tail)
{
	const uint64_t bit = (uint64_t)RTP_EXTENSION_BIT << 56;

	header->head = tail->extension ? header->head | bit : header->head & ~bit;
	header->tail = tail->bytes;
	header->tail_length = tail->length;
	header->transport_at = tail->transport_at;
}

/* What the subscription was sent before, under its own number or as RTX. False: its number is
 * forgotten, or would be another packet's. */
static inline bool out_header_repeat(struct out_header *header, const struct fan_leg *leg)
{
	struct subscription *subscription = leg->subscription;
	const struct fan_source *source = leg->source;
	const struct leg_map *map = header->map;
	struct rewritten rewritten;

	if (!rewrite_find(subscription, &source->packet, &rewritten))
		return false;
	if (unlikely(leg_map_repeats_differ(map, subscription, leg->endpoint, rewritten.index))) {
		subscription->retransmit_refused++;
		return false;
	}
	header->index = rewritten.index;
	header->timestamp = rewritten.timestamp;
	header->picture_offset = rewritten.picture_offset;
	header->tl0_offset = rewritten.tl0_offset;
	subscription->retransmitted++;
	if (subscription->rtx_ssrc == 0)
		return true;
	header->osn = rte_cpu_to_be_16((uint16_t)rewritten.index);
	header->prefix = OSN_SIZE;
	record_reserve_rtx(subscription, subscription->rtx_index + 1);
	header->index = ++subscription->rtx_index;
	header->ssrc = subscription->rtx_ssrc;
	header->payload_type = subscription->rtx_pt;
	if (map != NULL)
		header->payload_type =
		        map->rtx_pt[header->left_out ? map->first : source->payload_type];
	return true;
}

/* The numbering closes over it, unless it comes late and has its number between others. */
static inline void out_header_leave(struct out_header *header, struct rewrite_packet *packet)
{
	header->left_out = packet->empty = true;
	packet->vp8 = packet->temporals = false;
	header->payload_type = header->map->pt[header->map->first];
	header->head &= ~((uint64_t)RTP_PADDING_BIT << 56);
}

/* False: this subscription does not get the packet. plain, mapped: constants; mapped: it may have
 * a map, whose tail is the caller's to write. */
static __rte_always_inline bool out_header_make(struct out_header *header,
                                                const struct fan_leg *leg, bool plain, bool mapped)
{
	struct subscription *subscription = leg->subscription;
	const struct fan_source *source = leg->source;
	const struct rewrite_packet *packet = &source->packet;
	const uint64_t highest = subscription->highest; /* before this one */
	struct rewritten rewritten = {.index = 0};
	enum rewrite_verdict verdict;
	struct rewrite_packet left;

	header->ssrc = subscription->ssrc;
	header->head = source->head;
	header->payload_type =
	        subscription->pt == SLUICE_MEDIA_PT_SAME ? source->payload_type : subscription->pt;
	header->prefix = 0;
	header->tail = source->payload - source->tail_length;
	header->tail_length = source->tail_length;
	header->transport_at = 0;
	header->map = NULL;
	header->left_out = header->cut = false;
	if (mapped && subscription->mapped) {
		header->map = leg_map_of(subscription, packet->stream);
		header->payload_type = header->map->pt[source->payload_type];
	}
	if (mapped && unlikely(header->payload_type == LEG_PT_NONE)) {
		left = source->packet;
		packet = &left;
		out_header_leave(header, &left);
	}
	if (!plain && source->repeat) {
		if (!out_header_repeat(header, leg))
			return false;
	} else {
		verdict = rewrite_next(subscription, packet, &rewritten);
		if (verdict != REWRITE_SEND) {
			header->cut = verdict == REWRITE_CUT;
			return false;
		}
		/* one that comes late may have been sent already, for a NACK */
		if (unlikely(rewrite_distance(highest, rewritten.index) <= 0 &&
		             leg_map_was_other(subscription, leg->endpoint, rewritten.index))) {
			subscription->retransmit_refused++;
			return false;
		}
		header->index = rewritten.index;
		header->timestamp = rewritten.timestamp;
		if (mapped) {
			header->picture_offset = rewritten.picture_offset;
			header->tl0_offset = rewritten.tl0_offset;
		}
		subscription->packets++;
		subscription->bytes += out_payload_length(header, source);
	}
	return true;
}

/* In front of the payload's place: one store of eight bytes, one of four; then words of CSRCs and
 * extension. The transport-wide number is the caller's to write. */
static inline void out_header_write(uint8_t *payload, const struct out_header *header)
{
	uint64_t head =
	        rte_cpu_to_be_64(header->head | (uint64_t)header->payload_type << 48 |
	                         (uint64_t)(uint16_t)header->index << 32 | header->timestamp);
	uint32_t ssrc = rte_cpu_to_be_32(header->ssrc);
	uint8_t *tail = payload - header->tail_length;

	memcpy(tail - RTP_HEADER_SIZE, &head, sizeof(head));
	memcpy(tail - sizeof(ssrc), &ssrc, sizeof(ssrc));
	for (uint16_t i = 0; i < header->tail_length; i += sizeof(uint32_t))
		memcpy(tail + i, header->tail + i, sizeof(uint32_t));
}

/*
 * The one case where a payload is copied: the two bytes in front of an RTX payload must be
 * enciphered with it, and in the plaintext their place belongs to the header that other workers
 * read.
 */
static inline const uint8_t *out_payload_prefixed(uint8_t *to, const struct out_header *header,
                                                  const uint8_t *payload, uint16_t length)
{
	memcpy(to, &header->osn, OSN_SIZE);
	memcpy(to + OSN_SIZE, payload, length);
	return to;
}

/* The other one: VP8's picture id and TL0PICIDX go on over a switch, in the
 * form that they have. */
static inline bool out_payload_changes(const struct out_header *header,
                                       const struct fan_source *source)
{
	return source->packet.vp8 && !header->left_out &&
	       (header->picture_offset | header->tl0_offset) != 0;
}

/* to: of the payload, without a prefix. */
void out_payload_change(uint8_t *to, const struct out_header *header,
                        const struct fan_source *source);

#endif
