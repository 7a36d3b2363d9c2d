/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/fan.h"

#include "media/cache.h"
#include "srtp/rtp.h"
#include "worker.h"

#define RTP_PADDING_BIT 0x20

bool fan_put(struct media_worker *worker, struct rte_mbuf *mbuf, uint32_t only)
{
	struct fan_item *item;

	if (unlikely(worker->backlog_tail - worker->backlog_head > worker->backlog_mask))
		return false;
	item = &worker->backlog[worker->backlog_tail++ & worker->backlog_mask];
	*item = (struct fan_item){.mbuf = mbuf, .only = only};
	return true;
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
	                        .timestamp = media->timestamp,
	                        .empty = payload_empty(item->mbuf, media),
	                        .clock_hz = stream->clock_hz,
	                        .tsc = worker->tsc,
	                        .tsc_hz = worker->tsc_hz,
	                },
	        .payload = header + media->header_length,
	        .head = (uint64_t)header[0] << 56 | (uint64_t)(media->marker != 0) << 55,
	        .payload_length = media->payload_length,
	        .tail_length = media->header_length - RTP_HEADER_SIZE,
	        .ext_offset = media->ext_offset,
	        .ext_length = media->ext_length,
	        .ext_profile = media->ext_profile,
	        .payload_type = media->payload_type,
	        .repeat = item->only != 0,
	};
}

/* The legs were replaced while the packet waited: on with the first one behind the last that was
 * served. Who came meanwhile may get it, nobody gets it twice. */
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

/* True: the packet has no more legs. */
static bool legs_take(struct media_worker *worker, struct fan_burst *burst, struct fan_item *item,
                      const struct legs *legs, const struct fan_source *source)
{
	uint32_t end;

	if (unlikely(item->generation != legs->generation)) {
		item->next = item->generation == 0 ? 0 : cursor_find(legs, item->last);
		item->generation = legs->generation;
	}
	end = RTE_MIN(legs->count, item->next + (FAN_BURST - burst->count));
	for (; item->next < end; item->next++)
		leg_add(worker, burst, legs->subscriptions[item->next], source);
	if (item->next == legs->count)
		return true;
	item->last = legs->subscriptions[item->next - 1];
	return false;
}

/* True: it is finished with this burst. */
static bool item_take(struct media_worker *worker, struct fan_burst *burst, struct fan_item *item)
{
	struct media *media = worker->media;
	struct stream *stream = &media->streams[packet_of(item->mbuf)->media.stream];
	struct fan_source *source = &burst->sources[burst->sources_count];
	struct stream_worker *at = &stream->at[worker->worker->id];
	const struct legs *legs;

	burst->caches[burst->done_count] = NULL;
	if (unlikely(!__atomic_load_n(&stream->live, __ATOMIC_ACQUIRE)))
		return true;
	source_fill(source, item, stream, worker->worker);
	burst->sources_count++;
	if (item->only != 0) {
		if (__atomic_load_n(&media->subscriptions[item->only].live, __ATOMIC_ACQUIRE))
			leg_add(worker, burst, item->only, source);
		return true;
	}
	burst->caches[burst->done_count] = __atomic_load_n(&at->cache, __ATOMIC_ACQUIRE);
	legs = __atomic_load_n(&at->legs, __ATOMIC_ACQUIRE);
	return legs == NULL || legs_take(worker, burst, item, legs, source);
}

void fan_take(struct media_worker *worker, struct fan_burst *burst)
{
	burst->count = burst->sources_count = burst->done_count = 0;
	while (burst->count < FAN_BURST && burst->sources_count < FAN_SOURCES &&
	       burst->done_count < FAN_SOURCES && !fan_empty(worker)) {
		struct fan_item *item =
		        &worker->backlog[worker->backlog_head & worker->backlog_mask];

		if (!item_take(worker, burst, item))
			return;
		burst->done[burst->done_count++] = item->mbuf;
		worker->backlog_head++;
		if (!fan_empty(worker)) {
			item = &worker->backlog[worker->backlog_head & worker->backlog_mask];
			rte_prefetch0(packet_of(item->mbuf));
			rte_prefetch0(rte_pktmbuf_mtod(item->mbuf, void *));
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
