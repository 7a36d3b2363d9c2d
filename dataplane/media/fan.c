/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/fan.h"

#include "media/cache.h"
#include "srtp/rtp.h"
#include "worker.h"

static bool item_put(struct media_worker *worker, const struct fan_item *item)
{
	if (unlikely(worker->backlog_tail - worker->backlog_head > worker->backlog_mask))
		return false;
	worker->backlog[worker->backlog_tail++ & worker->backlog_mask] = *item;
	return true;
}

bool fan_put(struct media_worker *worker, struct rte_mbuf *mbuf, uint32_t only)
{
	return item_put(worker, &(struct fan_item){.mbuf = mbuf, .only = only});
}

bool fan_put_paced(struct media_worker *worker, struct rte_mbuf *mbuf, uint32_t only)
{
	return item_put(worker, &(struct fan_item){.mbuf = mbuf, .only = only, .paced = true});
}

/* Padding's length stands in the last byte, which is read where the header says so. */
static bool payload_empty(const struct rte_mbuf *mbuf, const struct packet_media *media)
{
	const uint8_t *payload = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, media->header_length);

	if (media->payload_length == 0)
		return true;
	return (*rte_pktmbuf_mtod(mbuf, uint8_t *) & RTP_PADDING_BIT) &&
	       payload[media->payload_length - 1] == media->payload_length;
}

static void vp8_fill(struct fan_source *source)
{
	struct rewrite_packet *packet = &source->packet;

	packet->vp8 = vp8_descriptor_read(source->payload, source->payload_length, &source->vp8) &&
	              (source->vp8.picture_at != 0 || source->vp8.tl0_at != 0);
	packet->picture = source->vp8.picture;
	packet->picture_mask = source->vp8.wide ? 0x7fff : 0x7f;
	packet->tl0 = source->vp8.tl0;
	packet->temporals = packet->vp8;
	packet->temporal = source->vp8.temporal;
	packet->sync = source->vp8.sync;
	packet->begins = source->vp8.begins;
}

static void frame_fill(struct rewrite_packet *packet, uint8_t frame)
{
	packet->temporals = true;
	packet->temporal = frame & FRAME_TEMPORAL;
	packet->begins = frame & FRAME_BEGINS;
	packet->up = frame & FRAME_UP;
}

static void source_fill(struct fan_source *source, const struct fan_item *item,
                        const struct stream *stream, const struct worker *worker)
{
	const struct packet_media *media = &packet_of(item->mbuf)->media;

	const uint8_t *header = rte_pktmbuf_mtod(item->mbuf, uint8_t *);

	*source = (struct fan_source){
	        .packet =
	                {
	                        .index = media->index,
	                        .stream = media->stream,
	                        .serial = media->serial,
	                        .timestamp = media->timestamp,
	                        .empty = payload_empty(item->mbuf, media),
	                        .clock_hz = stream->clock_hz,
	                        .tsc = worker->tsc,
	                        .tsc_hz = worker->tsc_hz,
	                        .keyed = stream->keyed,
	                        .key = media->key,
	                        .streams = stream - media->stream,
	                },
	        .mbuf = item->mbuf,
	        .payload = header + media->header_length,
	        .head = (uint64_t)header[0] << 56 | (uint64_t)(media->marker != 0) << 55,
	        .payload_length = media->payload_length,
	        .tail_length = media->header_length - RTP_HEADER_SIZE,
	        .ext_offset = media->ext_offset,
	        .ext_length = media->ext_length,
	        .ext_profile = media->ext_profile,
	        .payload_type = media->payload_type,
	        .repeat = item->only != 0 && !item->paced,
	        .paced = item->paced,
	};
	if (media->codec == SLUICE_CODEC_VP8)
		vp8_fill(source);
	else if (media->frame & FRAME_TELLS)
		frame_fill(&source->packet, media->frame);
}

/* The list was replaced while the packet waited: go on with the first one after the last that was
 * served. A subscription that was added meanwhile may get it, none gets it twice. */
