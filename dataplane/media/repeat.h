/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be repeated for a subscriber: a share of what its leg was sent, and each packet once in
 * about a round trip, so that a storm of NACKs is answered with no more than that.
 */
#ifndef MEDIA_REPEAT_H
#define MEDIA_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

struct subscription;

#define REPEAT_SHARE      4     /* one byte repeated for so many sent */
#define REPEAT_BURST      98304 /* bytes that a leg may save up */
#define REPEAT_MISSED     200   /* charged for a packet that is not here, and asked for */
#define REPEAT_MEMORY     4096  /* power of two */
#define REPEAT_MIN_MS     5     /* between two repeats of a packet: bounds of ... */
#define REPEAT_MAX_MS     200   /* ... the round trip */
#define REPEAT_UNKNOWN_MS 20    /* while it is not known */

/* A worker's memory of what it repeated last, direct-mapped: what is forgotten may be repeated
 * sooner, within the share. */
struct repeat_memory {
	struct {
		uint64_t key; /* subscription and outgoing index */
		uint64_t tsc;
	} entries[REPEAT_MEMORY];
};

enum repeat_verdict { REPEAT_PASS, REPEAT_TOO_SOON, REPEAT_NO_CREDIT };

/* index: outgoing. length: bytes of the packet. A packet that passes counts as repeated. */
enum repeat_verdict repeat_allow(struct repeat_memory *memory, struct subscription *subscription,
                                 uint32_t subscription_index, uint64_t index, uint32_t length,
                                 uint64_t tsc, uint64_t tsc_hz);

#endif
