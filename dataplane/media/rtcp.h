/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker needs for RTCP besides its endpoints: made with its struct media_worker. */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include "media/cache.h"
#include "media/feedback.h"
#include "media/repeat.h"
#include "media/transport_feedback.h"
#include "media/viewer.h"

struct media_worker;
struct worker;

struct rtcp_worker {
	struct packet_cache_quota cache_quota; /* for packet_cache_create */
	struct feedback_list feedback;
	struct repeat_memory repeats;
	struct transport_waiting waiting;
	struct viewer_worker viewers;
	uint32_t endpoint_next; /* where the timers' round goes on */
	uint64_t slice_tsc;     /* when its last slice was */
	uint32_t stream_next;   /* where the caches' round goes on */
};

/* Control thread. NULL: no memory. */
struct rtcp_worker *rtcp_worker_create(struct media_worker *media_worker);
void rtcp_worker_destroy(struct rtcp_worker *rtcp);

/* Control thread: of a stream's packets, for the worker. NULL: no memory. */
struct packet_cache *rtcp_cache_create(const struct worker *worker);

#endif
