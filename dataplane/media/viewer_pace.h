/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a viewer gets of a key frame, and behind it, waits where its path would not carry it at once
 * (estimate/pace.h): references to plaintext packets, in order. They are numbered and written when
 * they leave, so that nothing of them is older than it says. The endpoint's owner.
 */
#ifndef MEDIA_VIEWER_PACE_H
#define MEDIA_VIEWER_PACE_H

#include "estimate/pace.h"
#include "media/state.h"

#define VIEWER_PACE 256 /* packets of one viewer; power of two */

struct fan_leg;
struct viewer;

struct viewer_pace_item {
	struct rte_mbuf *mbuf; /* one reference */
	uint32_t subscription, life;
	uint32_t bytes;
};

struct viewer_pace {
	struct pace pace;
	uint64_t released_tsc; /* when something left last */
	uint32_t head, tail;
	struct viewer_pace_item items[VIEWER_PACE];
};

/* True: the packet waits, or has been given back to the backlog. */
bool viewer_pace_put(struct media_worker *media_worker, const struct fan_leg *leg);
/* What is due leaves. */
void viewer_paces_run(struct media_worker *media_worker);
/* Control thread: no worker sees it any more. */
void viewer_pace_drop(struct viewer_pace *pace);

#endif
