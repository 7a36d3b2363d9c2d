/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets through the forwarding unit, and the time that they take. Timed is all that a host does:
 * walks, and what a NIC's driver would do behind them, frames taken from a queue of 512 and their
 * mbufs given back.
 */
#ifndef BENCH_SRTP_RUN_H
#define BENCH_SRTP_RUN_H

#include "srtp_population.h"

/* Frames that stand in a NIC's queue before they are given back. */
#define SRTP_RUN_QUEUE 512u
/* A publisher's video comes a picture at a time: so many packets, one behind the other. */
#define SRTP_RUN_PICTURE 4u

struct srtp_run {
	struct srtp_population *population;
	uint16_t size;
	uint32_t stream; /* whose picture is next */
	uint64_t index;  /* of its first packet */
	uint64_t sent;   /* by the first worker */
	char why[96];    /* the last round failed */
};

/* At least so many packets out: ns for each, or 0 where some were lost (why says it). */
double srtp_run_round(struct srtp_run *run, uint32_t packets);

#endif
