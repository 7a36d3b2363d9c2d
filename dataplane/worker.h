/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one pinned lcore that walks its own graph. What it owns it alone writes; others read
 * counters only.
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_graph.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "graph/drop.h"
#include "net/ip_counter.h"

struct worker;
struct dataplane;
struct port_queue_list;
struct next_hop;
struct random;
struct reassembly;
struct turn_worker;
struct media_worker;
struct session_worker;

#define WORKERS_MAX               64
#define WORKER_INBOX_SIZE         2048
#define WORKER_HOUSEKEEPING_WALKS 256
/* What has to do something for each of very many endpoints does it in smaller parts. */
#define WORKER_TIMER_WALKS 16

/* A job that the control thread sends: runs on the worker between two walks. */
struct worker_call {
	void (*run)(struct worker *worker, void *arg);
	void *arg;
	uint32_t done; /* atomic; set by the worker when run has returned */
};

/* When a worker sleeps by the clock, and no socket wakes it: worker.c. */
struct naps {
	bool brisk;   /* a socket woke it soon after it fell asleep */
	bool last;    /* the last sleep was one */
	uint8_t wait; /* short sleeps before the next one */
	uint8_t penalty;
};

struct worker {
	/* const after start */
	struct dataplane *dp;
	uint16_t id;
	unsigned int lcore;
	uint64_t tsc_hz;
	struct rte_graph *graph;
	struct turn_worker *turn;        /* turn/: tables of which this worker is the only writer */
	struct media_worker *media;      /* media/: the same of the SRTP forwarding unit */
	struct session_worker *sessions; /* session/: the same of browsers' sessions; NULL: none */
	struct random *random;
	struct next_hop *next_hops;    /* net/next_hop.h: this worker's memory of routes */
	struct reassembly *reassembly; /* net/reassembly.h */

	/* written by this worker, each walk */
	uint64_t tsc;      /* time of this walk */
	uint32_t now;      /* seconds since the dataplane's start, plus 1: 0 is never a time */
	uint64_t tsc_skew; /* tests add to the clock here; 0 otherwise */

	/* written by the control thread, read each walk: whom to poll; swapped whole, RCU */
	struct port_queue_list *queues;

	/* multi-producer (workers, control thread), single-consumer (this worker) */
	struct rte_ring *inbox; /* of mbufs: packet->entry is the edge that port_rx puts each on */
	struct rte_ring *calls; /* of struct worker_call */

	/* counters: written by this worker, read by the control thread */
	uint64_t drops[DROP_REASONS] __rte_cache_aligned;
	uint16_t ip_id;        /* counts IPv4 datagrams that may be fragmented (RFC 6864) ... */
	uint64_t ip_id_key[3]; /* ... and is hidden by this */
	uint64_t ip_counters[IP_COUNTERS];
	uint64_t icmp_due;         /* tsc: when another ICMP error may be sent ... */
	uint64_t icmp_relayed_due; /* ... or told to a client */
	uint64_t rx_packets, bursts, walks, busy_cycles, idle_cycles;
	uint64_t handed_over, ring_full;

	struct naps naps;
	uint64_t sleeps;     /* times that it slept until a packet, a message or a timer came */
	uint64_t housekept;  /* tsc */
	uint16_t next_queue; /* port_rx goes round its queues */
	uint32_t walks_idle; /* consecutive walks that found nothing to do */
	bool busy;           /* port_rx: this walk has packets */
	bool flush;          /* port_tx: the kernel has to be told of frames */
	uint32_t running;    /* atomic: worker_main walks */

	/* const after start: what it sleeps on. The control thread adds sockets to epoll. */
	int epoll;
	int wake;        /* an eventfd in it */
	clockid_t clock; /* CPU time of its thread; valid while it runs */
	/* atomic; set by this worker before it sleeps, cleared by the thread that wakes it */
	uint32_t asleep;

	/* written by the control thread, read by this worker */
	uint32_t poll; /* enum sluice_poll_mode */
	uint32_t stop;
};

struct worker *worker_create(struct dataplane *dp, uint16_t id, unsigned int lcore);
void worker_destroy(struct worker *worker);

/* Once over the graph, and every WORKER_HOUSEKEEPING_WALKS walks the housekeeping. Returns packets
 * received. */
uint32_t worker_walk(struct worker *worker);

/* Quiescent state, control calls, timers. */
void worker_housekeep(struct worker *worker);

/* The lcore's main: walks until stop. */
int worker_main(void *worker);

/* Control thread only. Runs call on the worker and waits for it; where no thread walks this worker
 * (tests), runs it here. */
void worker_call(struct worker *worker, void (*run)(struct worker *worker, void *arg), void *arg);

/* Any thread. Puts packets on another thread's way into this worker; returns how many the ring
 * took. */
unsigned int worker_inbox_put(struct worker *worker, struct rte_mbuf **mbufs, unsigned int count);

/* Any thread, after something was put into one of the worker's rings: a system call only where it
 * sleeps. */
void worker_wake(struct worker *worker);

/* Sets tsc and now. */
void worker_clock(struct worker *worker);

#endif
