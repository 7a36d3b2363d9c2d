/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/receive_window.h"

#include <string.h>

/* Behind the highest index; the rest of its word is ahead of it and not yet used. */
#define REACH     (SRTP_WINDOW_BITS - 64)
#define SEQ_HALF  0x8000
#define INDEX_MAX ((UINT64_C(1) << 48) - 1)

static uint64_t *word_of(const struct srtp_receive_window *window, uint64_t index)
{
	return (uint64_t *)&window->words[index / 64 % SRTP_WINDOW_WORDS];
}

/* What seq stands for, behind `first`, so many ROCs ahead of the first one that is possible. */
static uint64_t index_ahead(uint64_t first, uint64_t rocs, uint16_t seq)
{
	uint64_t index = (first & ~(uint64_t)UINT16_MAX) | seq;

	if (index < first)
		rocs++;
	return (index + (rocs << 16)) & INDEX_MAX;
}

uint64_t srtp_window_guess(uint64_t first, uint16_t tries, uint16_t seq)
{
	uint64_t ahead = 0;

	if (tries > SRTP_WINDOW_PATIENCE && tries % 2 != 0)
		ahead = (tries - SRTP_WINDOW_PATIENCE) / 2 + 1;
	return index_ahead(first, ahead, seq);
}

uint64_t srtp_window_estimate(const struct srtp_receive_window *window, uint16_t seq)
{
	uint64_t roc = window->highest >> 16;
	uint16_t highest = window->highest;

	if (!window->started)
		return srtp_window_guess(window->first, window->tries, seq);
	if (highest < SEQ_HALF) {
		if (seq - highest > SEQ_HALF && roc > 0)
			roc--;
	} else if (highest - SEQ_HALF > seq) {
		roc++;
	}
	/* Past the last ROC the keys are used up: it comes out as old. */
	return (roc << 16 | seq) & INDEX_MAX;
}

enum srtp_window_verdict srtp_window_look(const struct srtp_receive_window *window, uint64_t index)
{
	if (!window->started)
		return index >= window->first ? SRTP_WINDOW_NEW : SRTP_WINDOW_OLD;
	if (index > window->highest)
		return SRTP_WINDOW_NEW;
	if (window->highest - index >= REACH)
		return SRTP_WINDOW_OLD;
	return *word_of(window, index) >> index % 64 & 1 ? SRTP_WINDOW_REPLAYED : SRTP_WINDOW_NEW;
}

uint64_t srtp_window_search(const struct srtp_receive_window *window, uint16_t seq)
{
	uint64_t index = srtp_window_estimate(window, seq);
	uint64_t ahead = 0;

	if (window->tries > SRTP_WINDOW_PATIENCE)
		ahead = (window->tries - SRTP_WINDOW_PATIENCE) / 2;
	if (srtp_window_look(window, index) != SRTP_WINDOW_OLD &&
	    (window->tries <= SRTP_WINDOW_PATIENCE || window->tries % 2 == 0))
		return index;
	return index_ahead(window->highest + 1, ahead, seq);
}

/* All before `first` has come, whether it has or not. */
static void window_begin(struct srtp_receive_window *window)
{
	if (window->first == 0)
		return;
	window->highest = window->first - 1;
	window->started = true;
	memset(window->words, 0xff, sizeof(window->words));
	*word_of(window, window->highest) = UINT64_MAX >> (63 - window->highest % 64);
}

static void window_advance(struct srtp_receive_window *window, uint64_t index)
{
	uint64_t words = index / 64 - window->highest / 64;
	uint64_t i;

	if (!window->started || words >= SRTP_WINDOW_WORDS) {
		memset(window->words, 0, sizeof(window->words));
	} else {
		for (i = 1; i <= words; i++)
			*word_of(window, window->highest + i * 64) = 0;
	}
	window->highest = index;
	window->started = true;
}

bool srtp_window_take(struct srtp_receive_window *window, uint64_t index)
{
	/* Looked at before, but another packet of the burst may have moved the window. */
	if (srtp_window_look(window, index) != SRTP_WINDOW_NEW)
		return false;
	if (!window->started)
		window_begin(window);
	if (!window->started || index > window->highest)
		window_advance(window, index);
	*word_of(window, index) |= UINT64_C(1) << index % 64;
	return true;
}