static uint32_t cursor_find(const struct legs *legs, uint32_t last)
{
	uint32_t low = 0, high = legs->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (legs->subscriptions[middle] <= last)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void leg_add(struct media_worker *worker, struct fan_burst *burst, uint32_t subscription,
                    const struct fan_source *source)
{
	struct fan_leg *leg = &burst->legs[burst->count++];

	leg->subscription = &worker->media->subscriptions[subscription];
	leg->source = source;
}

static struct fan_item *item_at(const struct media_worker *worker, uint32_t behind)
{
	return &worker->backlog[(worker->backlog_head + behind) & worker->backlog_mask];
}

/* How many items go to a subscription together. Do not extend a run that is already being sent. */
static uint32_t items_together(const struct media_worker *worker, struct fan_item *first)
{
	const struct packet_media *packet = &packet_of(first->mbuf)->media;
	uint32_t waiting = worker->backlog_tail - worker->backlog_head;
	uint32_t most = first->only == 0 ? RTE_MIN(waiting, (uint32_t)FAN_TOGETHER) : 1;

	if (first->together != 0)
		return first->together;
	first->together = 1;
	while (first->together < most) {
		const struct fan_item *item = item_at(worker, first->together);
		const struct packet_media *next = &packet_of(item->mbuf)->media;

		if (item->only != 0 || next->stream != packet->stream ||
		    next->serial != packet->serial)
			break;
		first->together++;
	}
	return first->together;
}

/* True: the packets have been written for all subscriptions. */
static bool legs_take(struct media_worker *worker, struct fan_burst *burst, struct fan_item *item,
                      const struct legs *legs, const struct fan_source *sources)
{
	uint32_t end;

	if (unlikely(item->generation != legs->generation)) {
		item->next = item->generation == 0 ? 0 : cursor_find(legs, item->last);
		item->generation = legs->generation;
	}
	end = RTE_MIN(legs->count, item->next + (FAN_BURST - burst->count) / item->together);
	for (; item->next < end; item->next++)
		for (uint32_t i = 0; i < item->together; i++)
			leg_add(worker, burst, legs->subscriptions[item->next], &sources[i]);
	if (item->next == legs->count)
		return true;
	if (item->next > 0)
		item->last = legs->subscriptions[item->next - 1];
	return false;
}

/* The subscription of what is for it alone may have gone while it waited, and its index may be
 * another worker's by now. */
static bool leg_is_here(const struct media_worker *worker, uint32_t index)
{
	const struct subscription *subscription = &worker->media->subscriptions[index];

	return __atomic_load_n(&subscription->live, __ATOMIC_ACQUIRE) &&
	       worker->media->endpoints[subscription->endpoint].worker == worker->worker->id;
}

/* Its place may be another one's by now. A retransmission may be of an SSRC that the stream had
 * before: the subscription knows the serials of its spans. */
static bool stream_is_there(const struct stream *stream, const struct fan_item *item)
{
	return __atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) &&
	       ((item->only != 0 && !item->paced) ||
	        __atomic_load_n(&stream->serial, __ATOMIC_RELAXED) ==
	                packet_of(item->mbuf)->media.serial);
}

/* The packets at the head of the backlog. True: they are finished with this burst. */
static bool items_take(struct media_worker *worker, struct fan_burst *burst, struct fan_item *item)
{
	const struct packet_media *packet = &packet_of(item->mbuf)->media;
	struct stream *stream = &worker->media->streams[packet->stream];
	struct fan_source *sources = &burst->sources[burst->sources_count];
	struct packet_cache **caches = &burst->caches[burst->done_count];
	const struct stream_worker *at;
	const struct legs *legs;

	if (unlikely(!stream_is_there(stream, item))) {
		for (uint32_t i = 0; i < item->together; i++)
			caches[i] = NULL;
		return true;
	}
	at = &stream->at[worker->worker->id];
	for (uint32_t i = 0; i < item->together; i++) {
		source_fill(&sources[i], item_at(worker, i), stream, worker->worker);
		caches[i] = item->only != 0 ? NULL : __atomic_load_n(&at->cache, __ATOMIC_ACQUIRE);
	}
	burst->sources_count += item->together;
	if (item->only != 0) {
		if (leg_is_here(worker, item->only))
			leg_add(worker, burst, item->only, sources);
		return true;
	}
	legs = __atomic_load_n(&at->legs, __ATOMIC_ACQUIRE);
	return legs == NULL || legs_take(worker, burst, item, legs, sources);
}

void fan_take(struct media_worker *worker, struct fan_burst *burst)
{
	burst->count = burst->sources_count = burst->done_count = 0;
	while (!fan_empty(worker)) {
		struct fan_item *item = item_at(worker, 0);
		uint32_t together = items_together(worker, item);

		if (burst->count + together > FAN_BURST ||
		    burst->sources_count + together > FAN_SOURCES ||
		    burst->done_count + together > FAN_SOURCES)
			return;
		if (!items_take(worker, burst, item))
			return;
		for (uint32_t i = 0; i < together; i++)
			burst->done[burst->done_count++] = item_at(worker, i)->mbuf;
		worker->backlog_head += together;
		if (!fan_empty(worker)) {
			struct rte_mbuf *next = item_at(worker, 0)->mbuf;

			rte_prefetch0(packet_of(next));
			rte_prefetch0(rte_pktmbuf_mtod(next, void *));
		}
	}
}

void fan_done(struct media_worker *worker, struct fan_burst *burst)
{
	for (unsigned int i = 0; i < burst->done_count; i++) {
		if (burst->caches[i] != NULL)
			packet_cache_put(burst->caches[i], burst->done[i], worker->worker->tsc);
		else
			rte_pktmbuf_free(burst->done[i]);
	}
}

void fan_drop_all(struct media_worker *worker)
{
	while (!fan_empty(worker))
		rte_pktmbuf_free(
		        worker->backlog[worker->backlog_head++ & worker->backlog_mask].mbuf);
}
