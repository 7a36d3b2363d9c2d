/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Up to which index packets were made under a key and an SSRC that are no longer in use: should
 * both come back, numbering goes on behind it. Under one key no index may be used twice (RFC 3711,
 * 9.1; RFC 7714, 9.1): who has both packets could read either. Control thread.
 *
 * Direct-mapped: of very many, some are forgotten. A restart forgets all; keys that outlive the
 * dataplane then begin at a random place.
 */
#ifndef MEDIA_SPENT_H
#define MEDIA_SPENT_H

#include <stdint.h>

#include <siphash.h>

struct sluice_endpoint;

#define SPENT_SLOTS 65536 /* power of two */
/* Packets that a worker may still make of what has just ended. */
#define SPENT_SLACK 1024
/* SRTCP's index, in the place of an SSRC. */
#define SPENT_RTCP 0

struct spent {
	struct siphash_key key;
	struct {
		uint64_t hash; /* of the transmit key and the SSRC; 0: empty */
		uint64_t index;
	} slots[SPENT_SLOTS];
};

void spent_remember(struct spent *spent, const struct sluice_endpoint *endpoint, uint32_t ssrc,
                    uint64_t index);
/* 0: nothing is known. */
uint64_t spent_recall(const struct spent *spent, const struct sluice_endpoint *endpoint,
                      uint32_t ssrc);

#endif
