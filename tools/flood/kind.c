/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <string.h>

/* RFC 8489, 5; RFC 8656, 17 and 18 */
enum { HEADER = 20, BINDING = 0x0001, ALLOCATE = 0x0003, ALLOCATE_ERROR = 0x0113 };
enum { USERNAME = 0x0006, INTEGRITY = 0x0008, REALM = 0x0014, NONCE = 0x0015, TRANSPORT = 0x0019 };

static uint16_t begin(uint8_t *payload, uint16_t type)
{
	static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

	memset(payload, 0, FLOOD_PAYLOAD_MAX);
	payload[0] = type >> 8;
	payload[1] = type & 0xff;
	memcpy(payload + 4, cookie, sizeof(cookie));
	return HEADER;
}

static uint16_t put(uint8_t *payload, uint16_t at, uint16_t type, const void *value,
                    uint16_t length)
{
	uint16_t end = at + 4 + ((length + 3) & ~3);

	payload[at] = type >> 8;
	payload[at + 1] = type & 0xff;
	payload[at + 2] = length >> 8;
	payload[at + 3] = length & 0xff;
	memcpy(payload + at + 4, value, length);
	payload[2] = (end - HEADER) >> 8;
	payload[3] = (end - HEADER) & 0xff;
	return end;
}

static uint16_t header_write(uint8_t *payload)
{
	return begin(payload, ALLOCATE);
}

static uint16_t binding_write(uint8_t *payload)
{
	return begin(payload, BINDING);
}

static uint16_t allocate_write(uint8_t *payload)
{
	static const uint8_t udp[4] = {17};

	return put(payload, begin(payload, ALLOCATE), TRANSPORT, udp, sizeof(udp));
}

static uint16_t forged_write(uint8_t *payload)
{
	static const uint8_t mac[20] = "not the real one ...";
	uint16_t at = allocate_write(payload);

	at = put(payload, at, USERNAME, "demo", 4);
	at = put(payload, at, REALM, "sluice", 6);
	at = put(payload, at, NONCE, "AAECAwQFBgcI", 12);
	return put(payload, at, INTEGRITY, mac, sizeof(mac));
}

static uint16_t response_write(uint8_t *payload)
{
	return put(payload, begin(payload, ALLOCATE_ERROR), REALM, "sluice", 6);
}

/* The length claims more than there is. */
static uint16_t malformed_write(uint8_t *payload)
{
	uint16_t length = allocate_write(payload);

	payload[3] += 4;
	return length;
}

uint16_t kind_write(uint32_t kind, uint8_t payload[FLOOD_PAYLOAD_MAX])
{
	static uint16_t (*const kinds[FLOOD_KINDS])(uint8_t * payload) = {
	        [FLOOD_HEADER] = header_write,     [FLOOD_ALLOCATE] = allocate_write,
	        [FLOOD_FORGED] = forged_write,     [FLOOD_BINDING] = binding_write,
	        [FLOOD_RESPONSE] = response_write, [FLOOD_MALFORMED] = malformed_write,
	};

	return kinds[kind](payload);
}
