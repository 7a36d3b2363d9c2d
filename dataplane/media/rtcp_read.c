/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_read.h"

#include "media/bytes.h"

#include <errno.h>
#include <string.h>

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

/* -- transport-wide feedback -- */

#define TRANSPORT_HEAD  8 /* base, count, reference, message */
#define CHUNK_SIZE      2
#define CHUNK_IS_VECTOR 0x8000
#define VECTOR_IS_TWO   0x4000 /* bits a number */
#define RUN_LENGTH_MOST 0x1fff
#define VECTOR_ONE_BIT  14
#define VECTOR_TWO_BITS 7
enum transport_symbol { SYMBOL_LOST, SYMBOL_SMALL, SYMBOL_LARGE, SYMBOL_RESERVED };

/* Numbers that a chunk says something of. */
static uint16_t chunk_length(uint16_t chunk)
{
	if (!(chunk & CHUNK_IS_VECTOR))
		return chunk & RUN_LENGTH_MOST;
	return chunk & VECTOR_IS_TWO ? VECTOR_TWO_BITS : VECTOR_ONE_BIT;
}

/* left: numbers of the chunk from this one on, itself included. */
static enum transport_symbol chunk_symbol(uint16_t chunk, uint16_t left)
{
	if (!(chunk & CHUNK_IS_VECTOR))
		return chunk >> 13 & 3;
	if (chunk & VECTOR_IS_TWO)
		return chunk >> (2 * (left - 1)) & 3;
	return chunk >> (left - 1) & 1;
}

/* Bytes of the deltas of the first `count` numbers of a chunk; -EBADMSG: a symbol is none. */
static int chunk_deltas(uint16_t chunk, uint16_t count)
{
	static const uint8_t sizes[] = {
	        [SYMBOL_SMALL] = 1, [SYMBOL_LARGE] = 2, [SYMBOL_RESERVED] = 0};
	uint16_t length = chunk_length(chunk);
	int bytes = 0;

	if (!(chunk & CHUNK_IS_VECTOR)) {
		enum transport_symbol symbol = chunk_symbol(chunk, 1);

		return symbol == SYMBOL_RESERVED ? -EBADMSG : count * sizes[symbol];
	}
	for (uint16_t i = 0; i < count; i++) {
		enum transport_symbol symbol = chunk_symbol(chunk, (uint16_t)(length - i));

		if (symbol == SYMBOL_RESERVED)
			return -EBADMSG;
		bytes += sizes[symbol];
	}
	return bytes;
}

/* All chunks and all deltas are within it. */
int rtcp_transport_read(const struct rtcp_feedback *feedback, struct rtcp_transport *transport)
{
	const uint8_t *end = feedback->fci + feedback->fci_length, *at;
	uint32_t said = 0, deltas = 0;

	if (feedback->fci_length < TRANSPORT_HEAD)
		return -EBADMSG;
	*transport = (struct rtcp_transport){
	        .base = read_be16(feedback->fci),
	        .count = read_be16(feedback->fci + 2),
	        .reference = read_be32(feedback->fci + 4) >> 8,
	        .chunks = feedback->fci + TRANSPORT_HEAD,
	};
	for (at = transport->chunks; said < transport->count; at += CHUNK_SIZE) {
		uint32_t left = transport->count - said;
		uint16_t chunk, length;
		int bytes;

		if (end - at < CHUNK_SIZE)
			return -EBADMSG;
		chunk = read_be16(at);
		length = chunk_length(chunk);
		bytes = chunk_deltas(chunk, (uint16_t)(length < left ? length : left));
		if (length == 0 || bytes < 0)
			return -EBADMSG;
		said += length;
		deltas += (uint32_t)bytes;
	}
	transport->deltas = at;
	return deltas <= (uint32_t)(end - at) ? 0 : -EBADMSG;
}

bool rtcp_transport_next(struct rtcp_transport *transport, struct rtcp_transport_number *number)
{
	enum transport_symbol symbol;

	if (transport->done == transport->count)
		return false;
	if (transport->left == 0) {
		transport->chunk = read_be16(transport->chunks);
		transport->chunks += CHUNK_SIZE;
		transport->left = chunk_length(transport->chunk);
	}
	symbol = chunk_symbol(transport->chunk, transport->left--);
	if (symbol == SYMBOL_SMALL)
		transport->ticks += *transport->deltas++;
	if (symbol == SYMBOL_LARGE) {
		transport->ticks += (int16_t)read_be16(transport->deltas);
		transport->deltas += 2;
	}
	*number = (struct rtcp_transport_number){
	        .number = (uint16_t)(transport->base + transport->done++),
	        .came = symbol != SYMBOL_LOST,
	        .ticks = transport->ticks,
	};
	return true;
}

int rtcp_remb_read(const struct rtcp_feedback *feedback, uint32_t *kbps)
{
	static const uint8_t name[4] = {'R', 'E', 'M', 'B'};
	uint32_t word;
	uint64_t bits;

	if (feedback->fci_length < 8 || memcmp(feedback->fci, name, sizeof(name)) != 0)
		return -ENOENT;
	if (feedback->fci_length < 8 + 4 * feedback->fci[4])
		return -EBADMSG;
	word = read_be32(feedback->fci + 4) & 0xffffff;
	/* 18 bits of mantissa; a shift above 45 is more than any link */
	bits = word >> 18 > 45 ? UINT64_MAX : (uint64_t)(word & 0x3ffff) << (word >> 18);
	*kbps = bits / 1000 < UINT32_MAX ? (uint32_t)(bits / 1000) : UINT32_MAX;
	return 0;
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
