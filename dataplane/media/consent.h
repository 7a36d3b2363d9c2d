/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint that is where its packets come from (`remote learn`) could name anybody's address by
 * one forged source. Until the address has proven itself, it is sent at most as much as came from
 * it. Proof is what only a receiver there can know: a report block about one of the endpoint's
 * legs, whose LSR is that of a sender report that went to this address. Which moment of the two
 * clocks that tells is drawn at random, so that it cannot be guessed in few tries.
 *
 * A packet counts with its headers, or many small ones would be answered by more.
 */
#ifndef MEDIA_CONSENT_H
#define MEDIA_CONSENT_H

#include "media/state.h"

#define CONSENT_OVERHEAD 48 /* IPv6 and UDP */
#define CONSENT_SCARCE   1500
#define CONSENT_PROBE    (8 + 28 + SRTP_TAIL_MAX) /* receiver report, sender report */

/* Owner: the endpoint has another address. */
void consent_begin(struct endpoint *endpoint, uint64_t tsc);
/* Owner: so much came from the address. */
static inline void consent_earn(struct endpoint *endpoint, uint16_t length)
{
	endpoint->consent += length + CONSENT_OVERHEAD;
}

/* Owner: whether so much may be sent there; then it is taken for sent. */
bool consent_spend(struct endpoint *endpoint, uint16_t length);
/* So little may be sent there that nothing but the proof is worth it. */
static inline bool consent_is_scarce(const struct endpoint *endpoint)
{
	return endpoint->unproven && endpoint->consent < CONSENT_SCARCE;
}

/* Not even a report about one subscription may be sent there. */
static inline bool consent_is_spent(const struct endpoint *endpoint)
{
	const uint64_t least = CONSENT_PROBE + CONSENT_OVERHEAD;

	return endpoint->unproven && endpoint->consent < least + endpoint->mki_length;
}

/* Owner: one of its subscriptions is reported on, with an LSR that was right. */
void consent_prove(struct media_worker *media_worker, struct endpoint *endpoint,
                   const struct subscription *subscription);

#endif
