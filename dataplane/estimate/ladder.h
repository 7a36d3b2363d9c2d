/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which layer of each video a viewer gets, of what its path carries: audio first, then the lowest
 * layer of each video, then up in turn, the first video before the others. A layer that is sent
 * stays for a while where it does not fit any more; a higher one has to fit with room to spare. The
 * lowest one is never taken away: a freeze is worse than a low layer, and where that does not fit
 * fewer frames of it are better than a queue. Pure.
 */
#ifndef ESTIMATE_LADDER_H
#define ESTIMATE_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#define LADDER_TRACKS       8
#define LADDER_LAYERS       4
#define LADDER_TEMPORALS    4   /* layers of the frame rate */
#define LADDER_UP_PERCENT   115 /* of a higher layer's rate */
#define LADDER_KEEP_PERCENT 70  /* of the rate of one that is sent, for a while */

struct ladder_track {
	uint8_t layers;
	uint8_t now, most; /* what is sent, and what is wished at most */
	uint8_t chosen;
	uint32_t kbps[LADDER_LAYERS]; /* ascending */
	/* of the lowest layer: what each temporal layer takes with those below it, in percent,
	 * ascending up to 100; 0: not known; the highest one that is sent, and what was chosen */
	uint8_t percent[LADDER_TEMPORALS];
	uint8_t temporal_now, temporal;
};

struct ladder {
	uint32_t fixed; /* kbit/s: audio, and what has no layers */
	uint32_t n_tracks;
	struct ladder_track tracks[LADDER_TRACKS];
	uint32_t sent;  /* kbit/s of what is sent now */
	uint32_t total; /* of what was chosen */
	uint32_t next;  /* with the next layer, which does not fit, room to spare included; 0: there
	                   is none */
	bool bounded;   /* by a wish: a higher one is sent, and is not wished */
};

/* Its lowest layer is sent, and may be with fewer frames. */
static inline bool ladder_has_frames(const struct ladder_track *track)
{
	return track->now == 0 && track->percent[0] != 0 && track->percent[0] < 100;
}

/* kbit/s of a track as it is sent now. */
uint32_t ladder_sent(const struct ladder_track *track);

/* keeps: a layer that is sent stays though it does not fit. */
void ladder_choose(struct ladder *ladder, uint32_t estimate, bool keeps);

#endif
