/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/presence.h"

#include "media/key_frame.h"
#include "worker.h"

/* A round that was late says nothing about the subscriber. */
#define LOOK_SECONDS_MAX 2

/* held: from now on. A resumed subscriber has a gap and needs a key frame. */
static void legs_hold(struct media_worker *media_worker, const struct endpoint *endpoint, bool held)
{
	const struct endpoint_subscriptions *legs =
	        __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		struct subscription *subscription =
		        &media_worker->media->subscriptions[legs->list[i].subscription];

		if (subscription->held && !held &&
		    !__atomic_load_n(&subscription->paused, __ATOMIC_RELAXED))
			key_frame_ask(media_worker,
			              __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED));
		subscription->held = held;
		subscription->resync |= held;
	}
}

void presence_heard(struct media_worker *media_worker, struct endpoint *endpoint)
{
	endpoint->unheard = 0;
	if (!endpoint->silent)
		return;
	endpoint->silent = false;
	legs_hold(media_worker, endpoint, false);
}

/* What it was sent since the last look it has not answered. */
static void silence_add(struct media_worker *media_worker, struct endpoint *endpoint)
{
	const struct worker *worker = media_worker->worker;
	uint64_t passed = worker->tsc - endpoint->looked_tsc;

	endpoint->unheard += RTE_MIN(passed, LOOK_SECONDS_MAX * worker->tsc_hz);
	if (endpoint->unheard < PRESENCE_SECONDS * worker->tsc_hz)
		return;
	endpoint->silent = true;
	media_worker->counters[MEDIA_SILENT]++;
	legs_hold(media_worker, endpoint, true);
}

void presence_look(struct media_worker *media_worker, struct endpoint *endpoint)
{
	bool woken = __atomic_load_n(&endpoint->woken, __ATOMIC_RELAXED) &&
	             __atomic_exchange_n(&endpoint->woken, false, __ATOMIC_ACQ_REL);

	if (woken || endpoint->rx_packets != endpoint->looked_rx)
		presence_heard(media_worker, endpoint);
	else if (endpoint->tx_packets == endpoint->looked_tx)
		return; /* nothing to answer */
	else if (endpoint->reports && !endpoint->silent)
		silence_add(media_worker, endpoint);
	endpoint->looked_tsc = media_worker->worker->tsc;
	endpoint->looked_rx = endpoint->rx_packets;
	endpoint->looked_tx = endpoint->tx_packets;
}

void presence_rouse(struct endpoint *endpoint)
{
	__atomic_store_n(&endpoint->woken, true, __ATOMIC_RELEASE);
}
