/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN messages that we send. The writer never runs past its room, and remembers what did not fit.
 */
#ifndef STUN_WRITER_H
#define STUN_WRITER_H

#include "stun/integrity.h"
#include "stun/message.h"

struct stun_writer {
	uint8_t *start;
	uint16_t room;
	uint16_t length; /* written so far, header included */
	bool overrun;
};

/* Writes the header; transaction may lie inside the room (a response in its request's place). */
void stun_begin(struct stun_writer *writer, void *room, size_t size, enum stun_method method,
                enum stun_class class, const uint8_t transaction[STUN_TRANSACTION_SIZE]);

/*
 * The attribute's value, to be filled with exactly `length` bytes; padding is zeroed. NULL when the
 * room is used up.
 */
uint8_t *stun_put(struct stun_writer *writer, enum stun_attr_type type, uint16_t length);

void stun_put_u32(struct stun_writer *writer, enum stun_attr_type type, uint32_t value);
void stun_put_bytes(struct stun_writer *writer, enum stun_attr_type type, const void *value,
                    uint16_t length);

/* 8 or 20 bytes of value by the address' family, under the mask. */
void stun_put_masked_addr(struct stun_writer *writer, enum stun_attr_type type,
                          const struct ip_addr *ip, uint16_t port_be, const uint8_t mask[16]);

/* One of the XOR-*-ADDRESS attributes: the mask is the cookie, then the transaction. */
static inline void stun_put_xor_addr(struct stun_writer *writer, enum stun_attr_type type,
                                     const struct ip_addr *ip, uint16_t port_be)
{
	stun_put_masked_addr(writer, type, ip, port_be, writer->start + 4);
}

/* One that is not XORed: ALTERNATE-SERVER (RFC 8489, 14.15). */
void stun_put_addr(struct stun_writer *writer, enum stun_attr_type type, const struct ip_addr *ip,
                   uint16_t port_be);

/* ERROR-CODE without a reason phrase (RFC 8489, 14.8): the shortest legal form. */
void stun_put_error(struct stun_writer *writer, enum stun_error code);
/* ADDRESS-ERROR-CODE (RFC 8656, 18.12). */
void stun_put_address_error(struct stun_writer *writer, enum stun_family family,
                            enum stun_error code);

/* UNKNOWN-ATTRIBUTES (RFC 8489, 14.13), at most 255 types in host order. */
void stun_put_unknown(struct stun_writer *writer, const uint16_t *types, uint8_t count);

/* Covers what was put before it; nothing but FINGERPRINT may follow. */
void stun_put_integrity(struct stun_writer *writer, const struct stun_key *key);
/* MESSAGE-INTEGRITY-SHA256, not truncated: in its place, or behind it. */
void stun_put_integrity_sha256(struct stun_writer *writer, const struct stun_raw_key *key);
/* The last one. */
void stun_put_fingerprint(struct stun_writer *writer);

/* The message's length, or 0 if it did not fit. */
uint16_t stun_end(struct stun_writer *writer);

#endif
