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

#ifndef __bpf__
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

/* NONCE_SIZE bytes. */
static inline void nonce_write(__u8 *text, const struct siphash_key *key,
                               const struct nonce_client *client, __u64 unix_now)
{
	__u16 time = (__u16)unix_now;
	__u64 mac = nonce_mac(key, client, time);

	nonce_half_write(text, (__u64)time << 20 | mac >> 36);
	nonce_half_write(text + NONCE_SIZE / 2, mac);
}
#endif

/* What a character of base64url stands for, less one: 0 for any other. */
static const __u8 nonce_values[256] = {
        /* clang-format off */
        ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
        ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
        ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
        ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
        ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
        ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
        ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
        /* clang-format on */
};

/* The character's value, or a negative number. */
SIPHASH_INLINE __s32 nonce_sextet(__u8 character)
{
	return (__s32)nonce_values[character] - 1;
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

struct nonce {
	__u64 mac;
	__u16 time;
	__u8 bad;
};

SIPHASH_INLINE struct nonce nonce_read(const __u8 *text)
{
	__s32 bad = 0;
	__u64 high = nonce_half(text, &bad);
	__u64 low = nonce_half(text + NONCE_SIZE / 2, &bad);

	return (struct nonce){
	        .mac = (high << 36 | low) & NONCE_MAC_MASK,
	        .time = high >> 20,
	        .bad = bad < 0,
	};
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
 * keys[0] makes nonces, keys[1] made them before. text: NONCE_SIZE bytes that may be read.
 * lifetime_s: how old a nonce may be.
 */
SIPHASH_INLINE enum nonce_verdict nonce_verify_within(const __u8 *text,
                                                      const struct siphash_key keys[2],
                                                      const struct nonce_client *client,
                                                      __u64 unix_now, __u32 lifetime_s)
{
	struct nonce nonce = nonce_read(text);

	/* One comparison of whole words: nothing tells how many bits were right. */
	if (nonce.bad || (nonce.mac != nonce_mac(&keys[0], client, nonce.time) &&
	                  nonce.mac != nonce_mac(&keys[1], client, nonce.time)))
		return NONCE_FORGED;
	return nonce_judge_age(nonce_age(&nonce, unix_now), lifetime_s);
}

SIPHASH_INLINE enum nonce_verdict nonce_verify(const __u8 *text, const struct siphash_key keys[2],
                                               const struct nonce_client *client, __u64 unix_now)
{
	return nonce_verify_within(text, keys, client, unix_now, NONCE_LIFETIME_S);
}

#endif
