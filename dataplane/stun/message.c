/* SPDX-License-Identifier: BSD-3-Clause */
#include "stun/message.h"

#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "stun/attribute.h"
#include "stun/integrity.h"

#define STUN_FINGERPRINT_XOR 0x5354554eu /* RFC 8489, 14.7 */

/* RFC 8489, 14.3, 14.9, 14.10: user names of 508 bytes, realms and nonces of 127 characters of up
 * to six bytes each. The RFC before it let user names be longer: they are answered, too. */
#define QUOTED_MAX 763

enum attribute_use {
	ATTRIBUTE_UNKNOWN, /* listed for the 420 where its type demands comprehension */
	ATTRIBUTE_IGNORED, /* understood, and nothing that a server asks for (RFC 8489, 6.3) */
	ATTRIBUTE_READ,
};

struct attribute_rule {
	uint8_t use;   /* enum attribute_use */
	uint8_t known; /* enum stun_known, of what is read */
	uint16_t min;  /* bytes of value */
	uint16_t max;
};

/* The types that we know lie in 0x0000 to 0x003f and 0x8000 to 0x803f. */
#define ATTRIBUTE_INDEX(type)   (((type)&0x3f) | ((type) >> 15) << 6)
#define ATTRIBUTE_INDEXED(type) (((type)&0x7fc0) == 0)

