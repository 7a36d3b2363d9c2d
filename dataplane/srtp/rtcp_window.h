/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a receiver remembers of the SRTCP of one peer: which indices have come, for each SSRC that
 * sends compounds (RFC 3711, 3.2.3: a context is an SSRC's; 3.4: its index counts from one packet
 * to the next). The index is in the packet, 31 bits long: there is no rollover to guess.
 */
#ifndef SRTP_RTCP_WINDOW_H
#define SRTP_RTCP_WINDOW_H

#include <stdint.h>

#include "srtp/receive_window.h"

/* All that an endpoint may publish, and some that only report. A sender whose place was given to
 * another one could be replayed: the next one is refused. */
#define SRTCP_SENDERS_MAX 72
#define SRTCP_WINDOW_BITS 64 /* RFC 3711, 3.3.2: as many at least */

struct srtcp_window {
	uint32_t ssrc; /* host order */
	uint32_t highest;
	uint64_t seen; /* bit n: highest - n */
};

struct srtcp_senders {
	uint32_t count;
	struct srtcp_window windows[SRTCP_SENDERS_MAX];
};

/* Of an authentic compound: counts as come where it is new. */
enum srtp_window_verdict srtcp_window_take(struct srtcp_senders *senders, uint32_t ssrc,
                                           uint32_t index);

#endif
