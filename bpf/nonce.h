/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The stateless nonce's layout and its check, for XDP and for the workers alike.
 *
 *   2 bytes  time, Unix seconds mod 65536, big endian
 *   7 bytes  the upper 56 bits of SipHash-2-4, big endian, but the lowest of them is that of the
 * key: it tells which of two keys to try, so that a check is one hash, whatever was forged
 *
 * as 12 characters of base64url: 72 bits are exactly 12 characters, so each nonce has one spelling.
 * Hashed are the client's IPv4 address, port and that time, 8 bytes; of IPv6 20 bytes.
 *
 * To clients of RFC 8489 a cookie stands before it that says what the server can do (9.2). That
 * counts into the key, so that nobody on the way can take it off, or change it, and the nonce still
 * be ours.
 */
#ifndef NONCE_H
#define NONCE_H

#include "siphash.h"

#define NONCE_SIZE       12
#define NONCE_LIFETIME_S 3600
/* Hosts of a fleet that share keys may have clocks this far apart. */
#define NONCE_SKEW_S 60

/* RFC 8489, 9.2 and 18.1: nine characters, and 24 bits of features as base64, bit 0 the leftmost.
 */
#define NONCE_COOKIE      "obMatJos2"
#define NONCE_COOKIE_SIZE 13

enum nonce_feature {
	NONCE_ALGORITHMS = 1 << 0, /* PASSWORD-ALGORITHMS came with it */
	NONCE_ANONYMITY = 1 << 1,  /* USERHASH may be sent in place of USERNAME */
};

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
                               __u16 time, __u32 features)
{
	const struct siphash_key own = {key->k0, key->k1 ^ features};
	/* In memory: the port as it came, the time low byte first. */
	__u32 tail = (__u32)time << 16 | client->port;
	__u64 hash;

	if (client->ip[0] == 0 && (__u32)client->ip[1] == 0xffff0000u)
		hash = siphash_8(&own, client->ip[1] >> 32 | (__u64)tail << 32);
	else
		hash = siphash_20(&own, client->ip[0], client->ip[1], tail);
	return (hash >> 8 & ~1ull) | (key->k0 & 1);
}

#ifndef __bpf__
/* A key drawn at random becomes the one that follows another. */
static inline void nonce_key_follow(struct siphash_key *key, const struct siphash_key *before)
{
	key->k0 = (key->k0 & ~1ull) | (~before->k0 & 1);
}

