/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The stateless nonce's layout and its check, for XDP and for the workers alike.
 *
 *   2 bytes  time, Unix seconds mod 65536, big endian
 *   7 bytes  the upper 56 bits of SipHash-2-4 over 20 bytes: client IP (16, IPv4 as v4-mapped),
 * port, that time; big endian
 *
 * as 12 characters of base64url: 72 bits are exactly 12 characters, so each nonce has one spelling.
 */
#ifndef NONCE_H
#define NONCE_H

#include "siphash.h"

#define NONCE_SIZE       12
#define NONCE_LIFETIME_S 3600
/* Hosts of a fleet that share keys may have clocks this far apart. */
#define NONCE_SKEW_S 60

#define NONCE_MAC_MASK ((1ull << 56) - 1)

enum nonce_verdict {
	NONCE_VALID,
	NONCE_STALE,  /* made by us for this client, too long ago */
	NONCE_FORGED, /* anything else */
};

/* The address in network order as two words in memory order, the port in network order. */
struct nonce_client {
	__u64 ip[2];
	__u16 port;
};

SIPHASH_INLINE __u64 nonce_mac(const struct siphash_key *key, const struct nonce_client *client,
                               __u16 time)
{
	/* In memory: the port as it came, the time low byte first. */
	__u32 tail = (__u32)time << 16 | client->port;

	return siphash_20(key, client->ip[0], client->ip[1], tail) >> 8;
}

/*
 * The character's value, or a negative number. No branch: what is guessed here is an attacker's to
 * choose.
 */
SIPHASH_INLINE __s32 nonce_sextet(__u8 character)
{
	__s32 c = character;
	__s32 value = -1;

	/* Each term is all ones where c lies strictly between its two bounds. */
	value += (('A' - 1 - c) & (c - 'Z' - 1)) >> 8 & (c - 'A' + 1);
	value += (('a' - 1 - c) & (c - 'z' - 1)) >> 8 & (c - 'a' + 26 + 1);
	value += (('0' - 1 - c) & (c - '9' - 1)) >> 8 & (c - '0' + 52 + 1);
	value += (('-' - 1 - c) & (c - '-' - 1)) >> 8 & (62 + 1);
	value += (('_' - 1 - c) & (c - '_' - 1)) >> 8 & (63 + 1);
	return value;
}

/* Six characters, 36 bits; *bad becomes negative where one is none of base64url. */
SIPHASH_INLINE __u64 nonce_half(const __u8 *text, __s32 *bad)
{
	__u64 half = 0;
	int i;

#pragma GCC unroll 6
	for (i = 0; i < NONCE_SIZE / 2; i++) {
		__s32 value = nonce_sextet(text[i]);

		*bad |= value;
		half = half << 6 | (__u32)(value & 63);
	}
	return half;
}

/* keys[0] makes nonces, keys[1] made them before. text: NONCE_SIZE bytes that may be read. */
SIPHASH_INLINE enum nonce_verdict nonce_verify(const __u8 *text, const struct siphash_key keys[2],
                                               const struct nonce_client *client, __u64 unix_now)
{
	__s32 bad = 0;
	__u64 high = nonce_half(text, &bad);
	__u64 low = nonce_half(text + NONCE_SIZE / 2, &bad);
	__u16 time = high >> 20;
	__u64 mac = (high << 36 | low) & NONCE_MAC_MASK;
	__u16 age;

	/* One comparison of whole words: nothing tells how many bits were right. */
	if (bad < 0 ||
	    (mac != nonce_mac(&keys[0], client, time) && mac != nonce_mac(&keys[1], client, time)))
		return NONCE_FORGED;
	/* Modulo 65536, shifted so that a clock slightly ahead of ours does not look 18 hours old.
	 */
	age = (__u16)(unix_now + NONCE_SKEW_S - time);
	return age <= NONCE_LIFETIME_S + NONCE_SKEW_S ? NONCE_VALID : NONCE_STALE;
}

#endif
