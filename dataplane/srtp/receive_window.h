/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a receiver remembers of a source: which indices have come (RFC 3711, 3.3.1 and 3.3.2; the
 * window as in RFC 6479). Look, authenticate, then take: nothing changes for a packet that lies.
 */
#ifndef SRTP_RECEIVE_WINDOW_H
#define SRTP_RECEIVE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define SRTP_WINDOW_BITS  1152 /* one word of them is always in use by the highest index */
#define SRTP_WINDOW_WORDS (SRTP_WINDOW_BITS / 64)

struct srtp_receive_window {
	uint64_t highest; /* index, ROC << 16 | SEQ */
	bool started;
	uint64_t words[SRTP_WINDOW_WORDS];
};

enum srtp_window_verdict {
	SRTP_WINDOW_NEW,
	SRTP_WINDOW_REPLAYED,
	SRTP_WINDOW_OLD,
	SRTP_WINDOW_FULL, /* of SRTCP: no room for another sender */
};

/* The index that seq (host order) most likely stands for (RFC 3711, 3.3.1, appendix A). */
uint64_t srtp_window_estimate(const struct srtp_receive_window *window, uint16_t seq);
enum srtp_window_verdict srtp_window_look(const struct srtp_receive_window *window, uint64_t index);
/* Of an authentic packet. False: came a second time within the burst. */
bool srtp_window_take(struct srtp_receive_window *window, uint64_t index);

#endif
