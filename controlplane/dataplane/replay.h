/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole configuration to a dataplane that is new, and again what it refused. */
#ifndef DATAPLANE_REPLAY_H
#define DATAPLANE_REPLAY_H

#include "config/running.h"
#include "dataplane/lane.h"

struct replay_options {
	struct event_base *base;
	struct lane *lane;
	struct running *running;
	const char *config;       /* the file's name, for what is said about its lines */
	void (*again)(void *arg); /* it is time to call replay_retry */
	void *arg;
};

struct replay {
	struct replay_options options;
	struct event *retry_timer;
	/* Lines do not go while one is asked for. */
	struct running_line *asked[LANE_WINDOW];
	uint32_t first, count;
	struct running_line *sent; /* the last one of a replay */
	uint32_t n_refused;        /* of this replay */
	bool retrying;             /* what was refused, line by line ... */
	uint64_t retried;          /* ... after this serial */
};

/* 0 or -ENOMEM. */
int replay_create(struct replay *replay, const struct replay_options *options);
void replay_destroy(struct replay *replay);

void replay_begin(struct replay *replay);
/* As many lines as go. 1: all have been sent and answered; 0: not yet; -errno: of the lane. */
int replay_send(struct replay *replay);
/* The dataplane has committed to it. */
void replay_done(struct replay *replay);
/* While nothing else is asked: one of the refused lines once more. 0 or -errno of the lane. */
int replay_retry(struct replay *replay);
/* The lane is gone, and what was asked over it. */
void replay_drop(struct replay *replay);

#endif
