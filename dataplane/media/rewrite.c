/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rewrite.h"

/* Reports that lie further apart are no two of one clock; and what arrives
 * tells as much as this part of a second: a key frame may have waited for PACE_MOST_US. */
#define JOINED_MOST ((int64_t)120 << 32)
#define JOINED_NEAR 2

/* So few numbers are missing where a stream went on, and nothing was switched away. */
#define REWRITE_STAYED 64

#define SPAN_MASK (SUBSCRIPTION_SPANS - 1)

void rewrite_begin(struct subscription *subscription, uint32_t random)
{
	const uint32_t room = (1u << 15) - REWRITE_BEFORE - 1;

	subscription->highest = REWRITE_BEFORE + random % room;
	subscription->resync = true;
	subscription->serial_now = 0;
	subscription->stream_now = 0;
	subscription->seq_offset = 0;
	subscription->timestamp_offset = 0;
	subscription->picture_offset = 0;
	subscription->tl0_offset = 0;
	subscription->spans_next = 0;
	subscription->gap_debt = 0;
	subscription->cut = 0;
	subscription->cut_picture = 0;
	subscription->hurried_until = 0;
	memset(subscription->spans, 0, sizeof(subscription->spans));
}

/* back 0: the one in use. */
static const struct subscription_span *span_at(const struct subscription *subscription,
                                               uint32_t back)
{
	return &subscription->spans[(subscription->spans_next - 1 - back) & SPAN_MASK];
}

/* From outgoing index `first` on, index + offset; in place of the last span where nothing was sent
 * in that. */
static void span_begin(struct subscription *subscription, uint64_t first, uint64_t offset)
{
	const struct subscription_span *last = span_at(subscription, 0);

	if (last->serial == 0 || last->first != first)
		subscription->spans_next++;
	subscription->spans[(subscription->spans_next - 1) & SPAN_MASK] =
	        (struct subscription_span){
	                .first = first,
	                .offset = offset,
	                .stream = subscription->stream_now,
	                .serial = subscription->serial_now,
	                .timestamp_offset = subscription->timestamp_offset,
	                .picture_offset = subscription->picture_offset,
	                .tl0_offset = subscription->tl0_offset,
	        };
	subscription->seq_offset = offset;
}

/* The timestamp that this moment would have had of the stream before, as both
 * streams' reports tell it. False: they do not. */
static bool timestamp_joined(const struct subscription *subscription,
                             const struct rewrite_packet *packet, uint32_t *timestamp)
{
	struct sender_clock before, now;
	int64_t apart;

	if (packet->streams == NULL ||
	    __atomic_load_n(&packet->streams[subscription->stream_now].serial, __ATOMIC_RELAXED) !=
	            subscription->serial_now ||
	    packet->streams[subscription->stream_now].clock_hz != packet->clock_hz ||
	    !sender_clock_read(&packet->streams[subscription->stream_now].clock, &before) ||
	    !sender_clock_read(&packet->streams[packet->stream].clock, &now))
		return false;
	apart = (int64_t)(now.ntp - before.ntp); /* 32.32 seconds */
	if (apart > JOINED_MOST || apart < -JOINED_MOST)
		return false;
	*timestamp = before.rtp + (packet->timestamp - now.rtp) +
	             (uint32_t)((apart >> 16) * packet->clock_hz >> 16) +
	             subscription->timestamp_offset;
	return true;
}

/* Another source has another clock: the timestamps go on by the time that has
 * passed, and by one at least, or two frames would be one. Layers of one
 * publisher are joined by its reports, so that they stay in step with its
 * audio. */
static uint32_t timestamp_offset_switched(const struct subscription *subscription,
                                          const struct rewrite_packet *packet)
{
	uint32_t joined, near = packet->clock_hz / JOINED_NEAR;
	uint32_t ticks = (uint32_t)(packet->tsc >> REWRITE_TICK_SHIFT) - subscription->sent_tick;
	double seconds = (double)((uint64_t)ticks << REWRITE_TICK_SHIFT) / packet->tsc_hz;
	uint32_t passed = (uint32_t)(uint64_t)(seconds * packet->clock_hz);

	passed = subscription->sent_timestamp + (passed > 0 ? passed : 1);
	if (timestamp_joined(subscription, packet, &joined) && joined - passed + near <= 2 * near &&
	    (int32_t)(joined - subscription->sent_timestamp) > 0)
		passed = joined;
	return passed - packet->timestamp;
}

/* The next picture id, and the next TL0PICIDX: one that begins at a key frame
 * hangs on none before it. */
static void pictures_go_on(struct subscription *subscription, const struct rewrite_packet *packet)
{
	if (!packet->vp8)
		return;
	subscription->cut_picture = 0;
	subscription->picture_offset = (subscription->sent_picture + 1 - packet->picture) & 0x7fff;
	subscription->tl0_offset = subscription->sent_tl0 + 1 - packet->tl0;
}

