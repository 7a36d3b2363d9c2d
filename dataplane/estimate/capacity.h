/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a publisher's path to us has proven to carry: by what it delivered, and by trains of packets
 * that it sent faster than that. What is proven holds until something contradicts it: a queue that
 * grows or stands, less that arrives than was sent, loss, a pause, another path. docs/estimates.md
 * says why each constant is what it is. Pure: the caller has the clock. Times are in microseconds.
 */
#ifndef ESTIMATE_CAPACITY_H
#define ESTIMATE_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#define CAPACITY_BIN_US 25000
#define CAPACITY_BINS   512 /* 12.8 s; power of two */
#define CAPACITY_TRAIN  8   /* packets of a train */
#define CAPACITY_PROOFS 3   /* what is proven was seen so often at least */
#define CAPACITY_NEVER  UINT64_MAX
/*
 * A sender of libwebrtc does not fall below 0.85 of what it is told: 1.12 times the capacity keeps
 * it at 0.95 of that, and any queue drains.
 */
#define CAPACITY_LOWER_PERCENT 112

enum capacity_cleared {
	CAPACITY_CLEARED_NOT,
	CAPACITY_CLEARED_GROWING,  /* the delay grew over three windows of 200 ms, or over 2 s */
	CAPACITY_CLEARED_SLOWER,   /* less than 0.75 of what was sent came in 500 ms */
	CAPACITY_CLEARED_STANDING, /* the delay stands above its least */
	CAPACITY_CLEARED_LOSS,     /* above 2 % */
	CAPACITY_CLEARED_PAUSE,    /* the publisher sent nothing for long */
	CAPACITY_CLEARED_PATH,     /* it is somewhere else, or its clock has jumped */
	CAPACITY_CLEARED_REASONS,
};

struct capacity_bin {
	uint32_t bytes;
	uint16_t packets, missing;       /* missing: numbers that have not come */
	int32_t delay_least, delay_last; /* one way, less an unknown constant */
};

struct capacity_packet {
	uint64_t sent, came;
	uint32_t bytes;
};

struct capacity {
	bool started;
	uint64_t began;  /* since when there are data, without a contradiction */
	uint64_t latest; /* when the last packet came */
	uint64_t bin;    /* number of the latest bin */
	uint64_t looked; /* bin of the last look */
	int64_t base;    /* of delays */
	uint64_t since;  /* bin before which nothing counts */
	int32_t least;   /* of the path, as it is taken to be */
	uint32_t high;   /* looks in a row that saw the delay stand above it */
	uint32_t delivered[CAPACITY_PROOFS], trains[CAPACITY_PROOFS]; /* kbit/s, the best ones */
	uint64_t delivered_bin;                                       /* of the last proof */
	uint32_t proven;                                              /* kbit/s; 0: nothing */
	uint32_t clears;
	enum capacity_cleared reason; /* of the last one */
	uint32_t jitter;              /* us, times 16, as RFC 3550, A.8 */
	int32_t delay;                /* of the last packet */
	uint32_t train_count;
	struct capacity_packet train[CAPACITY_TRAIN];
	struct capacity_bin bins[CAPACITY_BINS];
};

/* sent: by the publisher's clock. missing: numbers before it that have not come; -1: it was one. */
void capacity_packet(struct capacity *capacity, uint64_t came, uint64_t sent, uint32_t bytes,
                     int32_t missing);
/* Each 25 to 100 ms. */
void capacity_look(struct capacity *capacity, uint64_t now);
/* What was proven says nothing any more. */
void capacity_clear(struct capacity *capacity, uint64_t now, enum capacity_cleared reason);
/* kbit/s; 0: there is none. */
uint32_t capacity_lower(const struct capacity *capacity);

#endif
