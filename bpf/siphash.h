/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), 64 bits out. Pure inline C
 * without a loop for the fixed sizes, so that the same text passes the BPF verifier and runs on a
 * worker.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define SIPHASH_INLINE static inline __attribute__((always_inline))

struct siphash_key {
	__u64 k0, k1;
};

struct siphash_state {
	__u64 v0, v1, v2, v3;
};

SIPHASH_INLINE __u64 siphash_rotate(__u64 x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

SIPHASH_INLINE void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
	s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
	s->v0 = siphash_rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
	s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
	s->v2 = siphash_rotate(s->v2, 32);
}

SIPHASH_INLINE struct siphash_state siphash_begin(const struct siphash_key *key)
{
	struct siphash_state s = {
	        .v0 = key->k0 ^ 0x736f6d6570736575ull, /* "somepseu" */
	        .v1 = key->k1 ^ 0x646f72616e646f6dull, /* "dorandom" */
	        .v2 = key->k0 ^ 0x6c7967656e657261ull, /* "lygenera" */
	        .v3 = key->k1 ^ 0x7465646279746573ull, /* "tedbytes" */
	};

	return s;
}

SIPHASH_INLINE void siphash_word(struct siphash_state *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/* tail: the length % 8 last bytes, the first of them lowest; length: of the whole input. */
SIPHASH_INLINE __u64 siphash_end(struct siphash_state *s, __u64 tail, __u64 length)
{
	siphash_word(s, tail | length << 56);
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/*
 * The words of the fixed sizes are little-endian loads: on such a host, the bytes as they lie in
 * memory.
 */
SIPHASH_INLINE __u64 siphash_8(const struct siphash_key *key, __u64 w0)
{
	struct siphash_state s = siphash_begin(key);

	siphash_word(&s, w0);
	return siphash_end(&s, 0, 8);
}

SIPHASH_INLINE __u64 siphash_16(const struct siphash_key *key, __u64 w0, __u64 w1)
{
	struct siphash_state s = siphash_begin(key);

	siphash_word(&s, w0);
	siphash_word(&s, w1);
	return siphash_end(&s, 0, 16);
}

/* No dearer than 16 bytes: the tail travels with the length. */
SIPHASH_INLINE __u64 siphash_20(const struct siphash_key *key, __u64 w0, __u64 w1, __u32 tail)
{
	struct siphash_state s = siphash_begin(key);

	siphash_word(&s, w0);
	siphash_word(&s, w1);
	return siphash_end(&s, tail, 20);
}

SIPHASH_INLINE __u64 siphash_24(const struct siphash_key *key, __u64 w0, __u64 w1, __u64 w2)
{
	struct siphash_state s = siphash_begin(key);

	siphash_word(&s, w0);
	siphash_word(&s, w1);
	siphash_word(&s, w2);
	return siphash_end(&s, 0, 24);
}

#ifndef __bpf__
static inline __u64 siphash_load(const __u8 *bytes, unsigned long count)
{
	__u64 word = 0;
	unsigned long i;

	for (i = 0; i < count; i++)
		word |= (__u64)bytes[i] << 8 * i;
	return word;
}

/* Any length; user space only, since the verifier would not see the end of the loop. */
static inline __u64 siphash_bytes(const struct siphash_key *key, const void *data,
                                  unsigned long length)
{
	struct siphash_state s = siphash_begin(key);
	const __u8 *bytes = data;
	unsigned long i;

	for (i = length; i >= 8; i -= 8, bytes += 8)
		siphash_word(&s, siphash_load(bytes, 8));
	return siphash_end(&s, siphash_load(bytes, i), length);
}
#endif

#endif
