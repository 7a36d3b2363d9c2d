/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Our half of an ICE username fragment's layout and its check, for XDP and for the workers alike.
 *
 *   3 bytes  index of the session, big endian
 *   1 byte   its generation: an ICE restart, and the next session of this index, have another
 *   8 bytes  SipHash-2-4 of those four, big endian, under a key that does not rotate while
 *            sessions live
 *
 * as 16 characters of base64 (RFC 4648, 4), which are ice-chars (RFC 8839, 5.4): 96 bits are
 * exactly 16 characters, so each has one spelling. A sender that cannot make one is told nothing,
 * and no table of sessions is needed to know it.
 */
#ifndef UFRAG_H
#define UFRAG_H

#include "siphash.h"

#define UFRAG_SIZE      16
#define UFRAG_SEPARATOR ':' /* behind it in a USERNAME (RFC 8445, 7.2.2) */

/* What checks are told by: the map sluice_gate_ufrags has one of it. */
struct gate_ufrags {
	struct siphash_key key;
	__u64 live; /* 0: there are no sessions, and each ufrag is wrong */
};

/* index << 8 | generation */
SIPHASH_INLINE __u64 ufrag_mac(const struct siphash_key *key, __u32 place)
{
	return siphash_8(key, place);
}

#ifndef __bpf__
static inline void ufrag_part_write(char *text, __u64 bits, int characters)
{
	static const char base64[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (characters-- > 0) {
		text[characters] = base64[bits & 63];
		bits >>= 6;
	}
}

/* UFRAG_SIZE characters, and no NUL. */
static inline void ufrag_write(char *text, const struct siphash_key *key, __u32 place)
{
	__u64 mac = ufrag_mac(key, place);

	ufrag_part_write(text, (__u64)place << 4 | mac >> 60, 6);
	ufrag_part_write(text + 6, mac >> 24, 6);
	ufrag_part_write(text + 12, mac, 4);
}
#endif

#define UFRAG_SEXTET 64 /* beside each value of the table */

/* What a character of base64 stands for, and UFRAG_SEXTET; 0 for any other. */
static const __u8 ufrag_values[256] = {
        /* clang-format off */
        ['A'] = 64, ['B'] = 65, ['C'] = 66, ['D'] = 67, ['E'] = 68, ['F'] = 69, ['G'] = 70, ['H'] = 71,
        ['I'] = 72, ['J'] = 73, ['K'] = 74, ['L'] = 75, ['M'] = 76, ['N'] = 77, ['O'] = 78, ['P'] = 79,
        ['Q'] = 80, ['R'] = 81, ['S'] = 82, ['T'] = 83, ['U'] = 84, ['V'] = 85, ['W'] = 86, ['X'] = 87,
        ['Y'] = 88, ['Z'] = 89, ['a'] = 90, ['b'] = 91, ['c'] = 92, ['d'] = 93, ['e'] = 94, ['f'] = 95,
        ['g'] = 96, ['h'] = 97, ['i'] = 98, ['j'] = 99, ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103,
        ['o'] = 104, ['p'] = 105, ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111,
        ['w'] = 112, ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
        ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['+'] = 126, ['/'] = 127,
        /* clang-format on */
};

/* Six characters at most; *good loses UFRAG_SEXTET where one is none of base64. */
SIPHASH_INLINE __u64 ufrag_part(const __u8 *text, int characters, __u8 *good)
{
	__u64 bits = 0;
	int i;

#pragma GCC unroll 6
	for (i = 0; i < characters; i++) {
		__u8 value = ufrag_values[text[i]];

		*good &= value;
		bits = bits << 6 | (value & (UFRAG_SEXTET - 1));
	}
	return bits;
}

struct ufrag {
	__u32 place; /* index << 8 | generation */
	__u8 ours;   /* 1: the MAC is right */
};

/* text: UFRAG_SIZE bytes that may be read. */
SIPHASH_INLINE struct ufrag ufrag_read(const __u8 *text, const struct siphash_key *key)
{
	__u8 good = UFRAG_SEXTET;
	__u64 high = ufrag_part(text, 6, &good);
	__u64 middle = ufrag_part(text + 6, 6, &good);
	__u64 low = ufrag_part(text + 12, 4, &good);
	__u64 mac = high << 60 | middle << 24 | low;
	__u32 place = (__u32)(high >> 4);

	return (struct ufrag){
	        .place = place,
	        .ours = good != 0 && mac == ufrag_mac(key, place),
	};
}

#endif
