/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A subscriber's NACK (RFC 4585, 6.2.1): from its numbering to the source's, and out of the cache
 * again. What the cache lacks is asked upstream, once for all subscribers.
 */
#ifndef MEDIA_NACK_H
#define MEDIA_NACK_H

#include "media/rtcp_read.h"
#include "media/state.h"

/* Sequence numbers that one compound may ask for; more are refused unseen. */
#define NACKS_PER_COMPOUND 512

/* index: the subscription's. budget: of the compound, goes down. */
void nack_answer(struct media_worker *media_worker, uint32_t index,
                 const struct rtcp_feedback *feedback, uint32_t *budget);
/* The subscription's worker: what it asked the stream's owner for. Takes the reference. */
void nack_given(struct media_worker *media_worker, uint32_t index, struct rte_mbuf *mbuf);

#endif
