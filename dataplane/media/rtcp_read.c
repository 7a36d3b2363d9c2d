/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_read.h"

#include "media/bytes.h"

#include <errno.h>

#define RTCP_VERSION 2
/* RFC 5761, 4: what is taken for RTCP. */
#define RTCP_TYPE_MIN 192
#define RTCP_TYPE_MAX 223

static bool has_padding(const uint8_t *header)
{
	return header[0] & 0x20;
}

/* Bytes of the packet that begins at `header`, as it says. */
static uint32_t packet_size(const uint8_t *header)
{
	return (read_be16(header + 2) + 1u) * 4;
}

/* Not more than what follows the header. RFC 3550, 6.4.1, wants a multiple of four; transport-wide
 * feedback has what it takes to fill a word. */
static bool padding_valid(const uint8_t *header, uint32_t size)
{
	uint8_t padding = header[size - 1];

	return padding != 0 && padding <= size - RTCP_HEADER_SIZE;
}

bool rtcp_valid(const uint8_t *compound, uint16_t length)
{
	uint32_t left = length;

	if (left == 0)
		return false;
	while (left != 0) {
		const uint8_t *header = compound + (length - left);
		uint32_t size;

		if (left < RTCP_HEADER_SIZE || header[0] >> 6 != RTCP_VERSION ||
		    header[1] < RTCP_TYPE_MIN || header[1] > RTCP_TYPE_MAX)
			return false;
		size = packet_size(header);
		if (size > left)
			return false;
		if (has_padding(header) && (size != left || !padding_valid(header, size)))
			return false;
		left -= size;
	}
	return true;
}

bool rtcp_next(struct rtcp_cursor *cursor, struct rtcp_packet *packet)
{
	const uint8_t *header = cursor->at;
	uint16_t size;

	if (cursor->left == 0)
		return false;
	size = (uint16_t)packet_size(header);
	packet->body = header + RTCP_HEADER_SIZE;
	packet->length = size - RTCP_HEADER_SIZE;
	if (has_padding(header))
		packet->length -= header[size - 1];
	packet->type = header[1];
	packet->count = header[0] & 0x1f;
	cursor->at += size;
	cursor->left -= size;
	return true;
}

static void sender_read(const uint8_t *bytes, struct rtcp_sender *sender)
{
	sender->ntp = (uint64_t)read_be32(bytes) << 32 | read_be32(bytes + 4);
	sender->rtp = read_be32(bytes + 8);
	sender->packets = read_be32(bytes + 12);
	sender->octets = read_be32(bytes + 16);
}

int rtcp_report_read(const struct rtcp_packet *packet, struct rtcp_report *report)
{
	bool sent = packet->type == RTCP_SR;
	uint32_t blocks_at = 4 + (sent ? RTCP_SENDER_SIZE : 0);

	if (packet->length < blocks_at + packet->count * RTCP_BLOCK_SIZE)
		return -EBADMSG;
	*report = (struct rtcp_report){
	        .ssrc = read_be32(packet->body),
	        .blocks = packet->count,
	        .sent = sent,
	        .first = packet->body + blocks_at,
	};
	if (sent)
		sender_read(packet->body + 4, &report->sender);
	return 0;
}

void rtcp_block_read(const struct rtcp_report *report, uint8_t i, struct rtcp_block *block)
{
	const uint8_t *bytes = report->first + i * RTCP_BLOCK_SIZE;
	uint32_t losses = read_be32(bytes + 4);

	block->ssrc = read_be32(bytes);
	block->fraction_lost = bytes[4];
	block->lost = (int32_t)((losses & 0xffffff) ^ 0x800000) - 0x800000;
	block->highest = read_be32(bytes + 8);
	block->jitter = read_be32(bytes + 12);
	block->lsr = read_be32(bytes + 16);
	block->dlsr = read_be32(bytes + 20);
}

int rtcp_feedback_read(const struct rtcp_packet *packet, struct rtcp_feedback *feedback)
{
	if (packet->length < 8)
		return -EBADMSG;
	feedback->sender = read_be32(packet->body);
	feedback->media = read_be32(packet->body + 4);
	feedback->fci = packet->body + 8;
	feedback->fci_length = packet->length - 8;
	return 0;
}

void rtcp_nack_read(const struct rtcp_feedback *feedback, uint16_t i, uint16_t *pid, uint16_t *blp)
{
	*pid = read_be16(feedback->fci + i * RTCP_NACK_SIZE);
	*blp = read_be16(feedback->fci + i * RTCP_NACK_SIZE + 2);
}

uint32_t rtcp_fir_read(const struct rtcp_feedback *feedback, uint16_t i, uint8_t *number)
{
	*number = feedback->fci[i * RTCP_FIR_SIZE + 4];
	return read_be32(feedback->fci + i * RTCP_FIR_SIZE);
}

int rtcp_bye_read(const struct rtcp_packet *packet)
{
	uint32_t sources = packet->count * 4u;

	if (packet->length < sources)
		return -EBADMSG;
	if (packet->length > sources && packet->body[sources] > packet->length - sources - 1)
		return -EBADMSG;
	return packet->count;
}

uint32_t rtcp_bye_ssrc(const struct rtcp_packet *packet, uint8_t i)
{
	return read_be32(packet->body + i * 4u);
}
