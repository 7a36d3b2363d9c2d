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
#define GATE_SEEN     (1u << 23) /* words, unless the dataplane is told otherwise: 64 MB */
#define GATE_TOPS     (1u << 10)
/* Datagrams whose first fragment was for a service of ours, and how long the others may take to
 * follow, in quarters of a second. */
#define GATE_FRAGMENTS      (1u << 14)
#define GATE_FRAGMENT_UNITS 12

/* Prefixes that are denied or trusted, each. */
#define GATE_LPM_MAX 4096

/*
 * What has arrived is remembered in words of 64 bits: seven tags of nine bits each, the newest
 * lowest, of whatever hashes to that word. A tag names a request and how often it has come; 0 is an
 * empty place. A word forgets its oldest for its newest, so the whole remembers the last 7 times as
 * many arrivals as it has words, and nothing has to be cleared by anybody's clock.
 */
#define GATE_TAGS     7
#define GATE_TAG_BITS 9
#define GATE_TAG_ONES 0x0040201008040201ull /* the lowest bit of each */
#define GATE_TAG_HIGH 0x4020100804020100ull /* the highest */
/* Arrivals that can be asked for, and what is left of a tag to tell requests apart. */
#define GATE_ARRIVALS_MAX 7
#define GATE_TAG_NAMES    ((1u << GATE_TAG_BITS) - GATE_ARRIVALS_MAX)

enum gate_mode {
	GATE_MODE_UNSET, /* not configured: everything passes on to the next gate */
	GATE_MODE_OFF,
	GATE_MODE_OBSERVE,
	GATE_MODE_ENFORCE,
};

enum gate_flag {
	GATE_FLAG_PRIVILEGED = 1 << 0, /* drop requests from source ports below 1024 */
	GATE_FLAG_DENY = 1 << 1,       /* there are denied prefixes */
	GATE_FLAG_TRUST = 1 << 2,      /* there are trusted prefixes */
	GATE_FLAG_DISCOVERY = 1 << 3,  /* answers to Binding say what RFC 5780 has */
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
	__u64 seen_mask;   /* words of the memory of arrivals, less one */
	__u32 challenge;   /* bytes of a 401, the answer to an unverified request */
	__u32 pad;
	struct gate_limit source, prefix, host, verified;
	struct gate_hash_keys hash;
	struct siphash_key nonce[GATE_NONCE_KEYS];
};

/*
 * What the control plane makes of its configuration, once for both gates: the maps hold these
 * parts, and the dataplane gets all of it (SLUICE_GATE_SET). Clock, hash keys and memory are each
 * one's own.
 */
struct gate_compiled {
	struct gate_config config;
	__u32 denied, trusted; /* prefixes, struct gate_lpm_key each */
	__u32 xdp;             /* 1: the maps hold it as well */
	__u32 pad;
};

/* A prefix, and the host: its bucket, and until when it counts as attacked. */
struct gate_guard {
	__u64 due;
	__u64 attacked; /* 0 or past: it is not */
};

/* Heavy hitters: a Boyer-Moore majority vote over the sources that hash to this entry. */
struct gate_top {
	__u64 ip[2];
	__u64 weight;  /* the majority vote's count */
	__u64 dropped; /* of this source, since it holds the entry */
	__u64 seen;    /* last */
};

/* Key of the tries; IPv4 as v4-mapped, so 96 more than its own length. */
struct gate_lpm_key {
	__u32 length;
	__u8 ip[16];
};

#endif
