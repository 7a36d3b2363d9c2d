/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp_write.h"

#include "media/bytes.h"

#define RTCP_VERSION_BITS 0x80
#define PADDING_BIT       0x20
#define SDES_CNAME        1 /* RFC 3550, 6.5.1 */

#define ESTIMATE_SUBTYPE  13 /* of APP "goog" */
#define ESTIMATE_LOWER    1
#define ESTIMATE_UPPER    2
#define ESTIMATE_INFINITE 0xffffffu
#define REMB_MANTISSA_MAX 0x3ffff

static uint8_t *room_take(struct rtcp_writer *writer, uint16_t size)
{
	uint8_t *at = writer->start + writer->length;

	if (writer->overrun || size > writer->room - writer->length) {
		writer->overrun = true;
		return NULL;
	}
	writer->length += size;
	return at;
}

static void length_write(struct rtcp_writer *writer)
{
	write_be16(writer->start + writer->packet + 2,
	           (uint16_t)((writer->length - writer->packet) / 4 - 1));
}

uint8_t *rtcp_put(struct rtcp_writer *writer, enum rtcp_type type, uint8_t count,
                  uint16_t body_size)
{
	uint16_t packet = writer->length;
	uint8_t *header = room_take(writer, RTCP_HEADER_SIZE + body_size);

	if (header == NULL)
		return NULL;
	header[0] = RTCP_VERSION_BITS | count;
	header[1] = (uint8_t)type;
	writer->packet = packet;
	length_write(writer);
	return header + RTCP_HEADER_SIZE;
}

/* One more of what the last packet counts. */
static uint8_t *item_put(struct rtcp_writer *writer, uint16_t size)
{
	uint8_t *header = writer->start + writer->packet;
	uint8_t *item;

	if (!writer->overrun && (header[0] & 0x1f) == RTCP_BLOCKS_MAX)
		writer->overrun = true;
	item = room_take(writer, size);
	if (item == NULL)
		return NULL;
	header[0]++;
	length_write(writer);
	return item;
}

void rtcp_put_sr(struct rtcp_writer *writer, uint32_t ssrc, const struct rtcp_sender *sender)
{
	uint8_t *body = rtcp_put(writer, RTCP_SR, 0, 4 + RTCP_SENDER_SIZE);

	if (body == NULL)
		return;
	write_be32(body, ssrc);
	write_be32(body + 4, (uint32_t)(sender->ntp >> 32));
	write_be32(body + 8, (uint32_t)sender->ntp);
	write_be32(body + 12, sender->rtp);
	write_be32(body + 16, sender->packets);
	write_be32(body + 20, sender->octets);
}

void rtcp_put_rr(struct rtcp_writer *writer, uint32_t ssrc)
{
	uint8_t *body = rtcp_put(writer, RTCP_RR, 0, 4);

	if (body != NULL)
		write_be32(body, ssrc);
}

void rtcp_put_block(struct rtcp_writer *writer, const struct rtcp_block *block)
{
	uint8_t *bytes = item_put(writer, RTCP_BLOCK_SIZE);

	if (bytes == NULL)
		return;
	write_be32(bytes, block->ssrc);
	write_be32(bytes + 4,
	           (uint32_t)block->fraction_lost << 24 | ((uint32_t)block->lost & 0xffffff));
	write_be32(bytes + 8, block->highest);
	write_be32(bytes + 12, block->jitter);
	write_be32(bytes + 16, block->lsr);
	write_be32(bytes + 20, block->dlsr);
}

void rtcp_put_sdes(struct rtcp_writer *writer)
{
	rtcp_put(writer, RTCP_SDES, 0, 0);
}

void rtcp_put_cname(struct rtcp_writer *writer, uint32_t ssrc, const char *cname, uint8_t length)
{
	uint16_t size = rtcp_cname_size(length);
	uint8_t *chunk = item_put(writer, size);

	if (chunk == NULL)
		return;
	memset(chunk, 0, size);
	write_be32(chunk, ssrc);
	chunk[4] = SDES_CNAME;
	chunk[5] = length;
	memcpy(chunk + 6, cname, length);
}

void rtcp_put_bye(struct rtcp_writer *writer, uint32_t ssrc)
{
	uint8_t *body = rtcp_put(writer, RTCP_BYE, 1, 4);

	if (body != NULL)
		write_be32(body, ssrc);
}

