/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * WHEP's server-sent events (the core extensions of draft-ietf-wish-whep): a viewer opens a channel
 * to its session and reads there whether the stream is published, in which layers, and how many
 * watch. A channel has no queue: its reader is told what differs from what it was told last.
 */
#ifndef WHIP_SSE_H
#define WHIP_SSE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include <sluice/session.h>

#include <sys/queue.h>

#define SSE_EVENTS       "active,inactive,layers,viewercount"
#define SSE_CHANNELS_MAX 64 /* each holds a connection of HTTP */
#define SSE_TOKEN_MAX    32 /* of sessions that one token made */
#define SSE_SESSION_MAX  2  /* of one session */

struct http_request;
struct whip;
struct whip_channel;
LIST_HEAD(whip_channels, whip_channel);

struct whip_sse {
	struct whip *whip;
	struct whip_channels channels;
	uint32_t count;
	struct event *tick; /* while there are channels */
};

/* 0, -ENOMEM or -ENOSPC. */
int sse_start(struct whip_sse *sse, struct whip *whip);
void sse_end(struct whip_sse *sse);

#endif
