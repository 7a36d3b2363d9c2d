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

/*
 * Until something has authenticated, the ROC is a guess: the sender may have begun long ago. A
 * packet is one try. The first ones are at the first ROC that is possible, and each second one of
 * those behind them; those between go ahead of it by 1, 2, 3.
 */
#define SRTP_WINDOW_PATIENCE 8                            /* first tries: even */
#define SRTP_WINDOW_TRIES    (SRTP_WINDOW_PATIENCE + 512) /* then from the beginning */

struct srtp_receive_window {
	uint64_t highest; /* index, ROC << 16 | SEQ */
	bool started;
	uint16_t tries; /* until it has; and when it searches again */
	/* until it has: */
	uint64_t first; /* nothing before it is new: it came to a window that is gone */
	uint64_t words[SRTP_WINDOW_WORDS];
};

enum srtp_window_verdict {
	SRTP_WINDOW_NEW,
	SRTP_WINDOW_REPLAYED,
	SRTP_WINDOW_OLD,
	SRTP_WINDOW_FULL, /* of SRTCP: no room for another sender */
};

/* Until it has started: the index to try for seq, `first` or behind it. */
uint64_t srtp_window_guess(uint64_t first, uint16_t tries, uint16_t seq);
/* Once it has: the one that seq (host order) most likely stands for (RFC 3711, 3.3.1, appendix A).
 */
uint64_t srtp_window_estimate(const struct srtp_receive_window *window, uint16_t seq);
/* The same for a source that has been silent, and may have sent more meanwhile than seq tells: by
 * turns the most likely index, and those of the ROCs from `highest` on. Never one that is old. */
uint64_t srtp_window_search(const struct srtp_receive_window *window, uint16_t seq);
enum srtp_window_verdict srtp_window_look(const struct srtp_receive_window *window, uint64_t index);
/* Of an authentic packet. False: came a second time within the burst. */
bool srtp_window_take(struct srtp_receive_window *window, uint64_t index);

#endif
