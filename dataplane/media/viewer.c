/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/viewer.h"

#include "dataplane.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include <sluice/session.h>

#define REFERENCE_US 64000
#define TICK_US      250
/* behind it */
#define NUMBERED_SIZE (VIEWER_SENT * sizeof(struct viewer_sent) + sizeof(struct viewer_pace))

/* -- control thread -- */

int viewer_make(struct media *media, uint32_t index, uint32_t stream)
{
	const struct endpoint *endpoint = &media->endpoints[index];
	uint8_t agreed = endpoint->feedback & (SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_REMB);
	bool numbered = agreed & SLUICE_FEEDBACK_TRANSPORT;
	struct viewer *viewer;

	if (media->viewers[index] != NULL || media->dp->options.no_viewer_estimate ||
	    (agreed == 0 && media->streams[stream].rid[0] == 0))
		return 0;
	viewer = rte_zmalloc("viewer", sizeof(*viewer) + (numbered ? NUMBERED_SIZE : 0),
	                     RTE_CACHE_LINE_SIZE);
	if (viewer == NULL)
		return -ENOMEM;
	if (numbered)
		viewer->pace = (void *)&viewer->sent[VIEWER_SENT];
	viewer->life = endpoint->life;
	viewer->numbered = numbered;
	viewer->off = endpoint->config.estimate_off;
	__atomic_store_n(&media->viewers[index], viewer, __ATOMIC_RELEASE);
	if (numbered)
		__atomic_store_n(&media->sent[index], viewer->sent, __ATOMIC_RELEASE);
	return 0;
}

void viewer_destroy(struct media *media, uint32_t endpoint)
{
	if (media->viewers[endpoint] != NULL && media->viewers[endpoint]->pace != NULL)
		viewer_pace_drop(media->viewers[endpoint]->pace);
	rte_free(media->viewers[endpoint]);
	media->viewers[endpoint] = NULL;
	media->sent[endpoint] = NULL;
}

void viewer_set_off(struct media *media, uint32_t endpoint, bool off)
{
	if (media->viewers[endpoint] != NULL)
		__atomic_store_n(&media->viewers[endpoint]->off, off, __ATOMIC_RELAXED);
}

bool viewer_steers(const struct viewer *viewer, const struct worker *worker)
{
	uint64_t told = viewer != NULL ? __atomic_load_n(&viewer->told_tsc, __ATOMIC_RELAXED) : 0;
	uint64_t now = __atomic_load_n(&worker->tsc, __ATOMIC_RELAXED);

	return told != 0 && !__atomic_load_n(&viewer->off, __ATOMIC_RELAXED) &&
	       (now < told || now - told < worker->tsc_hz / 1000 * VIEWER_QUIET_MS);
}

void viewer_show(const struct media *media, uint32_t index, struct sluice_session_row *row)
{
	const struct endpoint *endpoint = &media->endpoints[index];
	const struct endpoint_subscriptions *subscriptions = endpoint->subscriptions;
	const struct viewer *viewer = media->viewers[index];

	for (uint32_t i = 0; subscriptions != NULL && i < subscriptions->count; i++) {
		uint32_t leg = subscriptions->list[i].subscription;
		const struct stream *stream = &media->streams[media->subscriptions[leg].stream];

		if (stream->rid[0] == 0)
			continue;
		memcpy(row->layer, stream->rid, sizeof(row->layer));
		break;
	}
	if (!viewer_steers(viewer, media->dp->workers[endpoint->worker]))
		return;
	row->estimate_kbps = __atomic_load_n(&viewer->kbps, __ATOMIC_RELAXED);
	row->layer_reason = __atomic_load_n(&viewer->why, __ATOMIC_RELAXED);
}

/* -- what a viewer tells -- */

/* After silence nothing is known of its path. */
static void told(const struct worker *worker, struct viewer *viewer)
{
	uint64_t quiet = worker->tsc_hz / 1000 * VIEWER_QUIET_MS;

	if (viewer->told_tsc != 0 && worker->tsc - viewer->told_tsc > quiet) {
		viewer->steer.downlink.kbps = 0;
		/* it may have come with what ends the silence */
		if (worker->tsc - viewer->remb_tsc > quiet)
			viewer->remb_kbps = 0;
	}
	__atomic_store_n(&viewer->told_tsc, worker->tsc, __ATOMIC_RELAXED);
}

