/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/ladder.h"

#include <stddef.h>

/* kbit/s that the estimate has to reach for this track's next layer. */
static uint32_t next_needs(const struct ladder *ladder, const struct ladder_track *track,
                           bool keeps)
{
	uint32_t to = track->chosen + 1u;
	uint64_t total = (uint64_t)ladder->total - track->kbps[track->chosen] + track->kbps[to];
	uint32_t percent = to > track->now ? LADDER_UP_PERCENT : keeps ? LADDER_KEEP_PERCENT : 100;

	return (uint32_t)(total * percent / 100);
}

/* The one that has the lowest layer of those that can go up; NULL: none can. */
static struct ladder_track *track_next(struct ladder *ladder, uint32_t closed)
{
	struct ladder_track *lowest = NULL;

	for (uint32_t i = 0; i < ladder->n_tracks; i++) {
		struct ladder_track *track = &ladder->tracks[i];

		if (closed >> i & 1 || track->chosen >= track->most)
			continue;
		if (lowest == NULL || track->chosen < lowest->chosen)
			lowest = track;
	}
	return lowest;
}

void ladder_choose(struct ladder *ladder, uint32_t estimate, bool keeps)
{
	struct ladder_track *track;
	uint32_t closed = 0;

	ladder->total = ladder->sent = ladder->fixed;
	ladder->next = 0;
	ladder->bounded = false;
	for (uint32_t i = 0; i < ladder->n_tracks; i++) {
		track = &ladder->tracks[i];
		track->chosen = 0;
		ladder->total += track->kbps[0];
		ladder->sent += track->kbps[track->now];
		ladder->bounded |= track->most + 1 < track->layers;
	}
	while ((track = track_next(ladder, closed)) != NULL) {
		uint32_t needs = next_needs(ladder, track, keeps);

		if (needs > estimate) {
			closed |= 1u << (track - ladder->tracks);
			if (ladder->next == 0 || needs < ladder->next)
				ladder->next = needs;
			continue;
		}
		ladder->total += track->kbps[track->chosen + 1] - track->kbps[track->chosen];
		track->chosen++;
	}
}
