/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker has yet to write for its subscriptions: plaintext packets in order of arrival, each
 * with a cursor into the stream's subscriptions. A walk takes a part of it, so that one packet with
 * thousands of subscriptions does not delay the others, and its mbufs stay in the cache.
 */
#ifndef MEDIA_FAN_H
#define MEDIA_FAN_H

#include <stdbool.h>

#include "media/codec.h"
#include "media/rewrite.h"
#include "media/state.h"

/* Packets of a burst: as many as a walk writes, so that their mbufs are still in the cache when
 * they come back from the port, and no packet waits for the end of a large audience. */
#define FAN_BURST 256
/* Packets that come in, in one burst. */
#define FAN_SOURCES 64
/* Consecutive packets of one stream that go to a subscription together before the next one has its
 * turn: what is a subscription's own, its key above all, comes into the cache once for all of them.
 */
#define FAN_TOGETHER 8

/* What the copies of one packet have in common. */
struct fan_source {
	struct rewrite_packet packet;
	struct rte_mbuf *mbuf;
	const uint8_t *payload; /* plaintext; the header stands before it */
	uint64_t head; /* the header's first 8 bytes as a number, without the subscription's part */
	uint16_t payload_length;
	uint16_t tail_length; /* of the header: what follows its fixed part */
	uint16_t ext_offset, ext_length, ext_profile;
	uint8_t payload_type;
	bool repeat;               /* for one leg alone, that had it already */
	bool paced;                /* for one leg alone, that it has waited for */
	struct vp8_descriptor vp8; /* where packet.vp8 */
};

/* One copy to write. The writer prefetches what it points at. */
struct fan_leg {
	struct subscription *subscription;
	struct endpoint *endpoint; /* the writer's to set */
	const struct fan_source *source;
};

/* A burst, and the packets that it finishes. */
struct fan_burst {
	unsigned int count, sources_count, done_count;
	struct fan_leg legs[FAN_BURST];
	struct fan_source sources[FAN_SOURCES];
	struct rte_mbuf *done[FAN_SOURCES];
	struct packet_cache *caches[FAN_SOURCES]; /* where they go; NULL: they are freed */
};

static inline bool fan_empty(const struct media_worker *worker)
{
	return worker->backlog_head == worker->backlog_tail;
}

/* New packets, which all wait for, go before those for one subscription. */
static inline bool fan_is_crowded(const struct media_worker *worker)
{
	return worker->backlog_tail - worker->backlog_head > worker->backlog_mask / 2;
}

/* Takes over one reference of a packet with packet->media; only: a subscription to retransmit it
 * to, or 0. False: full, the reference stays the caller's. */
bool fan_put(struct media_worker *worker, struct rte_mbuf *mbuf, uint32_t only);
/* The same of one that has waited for this subscription's turn (media/viewer_pace.c). */
bool fan_put_paced(struct media_worker *worker, struct rte_mbuf *mbuf, uint32_t only);

/* The next copies to write; the burst is empty where none are left. Its packets must be written
 * before fan_done. */
void fan_take(struct media_worker *worker, struct fan_burst *burst);
/* Packets that have been written for all go into the cache of their stream. */
void fan_done(struct media_worker *worker, struct fan_burst *burst);

/* Before the worker goes. */
void fan_drop_all(struct media_worker *worker);

#endif