static void resync(struct subscription *subscription, const struct rewrite_packet *packet,
                   struct rewritten *out)
{
	uint64_t index = (subscription->highest + 1) & REWRITE_INDEX_MASK;
	bool first = subscription->serial_now == 0;
	/* of those that may still come the numbers are free, unless another subscription had them
	 */
	uint64_t before = first && !subscription->continues ? REWRITE_BEFORE : 0;
	uint32_t offset = subscription->timestamp_offset;

	if (!first && subscription->serial_now != packet->serial) {
		subscription->timestamp_offset = timestamp_offset_switched(subscription, packet);
		pictures_go_on(subscription, packet);
		if (subscription->hurried)
			subscription->hurried_until = index;
	}
	if (first) {
		subscription->sent_picture = packet->picture + subscription->picture_offset - 1;
		subscription->sent_tl0 = packet->tl0 + subscription->tl0_offset - 1;
	}
	subscription->serial_now = packet->serial;
	subscription->stream_now = packet->stream;
	subscription->resync = false;
	if (packet->key)
		subscription->cut = subscription->cut_wanted;
	if (subscription->timestamp_offset != offset && index < subscription->reserved)
		record_subscription_state(subscription);
	record_reserve(subscription, index);
	span_begin(subscription, index - before, (index - packet->index) & REWRITE_INDEX_MASK);
	subscription->highest = index;
	out->index = index;
	out->timestamp = packet->timestamp + subscription->timestamp_offset;
	if (first)
		subscription->sent_timestamp = out->timestamp - 1;
	rewrite_timestamp(subscription, packet, out->timestamp);
	if (packet->vp8)
		rewrite_vp8(subscription, packet, out);
}

/* No frame has begun yet that a decoder could begin with. */
static bool waits_for_key(struct subscription *subscription, const struct rewrite_packet *packet)
{
	uint32_t tick = (uint32_t)(packet->tsc >> REWRITE_TICK_SHIFT) | 1;
	uint64_t most = packet->tsc_hz / 1000 * REWRITE_WAIT_MS >> REWRITE_TICK_SHIFT;
	uint32_t switches = __atomic_load_n(&subscription->switches, __ATOMIC_RELAXED);

	if (!packet->keyed || packet->empty)
		return packet->keyed;
	if (packet->key) {
		subscription->wait_tick = 0;
		return false;
	}
	if (subscription->wait_tick == 0 || subscription->wait_switches != switches) {
		subscription->wait_tick = tick;
		subscription->wait_switches = switches;
	}
	if (tick - subscription->wait_tick < most)
		return true;
	subscription->wait_tick = 0;
	return false;
}

/* Whether the numbers between the highest one and `index` may be left out; then they are. */
static bool gap_take(struct subscription *subscription, uint64_t index)
{
	int64_t gap = rewrite_distance(subscription->highest, index) - 1;
	int64_t passed = rewrite_distance(subscription->gap_paid, subscription->highest);
	uint64_t paid = (uint64_t)RTE_MAX(passed, 0) * REWRITE_GAP_SHARE;

	if (gap == 0)
		return true;
	subscription->gap_debt -= (uint32_t)RTE_MIN(paid, subscription->gap_debt);
	subscription->gap_paid = subscription->highest;
	if (gap > REWRITE_GAP_MAX || subscription->gap_debt + gap > REWRITE_GAP_DEBT)
		return false;
	subscription->gap_debt += (uint32_t)gap;
	subscription->gap_paid = index - 1;
	return true;
}

/* The packet's number is given to the next one. Those before it that are still to come keep theirs.
 * The reservation follows at once: rewrite_next looks at it only where a step begins. */
static void close_over(struct subscription *subscription, uint64_t index)
{
	record_reserve(subscription, (index - 1) & REWRITE_INDEX_MASK);
	span_begin(subscription, index, (subscription->seq_offset - 1) & REWRITE_INDEX_MASK);
	subscription->highest = (index - 1) & REWRITE_INDEX_MASK;
}

/* Whether the packet is of a temporal layer that is left out. That changes where a frame begins; a
 * layer of VP8 comes back, the lowest one first, with a frame that hangs on none of those that were
 * left out; those of others together, behind a frame that says so. */
static bool temporal_is_cut(struct subscription *subscription, const struct rewrite_packet *packet)
{
	const uint8_t all = VP8_TEMPORALS - 1;
	uint8_t most = all - subscription->cut, wanted = all - subscription->cut_wanted;

	if (packet->key || (packet->begins && packet->temporal > wanted && most > wanted))
		most = wanted;
	else if (packet->begins && packet->sync && packet->temporal == most + 1 && most < wanted)
		most++;
	else if (packet->begins && packet->up && packet->temporal <= most && most < wanted)
		most = wanted;
	subscription->cut = all - most;
	return packet->temporal > most;
}

/* The picture's id is given to the next one. */
static void picture_cut(struct subscription *subscription, const struct rewrite_packet *packet)
{
	uint32_t picture = 1u << 16 | packet->picture;

	if (subscription->cut_picture != picture)
		subscription->picture_offset = (subscription->picture_offset - 1) & 0x7fff;
	subscription->cut_picture = picture;
}

