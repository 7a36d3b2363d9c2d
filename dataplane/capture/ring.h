/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One producer's records on their way to the writer: a fixed array, one writes, one reads, none
 * waits. A full ring loses records and counts them.
 */
#ifndef CAPTURE_RING_H
#define CAPTURE_RING_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "net/port.h"

/* Ports, and what is decrypted of each. */
#define CAPTURE_INTERFACES (2 * PORTS_MAX)

struct capture_record {
	uint64_t tsc;
	uint32_t length;   /* of the packet */
	uint32_t captured; /* bytes of it in `data` */
	uint16_t interface;
	uint16_t queue;
	uint16_t position; /* in its burst */
	uint8_t point;     /* enum sluice_capture_point */
	uint8_t reason;    /* enum drop_reason */
	uint8_t direction; /* enum sluice_capture_direction */
	uint8_t pad;
	uint16_t node; /* rte_node's id, of what is dropped */
	uint8_t pad2[4];
	uint8_t data[];
};
static_assert(sizeof(struct capture_record) == 32, "record");

struct capture_ring {
	/* const */
	uint8_t *slots;
	uint8_t *scratch; /* producer: the longest packet, where a program is to judge it */
	uint32_t mask;
	uint32_t slot_size;

	/* producer */
	uint32_t head __rte_cache_aligned; /* next free slot */
	uint32_t held;                     /* records before it that are not published */
	uint32_t tail_seen;
	uint32_t skip;   /* packets before the next sample */
	uint32_t random; /* never 0 */
	/* written by the producer, read by all */
	uint64_t lost[CAPTURE_INTERFACES];

	uint32_t published __rte_cache_aligned; /* atomic; producer writes */
	uint32_t tail __rte_cache_aligned;      /* atomic; writer writes */
};

static inline struct capture_record *ring_slot(const struct capture_ring *ring, uint32_t position)
{
	return (struct capture_record *)(ring->slots +
	                                 (size_t)(position & ring->mask) * ring->slot_size);
}

/* Producer: room for one more behind what it holds, or NULL. */
static inline struct capture_record *ring_reserve(struct capture_ring *ring)
{
	if (unlikely(ring->head - ring->tail_seen > ring->mask)) {
		ring->tail_seen = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		if (ring->head - ring->tail_seen > ring->mask)
			return NULL;
	}
	return ring_slot(ring, ring->head);
}

/* Producer: the reserved record is whole. */
static inline void ring_hold(struct capture_ring *ring)
{
	ring->head++;
	ring->held++;
}

/* Producer: what it holds may be read. */
static inline void ring_publish(struct capture_ring *ring)
{
	ring->held = 0;
	__atomic_store_n(&ring->published, ring->head, __ATOMIC_RELEASE);
}

/* Producer: of what it holds, records of packets from `sent` on in their burst are taken back. */
static inline void ring_take_back(struct capture_ring *ring, uint16_t sent)
{
	for (; ring->held > 0 && ring_slot(ring, ring->head - 1)->position >= sent; ring->held--)
		ring->head--;
}

/* Writer: the oldest record, or NULL. */
static inline const struct capture_record *ring_peek(struct capture_ring *ring)
{
	if (ring->tail == __atomic_load_n(&ring->published, __ATOMIC_ACQUIRE))
		return NULL;
	return ring_slot(ring, ring->tail);
}

static inline void ring_advance(struct capture_ring *ring)
{
	__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
}

#endif
