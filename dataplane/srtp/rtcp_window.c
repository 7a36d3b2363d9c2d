/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/rtcp_window.h"

#include <stddef.h>

static struct srtcp_window *window_of(struct srtcp_senders *senders, uint32_t ssrc)
{
	for (uint32_t i = 0; i < senders->count; i++)
		if (senders->windows[i].ssrc == ssrc)
			return &senders->windows[i];
	return NULL;
}

static enum srtp_window_verdict window_add(struct srtcp_senders *senders, uint32_t ssrc,
                                           uint32_t index)
{
	if (senders->count == SRTCP_SENDERS_MAX)
		return SRTP_WINDOW_FULL;
	senders->windows[senders->count++] =
	        (struct srtcp_window){.ssrc = ssrc, .highest = index, .seen = 1};
	return SRTP_WINDOW_NEW;
}

enum srtp_window_verdict srtcp_window_take(struct srtcp_senders *senders, uint32_t ssrc,
                                           uint32_t index)
{
	struct srtcp_window *window = window_of(senders, ssrc);
	uint32_t distance;

	if (window == NULL)
		return window_add(senders, ssrc, index);
	if (index > window->highest) {
		distance = index - window->highest;
		window->seen = distance < SRTCP_WINDOW_BITS ? window->seen << distance | 1 : 1;
		window->highest = index;
		return SRTP_WINDOW_NEW;
	}
	distance = window->highest - index;
	if (distance >= SRTCP_WINDOW_BITS)
		return SRTP_WINDOW_OLD;
	if (window->seen >> distance & 1)
		return SRTP_WINDOW_REPLAYED;
	window->seen |= UINT64_C(1) << distance;
	return SRTP_WINDOW_NEW;
}