static uint8_t *feedback_put(struct rtcp_writer *writer, enum rtcp_type type, uint8_t format,
                             uint32_t sender, uint32_t media, uint16_t fci_size)
{
	uint8_t *body = rtcp_put(writer, type, format, 8 + fci_size);

	if (body == NULL)
		return NULL;
	write_be32(body, sender);
	write_be32(body + 4, media);
	return body + 8;
}

void rtcp_put_pli(struct rtcp_writer *writer, uint32_t sender, uint32_t media)
{
	feedback_put(writer, RTCP_PSFB, RTCP_PSFB_PLI, sender, media, 0);
}

void rtcp_put_fir(struct rtcp_writer *writer, uint32_t sender, uint32_t media, uint8_t number)
{
	uint8_t *entry = feedback_put(writer, RTCP_PSFB, RTCP_PSFB_FIR, sender, 0, RTCP_FIR_SIZE);

	if (entry == NULL)
		return;
	write_be32(entry, media);
	write_be32(entry + 4, (uint32_t)number << 24);
}

void rtcp_put_nack(struct rtcp_writer *writer, uint32_t sender, uint32_t media,
                   const uint64_t *indices, uint32_t count)
{
	feedback_put(writer, RTCP_RTPFB, RTCP_RTPFB_NACK, sender, media, 0);
	for (uint32_t i = 0; i < count;) {
		uint16_t pid = (uint16_t)indices[i++], blp = 0;
		uint8_t *entry = room_take(writer, RTCP_NACK_SIZE);

		for (; i < count; i++) {
			uint16_t distance = (uint16_t)(indices[i] - pid);

			if (distance == 0 || distance >= RTCP_NACK_SPAN)
				break;
			blp |= (uint16_t)(1u << (distance - 1));
		}
		if (entry == NULL)
			return;
		write_be16(entry, pid);
		write_be16(entry + 2, blp);
	}
	if (!writer->overrun)
		length_write(writer);
}

void rtcp_put_transport(struct rtcp_writer *writer, uint32_t sender, uint32_t media,
                        const uint8_t *fci, uint16_t length)
{
	uint8_t padding = (uint8_t)(-length & 3);
	uint8_t *at = feedback_put(writer, RTCP_RTPFB, RTCP_RTPFB_TRANSPORT, sender, media,
	                           length + padding);

	if (at == NULL)
		return;
	memcpy(at, fci, length);
	if (padding == 0)
		return;
	memset(at + length, 0, padding);
	at[length + padding - 1] = padding;
	writer->start[writer->packet] |= PADDING_BIT;
}

void rtcp_put_remote_estimate(struct rtcp_writer *writer, uint32_t lower_kbps)
{
	static const uint8_t name[4] = {'g', 'o', 'o', 'g'};
	uint8_t *body = rtcp_put(writer, RTCP_APP, ESTIMATE_SUBTYPE, 4 + 4 + 4 + 4);

	if (body == NULL)
		return;
	if (lower_kbps == 0 || lower_kbps > ESTIMATE_INFINITE)
		lower_kbps = ESTIMATE_INFINITE;
	write_be32(body, 0);
	memcpy(body + 4, name, sizeof(name));
	write_be32(body + 8, (uint32_t)ESTIMATE_LOWER << 24 | lower_kbps);
	write_be32(body + 12, (uint32_t)ESTIMATE_UPPER << 24 | ESTIMATE_INFINITE);
}

void rtcp_put_remb(struct rtcp_writer *writer, uint32_t sender, uint64_t bits_per_second)
{
	static const uint8_t name[4] = {'R', 'E', 'M', 'B'};
	uint8_t *fci = feedback_put(writer, RTCP_PSFB, RTCP_PSFB_APPLICATION, sender, 0, 8);
	uint32_t exponent = 0;

	if (fci == NULL)
		return;
	while (bits_per_second >> exponent > REMB_MANTISSA_MAX)
		exponent++;
	memcpy(fci, name, sizeof(name));
	write_be32(fci + 4, exponent << 18 | (uint32_t)(bits_per_second >> exponent));
}

void rtcp_put_remb_ssrc(struct rtcp_writer *writer, uint32_t ssrc)
{
	uint8_t *at = room_take(writer, sizeof(ssrc));

	if (at == NULL)
		return;
	write_be32(at, ssrc);
	/* behind header, SSRCs and name: how many there are */
	writer->start[writer->packet + RTCP_HEADER_SIZE + 8 + 4]++;
	length_write(writer);
}

uint16_t rtcp_end(const struct rtcp_writer *writer)
{
	return writer->overrun ? 0 : writer->length;
}
