/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a viewer's layers change, and when its path is probed for the next one: what the estimate
 * (estimate/downlink.h) makes of the rates of layers (estimate/ladder.h), over time. Pure. Times
 * are in microseconds.
 */
#ifndef ESTIMATE_STEER_H
#define ESTIMATE_STEER_H

#include "estimate/downlink.h"
#include "estimate/ladder.h"

#define STEER_KEEP_US     3000000  /* a layer that does not fit by a little stays so long */
#define STEER_DROPPED_US  500000   /* ... but not once the path has shown that it carries less */
#define STEER_UP_US       2000000  /* after a fall nothing goes up for so long; twice as long ... */
#define STEER_UP_MOST_US  30000000 /* ... each time, up to here, where it fell ... */
#define STEER_PROOF_US    10000000 /* ... so soon after it had gone up */
#define STEER_PROBE_US    30000    /* length of a probe ... */
#define STEER_PROBE_LEAST 8        /* ... and packets at least */
#define STEER_AGAIN_US    250000   /* after one that has proven something */
#define STEER_FAILED_US   1000000  /* after one that has not; twice as long each time ... */
#define STEER_FAILED_MOST 4000000  /* ... up to here */
#define STEER_PROBE_TIMES 250      /* percent of the estimate, at most */
#define STEER_PROBE_OVER  110      /* percent of what is needed */

struct steer {
	struct downlink downlink;
	uint64_t kept; /* since when something stays that does not fit; 0: all fits */
	uint64_t up_due, up_wait, went_up;
	uint64_t probe_due, probe_wait;
	uint32_t proven, failed; /* probes that were seen to */
	uint32_t sent;           /* kbit/s of what was sent at the last look */
};

struct steered {
	bool down, up;
	bool hurry;     /* so much less than what is sent: what is sent is of no use */
	uint32_t probe; /* kbit/s; 0: none is due */
};

/*
 * Each 50 ms or seldomer, once the viewer has told something. ladder: with the rates of layers and
 * what is sent of them; `chosen` is set. steady: no change of layers is under way, for which a key
 * frame is waited for.
 */
struct steered steer_look(struct steer *steer, struct ladder *ladder, bool steady, uint64_t now);

#endif
