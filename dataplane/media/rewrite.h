/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A subscription's own numbering: which index and timestamp a source's packet gets. It goes on
 * without a gap over pauses, switches of the source and packets that are not forwarded.
 *
 * An outgoing index stands for one source packet for ever: under one key it is never given to
 * another (RFC 7714, 9.1). The spans say which: a span begins where the difference between the two
 * numberings changes.
 *
 * Packets without payload, or of padding alone, only probe the path from the publisher to us. One
 * that comes in its turn is left out and the numbering closes over it. One that comes late has its
 * number already, between others that are sent: it is forwarded, or the subscriber would miss it.
 *
 * What a source leaves out the subscriber sees as a gap, and may ask for. A receiver guesses the
 * rollover counter (RFC 3711, 3.3.1), and 2^15 numbers that it has not seen make it guess wrong for
 * ever; so what a publisher can do to the numbering is bounded. A jump further than
 * REWRITE_GAP_MAX is a source that began again, and begins a span without a gap. So does a gap for
 * which the debt is too high: each packet pays back REWRITE_GAP_SHARE numbers. A subscriber that
 * loses 1600 packets in a row is at most 2^14 behind, and 4900 are fewer than 2^15.
 */
#ifndef MEDIA_REWRITE_H
#define MEDIA_REWRITE_H

#include <rte_branch_prediction.h>

#include "media/reception.h"
#include "media/record.h"
#include "media/state.h"

#define REWRITE_INDEX_MASK (((uint64_t)1 << 48) - 1)
#define REWRITE_TICK_SHIFT 15 /* some 10 us of TSC: 32 bits wrap after half a day */
/* Packets before the first one that a subscriber got which may still come, and be placed. */
#define REWRITE_BEFORE 512
/* Numbers that one packet may leave out; a receiver takes the same jump for a beginning. */
#define REWRITE_GAP_MAX   RECEPTION_MAX_DROPOUT
#define REWRITE_GAP_DEBT  8192 /* that packets may leave out in all, and have not paid back */
#define REWRITE_GAP_SHARE 4
/* What lies further behind is gone: its receiver would take it for another rollover. */
#define REWRITE_REACH ((int64_t)1 << 14)
/* A subscription begins, and goes on with another stream, at a key frame; for
 * want of one after this time all the same: parameter sets may have another
 * way. */
#define REWRITE_WAIT_MS 3000

enum rewrite_verdict {
	REWRITE_SEND,
	REWRITE_SKIP, /* nothing to send: paused, held, or nothing in it */
	REWRITE_CUT,  /* of a temporal layer that is left out */
	REWRITE_LATE, /* its numbers are gone, with what was paused or switched away */
};

/* What all subscribers of a packet have in common. */
struct rewrite_packet {
	uint64_t index;
	uint32_t stream, serial;
	uint32_t timestamp;
	bool empty;                     /* no payload but padding */
	bool keyed;                     /* its stream tells where a key frame begins, and ... */
	bool key;                       /* ... here one does */
	bool vp8;                       /* picture and tl0 are its own */
	uint16_t picture, picture_mask; /* of 7 or 15 bits */
	uint8_t tl0;
	bool temporals;               /* it tells of its temporal layer: ... */
	uint8_t temporal;             /* 0: the lowest, or there are none */
	bool begins;                  /* it begins a frame ... */
	bool sync;                    /* ... that hangs on the lowest layer alone (VP8), ... */
	bool up;                      /* ... behind which all layers can be decoded */
	const struct stream *streams; /* by whose reports clocks are joined; NULL: by arrival */
	uint32_t clock_hz;
	uint64_t tsc, tsc_hz;
};

struct rewritten {
	uint64_t index;
	uint32_t timestamp;
	/* of VP8: what is added */
	uint16_t picture_offset;
	uint8_t tl0_offset;
};

/* Which packet of which stream an outgoing index stands for. */
struct rewrite_source {
	uint64_t index;
	uint32_t stream, serial;
};

/* Control thread, of a new subscription. RFC 3711, 3.3.1: the first sequence number is in the lower
 * half, so that its receiver cannot mistake the rollover counter. */
void rewrite_begin(struct subscription *subscription, uint32_t random);

/* What is not simply the next packet of the same stream, its number the next one. */
enum rewrite_verdict rewrite_odd(struct subscription *subscription,
                                 const struct rewrite_packet *packet, struct rewritten *out);

/* Where a source's packet was placed, or would have been: late, or retransmitted. */
bool rewrite_find(const struct subscription *subscription, const struct rewrite_packet *packet,
                  struct rewritten *out);
/* The other way, of an outgoing index. False: not known any more, or not sent. */
bool rewrite_source(const struct subscription *subscription, uint64_t outgoing,
                    struct rewrite_source *source);
/* The outgoing index that a subscriber means by 16 bits. */
static inline uint64_t rewrite_outgoing(const struct subscription *subscription, uint16_t seq)
{
	return (subscription->highest - (uint16_t)(subscription->highest - seq)) &
	       REWRITE_INDEX_MASK;
}

static inline int64_t rewrite_distance(uint64_t from, uint64_t to)
{
	return (int64_t)((to - from) << 16) >> 16;
}

static inline void rewrite_timestamp(struct subscription *subscription,
                                     const struct rewrite_packet *packet, uint32_t timestamp)
{
	if ((int32_t)(timestamp - subscription->sent_timestamp) <= 0)
		return;
	subscription->sent_timestamp = timestamp;
	subscription->sent_tick = (uint32_t)(packet->tsc >> REWRITE_TICK_SHIFT);
}

/* Of the packet that is sent: a decoder must not see a picture id twice, nor a
 * step back. */
static inline void rewrite_vp8(struct subscription *subscription,
                               const struct rewrite_packet *packet, struct rewritten *out)
{
	uint16_t mask = packet->picture_mask;
	uint16_t picture = (packet->picture + subscription->picture_offset) & mask;
	uint16_t ahead = (picture - subscription->sent_picture) & mask;

	out->picture_offset = subscription->picture_offset;
	out->tl0_offset = subscription->tl0_offset;
	if (ahead != 0 && ahead <= mask / 2)
		subscription->sent_picture = picture;
	if ((int8_t)(packet->tl0 + subscription->tl0_offset - subscription->sent_tl0) > 0)
		subscription->sent_tl0 = packet->tl0 + subscription->tl0_offset;
}

/* Owner. `out` is set with REWRITE_SEND. */
static inline enum rewrite_verdict rewrite_next(struct subscription *subscription,
                                                const struct rewrite_packet *packet,
                                                struct rewritten *out)
{
	uint64_t index = (packet->index + subscription->seq_offset) & REWRITE_INDEX_MASK;
	uint32_t stream = __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED);
	bool paused = __atomic_load_n(&subscription->paused, __ATOMIC_RELAXED);

	if (unlikely(paused | subscription->resync | packet->empty | (stream != packet->stream) |
	             ((index & (RECORD_STEP - 1)) == 0) |
	             (subscription->serial_now != packet->serial) |
	             (index != ((subscription->highest + 1) & REWRITE_INDEX_MASK))) ||
	    (packet->temporals && unlikely((subscription->cut | subscription->cut_wanted) != 0)))
		return rewrite_odd(subscription, packet, out);
	subscription->highest = index;
	out->index = index;
	out->timestamp = packet->timestamp + subscription->timestamp_offset;
	rewrite_timestamp(subscription, packet, out->timestamp);
	if (packet->vp8)
		rewrite_vp8(subscription, packet, out);
	return REWRITE_SEND;
}

#endif
