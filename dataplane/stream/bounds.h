/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many connections there may be, of one address, of its prefix and in all, and how many
 * handshakes these may begin: who has an IPv6 /48 or an IPv4 /24 has many addresses. Asked where a
 * connection begins and ends, by every stream thread; no packet waits for its lock.
 */
#ifndef STREAM_BOUNDS_H
#define STREAM_BOUNDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"

/* How many seconds' handshakes may come at once. */
#define BOUNDS_HANDSHAKE_BURST_S 4
/* Handshakes under way, each of which a few bytes make hold much memory: of one address, and in all
 * a part of the connections. */
#define BOUNDS_SHAKING_SOURCE 64
#define BOUNDS_SHAKING_PART   16

/* An IPv4 /24 or an IPv6 /48 may have so many times as much of all as an address. */
#define BOUNDS_PREFIX_SHARE 4

enum bounds_verdict {
	BOUNDS_OPEN,       /* it counts, until bounds_close */
	BOUNDS_FULL,       /* there are as many as there may be */
	BOUNDS_SOURCE,     /* the address or its prefix has as many as it may have */
	BOUNDS_HANDSHAKES, /* these have begun too many handshakes, or too many are under way */
};

struct bounds_entry {
	struct ip_addr key;   /* an address or a prefix */
	uint64_t due_ms;      /* token bucket as virtual time: handshakes up to now are paid for */
	uint32_t connections; /* 0, and `due_ms` is over: the entry is free */
	uint32_t shaking;     /* of these, in a handshake */
};

struct bounds {
	pthread_mutex_t lock;
	struct bounds_entry *entries;
	uint32_t mask;
	uint32_t connections; /* atomic for who only looks */
	uint32_t shaking;     /* of these, in a handshake */
	uint32_t total;       /* const: connections at most */
	uint32_t source;      /* connections of one address; set by the control thread, as ... */
	uint32_t handshakes;  /* ... handshakes in a second */
	uint64_t seed;
};

/* 0, -ENOMEM. */
int bounds_create(struct bounds *bounds, uint32_t total, uint64_t seed);
void bounds_destroy(struct bounds *bounds);

void bounds_set(struct bounds *bounds, uint32_t source, uint32_t handshakes);

/* IPv6 addresses count by their /64, beside the prefix. now_ms: any clock that does not go back. */
enum bounds_verdict bounds_open(struct bounds *bounds, const struct ip_addr *source, bool handshake,
                                uint64_t now_ms);
/* Its handshake is over, one way or the other: before bounds_close. */
void bounds_shaken(struct bounds *bounds, const struct ip_addr *source);
void bounds_close(struct bounds *bounds, const struct ip_addr *source);

#endif
