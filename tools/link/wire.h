/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of an interface, and those that are under way to one. */
#ifndef LINK_WIRE_H
#define LINK_WIRE_H

#include "way.h"

#define WIRE_FRAME_MAX 9216u  /* bytes */
#define WIRE_LATE_MAX  20000u /* samples of a second */

struct wire_frame;

/* Where one way's frames come from, where they go, and those between. */
struct wire {
	int from, to; /* packet sockets */
	struct wire_frame *frames;
	uint8_t *bytes; /* of all frames */
	uint32_t head, tail;
	/* since the last report */
	uint64_t out, out_bytes;
	uint64_t overflowed; /* more under way than there is room for */
	uint64_t refused;    /* that the interface did not take */
	uint32_t n_late;
	uint32_t late_us[WIRE_LATE_MAX]; /* behind the time that was due */
};

/* A packet socket of the interface, or -1 with errno. */
int wire_open(const char *interface);
/* 0, or -1: no memory. */
int wire_init(struct wire *wire, int from, int to);

/* Takes what has come, a burst at most. */
void wire_take(struct wire *wire, struct way *way);
/* Sends what is due; returns when the next one is, UINT64_MAX: there is none. */
uint64_t wire_give(struct wire *wire);

uint64_t wire_now(void); /* nanoseconds of CLOCK_REALTIME, which the kernel's stamps have */

#endif
