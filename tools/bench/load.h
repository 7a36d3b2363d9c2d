/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets through the rig, and the time that they take: frames are made and put into a port's ring,
 * the worker's walks are timed until it has received all, and what came out is counted and freed.
 * Only the walks are timed.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "rig.h"
#include "row.h"

/* Frames that wait in the ring when the clock starts: four bursts. */
#define LOAD_BATCH 256

struct load {
	struct rig *rig;
	unsigned int in_port, out_port;
	uint32_t packets; /* a round */
	uint32_t rounds;
	/* Writes the next frame into an empty mbuf; the packets of a batch are numbered. */
	void (*write)(struct load *load, struct rte_mbuf *mbuf, uint32_t number);
	/* Looks at what came out; may be NULL. False ends the measurement. */
	bool (*read)(struct load *load, struct rte_mbuf *mbuf);
	void *context;
};

/* The row's mpps, ns, median_ns and nodes. 0, or -1 where packets were lost (a line is on stderr).
 */
int load_run(struct load *load, struct row *row);

/* The same with a bare loop that swaps the MAC addresses of what it receives: sets limit_mpps. */
int load_run_macswap(struct load *load, struct row *row);

/* One batch of `count` frames, untimed but for its walks: TSC cycles, or 0 where packets were lost.
 */
uint64_t load_batch(struct load *load, uint32_t count);

#endif
