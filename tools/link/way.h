/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of an emulated link: when each frame reaches the other end, or that it does not.
 *
 * Time is virtual. A frame leaves when it has come and the one before has left, plus its bits at
 * the link's rate; it is due a delay after that. So an emulator that wakes late makes one frame
 * late, but never the link slower.
 */
#ifndef LINK_WAY_H
#define LINK_WAY_H

#include <stdint.h>

/* As `tools/lab link` has them. */
struct way_settings {
	double rate_kbps; /* of whole Ethernet frames; 0: no limit */
	double delay_ms;
	double queue_ms;  /* what would wait longer is dropped */
	double loss;      /* percent, each frame by itself */
	double jitter_ms; /* more delay, uniform, up to this; the order stays */
};

/* Since the last report. */
struct way_count {
	uint64_t in, in_bytes;
	uint64_t lost, full; /* by chance; for want of room in the queue */
	double waited_ms, waited_most_ms;
};

struct way {
	struct way_settings settings;
	struct way_count count;
	uint64_t left; /* when the last frame had left, nanoseconds */
	uint64_t due;  /* of the last frame */
	uint64_t random;
};

/* seed: not 0. */
void way_init(struct way *way, uint64_t seed);

/* When a frame of `bytes` that came at `arrived` (nanoseconds) is due at the other end; 0: never.
 */
uint64_t way_take(struct way *way, uint64_t arrived, uint32_t bytes);

#endif
