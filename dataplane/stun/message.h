/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN messages as they arrive (RFC 8489, 5 and 14; RFC 8656, 18). The input is hostile. */
#ifndef STUN_MESSAGE_H
#define STUN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/ip_addr.h"

#define STUN_MAGIC_COOKIE     0x2112a442u /* RFC 8489, 5 */
#define STUN_HEADER_SIZE      20
#define STUN_TRANSACTION_SIZE 12
#define STUN_PORT             3478

/* RFC 8489, 5 */
enum stun_class {
	STUN_REQUEST = 0,
	STUN_INDICATION = 1,
	STUN_SUCCESS = 2,
	STUN_ERROR = 3,
};

/* RFC 8489, 18.2; RFC 8656, 17 */
enum stun_method {
	STUN_BINDING = 0x001,
	STUN_ALLOCATE = 0x003,
	STUN_REFRESH = 0x004,
	STUN_SEND = 0x006,
	STUN_DATA = 0x007,
	STUN_CREATE_PERMISSION = 0x008,
	STUN_CHANNEL_BIND = 0x009,
};

/* RFC 8489, 18.3; RFC 8656, 18; RFC 8445, 16.1; RFC 8016, 4; RFC 5780, 9.1 */
enum stun_attr_type {
	STUN_ATTR_MAPPED_ADDRESS = 0x0001,
	STUN_ATTR_CHANGE_REQUEST = 0x0003,
	STUN_ATTR_USERNAME = 0x0006,
	STUN_ATTR_MESSAGE_INTEGRITY = 0x0008,
	STUN_ATTR_ERROR_CODE = 0x0009,
	STUN_ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_ATTR_CHANNEL_NUMBER = 0x000c,
	STUN_ATTR_LIFETIME = 0x000d,
	STUN_ATTR_XOR_PEER_ADDRESS = 0x0012,
	STUN_ATTR_DATA = 0x0013,
	STUN_ATTR_REALM = 0x0014,
	STUN_ATTR_NONCE = 0x0015,
	STUN_ATTR_XOR_RELAYED_ADDRESS = 0x0016,
	STUN_ATTR_REQUESTED_ADDRESS_FAMILY = 0x0017,
	STUN_ATTR_EVEN_PORT = 0x0018,
	STUN_ATTR_REQUESTED_TRANSPORT = 0x0019,
	STUN_ATTR_DONT_FRAGMENT = 0x001a,
	STUN_ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001c,
	STUN_ATTR_PASSWORD_ALGORITHM = 0x001d,
	STUN_ATTR_USERHASH = 0x001e,
	STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_ATTR_RESERVATION_TOKEN = 0x0022,
	STUN_ATTR_PRIORITY = 0x0024,
	STUN_ATTR_USE_CANDIDATE = 0x0025,
	STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
	STUN_ATTR_ADDRESS_ERROR_CODE = 0x8001,
	STUN_ATTR_PASSWORD_ALGORITHMS = 0x8002,
	STUN_ATTR_ICMP = 0x8004,
	STUN_ATTR_SOFTWARE = 0x8022,
	STUN_ATTR_ALTERNATE_SERVER = 0x8023,
	STUN_ATTR_FINGERPRINT = 0x8028,
	STUN_ATTR_ICE_CONTROLLED = 0x8029,
	STUN_ATTR_ICE_CONTROLLING = 0x802a,
	STUN_ATTR_RESPONSE_ORIGIN = 0x802b,
	STUN_ATTR_OTHER_ADDRESS = 0x802c,
	STUN_ATTR_MOBILITY_TICKET = 0x8030,
};

/* RFC 8489, 14.8; RFC 8656, 19; RFC 8016, 3.4 */
enum stun_error {
	STUN_300_TRY_ALTERNATE = 300,
	STUN_400_BAD_REQUEST = 400,
	STUN_401_UNAUTHENTICATED = 401,
	STUN_403_FORBIDDEN = 403,
	STUN_405_MOBILITY_FORBIDDEN = 405,
	STUN_420_UNKNOWN_ATTRIBUTE = 420,
	STUN_437_ALLOCATION_MISMATCH = 437,
	STUN_438_STALE_NONCE = 438,
	STUN_440_FAMILY_NOT_SUPPORTED = 440,
	STUN_441_WRONG_CREDENTIALS = 441,
	STUN_442_TRANSPORT_NOT_SUPPORTED = 442,
	STUN_443_PEER_FAMILY_MISMATCH = 443,
	STUN_486_QUOTA_REACHED = 486,
	STUN_500_SERVER_ERROR = 500,
	STUN_508_INSUFFICIENT_CAPACITY = 508,
};

/* RFC 8489, 18.5 */
enum stun_algorithm { STUN_MD5 = 1, STUN_SHA256 = 2 };
#define STUN_ALGORITHMS 2

enum stun_family { STUN_FAMILY_IPV4 = 1, STUN_FAMILY_IPV6 = 2 }; /* RFC 8489, 14.1 */

/*
 * Index of an attribute that the server reads: stun_message.attrs[]. The table in message.c maps
 * types to these.
 */
