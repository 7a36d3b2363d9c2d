/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RTP header of a packet that goes out: the source's, in the numbering and under the ids of one
 * subscription.
 */
#ifndef MEDIA_OUT_HEADER_H
#define MEDIA_OUT_HEADER_H

#include "media/ext_map.h"
#include "media/fan.h"
#include "media/record.h"
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
	uint8_t prefix; /* bytes of the payload that we put in front of the publisher's */
	uint16_t osn;
	/* what follows the fixed header: CSRCs, extension */
	uint16_t tail_length;
	const uint8_t *tail;
	uint8_t mapped[EXT_MAP_ROOM(RTP_HEADER_MAX)];
};

/* CSRCs as they are, the extension under the subscription's ids. */
static inline void out_tail_map(struct out_header *header, const struct fan_source *source,
                                const struct ext_map *map)
{
	const uint8_t *tail = source->payload - source->tail_length;
	const uint8_t *begin = tail - RTP_HEADER_SIZE;
	uint16_t csrcs = (*begin & RTP_CSRC_COUNT) * 4, extension = 0;

	memcpy(header->mapped, tail, csrcs);
	if (source->ext_offset != 0)
		extension = ext_map_write(map, source->ext_profile, begin + source->ext_offset,
		                          source->ext_length, header->mapped + csrcs);
	if (extension == 0)
		header->head &= ~((uint64_t)RTP_EXTENSION_BIT << 56);
	header->tail = header->mapped;
	header->tail_length = csrcs + extension;
}

/* What the subscription was sent before, under its own number or as RTX. False: its number is
 * forgotten. */
static inline bool out_header_repeat(struct out_header *header, struct subscription *subscription,
                                     const struct rewrite_packet *packet)
{
	struct rewritten rewritten;

	if (!rewrite_find(subscription, packet, &rewritten))
		return false;
	header->index = rewritten.index;
	header->timestamp = rewritten.timestamp;
	subscription->retransmitted++;
	if (subscription->rtx_ssrc == 0)
		return true;
	header->osn = rte_cpu_to_be_16((uint16_t)rewritten.index);
	header->prefix = OSN_SIZE;
	record_reserve_rtx(subscription, subscription->rtx_index + 1);
	header->index = ++subscription->rtx_index;
	header->ssrc = subscription->rtx_ssrc;
	header->payload_type = subscription->rtx_pt;
	return true;
}

/* False: this subscription does not get the packet. */
static __rte_always_inline bool out_header_make(struct out_header *header,
                                                const struct fan_leg *leg, bool plain)
{
	struct subscription *subscription = leg->subscription;
	const struct fan_source *source = leg->source;
	struct rewritten rewritten;

	header->ssrc = subscription->ssrc;
	header->head = source->head;
	header->payload_type =
	        subscription->pt == SLUICE_MEDIA_PT_SAME ? source->payload_type : subscription->pt;
	header->prefix = 0;
	header->tail = source->payload - source->tail_length;
	header->tail_length = source->tail_length;
	if (!plain && source->repeat) {
		if (!out_header_repeat(header, subscription, &source->packet))
			return false;
	} else {
		if (rewrite_next(subscription, &source->packet, &rewritten) != REWRITE_SEND)
			return false;
		header->index = rewritten.index;
		header->timestamp = rewritten.timestamp;
		subscription->packets++;
		subscription->bytes += source->payload_length;
	}
	if (!plain && subscription->mapped)
		out_tail_map(header, source, subscription->ext);
	return true;
}

/* In front of the payload's place: one store of eight bytes, one of four; then words of CSRCs and
 * extension. */
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

#endif
