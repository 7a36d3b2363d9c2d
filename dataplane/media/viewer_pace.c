/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/viewer_pace.h"

#include "dataplane.h"
#include "media/fan.h"
#include "media/rtcp.h"

#define PACKET_OVERHEAD 68 /* bytes: RTP, its extension, tag, UDP, IP */

static uint64_t us_now(const struct media_worker *media_worker)
{
	return viewer_us(media_worker->worker->tsc, media_worker->worker->tsc_hz);
}

/* So that its owner comes back to it. False: there are too many. */
static bool list_add(struct media_worker *media_worker, uint32_t endpoint,
                     const struct viewer *viewer)
{
	struct viewer_worker *viewers = &media_worker->rtcp->viewers;

	if (viewer->pace->head != viewer->pace->tail)
		return true;
	if (viewers->n_paced == VIEWER_PACED)
		return false;
	viewers->paced[viewers->n_paced++] =
	        (struct viewer_paced){.endpoint = endpoint, .life = viewer->life};
	return true;
}

/* A key frame of the stream that it is to get, and not the first one: nothing is known of the path
 * before that. */
static bool may_begin(const struct media_worker *media_worker, const struct viewer *viewer,
                      const struct fan_leg *leg)
{
	const struct subscription *subscription = leg->subscription;

	if (viewer == NULL || viewer->pace == NULL || !viewer->steered ||
	    viewer->steer.downlink.reason == DOWNLINK_START ||
	    !viewer_steers(viewer, media_worker->worker))
		return false;
	return subscription->serial_now != 0 && !subscription->held && !subscription->needs_key &&
	       !subscription->unsteered &&
	       !__atomic_load_n(&subscription->paused, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) ==
	               leg->source->packet.stream;
}

static void item_put(struct media_worker *media_worker, struct viewer_pace *pace,
                     const struct fan_leg *leg)
{
	struct subscription *subscription = leg->subscription;
	uint32_t bytes = leg->source->payload_length + PACKET_OVERHEAD;

	rte_mbuf_refcnt_update(leg->source->mbuf, 1);
	pace->items[pace->tail++ % VIEWER_PACE] = (struct viewer_pace_item){
	        .mbuf = leg->source->mbuf,
	        .subscription = (uint32_t)(subscription - media_worker->media->subscriptions),
	        .life = subscription->life,
	        .bytes = bytes,
	};
	pace_put(&pace->pace, bytes, us_now(media_worker));
	subscription->paced = true;
	subscription->paced_count++;
	media_worker->counters[MEDIA_PACED]++;
}

static bool is_hurried(const struct subscription *subscription, uint32_t stream)
{
	return subscription->hurried &&
	       __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) != stream;
}

/* The oldest one. False: the backlog has no room for it. */
static bool item_release(struct media_worker *media_worker, struct viewer_pace *pace, uint32_t kbps)
{
	struct viewer_pace_item *item = &pace->items[pace->head % VIEWER_PACE];
	struct subscription *subscription = &media_worker->media->subscriptions[item->subscription];
	/* its place may be another one's by now */
	bool here = __atomic_load_n(&subscription->live, __ATOMIC_ACQUIRE) &&
	            subscription->life == item->life;

	if (!here || is_hurried(subscription, packet_of(item->mbuf)->media.stream)) {
		rte_pktmbuf_free(item->mbuf);
		pace_forget(&pace->pace, item->bytes);
	} else if (fan_is_crowded(media_worker) ||
	           !fan_put_paced(media_worker, item->mbuf, item->subscription)) {
		return false;
	} else {
		pace->released_tsc = media_worker->worker->tsc;
		pace_take(&pace->pace, item->bytes, kbps, us_now(media_worker));
	}
	if (here)
		subscription->paced_count--;
	pace->head++;
	return true;
}

bool viewer_pace_put(struct media_worker *media_worker, const struct fan_leg *leg)
{
	struct subscription *subscription = leg->subscription;
	const struct fan_source *source = leg->source;
	struct viewer *viewer = viewer_of(media_worker->media, subscription->endpoint);

	if (source->repeat || source->paced)
		return false;
	/* what has left last has had its time */
	if (subscription->paced && subscription->paced_count == 0 &&
	    pace_is_over(&viewer->pace->pace, us_now(media_worker)))
		subscription->paced = false;
	if (!subscription->paced && (!source->packet.key || !may_begin(media_worker, viewer, leg)))
		return false;
	if (source->packet.key &&
	    __atomic_load_n(&subscription->stream, __ATOMIC_RELAXED) == source->packet.stream)
		subscription->paced_stream = source->packet.stream;
	/* what would not be sent once its turn came: of the stream before, of another one before
	 * its key frame, of what is left in a hurry */
	if (source->packet.stream != subscription->paced_stream ||
	    is_hurried(subscription, source->packet.stream))
		return subscription->paced_count != 0;
	if (!list_add(media_worker, subscription->endpoint, viewer))
		return false;
	/* full: the oldest one does not wait any longer */
	if (viewer->pace->tail - viewer->pace->head == VIEWER_PACE &&
	    !item_release(media_worker, viewer->pace, viewer->steer.downlink.kbps)) {
		media_worker->worker->drops[DROP_MEDIA_BACKLOG]++;
		return true;
	}
	item_put(media_worker, viewer->pace, leg);
	return true;
}

/* True: some of it waits on. */
static bool pace_run(struct media_worker *media_worker, const struct viewer *viewer)
{
	bool all = !viewer_steers(viewer, media_worker->worker);
	struct viewer_pace *pace = viewer->pace;
	uint64_t now = us_now(media_worker);

	while (pace->head != pace->tail && (all || pace_is_due(&pace->pace, now)))
		if (!item_release(media_worker, pace, viewer->steer.downlink.kbps))
			return true;
	if (all)
		pace->pace.due = now;
	return pace->head != pace->tail;
}

void viewer_paces_run(struct media_worker *media_worker)
{
	struct viewer_worker *viewers = &media_worker->rtcp->viewers;
	uint32_t i = 0;

	while (i < viewers->n_paced) {
		const struct viewer_paced *paced = &viewers->paced[i];
		const struct viewer *viewer =
		        viewer_left(media_worker->media, paced->endpoint, paced->life);

		if (viewer != NULL && pace_run(media_worker, viewer))
			i++;
		else
			viewers->paced[i] = viewers->paced[--viewers->n_paced];
	}
}

void viewer_pace_drop(struct viewer_pace *pace)
{
	for (; pace->head != pace->tail; pace->head++)
		rte_pktmbuf_free(pace->items[pace->head % VIEWER_PACE].mbuf);
}
