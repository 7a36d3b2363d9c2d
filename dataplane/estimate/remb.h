/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a publisher is told that it may send where it has agreed to REMB alone
 * (draft-alvestrand-rmcat-remb-03): twice what came, less when it gets lost. Pure.
 */
#ifndef ESTIMATE_REMB_H
#define ESTIMATE_REMB_H

#include <stdint.h>

#define REMB_LEAST_KBPS 300
#define REMB_MOST_KBPS  100000
#define REMB_START_KBPS 1500

struct remb {
	uint32_t kbps; /* 0: not told yet */
};

/* bytes: that came in so many microseconds; fraction_lost: of 256. Returns kbit/s. */
uint32_t remb_next(struct remb *remb, uint64_t bytes, uint64_t us, uint8_t fraction_lost);

#endif
