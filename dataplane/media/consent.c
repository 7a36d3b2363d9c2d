/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/consent.h"

#include "media/address.h"
#include "media/record.h"

void consent_begin(struct endpoint *endpoint, uint64_t tsc)
{
	endpoint->unproven = true;
	endpoint->consent = 0;
	endpoint->moved_tsc = tsc;
	endpoint->rtcp_due = tsc; /* what it can prove itself by */
	endpoint->rtcp_next = 0;
	endpoint->frame.generation = 0;
}

bool consent_spend(struct endpoint *endpoint, uint16_t length)
{
	uint64_t all = length + CONSENT_OVERHEAD;

	if (!endpoint->unproven)
		return true;
	if (endpoint->consent < all)
		return false;
	endpoint->consent -= all;
	return true;
}

void consent_prove(struct media_worker *media_worker, struct endpoint *endpoint,
                   const struct subscription *subscription)
{
	if (likely(!endpoint->unproven) || subscription->sr_tsc <= endpoint->moved_tsc)
		return;
	endpoint->unproven = false;
	record_endpoint_state(media_worker->media, endpoint);
	/* what it lacks by now began without it */
	address_ask_key_frames(media_worker, endpoint);
}
