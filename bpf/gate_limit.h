/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Limits without state for each source: buckets in arrays of fixed size that a keyed hash indexes,
 * so that a sender cannot choose with which other sources it shares one.
 */
#ifndef GATE_LIMIT_H
#define GATE_LIMIT_H

#include "gate_packet.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

/*
 * Two kinds of keyed hash. A prefix goes through SipHash-1-3, a PRF: nothing of its key can be
 * learned. What is finer - the address in its prefix, the request of a source - is put on top by
 * multiplying with secret odd words (Dietzfelbinger: 2-universal), at a fifth of the cost.
 */

GATE_INLINE __u64 gate_siphash(const struct siphash_key *key, __u64 word, __u64 kind)
{
	struct siphash_state s = siphash_begin(key);

	s.v1 ^= kind;
	s.v3 ^= word;
	siphash_round(&s);
	s.v0 ^= word;
	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* So that the lower bits, which index, depend on all. */
GATE_INLINE __u64 gate_mix(const struct gate_hash_keys *keys, __u64 hash)
{
	hash = (hash ^ hash >> 32) * keys->multipliers[0];
	return hash ^ hash >> 29;
}

/* The address cut to its /24, or /48. */
GATE_INLINE void gate_prefix_of(const __u64 ip[2], __u64 prefix[2])
{
	if (gate_is_v4(ip)) {
		prefix[0] = 0;
		prefix[1] = ip[1] & 0x00ffffffffffffffull;
	} else {
		prefix[0] = ip[0] & 0x0000ffffffffffffull;
		prefix[1] = 0;
	}
}

GATE_INLINE __u64 gate_prefix_hash(const struct gate_hash_keys *keys, const __u64 prefix[2])
{
	return gate_siphash(&keys->key, prefix[0] | prefix[1], prefix[0] == 0 ? 4 : 6);
}

/* The unit of an attacker: one IPv4 address, or an IPv6 /64, of which every address is free to use.
 */
GATE_INLINE __u64 gate_source_hash(const struct gate_hash_keys *keys, __u64 prefix_hash,
                                   const __u64 ip[2])
{
	__u64 rest = gate_is_v4(ip) ? ip[1] >> 56 : ip[0] >> 48;

	return gate_mix(keys, prefix_hash + rest * keys->multipliers[1]);
}

/*
 * The same for a source that has shown to be at its address: it can only shut out itself, and no
 * prefix has to be known.
 */
GATE_INLINE __u64 gate_verified_hash(const struct gate_hash_keys *keys, const __u64 ip[2])
{
	__u64 source = gate_is_v4(ip) ? ip[1] >> 32 : ip[0];

	return gate_mix(keys, source * keys->multipliers[1]);
}

/* stun: a STUN header. What a retransmission repeats: source, port, transaction, length. */
GATE_INLINE __u64 gate_request_hash(const struct gate_hash_keys *keys, __u64 source_hash,
                                    const struct gate_packet *packet, const __u8 *stun)
{
	__u64 tail = (__u64)packet->length << 48 | (__u64)packet->src_port << 32 |
	             gate_load32(stun + 16);

	return gate_mix(keys, source_hash + packet->src[1] * keys->multipliers[2] +
	                              gate_load64(stun + 8) * keys->multipliers[3] +
	                              tail * keys->multipliers[4]);
}

/* Which datagram a fragment is of. */
GATE_INLINE __u64 gate_fragment_hash(const struct gate_hash_keys *keys,
                                     const struct gate_packet *packet)
{
	return gate_mix(keys, packet->src[0] * keys->multipliers[1] +
	                              packet->src[1] * keys->multipliers[2] +
	                              (packet->dst[0] ^ packet->dst[1]) * keys->multipliers[3] +
	                              packet->id * keys->multipliers[4]);
}

/* 40 bits of the hash, and when, in units of a quarter of a second. */
GATE_INLINE __u64 gate_fragment_entry(__u64 hash, __u64 now)
{
	return (hash & ~0xffffffull) | (now >> 28 & 0xffffff);
}

GATE_INLINE int gate_fragment_is(__u64 entry, __u64 hash, __u64 now)
{
	__u64 wanted = gate_fragment_entry(hash, now);

	return entry >> 24 == wanted >> 24 && ((wanted - entry) & 0xffffff) <= GATE_FRAGMENT_UNITS;
}

/*
 * Takes tokens where one is there, or returns 0. Two CPUs that meet in one bucket may take the same
 * token: that is rarer than it would cost to prevent.
 */
GATE_INLINE int gate_take_more(__u64 *bucket, const struct gate_limit *limit, __u64 now,
                               __u32 tokens)
{
	__u64 due = *(volatile __u64 *)bucket;
	__u64 start = due > now ? due : now;

	if (start - now > limit->slack && limit->interval != 0)
		return 0;
	*(volatile __u64 *)bucket = start + limit->interval * tokens;
	return 1;
}

GATE_INLINE int gate_take(__u64 *bucket, const struct gate_limit *limit, __u64 now)
{
	return gate_take_more(bucket, limit, now, 1);
}

/*
 * Hysteresis. It begins when the bucket was found empty, and is over when `attacked` has come to
 * pass: each arrival moves that on by one interval, at most to `hold` from now. So it ends `hold`
 * after the last packet, later while some still come, and never while they come above the rate.
 */
GATE_INLINE int gate_is_attacked(struct gate_guard *guard, const struct gate_limit *limit,
                                 __u64 hold, __u64 now)
{
	__u64 until = *(volatile __u64 *)&guard->attacked;
	__u64 next = until + limit->interval;

	if (until <= now)
		return 0;
	if (next > now + hold)
		next = now + hold;
	if (next != until)
		guard->attacked = next;
	return 1;
}

/* True once, for the caller that is first to see that the guard's attack is over. */
GATE_INLINE int gate_ends_attack(struct gate_guard *guard, __u64 now)
{
	__u64 until = *(volatile __u64 *)&guard->attacked;

	return until != 0 && until <= now &&
	       __sync_val_compare_and_swap(&guard->attacked, until, 0) == until;
}

/* The bucket was found empty: true for the one caller that begins it. */
GATE_INLINE int gate_begins_attack(struct gate_guard *guard, __u64 hold, __u64 now)
{
	__u64 until = *(volatile __u64 *)&guard->attacked;

	return until <= now &&
	       __sync_val_compare_and_swap(&guard->attacked, until, now + hold) == until;
}

/*
 * How many arrivals of a request pay for one answer to it: so many that no more than three quarters
 * of their IP bytes are sent back, however long the realm is. 2 to GATE_ARRIVALS_MAX - 1.
 */
GATE_INLINE __u32 gate_arrivals(const struct gate_packet *packet, __u32 answer)
{
	__u32 header = gate_is_v4(packet->src) ? GATE_IP4_HEADER + GATE_UDP_HEADER
	                                       : GATE_IP6_HEADER + GATE_UDP_HEADER;
	__u32 sent = 4 * (answer + header), came = 3 * (packet->length + header);

	return 2 + (sent > 2 * came) + (sent > 3 * came) + (sent > 4 * came) + (sent > 5 * came);
}

/* The newest place of a word that holds this tag, as its highest bit; 0: there is none. */
GATE_INLINE __u64 gate_tag_find(__u64 word, __u64 tag)
{
	__u64 other = word ^ tag * GATE_TAG_ONES;
	__u64 found = (other - GATE_TAG_ONES) & ~other & GATE_TAG_HIGH;

	return found & -found;
}

/* The tag becomes the newest, in exchange for what was at `place`. */
GATE_INLINE __u64 gate_tag_put(__u64 word, __u64 place, __u64 tag)
{
	__u64 newer = (place >> (GATE_TAG_BITS - 1)) - 1;
	__u64 older = ~((place << 1) - 1);

	return (word & older) | (word & newer) << GATE_TAG_BITS | tag;
}

/*
 * Has this request arrived `needed` times, 2 to GATE_ARRIVALS_MAX - 1, this one included? Its
 * place, to be cleared when it passes, so that of as many arrivals one passes; or 0, and it is
 * noted. One request in 32, by its hash, has to come once more: so what was answered before the
 * attack was known for one is made up for. Two CPUs that meet in one word may forget what one of
 * them noted.
 */
GATE_INLINE __u64 gate_seen_find(__u64 *seen, __u64 hash, __u32 needed)
{
	__u64 word = *(volatile __u64 *)seen;
	__u64 base = (hash >> 40 & 0xffff) * GATE_TAG_NAMES >> 16;
	__u32 last = needed - 1 + ((hash >> 32 & 31) == 0), stage;
	__u64 place = 0;

#pragma GCC unroll 6
	for (stage = GATE_ARRIVALS_MAX - 1; stage > 0; stage--) {
		if (stage > last)
			continue;
		place = gate_tag_find(word, base + stage);
		if (place)
			break;
	}
	if (place && stage == last)
		return place;
	if (!place)
		place = gate_tag_find(word, 0);
	if (!place)
		place = 1ull << (GATE_TAGS * GATE_TAG_BITS - 1);
	*(volatile __u64 *)seen = gate_tag_put(word, place, base + stage + 1);
	return 0;
}

GATE_INLINE void gate_seen_forget(__u64 *seen, __u64 place)
{
	*seen &= ~((place << 1) - (place >> (GATE_TAG_BITS - 1)));
}

/* A drop's share in the table of the most frequent. */
GATE_INLINE void gate_top_add(struct gate_top *top, const __u64 ip[2], __u64 now)
{
	if (top->ip[0] == ip[0] && top->ip[1] == ip[1]) {
		top->weight++;
		top->dropped++;
		top->seen = now;
	} else if (top->weight > 0) {
		top->weight--;
	} else {
		top->ip[0] = ip[0];
		top->ip[1] = ip[1];
		top->weight = 1;
		top->dropped = 1;
		top->seen = now;
	}
}

#endif
