/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Indices that were used under keys and SSRCs that are no longer in use, should they come back.
 *
 * Sent: the highest index under a key and an SSRC; numbering goes on above it. Under one key no
 * index may be used twice (RFC 3711, 9.1; RFC 7714, 9.1): two such packets reveal each other's
 * plaintext.
 *
 * Received: the highest index of a source; if its stream comes back to the endpoint, the rollover
 * counter goes on, and earlier packets are replays. An endpoint that is deleted and added again
 * begins at 0, as its publisher may.
 *
 * What was sent is the control thread's alone. What was received workers write and look up as well;
 * an endpoint's sources lie together, so that one that changes its SSRC all the time hardly
 * displaces others'.
 *
 * Direct-mapped: of very many, some are forgotten. Over a restart the ledger keeps what was sent
 * (media/record.h); what was received is forgotten.
 */
#ifndef MEDIA_SPENT_H
#define MEDIA_SPENT_H

#include <stdbool.h>
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
/* In the place of an endpoint's life: a key of which not everything is known. */
#define SPENT_DOUBT UINT32_MAX

struct spent_slot {
	uint64_t hash;  /* atomic; of key, SSRC, and life where it was received; 0: empty;
	                   SPENT_BUSY: it is being written */
	uint64_t index; /* atomic */
};

struct spent {
	struct siphash_key key;
	struct spent_slot sent[SPENT_SLOTS], received[SPENT_SLOTS];
};

/* index: the last that was used, or may still be. Returns the slot in `sent`. */
uint32_t spent_remember(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                        uint64_t index);
/* Any thread. next: the index behind the highest that was taken. */
void spent_remember_received(struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc,
                             uint64_t next);
/* Any thread. 0: nothing is known. */
uint64_t spent_recall_received(const struct spent *spent, const struct endpoint *endpoint,
                               uint32_t ssrc);
/* 0: nothing is known. */
uint64_t spent_recall(const struct spent *spent, const struct endpoint *endpoint, uint32_t ssrc);
/* Under the endpoint's key more may have been sent than is known here. Returns the slot in `sent`.
 */
uint32_t spent_doubt(struct spent *spent, const struct endpoint *endpoint);
bool spent_is_doubted(const struct spent *spent, const struct endpoint *endpoint);

#endif