#define READ(name, shortest, longest)                                                              \
	[ATTRIBUTE_INDEX(STUN_ATTR_##name)] = {ATTRIBUTE_READ, STUN_KNOWN_##name, shortest, longest}
#define IGNORED(name) [ATTRIBUTE_INDEX(STUN_ATTR_##name)] = {ATTRIBUTE_IGNORED, 0, 0, UINT16_MAX}

static const struct attribute_rule attribute_rules[128] = {
        READ(USERNAME, 0, QUOTED_MAX),
        READ(MESSAGE_INTEGRITY, STUN_INTEGRITY_SIZE, STUN_INTEGRITY_SIZE),
        READ(MESSAGE_INTEGRITY_SHA256, 16, 32),
        READ(CHANNEL_NUMBER, 2, 4), /* some clients leave out what is reserved, or send more */
        READ(LIFETIME, 4, 4),
        READ(XOR_PEER_ADDRESS, 8, 20),
        READ(DATA, 0, UINT16_MAX),
        READ(REALM, 0, QUOTED_MAX),
        READ(NONCE, 0, QUOTED_MAX),
        READ(REQUESTED_ADDRESS_FAMILY, 4, 4),
        READ(EVEN_PORT, 1, 4),
        READ(REQUESTED_TRANSPORT, 4, 4),
        READ(DONT_FRAGMENT, 0, 4),
        READ(RESERVATION_TOKEN, 8, 8),
        READ(ADDITIONAL_ADDRESS_FAMILY, 4, 4),
        READ(MOBILITY_TICKET, 0, UINT16_MAX), /* none of another length holds */
        READ(USERHASH, 32, 32),
        READ(PASSWORD_ALGORITHM, 0, UINT16_MAX), /* compared whole */
        READ(PASSWORD_ALGORITHMS, 0, UINT16_MAX),
        READ(FINGERPRINT, 4, 4),
        IGNORED(MAPPED_ADDRESS),
        IGNORED(ERROR_CODE),
        IGNORED(UNKNOWN_ATTRIBUTES),
        IGNORED(XOR_RELAYED_ADDRESS),
        IGNORED(XOR_MAPPED_ADDRESS),
};

/* Where the attributes that the integrity covers end. */
static bool attr_ends_covered(uint16_t type)
{
	return type == STUN_ATTR_MESSAGE_INTEGRITY || type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

bool stun_header_valid(const uint8_t *data, size_t length)
{
	static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

	/* Offsets are 16 bits wide: a longer one cannot come by UDP, and must not wrap. */
	if (length < STUN_HEADER_SIZE || length > UINT16_MAX)
		return false;
	if ((data[0] & 0xc0) != 0 || memcmp(data + 4, cookie, sizeof(cookie)) != 0)
		return false;
	return length % 4 == 0 && stun_read_u16(data + 2) == length - STUN_HEADER_SIZE;
}

static void unknown_add(struct stun_message *message, uint16_t type)
{
	uint8_t i;

	for (i = 0; i < message->n_unknown; i++) {
		if (message->unknown[i] == type)
			return;
	}
	if (message->n_unknown < STUN_UNKNOWN_MAX)
		message->unknown[message->n_unknown++] = type;
}

static int attr_take(struct stun_message *message, const struct stun_attr *attr)
{
	static const struct attribute_rule unknown;
	const struct attribute_rule *rule = ATTRIBUTE_INDEXED(attr->type)
	                                            ? &attribute_rules[ATTRIBUTE_INDEX(attr->type)]
	                                            : &unknown;

	if (rule->use == ATTRIBUTE_UNKNOWN && attr->type < 0x8000)
		unknown_add(message, attr->type);
	if (rule->use != ATTRIBUTE_READ)
		return 0;
	if (attr->type == STUN_ATTR_XOR_PEER_ADDRESS)
		message->n_peers++;
	if (stun_has(message, rule->known))
		return 0;
	if (attr->value.length < rule->min || attr->value.length > rule->max) {
		/* who sent it is told so, where that can be found out all the same */
		message->bad_length = true;
		return attr_ends_covered(attr->type) || attr->type == STUN_ATTR_FINGERPRINT
		               ? -EBADMSG
		               : 0;
	}
	message->present |= 1u << rule->known;
	message->attrs[rule->known] = attr->value;
	return 0;
}

/*
 * Behind the integrity anyone on the path may have written: only what is meant to stand there is
 * taken (RFC 8489, 14.5 and 14.6).
 */
static bool attr_counts(const struct stun_message *message, uint16_t type)
{
	if (type == STUN_ATTR_FINGERPRINT)
		return true;
	if (stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256))
		return false;
	return !stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY) ||
	       type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

int stun_parse(struct stun_message *message, const uint8_t *data, size_t length)
{
	struct stun_cursor cursor = {data, STUN_HEADER_SIZE, (uint32_t)length};
	struct stun_attr attr;
	int ret;

	memset(message, 0, sizeof(*message));
	message->start = data;
	message->length = (uint16_t)length;
	message->method = stun_method_of(data);
	message->class = stun_class_of(data);
	message->transaction = data + STUN_HEADER_SIZE - STUN_TRANSACTION_SIZE;

	while ((ret = stun_attr_next(&cursor, &attr)) > 0) {
		if (stun_has(message, STUN_KNOWN_FINGERPRINT))
			return -EBADMSG;
		if (attr_counts(message, attr.type) && attr_take(message, &attr) < 0)
			return -EBADMSG;
	}
	return ret;
}

/* zlib's: DPDK's is faster, and picks its code at the first call, with a log line and a race. */
uint32_t stun_fingerprint(const uint8_t *data, uint16_t length)
{
	return (uint32_t)crc32_z(0, data, length) ^ STUN_FINGERPRINT_XOR;
}

bool stun_fingerprint_ok(const struct stun_message *message)
{
	const uint8_t *value;

	if (!stun_has(message, STUN_KNOWN_FINGERPRINT))
		return true;
	value = stun_value(message, STUN_KNOWN_FINGERPRINT);
	return stun_fingerprint(message->start, message->attrs[STUN_KNOWN_FINGERPRINT].offset -
	                                                STUN_ATTR_HEADER_SIZE) ==
	       ((uint32_t)stun_read_u16(value) << 16 | stun_read_u16(value + 2));
}

/*
 * RFC 8489, 14.2: the cookie and the transaction are what the value was masked with, as they stand
 * in the header.
 */
static int xor_addr_read(const uint8_t *start, const uint8_t *value, uint16_t length,
                         struct transport_addr *addr)
{
	const uint8_t *mask = start + 4;
	uint16_t size = value[1] == STUN_FAMILY_IPV6 ? 16 : 4;
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	uint16_t i;

	if (value[1] != STUN_FAMILY_IPV4 && value[1] != STUN_FAMILY_IPV6)
		return -EBADMSG;
	if (length != 4 + size)
		return -EBADMSG;
	for (i = 0; i < size; i++)
		bytes[16 - size + i] = value[4 + i] ^ mask[i];
	addr->ip = ip_addr_v6(bytes);
	if (size == 16 && ip_addr_is_v4(&addr->ip))
		return -EAFNOSUPPORT;
	bytes[0] = value[2] ^ mask[0];
	bytes[1] = value[3] ^ mask[1];
	memcpy(&addr->port, bytes, sizeof(addr->port));
	addr->pad = 0;
	return 0;
}

int stun_peer_next(const struct stun_message *message, uint16_t *cursor,
                   struct transport_addr *addr)
{
	struct stun_cursor at = {message->start, *cursor == 0 ? STUN_HEADER_SIZE : *cursor,
	                         message->length};
	struct stun_attr attr;
	int ret;

	while ((ret = stun_attr_next(&at, &attr)) > 0 && !attr_ends_covered(attr.type)) {
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		if (attr.value.length < 8)
			return -EBADMSG;
		/*
		 * The message's end is at most 65535, a multiple of 4: the next attribute's offset
		 * fits.
		 */
		*cursor = (uint16_t)at.offset;
		ret = xor_addr_read(message->start, message->start + attr.value.offset,
		                    attr.value.length, addr);
		return ret < 0 ? ret : 1;
	}
	return ret < 0 ? ret : 0;
}
