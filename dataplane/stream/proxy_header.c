/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/proxy_header.h"

#include <rte_common.h>

#include <string.h>

#define COMMAND_OFFSET 12
#define FAMILY_OFFSET  13
#define LENGTH_OFFSET  14

#define COMMAND_LOCAL 0x20 /* version 2 is the upper half */
#define COMMAND_PROXY 0x21

#define FAMILY_TCP4 0x11
#define FAMILY_TCP6 0x21
/* Source, destination, and the ports of both, in this order. */
#define ADDRESSES_TCP4 12
#define ADDRESSES_TCP6 36

static const uint8_t signature[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* As far as they are there, the signature and the command are right. */
static bool begins_right(const uint8_t *bytes, uint32_t length)
{
	if (memcmp(bytes, signature, RTE_MIN(length, (uint32_t)sizeof(signature))) != 0)
		return false;
	return length <= COMMAND_OFFSET || bytes[COMMAND_OFFSET] == COMMAND_LOCAL ||
	       bytes[COMMAND_OFFSET] == COMMAND_PROXY;
}

/* How many bytes of addresses the family has; 0: none that a client of ours may have. */
static uint32_t addresses_size(const uint8_t *bytes)
{
	if (bytes[COMMAND_OFFSET] == COMMAND_LOCAL)
		return 0;
	switch (bytes[FAMILY_OFFSET]) {
	case FAMILY_TCP4:
		return ADDRESSES_TCP4;
	case FAMILY_TCP6:
		return ADDRESSES_TCP6;
	default:
		return 0;
	}
}

static void client_read(const uint8_t *addresses, uint32_t size, struct transport_addr *client)
{
	uint32_t four;

	if (size == ADDRESSES_TCP4) {
		memcpy(&four, addresses, sizeof(four));
		client->ip = ip_addr_v4(four);
		memcpy(&client->port, addresses + 8, sizeof(client->port));
	} else {
		client->ip = ip_addr_v6(addresses);
		memcpy(&client->port, addresses + 32, sizeof(client->port));
	}
}

enum proxy_header proxy_header_read(const uint8_t *bytes, uint32_t length,
                                    struct transport_addr *client, uint32_t *whole)
{
	uint32_t behind, size;

	if (!begins_right(bytes, length))
		return PROXY_HEADER_GARBAGE;
	if (length < PROXY_HEADER_FIXED)
		return PROXY_HEADER_PART;
	behind = (uint32_t)(bytes[LENGTH_OFFSET] << 8 | bytes[LENGTH_OFFSET + 1]);
	size = addresses_size(bytes);
	*whole = PROXY_HEADER_FIXED + behind;
	if (behind < size)
		return PROXY_HEADER_GARBAGE;
	if (length < PROXY_HEADER_FIXED + size)
		return PROXY_HEADER_PART;
	if (size == 0)
		return PROXY_HEADER_NOBODY;
	client_read(bytes + PROXY_HEADER_FIXED, size, client);
	return PROXY_HEADER_CLIENT;
}
