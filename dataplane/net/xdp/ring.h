/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One of an AF_XDP socket's four rings, shared with the kernel: we produce into fill and tx, and
 * consume rx and completion. `mine` is our index, `theirs` the kernel's as it was seen last.
 */
#ifndef NET_XDP_RING_H
#define NET_XDP_RING_H

#include <stddef.h>
#include <stdint.h>

struct xdp_ring {
	uint32_t *producer, *consumer;
	const uint32_t *flags; /* XDP_RING_NEED_WAKEUP */
	void *entries;         /* uint64_t of fill and completion, struct xdp_desc of rx and tx */
	uint32_t mask;
	uint32_t mine, theirs;
	void *map;
	size_t length; /* of the mapping; 0: none */
};

/* Entries that may be produced, at most `want`. */
static inline uint32_t ring_room(struct xdp_ring *ring, uint32_t want)
{
	uint32_t room = ring->mask + 1 - (ring->mine - ring->theirs);

	if (room < want) {
		ring->theirs = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
		room = ring->mask + 1 - (ring->mine - ring->theirs);
	}
	return room < want ? room : want;
}

/* Entries from mine on that may be consumed, at most `want`. */
static inline uint32_t ring_ready(struct xdp_ring *ring, uint32_t want)
{
	uint32_t ready = ring->theirs - ring->mine;

	if (ready < want) {
		ring->theirs = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
		ready = ring->theirs - ring->mine;
	}
	return ready < want ? ready : want;
}

/* Shows the kernel what was produced up to `mine`. */
static inline void ring_produced(struct xdp_ring *ring)
{
	__atomic_store_n(ring->producer, ring->mine, __ATOMIC_RELEASE);
}

/* Gives back to the kernel what was consumed up to `mine`. */
static inline void ring_consumed(struct xdp_ring *ring)
{
	__atomic_store_n(ring->consumer, ring->mine, __ATOMIC_RELEASE);
}

#endif
