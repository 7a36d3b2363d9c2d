/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/feedback.h"

#include "media/key_frame.h"
#include "media/reception.h"
#include "media/rtcp.h"
#include "media/rtcp_send.h"
#include "worker.h"

#include <string.h>

#define STREAMS_PER_RUN 64u
#define NACKS_PER_RUN   MISSING_PACKETS

void feedback_queue(struct media_worker *media_worker, uint32_t index)
{
	struct feedback_list *list = &media_worker->rtcp->feedback;
	struct stream *stream = &media_worker->media->streams[index];

	if (stream->feedback_queued)
		return;
	if (list->tail - list->head == FEEDBACK_STREAMS) {
		media_worker->counters[MEDIA_FEEDBACK_DROPPED]++;
		return;
	}
	list->streams[list->tail++ & (FEEDBACK_STREAMS - 1)] = index;
	stream->feedback_queued = true;
}

/* It was not the end after all, unless the BYE has merely overtaken this packet. */
static void stream_goes_on(struct stream *stream, const struct worker *worker)
{
	if (worker->tsc - stream->ended_tsc < worker->tsc_hz / 1000 * STREAM_ENDED_MS)
		return;
	stream->source->ended = false;
	__atomic_store_n(&stream->ended, false, __ATOMIC_RELEASE);
}

/* A publisher that sends no reports, or whose reports do not come: our clock, by its packets'
 * arrival, so that its subscribers can play what they get in step. */
static void stream_clock_run(struct stream *stream, const struct media *media, uint32_t timestamp,
                             const struct worker *worker)
{
	if (stream->clock_due != 0)
		sender_clock_write(&stream->clock, media_ntp(media, worker->tsc, worker->tsc_hz),
		                   timestamp, worker->tsc);
	stream->clock_due =
	        worker->tsc + (stream->clock_due == 0 ? STREAM_FIRST_SECONDS : 1) * worker->tsc_hz;
}

void stream_received(struct media_worker *media_worker, uint32_t index_of_stream, uint64_t index,
                     uint32_t timestamp, bool repeat)
{
	struct stream *stream = &media_worker->media->streams[index_of_stream];

	if (unlikely(media_worker->worker->tsc >= stream->clock_due && !repeat))
		stream_clock_run(stream, media_worker->media, timestamp, media_worker->worker);
	if (unlikely(stream->key_frame_wanted && !stream->feedback_queued))
		feedback_queue(media_worker, index_of_stream);
	if (unlikely(__atomic_load_n(&stream->ended, __ATOMIC_RELAXED)))
		stream_goes_on(stream, media_worker->worker);
	switch (reception_packet(stream->reception, index, timestamp, media_worker->worker->tsc,
	                         repeat)) {
	case RECEPTION_GAP:
		feedback_queue(media_worker, index_of_stream);
		break;
	case RECEPTION_REPAIRED:
		stream->repaired++;
		break;
	case RECEPTION_RESTARTED:
		/* subscribers see no gap to ask for, and may lack what the next frames hang on */
		stream->key_frame_wanted = true;
		feedback_queue(media_worker, index_of_stream);
		break;
	case RECEPTION_NEXT:
		break;
	}
}

/* What the publisher has agreed to for this stream. */
static uint8_t stream_agreed(const struct endpoint *endpoint, const struct stream *stream)
{
	return endpoint->feedback & (uint8_t)~stream->unagreed;
}

/* A minimal compound (RFC 4585, 3.1). */
static bool feedback_send(struct media_worker *media_worker, const struct stream *stream,
                          bool key_frame, const uint64_t *indices, uint32_t count)
{
	struct media *media = media_worker->media;
	struct endpoint *endpoint = &media->endpoints[stream->endpoint];
	uint32_t ssrc = __atomic_load_n(&stream->source->ssrc, __ATOMIC_RELAXED);
	struct rtcp_writer writer;
	struct rte_mbuf *mbuf = rtcp_begin(media_worker, endpoint, &writer);

	if (mbuf == NULL)
		return false;
	rtcp_put_sdes(&writer);
	rtcp_put_self(&writer, media, endpoint);
	if (key_frame && stream_agreed(endpoint, stream) & SLUICE_FEEDBACK_PLI)
		rtcp_put_pli(&writer, endpoint->rtcp_ssrc, ssrc);
	else if (key_frame)
		rtcp_put_fir(&writer, endpoint->rtcp_ssrc, ssrc,
		             (uint8_t)stream->key_frame_requests);
	if (count != 0)
		rtcp_put_nack(&writer, endpoint->rtcp_ssrc, ssrc, indices, count);
	return rtcp_send(media_worker, endpoint, mbuf, &writer);
}

