/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <string.h>

/* RFC 8489, 5; RFC 8656, 17 and 18 */
enum {
	HEADER = 20,
	BINDING = 0x0001,
	ALLOCATE = 0x0003,
	REFRESH = 0x0004,
	ALLOCATE_ERROR = 0x0113
};
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

static void header_write(struct flood_payload *payload, const char *nonce)
{
	payload->length = begin(payload->bytes, ALLOCATE);
}

static void binding_write(struct flood_payload *payload, const char *nonce)
{
	payload->length = begin(payload->bytes, BINDING);
}

static void allocate_write(struct flood_payload *payload, const char *nonce)
{
	static const uint8_t udp[4] = {17};
	uint16_t at = begin(payload->bytes, ALLOCATE);

	payload->length = put(payload->bytes, at, TRANSPORT, udp, sizeof(udp));
}

/* Integrity that is none behind everything that belongs to it. */
static void credentials_put(struct flood_payload *payload, const char *name, const char *nonce)
{
	static const uint8_t mac[20] = "not the real one ...";
	uint8_t *bytes = payload->bytes;
	uint16_t at = put(bytes, payload->length, USERNAME, name, strlen(name));

	at = put(bytes, at, REALM, "sluice", 6);
	at = put(bytes, at, NONCE, nonce, FLOOD_NONCE_SIZE);
	payload->length = put(bytes, at, INTEGRITY, mac, sizeof(mac));
}

static void forged_write(struct flood_payload *payload, const char *nonce)
{
	allocate_write(payload, nonce);
	credentials_put(payload, "demo", "AAECAwQFBgcI");
}

static void nonce_write(struct flood_payload *payload, const char *nonce)
{
	uint16_t at = begin(payload->bytes, REFRESH);

	payload->length = put(payload->bytes, at, NONCE, nonce, FLOOD_NONCE_SIZE);
}

static void signed_write(struct flood_payload *payload, const char *nonce)
{
	payload->length = begin(payload->bytes, REFRESH);
	credentials_put(payload, "demo", nonce);
}

static void unknown_write(struct flood_payload *payload, const char *nonce)
{
	allocate_write(payload, nonce);
	payload->name = payload->length + 4;
	credentials_put(payload, "whoknows", nonce);
}

static void response_write(struct flood_payload *payload, const char *nonce)
{
	uint16_t at = begin(payload->bytes, ALLOCATE_ERROR);

	payload->length = put(payload->bytes, at, REALM, "sluice", 6);
}

/* The length claims more than there is. */
static void malformed_write(struct flood_payload *payload, const char *nonce)
{
	allocate_write(payload, nonce);
	payload->bytes[3] += 4;
}

/* RFC 8656, 12.4: a number and a length, and the transaction's place is its data. */
static void channel_write(struct flood_payload *payload, const char *nonce)
{
	static const uint8_t head[4] = {0x40, 0, 0, 16};

	memset(payload->bytes, 0, sizeof(payload->bytes));
	memcpy(payload->bytes, head, sizeof(head));
	payload->length = sizeof(head) + 16;
}

static void (*const kinds[FLOOD_KINDS])(struct flood_payload *payload, const char *nonce) = {
        [FLOOD_HEADER] = header_write,     [FLOOD_ALLOCATE] = allocate_write,
        [FLOOD_FORGED] = forged_write,     [FLOOD_BINDING] = binding_write,
        [FLOOD_RESPONSE] = response_write, [FLOOD_MALFORMED] = malformed_write,
        [FLOOD_CHANNEL] = channel_write,   [FLOOD_NONCE] = nonce_write,
        [FLOOD_SIGNED] = signed_write,     [FLOOD_UNKNOWN] = unknown_write,
};

void kind_write(struct flood_payload *payload, uint32_t kind, const char *nonce)
{
	payload->name = 0;
	kinds[kind](payload, nonce);
}