/* 24 bits of 64 ms: 12 days. */
static int64_t reference_of(struct viewer *viewer, uint32_t reference)
{
	int32_t ahead = (int32_t)((reference - (uint32_t)viewer->reference) << 8) >> 8;

	if (viewer->reference == 0)
		viewer->reference = (int64_t)1 << 24 | reference;
	else
		viewer->reference += ahead;
	return viewer->reference * REFERENCE_US;
}

/* What a message makes of the numbers that it says something of. */
struct transport_told {
	uint32_t came, lost, unmatched;
	uint64_t sent_newest;
	uint64_t now; /* us */
	int64_t reference;
};

static void number_take(struct viewer *viewer, struct transport_told *told,
                        const struct rtcp_transport_number *number)
{
	struct viewer_sent *sent = viewer_sent_at(viewer->sent, number->number);
	uint64_t us;

	if (sent->number != number->number || sent->bytes == 0) {
		told->unmatched += number->came;
		return;
	}
	if (!number->came) {
		told->lost++;
		return;
	}
	us = told->now - (uint32_t)((uint32_t)told->now - sent->us);
	downlink_arrived(&viewer->steer.downlink, number->number, us,
	                 told->reference + (int64_t)number->ticks * TICK_US, sent->bytes);
	sent->bytes = 0;
	told->came++;
	told->sent_newest = us;
}

int viewer_transport_take(struct media_worker *media_worker, struct endpoint *endpoint,
                          const struct rtcp_feedback *feedback, uint32_t *budget)
{
	struct media *media = media_worker->media;
	const struct worker *worker = media_worker->worker;
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	struct viewer *viewer = viewer_of(media, index);
	struct transport_told message = {.now = viewer_us(worker->tsc, worker->tsc_hz)};
	struct rtcp_transport_number number;
	struct rtcp_transport transport;

	if (rtcp_transport_read(feedback, &transport) != 0)
		return -EBADMSG;
	if (viewer == NULL || !viewer->numbered)
		return 0;
	if (__atomic_load_n(&viewer->off, __ATOMIC_RELAXED)) {
		viewer_rest(media_worker, index);
		return 0;
	}
	if (transport.count > *budget || transport.count == 0) {
		*budget = 0;
		return 0;
	}
	*budget -= transport.count;
	told(worker, viewer);
	message.reference = reference_of(viewer, transport.reference);
	while (rtcp_transport_next(&transport, &number))
		number_take(viewer, &message, &number);
	media_worker->counters[MEDIA_VIEWER_TOLD]++;
	media_worker->counters[MEDIA_VIEWER_UNMATCHED] += message.unmatched;
	downlink_told(&viewer->steer.downlink, message.now, message.came, message.lost,
	              (uint16_t)(transport.base + transport.count - 1), message.sent_newest);
	viewer_look(media_worker, index, viewer);
	return 0;
}

void viewer_remb_take(struct media_worker *media_worker, const struct endpoint *endpoint,
                      uint32_t kbps)
{
	struct media *media = media_worker->media;
	struct viewer *viewer = viewer_of(media, (uint32_t)(endpoint - media->endpoints));

	if (viewer == NULL || viewer->numbered)
		return;
	viewer->remb_kbps = RTE_MAX(kbps, 1u);
	viewer->remb_tsc = media_worker->worker->tsc;
}

void viewer_report_take(struct media_worker *media_worker, const struct endpoint *endpoint,
                        uint8_t fraction)
{
	struct media *media = media_worker->media;
	const struct worker *worker = media_worker->worker;
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	struct viewer *viewer = viewer_of(media, index);

	if (viewer == NULL || viewer->numbered)
		return;
	if (__atomic_load_n(&viewer->off, __ATOMIC_RELAXED)) {
		viewer_rest(media_worker, index);
		return;
	}
	told(worker, viewer);
	if (viewer->steer.downlink.kbps != 0)
		downlink_reported(&viewer->steer.downlink, viewer_us(worker->tsc, worker->tsc_hz),
		                  fraction, viewer->remb_kbps, viewer->steer.sent);
	viewer_look(media_worker, index, viewer);
}
