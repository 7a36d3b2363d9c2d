/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which clients have an allocation: a table that the dataplane writes and the rules read, in memory
 * that it shares with XDP. It tells that the answer to a Binding meets somebody who is in touch
 * with us, so that an office behind one address does not pay for its keepalives with the tokens of
 * who is yet to come. One who guesses such a client's address and port makes us send it two answers
 * a second.
 */
#ifndef GATE_CLIENT_H
#define GATE_CLIENT_H

#include "gate_state.h"

#define GATE_CLIENT_WAYS 8

/*
 * Each word is a client: its tag in the upper half, never 0, and in the lower one when its bucket
 * is full again (the generic cell rate algorithm). The table's first entry has no clients but what
 * the others are found by.
 */
struct gate_clients {
	__u64 words[GATE_CLIENT_WAYS];
};

/* Words of the first entry. */
enum gate_client_word {
	GATE_CLIENT_FACTORS, /* four secret odd numbers, which the hash multiplies by */
	GATE_CLIENT_ENTRIES =
	        4, /* how many there are, a power of two; 0: the table is not filled */
};

/* In units of 2^20 ns, a little more than a millisecond: two in a second, nine at once. */
#define GATE_CLIENT_UNIT     20
#define GATE_CLIENT_INTERVAL 477
#define GATE_CLIENT_SLACK    (8 * GATE_CLIENT_INTERVAL)

GATE_INLINE __u64 gate_client_hash(const struct gate_clients *first, const __u64 ip[2], __u16 port)
{
	const __u64 *factors = &first->words[GATE_CLIENT_FACTORS];
	__u64 hash = ip[0] * factors[0] + ip[1] * factors[1] + port * factors[2];

	hash = (hash ^ hash >> 32) * factors[3];
	return hash ^ hash >> 29;
}

/* Never the first one. */
GATE_INLINE __u32 gate_client_entry(__u64 hash, __u32 entries)
{
	__u32 entry = hash & (entries - 1);

	return entry != 0 ? entry : 1;
}

GATE_INLINE __u32 gate_client_tag(__u64 hash)
{
	return (__u32)(hash >> 32) | 1;
}

/* The client is there, and has a token left: it is taken. Two CPUs may take the same. */
GATE_INLINE int gate_client_take(struct gate_clients *entry, __u32 tag, __u32 now)
{
	int i;

#pragma GCC unroll 8
	for (i = 0; i < GATE_CLIENT_WAYS; i++) {
		__u64 word = *(volatile __u64 *)&entry->words[i];
		__u32 ahead = (__u32)word - now;

		if (word >> 32 != tag)
			continue;
		if (ahead > GATE_CLIENT_SLACK + GATE_CLIENT_INTERVAL) /* it has passed */
			ahead = 0;
		if (ahead > GATE_CLIENT_SLACK)
			return 0;
		/* the lower half alone: the dataplane may give the word to another client */
		*(volatile __u32 *)&entry->words[i] = now + ahead + GATE_CLIENT_INTERVAL;
		return 1;
	}
	return 0;
}

#endif