/* 36 bits, six characters. */
static inline void nonce_half_write(__u8 *text, __u64 half)
{
	static const char base64url[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (int i = NONCE_SIZE / 2 - 1; i >= 0; i--) {
		text[i] = base64url[half & 63];
		half >>= 6;
	}
}

/* NONCE_COOKIE_SIZE bytes, of features that have NONCE_ALGORITHMS. */
static inline void nonce_cookie_write(__u8 *text, __u32 features)
{
	static const __u8 cookie[] = NONCE_COOKIE;

	for (int i = 0; i < NONCE_COOKIE_SIZE; i++)
		text[i] = i < 9 ? cookie[i] : 'A';
	text[9] = features & NONCE_ANONYMITY ? 'w' : 'g';
}

/* NONCE_SIZE bytes, without the cookie that says the features. */
static inline void nonce_write(__u8 *text, const struct siphash_key *key,
                               const struct nonce_client *client, __u64 unix_now, __u32 features)
{
	__u16 time = (__u16)unix_now;
	__u64 mac = nonce_mac(key, client, time, features);

	nonce_half_write(text, (__u64)time << 20 | mac >> 36);
	nonce_half_write(text + NONCE_SIZE / 2, mac);
}
#endif

#define NONCE_SEXTET  64              /* beside each value of the table */
#define NONCE_SEXTETS 0x1041041040ull /* so much of them in six */

/* What a character of base64url stands for, and NONCE_SEXTET; 0 for any other. */
static const __u8 nonce_values[256] = {
        /* clang-format off */
        ['A'] = 64, ['B'] = 65, ['C'] = 66, ['D'] = 67, ['E'] = 68, ['F'] = 69, ['G'] = 70, ['H'] = 71,
        ['I'] = 72, ['J'] = 73, ['K'] = 74, ['L'] = 75, ['M'] = 76, ['N'] = 77, ['O'] = 78, ['P'] = 79,
        ['Q'] = 80, ['R'] = 81, ['S'] = 82, ['T'] = 83, ['U'] = 84, ['V'] = 85, ['W'] = 86, ['X'] = 87,
        ['Y'] = 88, ['Z'] = 89, ['a'] = 90, ['b'] = 91, ['c'] = 92, ['d'] = 93, ['e'] = 94, ['f'] = 95,
        ['g'] = 96, ['h'] = 97, ['i'] = 98, ['j'] = 99, ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103,
        ['o'] = 104, ['p'] = 105, ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111,
        ['w'] = 112, ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
        ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['-'] = 126, ['_'] = 127,
        /* clang-format on */
};

/* Six characters, 36 bits; *good loses NONCE_SEXTET where one is none of base64url. */
SIPHASH_INLINE __u64 nonce_half(const __u8 *text, __u8 *good)
{
	__u64 half = 0;
	int i;

#pragma GCC unroll 6
	for (i = 0; i < NONCE_SIZE / 2; i++) {
		__u8 value = nonce_values[text[i]];

		*good &= value;
		half = (half << 6) + value;
	}
	return half - NONCE_SEXTETS;
}

/* What the cookie of NONCE_COOKIE_SIZE bytes says; 0: it is none of ours. */
SIPHASH_INLINE __u32 nonce_cookie_read(const __u8 *text)
{
	static const __u8 cookie[] = NONCE_COOKIE;
	__u8 other = 0;
	int i;

#pragma GCC unroll 9
	for (i = 0; i < 9; i++)
		other |= text[i] ^ cookie[i];
	other |= (text[10] ^ 'A') | (text[11] ^ 'A') | (text[12] ^ 'A');
	if (other)
		return 0;
	if (text[9] == 'w')
		return NONCE_ALGORITHMS | NONCE_ANONYMITY;
	return text[9] == 'g' ? NONCE_ALGORITHMS : 0;
}

struct nonce {
	__u64 mac;
	__u16 time;
	__u8 bad;
	__u8 features; /* of the cookie before it */
};

/* features: 0, or what nonce_cookie_read() found. */
SIPHASH_INLINE struct nonce nonce_read(const __u8 *text, __u32 features)
{
	__u8 good = NONCE_SEXTET;
	__u64 high = nonce_half(text, &good);
	__u64 low = nonce_half(text + NONCE_SIZE / 2, &good);

	return (struct nonce){
	        .mac = (high << 36 | low) & NONCE_MAC_MASK,
	        .time = high >> 20,
	        .bad = good == 0,
	        .features = features,
	};
}

/*
 * Is it made under the key that makes nonces now, or the one before? One comparison of whole words:
 * nothing tells how many bits were right. Both have the same lowest bit only after a change of the
 * fleet's secret, until the next change of keys.
 */
SIPHASH_INLINE int nonce_is_ours(const struct nonce *nonce, const struct siphash_key *now,
                                 const struct siphash_key *before,
                                 const struct nonce_client *client)
{
	const struct siphash_key *key = (nonce->mac ^ now->k0) & 1 ? before : now;

	if (nonce->bad)
		return 0;
	if (nonce->mac == nonce_mac(key, client, nonce->time, nonce->features))
		return 1;
	return !((now->k0 ^ before->k0) & 1) &&
	       nonce->mac == nonce_mac(before, client, nonce->time, nonce->features);
}

/* Modulo 65536, and NONCE_SKEW_S more, so that a clock ahead of ours does not look 18 hours old. */
SIPHASH_INLINE __u16 nonce_age(const struct nonce *nonce, __u64 unix_now)
{
	return (__u16)(unix_now + NONCE_SKEW_S - nonce->time);
}

SIPHASH_INLINE enum nonce_verdict nonce_judge_age(__u16 age, __u32 lifetime_s)
{
	return age <= lifetime_s + NONCE_SKEW_S ? NONCE_VALID : NONCE_STALE;
}

/*
 * keys[0] makes nonces, keys[1] made them before. text: NONCE_SIZE bytes that may be read,
 * features: of the cookie before them. lifetime_s: how old a nonce may be.
 */
SIPHASH_INLINE enum nonce_verdict nonce_verify_within(const __u8 *text, __u32 features,
                                                      const struct siphash_key keys[2],
                                                      const struct nonce_client *client,
                                                      __u64 unix_now, __u32 lifetime_s)
{
	struct nonce nonce = nonce_read(text, features);

	if (!nonce_is_ours(&nonce, &keys[0], &keys[1], client))
		return NONCE_FORGED;
	return nonce_judge_age(nonce_age(&nonce, unix_now), lifetime_s);
}

#endif
