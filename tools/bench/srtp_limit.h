/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands beside the forwarding: the cipher alone, on as many keys and output buffers, with no
 * header, mbuf or queue; and the loop that servers run with libsrtp2: copy the packet, write its
 * header, protect it in place.
 */
#ifndef BENCH_SRTP_LIMIT_H
#define BENCH_SRTP_LIMIT_H

#include <stdbool.h>

#include <rte_mempool.h>

#include "srtp/profile.h"

struct srtp_limit;

struct srtp_limit_plan {
	enum sluice_srtp_profile profile;
	uint32_t keys;    /* one after the other, each ... */
	uint32_t times;   /* ... for so many packets */
	uint32_t buffers; /* packets that are written, round and round */
	uint16_t size;
	struct rte_mempool *pool; /* the buffers are its mbufs' */
};

/* Whether the raw cipher can be had: without AES instructions ipsec-mb has none. */
bool srtp_limit_suits(void);
/* NULL: no memory. burst: packets whose IVs are written before the first is used, SRTP_BURST at
 * most. */
struct srtp_limit *srtp_limit_raw(const struct srtp_limit_plan *plan, uint32_t burst);
struct srtp_limit *srtp_limit_libsrtp2(const struct srtp_limit_plan *plan);
void srtp_limit_destroy(struct srtp_limit *limit);
void srtp_limit_run(struct srtp_limit *limit, uint32_t packets);

#endif
