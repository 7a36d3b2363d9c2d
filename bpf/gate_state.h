/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The gate's configuration and memory: values of the pinned maps sluice_gate_*, and of the same
 * tables in the dataplane. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef GATE_STATE_H
#define GATE_STATE_H

#include "siphash.h"

#define GATE_INLINE static inline __attribute__((always_inline))

/* Powers of two: a keyed hash chooses the entry. Sources share one where their hashes meet. */
#define GATE_SOURCES  (1u << 18)
#define GATE_PREFIXES (1u << 16)
#define GATE_SEEN     (1u << 17)
#define GATE_TOPS     (1u << 10)

/* Prefixes that are denied or trusted, each. */
#define GATE_LPM_MAX 4096

/* A client retransmits after 500 ms: a request is remembered for 10 s. */
#define GATE_SEEN_AGE_NS  10000000000ull
#define GATE_SEEN_WAYS    8
#define GATE_SEEN_TICK    24 /* 2^24 ns: the unit of a tag's 16 bits of time */
#define GATE_TAG_TIME_MAX 0xffffu
#define GATE_TAG_HASH     0x7fffffffffff0000ull
#define GATE_TAG_TWICE    (1ull << 63) /* arrived twice, and has to come again */

enum gate_mode {
	GATE_MODE_UNSET, /* nobody has configured this gate: everything passes on to the next */
	GATE_MODE_OFF,
	GATE_MODE_OBSERVE,
	GATE_MODE_ENFORCE,
};

enum gate_flag {
	GATE_FLAG_PRIVILEGED = 1 << 0, /* drop requests from source ports below 1024 */
	GATE_FLAG_DENY = 1 << 1,       /* there are denied prefixes */
	GATE_FLAG_TRUST = 1 << 2,      /* there are trusted prefixes */
};

/*
 * A token bucket as one time: when the next token is due (the generic cell rate algorithm). Between
 * tokens `interval` passes, and a bucket may be as far ahead of the clock as `slack`.
 */
struct gate_limit {
	__u64 interval; /* 0: no limit */
	__u64 slack;
};

/* All secret and random, the multipliers odd. */
struct gate_hash_keys {
	struct siphash_key key;
	__u64 multipliers[5];
};

#define GATE_NONCE_KEYS 4 /* two are valid; the next is written before it becomes so */

struct gate_config {
	__u32 mode;          /* enum gate_mode */
	__u32 flags;         /* enum gate_flag */
	__u32 nonce_current; /* makes nonces; the one before it is valid as well */
	__u32 nonce_lifetime_s;
	__u64 nonce_since; /* Unix time, seconds: from when it did */
	__u64 unix_offset; /* Unix time less CLOCK_MONOTONIC, ns */
	__u64 hold;        /* an attack is over this long after it ended at the earliest */
	struct gate_limit source, prefix, host, verified;
	struct gate_hash_keys hash;
	struct siphash_key nonce[GATE_NONCE_KEYS];
};

/* A prefix, and the host: its bucket, and until when it counts as attacked. */
struct gate_guard {
	__u64 due;
	__u64 attacked; /* 0 or past: it is not */
};

/* Requests that arrived, by keyed hash: 47 bits of it, and 16 of the time. 0: empty. */
struct gate_seen {
	__u64 tags[GATE_SEEN_WAYS];
};

/* Whoever is dropped most often keeps the entry that his hash gives him (Boyer, Moore: majority).
 */
struct gate_top {
	__u64 ip[2];
	__u64 weight;  /* how often he came more than others of this entry */
	__u64 dropped; /* since he has it */
	__u64 seen;    /* last */
};

/* Key of the tries; IPv4 as v4-mapped, so 96 more than its own length. */
struct gate_lpm_key {
	__u32 length;
	__u8 ip[16];
};

#endif
