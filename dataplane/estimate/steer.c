/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate/steer.h"

#include <string.h>

/* Nothing contradicts what is sent already. */
static void steer_begin(struct steer *steer, const struct ladder *ladder, uint64_t now)
{
	uint32_t sent = ladder->fixed;

	for (uint32_t i = 0; i < ladder->n_tracks; i++)
		sent += ladder_sent(&ladder->tracks[i]);
	sent += sent / 4;
	memset(steer, 0, sizeof(*steer));
	downlink_begin(&steer->downlink, sent > DOWNLINK_START_KBPS ? sent : DOWNLINK_START_KBPS,
	               now);
	steer->up_wait = STEER_UP_US;
	steer->probe_wait = STEER_FAILED_US;
}

/* Another layer's rate for a moment is no reason to leave it; a path that carries less is. */
static bool still_keeps(struct steer *steer, const struct ladder *ladder, uint64_t now)
{
	uint32_t sent = ladder->fixed;

	for (uint32_t i = 0; i < ladder->n_tracks; i++)
		sent += ladder_sent(&ladder->tracks[i]);
	if (steer->downlink.kbps >= sent) {
		steer->kept = 0;
		return true;
	}
	if (steer->kept == 0)
		steer->kept = now;
	/* that was no guess */
	if (steer->downlink.dropped != 0 && now - steer->downlink.dropped < STEER_DROPPED_US)
		return false;
	return now - steer->kept < STEER_KEEP_US;
}

static void fell(struct steer *steer, uint64_t now)
{
	bool too_soon = steer->went_up != 0 && now - steer->went_up < STEER_PROOF_US;

	steer->up_wait = too_soon ? 2 * steer->up_wait : STEER_UP_US;
	if (steer->up_wait > STEER_UP_MOST_US)
		steer->up_wait = STEER_UP_MOST_US;
	steer->up_due = now + steer->up_wait;
	steer->probe_due = steer->up_due;
	steer->went_up = 0;
}

static void track_settle(struct ladder_track *track, struct steered *steered, bool ups)
{
	bool frames = ladder_has_frames(track);

	if (track->chosen > track->now && !ups)
		track->chosen = track->now;
	if (frames && track->temporal > track->temporal_now && !ups)
		track->temporal = track->temporal_now;
	steered->up |= track->chosen > track->now;
	steered->down |= track->chosen < track->now && track->most >= track->now;
	if (!frames)
		return;
	steered->up |= track->temporal > track->temporal_now;
	steered->down |= track->temporal < track->temporal_now;
}

/* True: it may go up now. */
static bool tracks_settle(struct ladder *ladder, struct steered *steered, bool ups)
{
	for (uint32_t i = 0; i < ladder->n_tracks; i++)
		track_settle(&ladder->tracks[i], steered, ups);
	return steered->up;
}

static void probes_see(struct steer *steer, uint64_t now)
{
	const struct downlink *downlink = &steer->downlink;

	if (downlink->probes_proven != steer->proven) {
		steer->probe_wait = STEER_FAILED_US;
		steer->probe_due = now + STEER_AGAIN_US;
	} else if (downlink->probes_failed != steer->failed) {
		steer->probe_due = now + steer->probe_wait;
		steer->probe_wait *= 2;
		if (steer->probe_wait > STEER_FAILED_MOST)
			steer->probe_wait = STEER_FAILED_MOST;
	}
	steer->proven = downlink->probes_proven;
	steer->failed = downlink->probes_failed;
}

static uint32_t probe_rate(const struct steer *steer, const struct ladder *ladder)
{
	uint64_t most = (uint64_t)steer->downlink.kbps * STEER_PROBE_TIMES / 100;
	uint64_t rate = (uint64_t)ladder->next * STEER_PROBE_OVER / 100;

	return (uint32_t)(rate < most ? rate : most);
}

struct steered steer_look(struct steer *steer, struct ladder *ladder, bool steady, uint64_t now)
{
	struct steered steered = {0};

	if (steer->downlink.kbps == 0)
		steer_begin(steer, ladder, now);
	ladder_choose(ladder, steer->downlink.kbps, still_keeps(steer, ladder, now));
	steer->sent = ladder->sent;
	steered.hurry = (uint64_t)steer->downlink.kbps * 3 < (uint64_t)ladder->sent * 2;
	if (tracks_settle(ladder, &steered, steady && now >= steer->up_due))
		steer->went_up = now;
	if (steered.down)
		fell(steer, now);
	probes_see(steer, now);
	if (ladder->next != 0 && now >= steer->probe_due && !downlink_probes(&steer->downlink) &&
	    downlink_is_calm(&steer->downlink, now))
		steered.probe = probe_rate(steer, ladder);
	return steered;
}
