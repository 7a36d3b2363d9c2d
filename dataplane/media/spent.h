/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was used under keys that are no longer in use, should they come back: sent, and received.
 *
 * Up to which index packets were made under a key and an SSRC that are no longer in use: should
 * both come back, numbering goes on behind it. Under one key no index may be used twice (RFC 3711,
 * 9.1; RFC 7714, 9.1): who has both packets could read either.
 *
 * Up to which index packets of a source have been taken: should its stream come back to the
 * endpoint, its rollover counter goes on, and nothing that came before is new again. An endpoint
 * that is added anew begins anew: its publisher may count from the beginning.
 *
 * What was sent is the control thread's alone. What was received workers write and look up as well;
 * an endpoint's sources lie together, so that one that changes its SSRC without end makes nearly
 * nobody else's be forgotten.
 *
 * Direct-mapped: of very many, some are forgotten. A restart forgets all; keys that outlive the
 * dataplane then begin at a random place.
 */
#ifndef MEDIA_SPENT_H
#define MEDIA_SPENT_H

#include <stdint.h>

#include <siphash.h>

struct endpoint;

#define SPENT_SLOTS    65536 /* power of two */
#define SPENT_TOGETHER 64    /* of one endpoint's sources */
/* Reports that a worker may still make of an endpoint that has just ended. */
#define SPENT_SLACK 1024
/* SRTCP's index, in the place of an SSRC. */
#define SPENT_RTCP 0
#define SPENT_BUSY 2 /* no hash: they are odd */

struct spent_slot {
	uint64_t hash;  /* atomic; of key, SSRC, and life where it was received; 0: empty;
	                   SPENT_BUSY: somebody writes */
	uint64_t index; /* atomic */
};

struct spent {
	struct siphash_key key;
	struct spent_slot sent[SPENT_SLOTS], received[SPENT_SLOTS];
};

/* index: the last that was used, or may still be. */
void spent_remember(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                    uint64_t index);
/* Any thread. next: the index behind the highest that was taken. */
void spent_remember_received(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                             uint64_t next);
/* Any thread. 0: nothing is known. */
uint64_t spent_recall_received(const struct spent *spent, const struct endpoint *endpoint,
                               uint32_t ssrc);
/* 0: nothing is known. */
uint64_t spent_recall(const struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc);

#endif
