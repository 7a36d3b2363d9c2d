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

static uint32_t with_temporal(const struct ladder_track *track, uint8_t temporal)
{
	uint8_t percent = track->percent[temporal];

	return percent == 0 ? track->kbps[0] : (uint32_t)((uint64_t)track->kbps[0] * percent / 100);
}

uint32_t ladder_sent(const struct ladder_track *track)
{
	return track->now == 0 ? with_temporal(track, track->temporal_now)
	                       : track->kbps[track->now];
}

/* The most frames of the lowest layer that fit, the fewest where none do. */
static void temporal_choose(struct ladder *ladder, struct ladder_track *track, uint32_t estimate,
                            bool keeps)
{
	track->temporal = LADDER_TEMPORALS - 1;
	if (track->chosen != 0 || track->percent[0] == 0 || track->percent[0] >= 100)
		return;
	for (;; track->temporal--) {
		uint32_t total =
		        ladder->total - track->kbps[0] + with_temporal(track, track->temporal);
		uint32_t percent = track->now == 0 && track->temporal > track->temporal_now
		                           ? LADDER_UP_PERCENT
		                   : keeps ? LADDER_KEEP_PERCENT
		                           : 100;
		uint32_t needs = (uint32_t)((uint64_t)total * percent / 100);

		if (needs <= estimate || track->temporal == 0) {
			ladder->total = total;
			return;
		}
		/* the next ones that would fit; those that hold no frames take as much */
		if (with_temporal(track, track->temporal - 1) <
		    with_temporal(track, track->temporal))
			ladder->next = needs;
	}
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
		ladder->sent += ladder_sent(track);
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
	for (uint32_t i = ladder->n_tracks; i-- > 0;)
		temporal_choose(ladder, &ladder->tracks[i], estimate, keeps);
}
