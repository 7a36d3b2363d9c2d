/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* STUN as the rules read it: the numbers of its headers, and what a request's attributes say. */
#ifndef GATE_MESSAGE_H
#define GATE_MESSAGE_H

#include "gate_packet.h"
#include "nonce.h"
#include "ufrag.h"

/* RFC 8489, 5 and 14; RFC 8656, 17 and 18 */
#define GATE_STUN_HEADER     20
#define GATE_STUN_COOKIE     0x42a41221u /* in network order, as it lies in memory */
#define GATE_STUN_CLASS      0x0110
#define GATE_STUN_INDICATION 0x0010
#define GATE_STUN_RESPONSE   0x0100 /* set in both response classes */
#define GATE_STUN_BINDING    0x0001
#define GATE_STUN_ALLOCATE   0x0003
#define GATE_STUN_REFRESH    0x0004
#define GATE_STUN_SEND       0x0006
#define GATE_STUN_PERMISSION 0x0008
#define GATE_STUN_CHANNEL    0x0009
#define GATE_ATTR_HEADER     4
#define GATE_ATTR_USERNAME   0x0006
#define GATE_ATTR_INTEGRITY  0x0008
#define GATE_ATTR_REALM      0x0014
#define GATE_ATTR_NONCE      0x0015
#define GATE_ATTR_TRANSPORT  0x0019
#define GATE_ATTR_INTEGRITY2 0x001c /* MESSAGE-INTEGRITY-SHA256 */
#define GATE_ATTR_ALGORITHM  0x001d /* PASSWORD-ALGORITHM */
#define GATE_ATTR_USERHASH   0x001e
#define GATE_ATTR_ALGORITHMS 0x8002 /* PASSWORD-ALGORITHMS */
#define GATE_ATTR_PRINT      0x8028
#define GATE_BINDING_IP4     32 /* bytes of a Binding success response */
#define GATE_BINDING_IP6     44
#define GATE_DISCOVERY_IP4   36 /* what it has more of RFC 5780: three addresses */
#define GATE_DISCOVERY_IP6   72
#define GATE_PRINT_SIZE      8
/* What a challenge has more for a client of RFC 8489: a cookie of 13 bytes in its nonce, padded to
 * 16, and PASSWORD-ALGORITHMS of two. */
#define GATE_ALGORITHMS_SIZE 28

/*
 * Attributes and bytes of a message that are read: as many as an Allocate has with all that RFC
 * 8656 knows, its integrity included. A request with more counts as unverified: each costs the
 * latency of a load, and a forger chooses how many there are.
 */
#define GATE_ATTRS_MAX     10
#define GATE_ATTRS_END_MAX 0x7ff

/*
 * What the attributes of a request say, and in the lower 16 bits where the value of a NONCE of one
 * of our lengths begins, from the header on; 0: there is none.
 */
#define GATE_REQUEST_NONCE     0xffffu
#define GATE_REQUEST_TRANSPORT (1u << 16)
#define GATE_REQUEST_INTEGRITY (1u << 17)
#define GATE_REQUEST_CUT       (1u << 18) /* there is more than was read */
#define GATE_REQUEST_PRINT     (1u << 19) /* a FINGERPRINT, which the answer has then as well */
#define GATE_REQUEST_COOKIE    (1u << 20) /* the NONCE is as long as one behind a cookie */
/* something that clients of RFC 8489 alone send: their challenge is longer */
#define GATE_REQUEST_ALGORITHMS (1u << 21)

/* stun: a header and what follows, `length` bytes by the UDP header. */
GATE_INLINE __u32 gate_attributes(struct gate_bytes stun, __u32 length)
{
	__u32 at = GATE_STUN_HEADER, request = 0;
	int i;

	for (i = 0; i < GATE_ATTRS_MAX; i++) {
		const __u8 *attr;
		__u32 type, size;

		if (at + GATE_ATTR_HEADER > length)
			return request;
		if (at > GATE_ATTRS_END_MAX)
			break;
		attr = stun.at + at;
		if (attr + GATE_ATTR_HEADER > stun.end)
			return request;
		type = gate_host16(gate_load16(attr));
		size = gate_host16(gate_load16(attr + 2));
		at += GATE_ATTR_HEADER;
		if (at + size > length)
			return request;
		/* what stands behind the integrity does not count (RFC 8489, 14.5) */
		if (type == GATE_ATTR_INTEGRITY)
			return request | GATE_REQUEST_INTEGRITY;
		if (type == GATE_ATTR_INTEGRITY2)
			return request | GATE_REQUEST_INTEGRITY | GATE_REQUEST_ALGORITHMS;
		if (type == GATE_ATTR_NONCE && !(request & GATE_REQUEST_NONCE)) {
			if (size == NONCE_SIZE)
				request |= at;
			else if (size == NONCE_COOKIE_SIZE + NONCE_SIZE)
				request |= at | GATE_REQUEST_COOKIE;
		}
		/* the first two are neighbours: one comparison */
		if (type - GATE_ATTR_ALGORITHM <= GATE_ATTR_USERHASH - GATE_ATTR_ALGORITHM ||
		    type == GATE_ATTR_ALGORITHMS)
			request |= GATE_REQUEST_ALGORITHMS;
		if (type == GATE_ATTR_PRINT)
			request |= GATE_REQUEST_PRINT;
		if (type == GATE_ATTR_TRANSPORT)
			request |= GATE_REQUEST_TRANSPORT;
		at = (at + size + 3) & ~3u; /* it is a multiple of 4 */
	}
	return request | GATE_REQUEST_CUT;
}

#define GATE_USERNAME_MAX 763 /* as long as the server reads one */

/*
 * Where the value of a USERNAME begins that can be a connectivity check's (RFC 8445, 7.2.2), from
 * the header on; 0: there is none. A check has an integrity and no REALM: with one it is TURN's,
 * here as behind the gate.
 */
GATE_INLINE __u32 gate_username(struct gate_bytes stun, __u32 length)
{
	__u32 at = GATE_STUN_HEADER, found = 0, named = 0;
	int i;

	for (i = 0; i < GATE_ATTRS_MAX; i++) {
		const __u8 *attr;
		__u32 type, size;

		if (at + GATE_ATTR_HEADER > length || at > GATE_ATTRS_END_MAX)
			return 0;
		attr = stun.at + at;
		if (attr + GATE_ATTR_HEADER > stun.end)
			return 0;
		type = gate_host16(gate_load16(attr));
		size = gate_host16(gate_load16(attr + 2));
		at += GATE_ATTR_HEADER;
		if (at + size > length || type == GATE_ATTR_REALM)
			return 0;
		if (type == GATE_ATTR_INTEGRITY || type == GATE_ATTR_INTEGRITY2)
			return found;
		if (type == GATE_ATTR_USERNAME && !named) {
			const __u8 *text = stun.at + at;

			if (size <= UFRAG_SIZE || size > GATE_USERNAME_MAX ||
			    text + UFRAG_SIZE + 1 > stun.end || text[UFRAG_SIZE] != UFRAG_SEPARATOR)
				return 0;
			named = 1;
			found = at;
		}
		at = (at + size + 3) & ~3u;
	}
	return 0;
}

#endif