enum stun_known {
	STUN_KNOWN_USERNAME,
	STUN_KNOWN_MESSAGE_INTEGRITY,
	STUN_KNOWN_MESSAGE_INTEGRITY_SHA256,
	STUN_KNOWN_CHANNEL_NUMBER,
	STUN_KNOWN_LIFETIME,
	STUN_KNOWN_XOR_PEER_ADDRESS, /* the first of them */
	STUN_KNOWN_DATA,
	STUN_KNOWN_REALM,
	STUN_KNOWN_NONCE,
	STUN_KNOWN_REQUESTED_ADDRESS_FAMILY,
	STUN_KNOWN_EVEN_PORT,
	STUN_KNOWN_REQUESTED_TRANSPORT,
	STUN_KNOWN_DONT_FRAGMENT,
	STUN_KNOWN_RESERVATION_TOKEN,
	STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY,
	STUN_KNOWN_MOBILITY_TICKET,
	STUN_KNOWN_USERHASH,
	STUN_KNOWN_PASSWORD_ALGORITHM,
	STUN_KNOWN_PASSWORD_ALGORITHMS,
	STUN_KNOWN_FINGERPRINT,
	STUN_KNOWN_COUNT,
};

#define STUN_UNKNOWN_MAX 8

/* An attribute's value: offset from the message's start. */
struct stun_span {
	uint16_t offset;
	uint16_t length;
};

/*
 * A view: it points into the datagram and owns nothing. Only the first of equal attributes counts
 * (RFC 8489, 14).
 */
struct stun_message {
	const uint8_t *start;
	uint16_t length; /* header included; the datagram has at least as much */
	uint16_t method; /* enum stun_method, or whatever came */
	uint8_t class;   /* enum stun_class */
	uint8_t n_unknown;
	bool bad_length;  /* an attribute that is read has a length of none such: as if it were not
	                     there */
	uint16_t n_peers; /* XOR-PEER-ADDRESS attributes before the integrity */
	uint32_t present; /* bit i: attrs[i] came */
	const uint8_t *transaction; /* 12 bytes */
	struct stun_span attrs[STUN_KNOWN_COUNT];
	uint16_t unknown[STUN_UNKNOWN_MAX]; /* comprehension-required types that are not served,
	                                       host order */
};

/*
 * The header alone: at least 20 bytes, two zero bits, the cookie, a length that is a multiple of 4
 * and equals what the datagram holds. Asked once on a packet's way, by stun_input.
 */
bool stun_header_valid(const uint8_t *data, size_t length);

static inline uint16_t stun_method_of(const uint8_t *data)
{
	uint16_t type = (uint16_t)(data[0] << 8 | data[1]);

	return (type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2;
}

static inline enum stun_class stun_class_of(const uint8_t *data)
{
	return (enum stun_class)((data[0] & 1) << 1 | (data[1] & 0x10) >> 4);
}

/*
 * Reads the attributes of a message whose header is valid: stun_header_valid was asked before. 0,
 * or -EBADMSG where an attribute overruns the message; then nothing but method, class and
 * transaction may be used. Attributes after MESSAGE-INTEGRITY are ignored but for
 * MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, everything after FINGERPRINT is an error.
 */
int stun_parse(struct stun_message *message, const uint8_t *data, size_t length);

static inline bool stun_has(const struct stun_message *message, enum stun_known known)
{
	return message->present & (1u << known);
}

/* The value's first byte; only where stun_has. */
static inline const uint8_t *stun_value(const struct stun_message *message, enum stun_known known)
{
	return message->start + message->attrs[known].offset;
}

/*
 * FINGERPRINT's value for a message whose first `length` bytes come before it, their header's
 * length counting it.
 */
uint32_t stun_fingerprint(const uint8_t *data, uint16_t length);

/* True where FINGERPRINT is absent or right (RFC 8489, 14.7). */
bool stun_fingerprint_ok(const struct stun_message *message);

/*
 * The next XOR-PEER-ADDRESS: start with *cursor = 0. Returns 1 with *addr set, 0 at the end,
 * -EBADMSG for a wrong length or family, -EAFNOSUPPORT for an IPv6 address of the v4-mapped form
 * (it would be an IPv4 peer's second name).
 */
int stun_peer_next(const struct stun_message *message, uint16_t *cursor,
                   struct transport_addr *addr);

/*
 * RFC 8656, 12 ends the range at 0x4fff, RFC 5766, 11 at 0x7fff, and its clients (coturn's among
 * them) draw from all of it. A listener has nothing else whose first byte is 80 to 127, so both are
 * served.
 */
#define STUN_CHANNEL_HEADER_SIZE 4
#define STUN_CHANNEL_MIN         0x4000
#define STUN_CHANNEL_MAX         0x7fff

/*
 * ChannelData over UDP (RFC 8656, 12.4): *channel and *data_length from the header. False where the
 * datagram is shorter than the header says or the channel is out of range; bytes behind the data
 * (padding) are legal.
 */
static inline bool stun_channel_parse(const uint8_t *data, size_t length, uint16_t *channel,
                                      uint16_t *data_length)
{
	if (length < STUN_CHANNEL_HEADER_SIZE)
		return false;
	*channel = (uint16_t)(data[0] << 8 | data[1]);
	*data_length = (uint16_t)(data[2] << 8 | data[3]);
	return *channel >= STUN_CHANNEL_MIN && *channel <= STUN_CHANNEL_MAX &&
	       *data_length <= length - STUN_CHANNEL_HEADER_SIZE;
}

#endif
