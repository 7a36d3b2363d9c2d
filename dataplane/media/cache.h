/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last packets of one stream at one worker, as references to plaintext mbufs: what a NACK is
 * answered from. A ring by source sequence number, bounded in packets, in age, and in what all
 * caches of the worker hold together, so that reception never lacks mbufs.
 */
#ifndef MEDIA_CACHE_H
#define MEDIA_CACHE_H

#include <stdint.h>

#include <rte_mbuf.h>

#define PACKET_CACHE_MIN 16
#define PACKET_CACHE_MAX 32768 /* half of the sequence numbers' circle */

/* The references of all caches of a worker. */
struct packet_cache_quota {
	uint32_t limit;
	uint64_t taken, given; /* the worker: held are their difference less `returned` */
	uint64_t returned;     /* control thread: with caches that it destroyed */
	uint64_t refused;      /* not kept: the caches of other streams hold all */
};

struct packet_cache;

/*
 * Control thread. packets: rounded up to a power of two. max_age: TSC cycles. NULL: no memory.
 * What mbufs one worker may hold is the quota's: of `mbufs` in the pool at most half over all
 * workers, though a packet that several of them hold is one mbuf.
 */
struct packet_cache *packet_cache_create(struct packet_cache_quota *quota, uint32_t packets,
                                         uint64_t max_age);
/* Control thread, when the worker can no longer see it. NULL is allowed. */
void packet_cache_destroy(struct packet_cache *cache);

static inline uint32_t packet_cache_share(uint32_t mbufs, uint32_t workers)
{
	return mbufs / 2 / workers;
}

/* Takes over one reference of a packet with index and serial of packet->media. */
void packet_cache_put(struct packet_cache *cache, struct rte_mbuf *mbuf, uint64_t tsc);
/* By source index; NULL: not there, or too old. The reference stays the cache's. */
struct rte_mbuf *packet_cache_find(const struct packet_cache *cache, uint64_t index, uint64_t tsc);
/* Gives back what is too old, at most `budget` packets. */
void packet_cache_age(struct packet_cache *cache, uint64_t tsc, uint32_t budget);

/* bytes of one cache, without its mbufs */
uint32_t packet_cache_size(uint32_t packets);

#endif
