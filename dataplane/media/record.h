/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ledger (ledger/ledger.h) holds of the forwarding unit. The control thread writes an
 * object's record when it makes or changes the object; the object's owner writes its state, and
 * never for a packet.
 *
 * Under one key no index may be used twice (RFC 3711, 9.1; RFC 7714, 9.1), also not by the next
 * dataplane. So indices are reserved: the owner writes up to where it may go before it goes there,
 * some thousands at once, and the next dataplane begins behind that. A receiver follows any jump
 * below 2^15.
 */
#ifndef MEDIA_RECORD_H
#define MEDIA_RECORD_H

#include "media/state.h"

struct ledger_shape;
struct options;

#define MEDIA_RECORD_SHAPES 7
/* Indices that are reserved at once; power of two. */
#define RECORD_STEP 4096u
/* Packets of a source between two notes of how far it is. */
#define RECORD_RECEIVED_STEP 256u

uint32_t media_record_shapes(const struct options *options, struct ledger_shape *shapes);

/* -- control thread -- */

void record_endpoint(struct media *media, const struct endpoint *endpoint,
                     const struct sluice_endpoint *add);
void record_endpoint_end(struct media *media, uint32_t index);
/* What is known of its key has changed. */
void record_endpoint_doubt(struct media *media, const struct endpoint *endpoint);
/* It will be `config`. given: the keys that it has from now on; of length 0: as before. */
void record_endpoint_change(struct media *media, const struct endpoint *endpoint,
                            const struct sluice_endpoint *config,
                            const struct sluice_endpoint *given);
void record_stream(struct media *media, const struct stream *stream);
void record_stream_end(struct media *media, uint32_t index);
/* With its state, before it is live; then what it is alone. */
void record_subscription_begin(struct media *media, struct subscription *subscription);
void record_subscription(struct media *media, const struct subscription *subscription);
void record_subscription_end(struct media *media, uint32_t index);
/* It is paused, or not; it gets another stream. One store. */
void record_subscription_changed(struct media *media, const struct subscription *subscription);
/* slot: of media->config->spent->sent */
void record_used(struct media *media, uint32_t slot);

/* -- owner; and the control thread before the object is live -- */

void record_endpoint_state(struct media *media, struct endpoint *endpoint);
void record_stream_state(struct media *media, struct stream *stream);
void record_subscription_state(struct subscription *subscription);

/* `index` of the subscription's own numbering is about to be used. */
static inline void record_reserve(struct subscription *subscription, uint64_t index)
{
	if (likely(index < subscription->reserved))
		return;
	subscription->reserved = (index | (RECORD_STEP - 1)) + 1;
	record_subscription_state(subscription);
}

static inline void record_reserve_rtx(struct subscription *subscription, uint64_t index)
{
	if (likely(index < subscription->rtx_reserved))
		return;
	subscription->rtx_reserved = (index | (RECORD_STEP - 1)) + 1;
	record_subscription_state(subscription);
}

static inline void record_reserve_rtcp(struct media *media, struct endpoint *endpoint,
                                       uint32_t index)
{
	if (likely(index < endpoint->rtcp_reserved))
		return;
	endpoint->rtcp_reserved = (index | (RECORD_STEP - 1)) + 1;
	record_endpoint_state(media, endpoint);
}

#endif
