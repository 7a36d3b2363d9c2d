/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a compound: nothing is read behind its end, its packets fill it, and what a reader
 * understands the writer says again in the same bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "media/rtcp_write.h"

static void reports_check(const struct rtcp_packet *packet)
{
	struct rtcp_report report;
	struct rtcp_block block;
	uint8_t bytes[1024];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};

	if (rtcp_report_read(packet, &report) != 0)
		return;
	if (report.sent)
		rtcp_put_sr(&writer, report.ssrc, &report.sender);
	else
		rtcp_put_rr(&writer, report.ssrc);
	for (uint8_t i = 0; i < report.blocks; i++) {
		rtcp_block_read(&report, i, &block);
		CHECK(block.lost >= -0x800000 && block.lost <= 0x7fffff);
		rtcp_put_block(&writer, &block);
	}
	CHECK(rtcp_end(&writer) >= 8 && rtcp_end(&writer) <= RTCP_HEADER_SIZE + packet->length);
	CHECK(memcmp(bytes + RTCP_HEADER_SIZE, packet->body, writer.length - RTCP_HEADER_SIZE) ==
	      0);
}

/* Each sequence number that an entry names is named by what we would send upstream for it. */
static void nacks_check(const struct rtcp_feedback *feedback)
{
	for (uint16_t i = 0; i < feedback->fci_length / RTCP_NACK_SIZE; i++) {
		uint64_t indices[RTCP_NACK_SPAN];
		uint8_t bytes[32];
		struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
		uint32_t count = 0;
		uint16_t pid, blp;

		rtcp_nack_read(feedback, i, &pid, &blp);
		indices[count++] = pid;
		for (uint16_t bit = 0; bit < 16; bit++)
			if (blp & 1u << bit)
				indices[count++] = (uint64_t)pid + 1 + bit;
		rtcp_put_nack(&writer, feedback->sender, feedback->media, indices, count);
		CHECK(rtcp_end(&writer) == 16);
		CHECK(memcmp(bytes + 12, feedback->fci + i * RTCP_NACK_SIZE, 4) == 0);
		CHECK(memcmp(bytes + 4, feedback->fci - 8, 8) == 0);
	}
}

/* As many numbers as it says, and nothing behind its end. */
static void transport_check(const struct rtcp_feedback *feedback)
{
	struct rtcp_transport_number number;
	struct rtcp_transport transport;
	uint32_t count = 0, kbps;

	if (rtcp_transport_read(feedback, &transport) == 0) {
		while (rtcp_transport_next(&transport, &number))
			CHECK(number.number == (uint16_t)(transport.base + count++));
		CHECK(count == transport.count);
		CHECK(transport.deltas <= feedback->fci + feedback->fci_length);
	}
	if (rtcp_remb_read(feedback, &kbps) == 0)
		CHECK(feedback->fci_length >= 8);
}

static void feedback_check(const struct rtcp_packet *packet)
{
	struct rtcp_feedback feedback;
	uint8_t number;

	if (rtcp_feedback_read(packet, &feedback) != 0)
		return;
	CHECK(feedback.fci + feedback.fci_length == packet->body + packet->length);
	nacks_check(&feedback);
	transport_check(&feedback);
	for (uint16_t i = 0; i < feedback.fci_length / RTCP_FIR_SIZE; i++)
		CHECK(rtcp_fir_read(&feedback, i, &number) ==
		      ((uint32_t)feedback.fci[i * 8] << 24 | feedback.fci[i * 8 + 1] << 16 |
		       feedback.fci[i * 8 + 2] << 8 | feedback.fci[i * 8 + 3]));
}

static void bye_check(const struct rtcp_packet *packet)
{
	int sources = rtcp_bye_read(packet);

	CHECK(sources <= packet->count && sources * 4 <= packet->length);
	for (int i = 0; i < sources; i++)
		CHECK((uint8_t)rtcp_bye_ssrc(packet, (uint8_t)i) == packet->body[i * 4 + 3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_cursor cursor;
	struct rtcp_packet packet;
	size_t covered = 0;
	uint8_t *compound;

	if (size > UINT16_MAX)
		return 0;
	compound = malloc(size != 0 ? size : 1); /* its end is the sanitizer's */
	memcpy(compound, data, size);
	cursor = (struct rtcp_cursor){compound, (uint16_t)size};
	while (rtcp_valid(compound, (uint16_t)size) && rtcp_next(&cursor, &packet)) {
		CHECK(packet.body >= compound && packet.body + packet.length <= compound + size);
		covered = (size_t)(packet.body - compound) + packet.length;
		reports_check(&packet);
		feedback_check(&packet);
		bye_check(&packet);
	}
	CHECK(covered <= size && (!rtcp_valid(compound, (uint16_t)size) || cursor.left == 0));
	free(compound);
	return 0;
}
