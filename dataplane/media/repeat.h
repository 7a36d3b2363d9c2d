/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much may be retransmitted to a subscriber: a share of what it was sent, and each packet once
 * in about a round trip, so that a storm of NACKs is answered with no more than that.
 */
#ifndef MEDIA_REPEAT_H
#define MEDIA_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

struct subscription;

#define REPEAT_SHARE      4     /* one byte retransmitted for so many sent */
#define REPEAT_BURST      98304 /* bytes that a subscription may save up */
#define REPEAT_MISSED     200   /* charged for a packet that is not here, and asked for */
#define REPEAT_MEMORY     4096  /* power of two */
#define REPEAT_MIN_MS     5     /* between two retransmissions of a packet: bounds of ... */
#define REPEAT_MAX_MS     200   /* ... the round trip */
#define REPEAT_UNKNOWN_MS 20    /* while it is not known */

/* A worker's memory of its last retransmissions, direct-mapped: what is forgotten may be
 * retransmitted sooner, within the share. */
struct repeat_memory {
	struct {
		uint64_t key; /* subscription and outgoing index */
		uint64_t tsc;
	} entries[REPEAT_MEMORY];
};

enum repeat_verdict { REPEAT_PASS, REPEAT_TOO_SOON, REPEAT_NO_CREDIT };

/* index: outgoing. length: bytes of the packet. A packet that passes counts as retransmitted. */
enum repeat_verdict repeat_allow(struct repeat_memory *memory, struct subscription *subscription,
                                 uint32_t subscription_index, uint64_t index, uint32_t length,
                                 uint64_t tsc, uint64_t tsc_hz);

#endif