static void feedback_sent(struct media_worker *media_worker, struct stream *stream, bool key_frame,
                          uint32_t count)
{
	if (key_frame)
		key_frame_sent(stream, media_worker->worker->tsc);
	stream->nacks_sent += count;
	media_worker->counters[MEDIA_NACK_SENT] += count;
	media_worker->counters[MEDIA_KEY_FRAME_SENT] += key_frame;
}

/* What the publisher has not agreed to is not asked (RFC 4585, 4.2). */
static void unagreed_forget(const struct endpoint *endpoint, struct stream *stream)
{
	uint8_t agreed = stream_agreed(endpoint, stream);

	if (!(agreed & SLUICE_FEEDBACK_NACK))
		missing_clear(&stream->reception->missing);
	if (!(agreed & (SLUICE_FEEDBACK_PLI | SLUICE_FEEDBACK_FIR))) {
		stream->key_frame_wanted = false;
		stream->key_frame_tries = 0;
	}
}

static bool is_waited_for(const struct stream *stream)
{
	return stream->key_frame_wanted || key_frame_is_owed(stream);
}

/* Layers of one track are asked one after the other: a browser makes key frames of all at once. */
static bool track_was_asked(const struct media *media, const struct stream *stream,
                            const struct worker *worker)
{
	uint64_t interval = key_frame_interval(stream, worker->tsc_hz);
	const struct endpoint_sources *sources =
	        __atomic_load_n(&media->endpoints[stream->endpoint].sources, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; stream->rid[0] != 0 && sources != NULL && i < sources->count; i++) {
		const struct stream *layer = &media->streams[sources->sources[i]->stream];

		if (!sources->sources[i]->rtx && layer != stream && layer->rid[0] != 0 &&
		    strcmp(layer->mid, stream->mid) == 0 && layer->key_frame_sent != 0 &&
		    worker->tsc - layer->key_frame_sent < interval)
			return true;
	}
	return false;
}

/* True: it will have to ask again. */
static bool stream_feedback(struct media_worker *media_worker, struct stream *stream)
{
	const struct endpoint *endpoint = &media_worker->media->endpoints[stream->endpoint];
	const struct worker *worker = media_worker->worker;
	struct missing_packets *missing = &stream->reception->missing;
	uint64_t indices[NACKS_PER_RUN];
	uint32_t count;
	bool key_frame;

	unagreed_forget(endpoint, stream);
	/* its address is not known yet; the first packet shows it */
	if (endpoint->remote.port == 0 ||
	    __atomic_load_n(&stream->source->ssrc, __ATOMIC_RELAXED) == 0)
		return is_waited_for(stream);
	key_frame = key_frame_due(stream, worker->tsc, worker->tsc_hz) &&
	            !track_was_asked(media_worker->media, stream, worker);
	count = missing_take(missing, worker->tsc, worker->tsc_hz, indices, NACKS_PER_RUN);
	if (!key_frame && count == 0)
		return is_waited_for(stream) || missing->count != 0;
	if (feedback_send(media_worker, stream, key_frame, indices, count))
		feedback_sent(media_worker, stream, key_frame, count);
	else
		missing_take_back(missing, indices, count, worker->tsc, worker->tsc_hz);
	return is_waited_for(stream) || missing->count != 0;
}

void feedback_run(struct media_worker *media_worker)
{
	struct feedback_list *list = &media_worker->rtcp->feedback;
	struct media *media = media_worker->media;
	uint32_t count = RTE_MIN(list->tail - list->head, STREAMS_PER_RUN);

	while (count-- != 0) {
		uint32_t index = list->streams[list->head++ & (FEEDBACK_STREAMS - 1)];
		struct stream *stream = &media->streams[index];

		/* gone, or its place was taken by another worker's */
		if (!__atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) ||
		    media->endpoints[stream->endpoint].worker != media_worker->worker->id)
			continue;
		stream->feedback_queued = false;
		if (stream_feedback(media_worker, stream))
			feedback_queue(media_worker, index);
	}
}
