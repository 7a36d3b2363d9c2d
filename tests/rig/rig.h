/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dataplane without threads whose ports are rings in memory: the caller owns both ends, puts
 * frames in, walks the workers and takes frames out. The packet tests and the bench run the shipped
 * nodes in it.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane.h"
#include "net/fib.h"
#include "worker.h"

#define RIG_PORTS      2
#define RIG_QUEUES_MAX 4
#define RIG_RING_SIZE  4096

struct rig_port {
	uint16_t index; /* in the port table */
	uint16_t ethdev;
	struct rte_ring *in[RIG_QUEUES_MAX];  /* what the port receives, by queue */
	struct rte_ring *out[RIG_QUEUES_MAX]; /* what it sends */
};

struct rig {
	struct dataplane *dp;
	struct rig_port ports[RIG_PORTS];
	uint16_t queues;
	uint64_t rx_flags; /* of what is injected from now on: ol_flags of a driver that receives */
};

/* EAL without privileges: this core alone, `megabytes` of memory, of huge pages where `huge`. 0 or
 * -1. */
int rig_eal(const char *program, uint32_t megabytes, bool huge);
/* What that memory lies on where it is not huge pages: the kernel is asked for transparent ones,
 * and may refuse. */
const char *rig_pages(void);

/* A dataplane of `options` with two ports that have a queue for each worker. 0 or -errno. */
int rig_create(struct rig *rig, const struct options *options);
/* The same with so many queues for each port, whatever the number of workers. */
int rig_create_queues(struct rig *rig, const struct options *options, uint16_t queues);
void rig_destroy(struct rig *rig);

/* The next hop `ip` behind a port has this MAC. */
int rig_neighbour(struct rig *rig, unsigned int port, const struct ip_addr *ip,
                  const struct rte_ether_addr *mac);

/* One frame into the queue of a port that this worker polls: 0 or -ENOSPC. */
int rig_inject(struct rig *rig, unsigned int port, uint16_t worker, const void *frame,
               uint16_t length);
/* All workers, until nothing comes any more. */
void rig_walk(struct rig *rig);
/* The same; `before` is called before each walk of a worker, which reads its clock first. */
void rig_walk_held(struct rig *rig, void (*before)(void *arg), void *arg);
/* One frame that the port sent, from any queue, or NULL; the caller frees it. */
struct rte_mbuf *rig_collect(struct rig *rig, unsigned int port);

#endif
