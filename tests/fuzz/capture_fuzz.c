/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A filter program from a client and a packet from the wire: a program that is taken ends, and
 * reads nothing but the packet; a packet is read for addresses whatever it claims.
 *
 * Input: number of instructions (a byte), the instructions, the packet.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/program.h"
#include "capture/view.h"
#include "fuzz.h"

static void view_check(const struct view *view, const uint8_t *packet, size_t size)
{
	CHECK(view->length == size);
	CHECK(!view->udp || view->ip);
	if (!view->udp)
		return;
	CHECK(view->payload >= packet && view->payload + view->payload_length <= packet + size);
}

/* The headers that would stand for lost ones read back as what they were made of. */
static void headers_check(const struct view *view)
{
	uint8_t headers[VIEW_HEADERS_MAX];
	uint16_t length = view_headers_write(view, headers);
	struct view again;

	CHECK(length <= sizeof(headers));
	view_read_frame(&again, headers, length);
	CHECK(again.udp && again.src_port == view->src_port && again.dst_port == view->dst_port);
	if (ip_addr_is_v4(&view->src) == ip_addr_is_v4(&view->dst))
		CHECK(ip_addr_equal(&again.src, &view->src) &&
		      ip_addr_equal(&again.dst, &view->dst));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sluice_capture_insn *program;
	uint32_t count;
	uint8_t *packet;
	struct view view;

	if (size < 1)
		return 0;
	count = data[0];
	data++;
	size--;
	if (count * sizeof(*program) > size)
		return 0;
	/* each in memory of exactly its size, so that a byte too far is seen */
	program = malloc(count * sizeof(*program) + 1);
	memcpy(program, data, count * sizeof(*program));
	data += count * sizeof(*program);
	size -= count * sizeof(*program);
	packet = malloc(size + 1);
	packet = realloc(packet, size > 0 ? size : 1);
	memcpy(packet, data, size);
	if (size <= UINT16_MAX) {
		if (program_valid(program, count))
			program_match(program, packet, (uint32_t)size, (uint32_t)size);
		view_read_frame(&view, packet, (uint32_t)size);
		view_check(&view, packet, size);
		if (view.udp)
			headers_check(&view);
	}
	free(packet);
	free(program);
	return 0;
}