/* The packet is ahead of all that came of the source. */
static enum rewrite_verdict ahead(struct subscription *subscription,
                                  const struct rewrite_packet *packet, uint64_t index,
                                  struct rewritten *out)
{
	bool fits = gap_take(subscription, index);
	bool cut = packet->temporals && temporal_is_cut(subscription, packet);

	if (cut && packet->vp8)
		picture_cut(subscription, packet);
	if (packet->empty || cut) {
		if (fits)
			close_over(subscription, index);
		subscription->resync |= !fits;
		return cut ? REWRITE_CUT : REWRITE_SKIP;
	}
	if (!fits) {
		resync(subscription, packet, out);
		return REWRITE_SEND;
	}
	record_reserve(subscription, index);
	subscription->highest = index;
	out->index = index;
	out->timestamp = packet->timestamp + subscription->timestamp_offset;
	rewrite_timestamp(subscription, packet, out->timestamp);
	if (packet->vp8)
		rewrite_vp8(subscription, packet, out);
	return REWRITE_SEND;
}

enum rewrite_verdict rewrite_odd(struct subscription *subscription,
                                 const struct rewrite_packet *packet, struct rewritten *out)
{
	uint64_t index = (packet->index + subscription->seq_offset) & REWRITE_INDEX_MASK;
	bool same = subscription->serial_now == packet->serial;
	bool later = rewrite_distance(subscription->highest, index) > 0;
	bool chosen = __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) == packet->stream;
	bool switched = subscription->switches_seen !=
	                __atomic_load_n(&subscription->switches, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&subscription->paused, __ATOMIC_RELAXED) || subscription->held ||
	    subscription->needs_key) {
		subscription->resync = true;
		subscription->wait_tick = 0; /* it waits again */
		return REWRITE_SKIP;
	}
	/* the stream before goes on until a frame has come that the other one can
	 * begin with */
	if (switched && !chosen && packet->keyed && same && later && !subscription->resync)
		return subscription->hurried ? REWRITE_SKIP
		                             : ahead(subscription, packet, index, out);
	/* to another and back, and it has gone on meanwhile */
	if (switched && chosen && packet->keyed && same && !subscription->resync &&
	    rewrite_distance(subscription->highest, index) <= REWRITE_STAYED) {
		subscription->switches_seen = subscription->switches;
		switched = false;
	}
	if (switched && chosen && waits_for_key(subscription, packet))
		return REWRITE_SKIP;
	/* to another and back, and nothing of that came: what went by meanwhile is no
	 * gap */
	if (switched && chosen) {
		subscription->switches_seen = subscription->switches;
		subscription->resync = true;
	}
	if (chosen && same && later && !subscription->resync)
		return ahead(subscription, packet, index, out);
	if (rewrite_find(subscription, packet, out))
		return REWRITE_SEND;
	if (!chosen || (same && !later))
		return REWRITE_LATE;
	if (packet->empty || (!switched && waits_for_key(subscription, packet)))
		return REWRITE_SKIP;
	resync(subscription, packet, out);
	return REWRITE_SEND;
}

bool rewrite_find(const struct subscription *subscription, const struct rewrite_packet *packet,
                  struct rewritten *out)
{
	uint64_t end = subscription->highest + 1;

	for (uint32_t back = 0; back < SUBSCRIPTION_SPANS; back++) {
		const struct subscription_span *span = span_at(subscription, back);
		uint64_t outgoing = (packet->index + span->offset) & REWRITE_INDEX_MASK;

		if (span->serial == 0)
			break;
		if (span->serial == packet->serial &&
		    rewrite_distance(span->first, outgoing) >= 0 &&
		    rewrite_distance(outgoing, end) > 0) {
			if (rewrite_distance(outgoing, subscription->highest) > REWRITE_REACH)
				return false;
			out->index = outgoing;
			out->timestamp = packet->timestamp + span->timestamp_offset;
			out->picture_offset = span->picture_offset;
			out->tl0_offset = span->tl0_offset;
			return true;
		}
		end = span->first;
	}
	return false;
}

bool rewrite_source(const struct subscription *subscription, uint64_t outgoing,
                    struct rewrite_source *source)
{
	int64_t behind = rewrite_distance(outgoing, subscription->highest);

	if (behind < 0 || behind > REWRITE_REACH)
		return false;
	for (uint32_t back = 0; back < SUBSCRIPTION_SPANS; back++) {
		const struct subscription_span *span = span_at(subscription, back);

		if (span->serial == 0)
			break;
		if (rewrite_distance(span->first, outgoing) >= 0) {
			*source = (struct rewrite_source){
			        .index = (outgoing - span->offset) & REWRITE_INDEX_MASK,
			        .stream = span->stream,
			        .serial = span->serial,
			};
			return true;
		}
	}
	return false;
}
