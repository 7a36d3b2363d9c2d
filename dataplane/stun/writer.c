/* SPDX-License-Identifier: BSD-3-Clause */
#include "stun/writer.h"

#include <string.h>

#include "stun/attribute.h"

static void write_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = value >> 8;
	bytes[1] = value & 0xff;
}

static void write_u32(uint8_t *bytes, uint32_t value)
{
	write_u16(bytes, value >> 16);
	write_u16(bytes + 2, value & 0xffff);
}

static void length_write(struct stun_writer *writer)
{
	write_u16(writer->start + 2, writer->length - STUN_HEADER_SIZE);
}

void stun_begin(struct stun_writer *writer, void *room, size_t size, enum stun_method method,
                enum stun_class class, const uint8_t transaction[STUN_TRANSACTION_SIZE])
{
	/* RFC 8489, 5: the class' two bits stand among the method's twelve. */
	uint16_t type = (method & 0x000f) | (method & 0x0070) << 1 | (method & 0x0f80) << 2 |
	                (class & 1) << 4 | (class & 2) << 7;

	writer->start = room;
	writer->room = size > UINT16_MAX ? UINT16_MAX : (uint16_t)size;
	writer->length = 0;
	writer->overrun = size < STUN_HEADER_SIZE;
	if (writer->overrun)
		return;
	memmove(writer->start + STUN_HEADER_SIZE - STUN_TRANSACTION_SIZE, transaction,
	        STUN_TRANSACTION_SIZE);
	write_u16(writer->start, type);
	write_u32(writer->start + 4, STUN_MAGIC_COOKIE);
	writer->length = STUN_HEADER_SIZE;
}

uint8_t *stun_put(struct stun_writer *writer, enum stun_attr_type type, uint16_t length)
{
	uint32_t padded = (length + 3u) & ~3u;
	uint8_t *attr = writer->start + writer->length;

	if (writer->overrun ||
	    STUN_ATTR_HEADER_SIZE + padded > (uint32_t)writer->room - writer->length) {
		writer->overrun = true;
		return NULL;
	}
	write_u16(attr, type);
	write_u16(attr + 2, length);
	memset(attr + STUN_ATTR_HEADER_SIZE + length, 0, padded - length);
	writer->length += STUN_ATTR_HEADER_SIZE + padded;
	return attr + STUN_ATTR_HEADER_SIZE;
}

void stun_put_u32(struct stun_writer *writer, enum stun_attr_type type, uint32_t value)
{
	uint8_t *bytes = stun_put(writer, type, 4);

	if (bytes != NULL)
		write_u32(bytes, value);
}

void stun_put_bytes(struct stun_writer *writer, enum stun_attr_type type, const void *value,
                    uint16_t length)
{
	uint8_t *bytes = stun_put(writer, type, length);

	if (bytes != NULL && length > 0)
		memcpy(bytes, value, length);
}

void stun_put_masked_addr(struct stun_writer *writer, enum stun_attr_type type,
                          const struct ip_addr *ip, uint16_t port_be, const uint8_t mask[16])
{
	bool v4 = ip_addr_is_v4(ip);
	uint16_t size = v4 ? 4 : 16;
	uint8_t *value = stun_put(writer, type, 4 + size);
	uint16_t i;

	if (value == NULL)
		return;
	value[0] = 0;
	value[1] = v4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
	memcpy(value + 2, &port_be, sizeof(port_be));
	value[2] ^= mask[0];
	value[3] ^= mask[1];
	for (i = 0; i < size; i++)
		value[4 + i] = ip->bytes[sizeof(ip->bytes) - size + i] ^ mask[i];
}

void stun_put_addr(struct stun_writer *writer, enum stun_attr_type type, const struct ip_addr *ip,
                   uint16_t port_be)
{
	static const uint8_t nothing[16];

	stun_put_masked_addr(writer, type, ip, port_be, nothing);
}

void stun_put_error(struct stun_writer *writer, enum stun_error code)
{
	stun_put_u32(writer, STUN_ATTR_ERROR_CODE,
	             (uint32_t)code / 100 << 8 | (uint32_t)code % 100);
}

void stun_put_address_error(struct stun_writer *writer, enum stun_family family,
                            enum stun_error code)
{
	stun_put_u32(writer, STUN_ATTR_ADDRESS_ERROR_CODE,
	             (uint32_t)family << 24 | (uint32_t)code / 100 << 8 | (uint32_t)code % 100);
}

void stun_put_unknown(struct stun_writer *writer, const uint16_t *types, uint8_t count)
{
	uint8_t *value = stun_put(writer, STUN_ATTR_UNKNOWN_ATTRIBUTES, 2 * count);
	uint8_t i;

	if (value == NULL)
		return;
	for (i = 0; i < count; i++)
		write_u16(value + 2 * i, types[i]);
}

/* Of what is put before it, *covered bytes under a header whose length counts this one in. NULL: it
 * has no room. */
static uint8_t *sum_put(struct stun_writer *writer, enum stun_attr_type type, uint16_t length,
                        uint16_t *covered)
{
	uint8_t *sum;

	*covered = writer->length;
	sum = stun_put(writer, type, length);
	if (sum != NULL)
		length_write(writer);
	return sum;
}

void stun_put_integrity(struct stun_writer *writer, const struct stun_key *key)
{
	uint16_t covered;
	uint8_t *mac = sum_put(writer, STUN_ATTR_MESSAGE_INTEGRITY, STUN_INTEGRITY_SIZE, &covered);

	if (mac != NULL)
		stun_hmac(key, writer->start, covered, mac);
}

void stun_put_integrity_sha256(struct stun_writer *writer, const struct stun_raw_key *key)
{
	uint16_t covered;
	uint8_t *mac =
	        sum_put(writer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, STUN_SHA256_SIZE, &covered);

	if (mac != NULL)
		stun_hmac_sha256(key, writer->start, covered, mac);
}

void stun_put_fingerprint(struct stun_writer *writer)
{
	uint16_t covered;
	uint8_t *value = sum_put(writer, STUN_ATTR_FINGERPRINT, 4, &covered);

	if (value != NULL)
		write_u32(value, stun_fingerprint(writer->start, covered));
}

uint16_t stun_end(struct stun_writer *writer)
{
	if (writer->overrun)
		return 0;
	length_write(writer);
	return writer->length;
}
