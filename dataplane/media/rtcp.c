/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/rtcp.h"

#include "dataplane.h"
#include "media/ask.h"
#include "media/rtcp_timer.h"

#include <rte_malloc.h>

#define STREAMS_PER_RUN 64u
#define CACHED_PER_RUN  256 /* of one stream */
#define CACHE_SECONDS   1

struct rtcp_worker *rtcp_worker_create(struct media_worker *media_worker)
{
	const struct dataplane *dp = media_worker->worker->dp;
	struct rtcp_worker *rtcp = rte_zmalloc("rtcp", sizeof(*rtcp), RTE_CACHE_LINE_SIZE);

	if (rtcp == NULL)
		return NULL;
	rtcp->cache_quota.limit =
	        packet_cache_share(dp->options.mbufs, RTE_MAX(dp->options.workers, 1u));
	return rtcp;
}

void rtcp_worker_destroy(struct rtcp_worker *rtcp)
{
	rte_free(rtcp);
}

struct packet_cache *rtcp_cache_create(const struct worker *worker)
{
	return packet_cache_create(&worker->media->rtcp->cache_quota,
	                           worker->dp->options.media_cache, worker->tsc_hz * CACHE_SECONDS);
}

/* A stream that sends on does this itself with each packet. */
static void caches_age(struct media_worker *media_worker)
{
	struct media *media = media_worker->media;
	const struct worker *worker = media_worker->worker;
	uint32_t *next = &media_worker->rtcp->stream_next;

	for (uint32_t i = RTE_MIN(STREAMS_PER_RUN, media->max_streams); i != 0; i--) {
		struct stream *stream = &media->streams[(*next)++ % media->max_streams + 1];
		struct packet_cache *cache;

		if (!__atomic_load_n(&stream->live, __ATOMIC_ACQUIRE))
			continue;
		cache = __atomic_load_n(&stream->at[worker->id].cache, __ATOMIC_ACQUIRE);
		if (cache != NULL)
			packet_cache_age(cache, worker->tsc, CACHED_PER_RUN);
	}
}

/* What feedback has led to since the last look. */
static void advice_tell(struct media_worker *media_worker)
{
	if (unlikely(!rte_ring_empty(media_worker->advice)))
		session_wake_send(&media_worker->media->advised);
}

void media_timers_run(struct worker *worker)
{
	rtcp_timers_run(worker->media);
	transport_feedback_run(worker->media);
	viewer_paces_run(worker->media);
	viewer_probes_run(worker->media);
	advice_tell(worker->media);
}

bool media_is_pending(const struct worker *worker)
{
	const struct rtcp_worker *rtcp = worker->media->rtcp;

	return rtcp->feedback.head != rtcp->feedback.tail || !rte_ring_empty(worker->media->asks) ||
	       rtcp->viewers.n_probes != 0 || rtcp->viewers.n_paced != 0;
}

void media_housekeep(struct worker *worker)
{
	media_asks_run(worker->media);
	feedback_run(worker->media);
	transport_feedback_run(worker->media);
	viewer_paces_run(worker->media);
	viewer_probes_run(worker->media);
	rtcp_timers_run(worker->media);
	caches_age(worker->media);
	advice_tell(worker->media);
}
