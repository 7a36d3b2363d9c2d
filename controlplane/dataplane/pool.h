/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to the dataplane of one question each, kept for the next one. */
#ifndef DATAPLANE_POOL_H
#define DATAPLANE_POOL_H

#include "dataplane/lane.h"

#define POOL_MAX  50 /* the dataplane has room for 64, people's own among them */
#define POOL_IDLE 4  /* that are kept */

LIST_HEAD(pool_lanes, pool_lane);

struct pool {
	struct event_base *base;
	const char *path;
	const uint16_t *version; /* lane.h */
	struct seqpacket_record *buffer;
	struct pool_lanes lanes;
	uint32_t count, idle;
};

void pool_start(struct pool *pool, struct event_base *base, const char *path,
                const uint16_t *version, struct seqpacket_record *buffer);
/* Their questions end with this status and line. */
void pool_end(struct pool *pool, int status, const char *why);

/* 0: the question is the pool's; -EHOSTDOWN, -EBUSY, -ENOMEM. */
int pool_ask(struct pool *pool, struct question *question);
/* Its connection is closed, and it is no more. */
void pool_forget(struct question *question);
void pool_read(struct question *question, bool on);

#endif
