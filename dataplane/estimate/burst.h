/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a path carries, as packets have shown that were sent faster: while each of them comes later
 * than the one before it, the path is busy, and what comes is what it carries. One step is a path
 * that has become longer, or one that stood still for a moment, and proves nothing. Pure. Times are
 * in microseconds, of two clocks.
 */
#ifndef ESTIMATE_BURST_H
#define ESTIMATE_BURST_H

#include <stdbool.h>
#include <stdint.h>

#define BURST_PACKETS  5      /* at least */
#define BURST_GROWN_US 60000  /* by so much later than the first one came the last one */
#define BURST_STEP     2      /* this part of it may be one step */
#define BURST_BACK     3      /* by this part of it it may fall back */
#define BURST_MOST_US  400000 /* from the first to the last one */

struct burst {
	bool any;
	uint64_t sent; /* of the last one */
	int64_t first_came, came;
	int64_t first_delay, delay, most_delay; /* and an unknown constant */
	int64_t largest;                        /* step */
	uint32_t packets, bytes;                /* without the first one */
	int64_t half_came; /* the first one that came later by half of what proves something; ... */
	uint32_t half_packets, half_bytes; /* ... up to it; 0: none has */
};

/* In the order of their numbers. kbit/s that the path carries, or 0: nothing is proven. */
uint32_t burst_packet(struct burst *burst, uint64_t sent, int64_t came, uint32_t bytes);

#endif
