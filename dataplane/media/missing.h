/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of one stream that did not come, and when to ask the publisher for each again. Bounded:
 * the last MISSING_PACKETS of them, MISSING_ASKS times each.
 */
#ifndef MEDIA_MISSING_H
#define MEDIA_MISSING_H

#include <stdbool.h>
#include <stdint.h>

#define MISSING_PACKETS 256 /* power of two */
#define MISSING_ASKS    4
/* Another packet may merely have overtaken it. */
#define MISSING_FIRST_US 5000
/* Between two asks for a packet: about a round trip, which a publisher that only sends does not
 * tell. */
#define MISSING_AGAIN_US 60000

struct missing_packet {
	uint64_t index;
	uint64_t due; /* TSC; of the next ask */
	uint8_t asked;
	bool used;
};

struct missing_packets {
	uint32_t count;
	uint64_t next_due; /* of all; no ask is due before it */
	struct missing_packet packets[MISSING_PACKETS];
};

/* [first, first + count) did not come. */
void missing_add(struct missing_packets *missing, uint64_t first, uint64_t count, uint64_t tsc,
                 uint64_t tsc_hz);
/* It came: true if it had been asked for, not merely overtaken. */
bool missing_remove(struct missing_packets *missing, uint64_t index);
/*
 * A subscriber asks for it: true if it is on its way to be asked for, false if it came once, or is
 * given up. A subscriber's own wait takes the place of MISSING_FIRST_US.
 */
bool missing_want(struct missing_packets *missing, uint64_t index, uint64_t tsc);
/*
 * Indices that are to be asked for now, ascending; each counts as asked. Those that were asked for
 * often enough are given up.
 */
uint32_t missing_take(struct missing_packets *missing, uint64_t tsc, uint64_t tsc_hz,
                      uint64_t *indices, uint32_t room);
/* They could not be asked for after all: again in MISSING_FIRST_US. */
void missing_take_back(struct missing_packets *missing, const uint64_t *indices, uint32_t count,
                       uint64_t tsc, uint64_t tsc_hz);
void missing_clear(struct missing_packets *missing);

#endif
