/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/pcapng.h"

#include <string.h>
#include <sys/utsname.h>

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_OS = 3,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_MAC = 6,
	INTERFACE_TIME_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	PACKET_QUEUE = 6,
	STATISTICS_START = 2,
	STATISTICS_END = 3,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
	STATISTICS_ACCEPTED = 6,
	STATISTICS_DELIVERED = 8,
};

#define BYTE_ORDER_MAGIC  0x1a2b3c4d
#define LINK_ETHERNET     1
#define RESOLUTION_NS     9
#define SECTION_LENGTH_NA UINT64_MAX /* until the next section or the end */

static void put(struct pcapng *pcapng, const void *bytes, size_t length)
{
	static const uint8_t padding[4];

	memcpy(pcapng->bytes + pcapng->length, bytes, length);
	pcapng->length += length;
	memcpy(pcapng->bytes + pcapng->length, padding, -length & 3);
	pcapng->length += -length & 3;
}

static void put32(struct pcapng *pcapng, uint32_t value)
{
	put(pcapng, &value, sizeof(value));
}

static void put_time(struct pcapng *pcapng, uint64_t time)
{
	put32(pcapng, (uint32_t)(time >> 32));
	put32(pcapng, (uint32_t)time);
}

static void option_put(struct pcapng *pcapng, uint16_t code, const void *value, size_t length)
{
	put32(pcapng, code | (uint32_t)length << 16);
	put(pcapng, value, length);
}

static void option_text(struct pcapng *pcapng, uint16_t code, const char *text)
{
	if (text != NULL && text[0] != '\0')
		option_put(pcapng, code, text, strlen(text));
}

static void option_time(struct pcapng *pcapng, uint16_t code, uint64_t time)
{
	const uint32_t halves[] = {(uint32_t)(time >> 32), (uint32_t)time};

	option_put(pcapng, code, halves, sizeof(halves));
}

/* Returns where it begins, for block_end. */
static size_t block_begin(struct pcapng *pcapng, uint32_t type)
{
	size_t begin = pcapng->length;

	put32(pcapng, type);
	put32(pcapng, 0);
	return begin;
}

static void block_end(struct pcapng *pcapng, size_t begin)
{
	uint32_t length;

	put32(pcapng, OPTION_END);
	length = (uint32_t)(pcapng->length + sizeof(length) - begin);
	memcpy(pcapng->bytes + begin + sizeof(uint32_t), &length, sizeof(length));
	put32(pcapng, length);
}

void pcapng_section(struct pcapng *pcapng, const char *application, const char *comment)
{
	const uint64_t section_length = SECTION_LENGTH_NA;
	size_t begin = block_begin(pcapng, BLOCK_SECTION);
	struct utsname os;

	put32(pcapng, BYTE_ORDER_MAGIC);
	put32(pcapng, 1); /* version 1.0 */
	put(pcapng, &section_length, sizeof(section_length));
	option_text(pcapng, OPTION_COMMENT, comment);
	if (uname(&os) == 0)
		option_text(pcapng, SECTION_OS, os.sysname);
	option_text(pcapng, SECTION_APPLICATION, application);
	block_end(pcapng, begin);
}

void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface)
{
	const uint8_t resolution = RESOLUTION_NS;
	size_t begin = block_begin(pcapng, BLOCK_INTERFACE);

	put32(pcapng, LINK_ETHERNET);
	put32(pcapng, interface->snap);
	option_text(pcapng, INTERFACE_NAME, interface->name);
	option_text(pcapng, INTERFACE_DESCRIPTION, interface->description);
	option_put(pcapng, INTERFACE_MAC, interface->mac, 6);
	option_put(pcapng, INTERFACE_TIME_RESOLUTION, &resolution, sizeof(resolution));
	block_end(pcapng, begin);
}

void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->direction;
	size_t begin = block_begin(pcapng, BLOCK_PACKET);

	put32(pcapng, packet->interface);
	put_time(pcapng, packet->time);
	put32(pcapng, packet->captured);
	put32(pcapng, packet->length);
	put(pcapng, packet->data, packet->captured);
	option_put(pcapng, PACKET_FLAGS, &flags, sizeof(flags));
	option_put(pcapng, PACKET_QUEUE, &packet->queue, sizeof(packet->queue));
	option_text(pcapng, OPTION_COMMENT, packet->comment);
	block_end(pcapng, begin);
}

void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics)
{
	size_t begin = block_begin(pcapng, BLOCK_STATISTICS);

	put32(pcapng, statistics->interface);
	put_time(pcapng, statistics->end);
	option_time(pcapng, STATISTICS_START, statistics->begin);
	option_time(pcapng, STATISTICS_END, statistics->end);
	option_put(pcapng, STATISTICS_RECEIVED, &statistics->received, sizeof(uint64_t));
	option_put(pcapng, STATISTICS_DROPPED, &statistics->lost, sizeof(uint64_t));
	option_put(pcapng, STATISTICS_ACCEPTED, &statistics->received, sizeof(uint64_t));
	option_put(pcapng, STATISTICS_DELIVERED, &statistics->written, sizeof(uint64_t));
	block_end(pcapng, begin);
}
