/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/receive.h"

#include "media/address.h"
#include "media/bind.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/ext_map.h"
#include "media/guess.h"
#include "media/reception.h"
#include "media/record.h"
#include "media/transport_feedback.h"
#include "worker.h"

#include <rte_hash.h>

#include <string.h>

#define RTCP_SENDER_OFFSET 4 /* in the clear (RFC 3711, 3.4) */

/* An SSRC may change at any time (RFC 3550, 8.2), and few publishers say BYE where we hear it. One
 * that sends on under the same payload type follows soon; another payload type may be that of RTX,
 * or of a stream that is not configured. */
#define FOLLOW_SAME_MS  200
#define FOLLOW_OTHER_MS 2000
/* A source of which nothing has authenticated for so long may have gone on by more numbers than the
 * rollover counter is guessed over. */
#define SEARCH_MS 1000
struct endpoint *endpoint_find(const struct media *media, const struct packet *packet)
{
	struct endpoint *endpoint;
	uint32_t index = 0;
	void *data;

	if (rte_hash_lookup_data(media->transports, &packet->flow, &data) >= 0)
		index = (uint32_t)(uintptr_t)data;
	else if (packet->flow.service < MEDIA_LOCALS_MAX)
		index = __atomic_load_n(&media->learners[packet->flow.service], __ATOMIC_ACQUIRE);
	if (index == 0)
		return NULL;
	endpoint = &media->endpoints[index];
	return __atomic_load_n(&endpoint->live, __ATOMIC_ACQUIRE) ? endpoint : NULL;
}

static bool source_silent(const struct endpoint_source *source, const struct worker *worker,
                          uint32_t ms)
{
	return worker->tsc - source->taken_tsc > worker->tsc_hz / 1000 * ms;
}

/* It waits for an SSRC: its first, or one that follows another. */
static bool source_is_open(const struct endpoint_source *source, const struct worker *worker,
                           uint8_t payload_type)
{
	uint32_t ms = payload_type == source->payload_type ? FOLLOW_SAME_MS : FOLLOW_OTHER_MS;

	if (source->bound)
		return false;
	if (source->ssrc == 0 || source->ended)
		return true;
	return source->learned && source_silent(source, worker, ms);
}

/* An SSRC that is not configured may be the one that a stream waits for: the stream that has waited
 * the longest gets it. */
static struct endpoint_source *source_find(const struct endpoint *endpoint,
                                           const struct rtp_view *view, const struct worker *worker)
{
	const struct endpoint_sources *sources =
	        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);
	struct endpoint_source *open = NULL;

	if (sources == NULL)
		return NULL;
	for (uint32_t i = 0; i < sources->count; i++) {
		struct endpoint_source *source = sources->sources[i];

		if (source->ssrc == view->ssrc)
			return source;
		if (source_is_open(source, worker, view->payload_type) &&
		    (open == NULL || source->taken_tsc < open->taken_tsc))
			open = source;
	}
	return open;
}

/* RFC 3711, 3.1: CM puts the MKI in front of its tag; RFC 7714, 8.2: GCM behind its own. */
static const uint8_t *tail_split(const struct endpoint *endpoint, const uint8_t *tail,
                                 const uint8_t **mki)
{
	bool aead = srtp_profiles[endpoint->profile].aead;

	*mki = aead ? tail + endpoint->tag_length : tail;
	return aead ? tail : tail + endpoint->mki_length;
}

static bool mki_is(const struct endpoint *endpoint, const uint8_t *mki)
{
	return memcmp(mki, endpoint->mki, endpoint->mki_length) == 0;
}

static void index_find(const struct media *media, struct received *received,
                       const struct worker *worker)
{
	const struct endpoint_source *source = received->source;

	received->guessed = false;
	if (unlikely(!source->window.started || source->ssrc != received->view.ssrc)) {
		guess_source(media, received);
	} else if (unlikely(source_silent(source, worker, SEARCH_MS))) {
		received->guessed = true;
		received->index = srtp_window_search(&source->window, received->view.seq);
	} else {
		received->index = srtp_window_estimate(&source->window, received->view.seq);
	}
}

static enum drop_reason source_look(const struct media_worker *media_worker,
                                    struct endpoint *endpoint, struct received *received)
{
	struct endpoint_source *source =
	        source_find(endpoint, &received->view, media_worker->worker);

	received->source = source;
	if (unlikely(source == NULL)) {
		const struct endpoint_sources *sources =
		        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);

		if (sources != NULL && sources->bound) {
			guess_unknown(media_worker->media, received);
			return DROP_NONE;
		}
		endpoint->unknown_ssrc++;
		return DROP_MEDIA_NO_STREAM;
	}
	index_find(media_worker->media, received, media_worker->worker);
	if (unlikely(source->ssrc != received->view.ssrc))
		return DROP_NONE;
	switch (srtp_window_look(&source->window, received->index)) {
	case SRTP_WINDOW_NEW:
		return DROP_NONE;
	case SRTP_WINDOW_REPLAYED:
		source->replayed++;
		endpoint->replayed++;
		return DROP_SRTP_REPLAY;
	default:
		return DROP_SRTP_OLD;
	}
}

static enum drop_reason endpoint_failed(struct endpoint *endpoint, const struct worker *worker)
{
	endpoint->auth_failed++;
	endpoint->failed_tsc = worker->tsc;
	return DROP_SRTP_AUTH;
}

enum drop_reason receive_begin(const struct media_worker *media_worker, struct received *received,
                               struct rte_mbuf *mbuf, struct endpoint *endpoint,
                               struct srtp_job *job)
{
	const struct packet *packet = packet_of(mbuf);
	uint8_t *data = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, packet->payload_offset);
	uint16_t tail = endpoint->tag_length + endpoint->mki_length;
	const uint8_t *mki;
	enum drop_reason reason;

	received->mbuf = mbuf;
	received->endpoint = endpoint;
	if (unlikely(rtp_parse(data, packet->payload_length, &received->view) < 0 ||
	             received->view.payload_length < tail)) {
		endpoint->malformed++;
		return DROP_RTP_MALFORMED;
	}
	reason = source_look(media_worker, endpoint, received);
	if (unlikely(reason != DROP_NONE))
		return reason;
	*job = (struct srtp_job){
	        .session = endpoint->rx,
	        .src = data + received->view.header_length,
	        .dst = data + received->view.header_length,
	        .index = received->index,
	        .ssrc = rte_cpu_to_be_32(received->view.ssrc),
	        .header_length = received->view.header_length,
	        .length = received->view.payload_length - tail,
	};
	job->tag = tail_split(endpoint, job->src + job->length, &mki);
	if (unlikely(endpoint->mki_length != 0 && !mki_is(endpoint, mki)))
		return endpoint_failed(endpoint, media_worker->worker);
	return DROP_NONE;
}

/* The mbuf's data becomes `length` bytes of the payload. */
static void mbuf_cut(struct rte_mbuf *mbuf, uint16_t length)
{
	packet_of(mbuf)->form = PACKET_RTP;
	mbuf->data_off += packet_of(mbuf)->payload_offset;
	mbuf->data_len = length;
	mbuf->pkt_len = length;
	mbuf->ol_flags = 0;
}

/* The first of them makes room: what all sources' keep together is kept for longer. */
static void former_add(struct media *media, const struct endpoint *endpoint,
                       struct endpoint_source *source)
{
	struct source_former *former = &source->formers[source->formers_count % SOURCE_FORMERS_MAX];

	if (former->next != 0)
		spent_remember_received(media->config->spent, endpoint, former->ssrc, former->next);
	__atomic_store_n(&former->next, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&former->ssrc, source->ssrc, __ATOMIC_RELAXED);
	__atomic_store_n(&former->next, source->window.highest + 1, __ATOMIC_RELEASE);
	source->formers_count++;
}

void stream_restart(struct media *media, struct stream *stream)
{
	__atomic_store_n(&stream->serial, media_serial_next(media), __ATOMIC_RELAXED);
	__atomic_store_n(&stream->ended, false, __ATOMIC_RELEASE);
	sender_clock_write(&stream->clock, 0, 0, 0);
	stream->clock_due = 0;
	stream->key_frame_wanted |= stream->keyed;
	reception_restart(stream->reception);
}

static void source_name(struct media *media, const struct received *received)
{
	struct endpoint_source *source = received->source;

	if (source->ssrc != 0 && source->window.started)
		former_add(media, received->endpoint, source);
	if (source->ssrc != 0 && !source->rtx)
		stream_restart(media, &media->streams[source->stream]);
	source->ended = false;
	source->window = (struct srtp_receive_window){.first = received->first};
	source->record_due = 0;
	__atomic_store_n(&source->ssrc, received->view.ssrc, __ATOMIC_RELEASE);
}

/* In the same burst another packet may have taken the index, or the name of the stream. */
static enum drop_reason source_take(struct media *media, struct received *received,
                                    const struct worker *worker)
{
	struct endpoint_source *source = received->source;

	if (unlikely(source->ssrc != received->view.ssrc)) {
		if (!source_is_open(source, worker, received->view.payload_type)) {
			received->endpoint->unknown_ssrc++;
			return DROP_MEDIA_NO_STREAM;
		}
		source_name(media, received);
	}
	if (unlikely(!srtp_window_take(&source->window, received->index))) {
		source->replayed++;
		received->endpoint->replayed++;
		return DROP_SRTP_REPLAY;
	}
	source->window.tries = 0;
	source->taken_tsc = worker->tsc;
	source->payload_type = received->view.payload_type;
	if (unlikely(received->index >= source->record_due)) {
		source->record_due = received->index + RECORD_RECEIVED_STEP;
		record_stream_state(media, &media->streams[source->stream]);
	}
	return DROP_NONE;
}

/* The packet goes on all the same: its payload is whole. */
static void extension_read(struct media_worker *media_worker, struct received *received)
{
	const struct rtp_view *view = &received->view;
	uint16_t offset = packet_of(received->mbuf)->payload_offset + view->ext_offset;
	const uint8_t *elements = rte_pktmbuf_mtod_offset(received->mbuf, uint8_t *, offset);
	bool whole = true;

	received->said = (struct ext_said){.truncated = false};
	if (view->ext_offset == 0)
		return;
	if (received->endpoint->ids.any) {
		ext_read(&received->endpoint->ids, view->ext_profile, elements, view->ext_length,
		         &received->said);
		whole = !received->said.truncated;
	} else {
		whole = ext_elements_whole(view->ext_profile, elements, view->ext_length);
	}
	if (unlikely(!whole))
		media_worker->counters[MEDIA_EXT_TRUNCATED]++;
}

/* By what the packet says, now that it is authentic. */
static enum drop_reason unknown_bind(struct media_worker *media_worker, struct received *received)
{
	struct endpoint *endpoint = received->endpoint;
	struct endpoint_source *source =
	        source_find(endpoint, &received->view, media_worker->worker);

	/* a packet of the same burst may have bound it */
	if (source == NULL)
		source = bind_find(media_worker->media, endpoint, &received->said,
		                   received->view.payload_type, media_worker->worker);
	if (source == NULL) {
		endpoint->unknown_ssrc++;
		return DROP_MEDIA_NO_STREAM;
	}
	received->source = source;
	endpoint->bind_tries = 0;
	if (source->ssrc == received->view.ssrc)
		return DROP_NONE;
	source->learned = true;
	source_name(media_worker->media, received);
	media_worker->counters[MEDIA_BOUND]++;
	return DROP_NONE;
}

enum drop_reason receive_end(struct media_worker *media_worker, struct received *received,
                             const struct srtp_job *job)
{
	struct media *media = media_worker->media;
	struct endpoint *endpoint = received->endpoint;
	const struct rtp_view *view = &received->view;
	struct packet *packet = packet_of(received->mbuf);
	enum drop_reason reason = DROP_NONE;

	if (unlikely(!job->ok)) {
		if (received->guessed)
			guess_failed(received);
		if (received->source != NULL)
			received->source->auth_failed++;
		return endpoint_failed(endpoint, media_worker->worker);
	}
	extension_read(media_worker, received);
	if (unlikely(received->source == NULL))
		reason = unknown_bind(media_worker, received);
	if (received->said.has_transport_number &&
	    __atomic_load_n(&endpoint->transport, __ATOMIC_ACQUIRE) != NULL)
		transport_received(media_worker, received);
	if (unlikely(reason != DROP_NONE))
		return reason;
	reason = source_take(media, received, media_worker->worker);
	if (unlikely(reason != DROP_NONE))
		return reason;
	address_learn(media, endpoint, packet, media_worker->worker, true);
	endpoint->rx_packets++;
	endpoint->rx_bytes += packet->payload_length;
	mbuf_cut(received->mbuf, view->header_length + job->length);
	packet->media = (struct packet_media){
	        .index = received->index,
	        .stream = received->source->stream,
	        .serial = media->streams[received->source->stream].serial,
	        .timestamp = view->timestamp,
	        .header_length = view->header_length,
	        .payload_length = job->length,
	        .ext_offset = view->ext_offset,
	        .ext_length = view->ext_length,
	        .ext_profile = view->ext_profile,
	        .payload_type = view->payload_type,
	        .marker = view->marker,
	        .repeat = received->source->rtx,
	};
	return DROP_NONE;
}

/* Where the MKI stands (RFC 3711, 3.4): in front of CM's tag, behind GCM's index. */
static bool rtcp_mki_ok(const struct endpoint *endpoint, const uint8_t *data, uint16_t length)
{
	uint16_t behind = srtp_profiles[endpoint->profile].aead ? 0 : endpoint->rtcp_tag_length;

	return length >= endpoint->mki_length + behind &&
	       mki_is(endpoint, data + length - behind - endpoint->mki_length);
}

/* Each sender has indices of its own: all that an endpoint publishes, and what it reports under. */
static enum drop_reason rtcp_take(struct endpoint *endpoint, uint32_t ssrc, uint32_t index)
{
	switch (srtcp_window_take(&endpoint->rtcp_senders, ssrc, index)) {
	case SRTP_WINDOW_NEW:
		return DROP_NONE;
	case SRTP_WINDOW_REPLAYED:
		endpoint->replayed++;
		return DROP_SRTP_REPLAY;
	case SRTP_WINDOW_FULL:
		return DROP_SRTCP_SENDERS;
	default:
		return DROP_SRTP_OLD;
	}
}

enum drop_reason receive_rtcp(struct media_worker *media_worker, struct rte_mbuf *mbuf,
                              struct endpoint *endpoint)
{
	struct packet *packet = packet_of(mbuf);
	uint8_t *data = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, packet->payload_offset);
	enum drop_reason reason;
	uint32_t index = 0;
	int length;

	if (unlikely(endpoint->mki_length != 0 &&
	             !rtcp_mki_ok(endpoint, data, packet->payload_length)))
		return endpoint_failed(endpoint, media_worker->worker);
	length = media_worker->media->engine->unprotect_rtcp(media_worker->srtp, endpoint->rx, data,
	                                                     packet->payload_length,
	                                                     endpoint->mki_length, &index);
	if (unlikely(length < 0))
		return endpoint_failed(endpoint, media_worker->worker);
	reason = rtcp_take(endpoint, read_be32(data + RTCP_SENDER_OFFSET), index);
	if (unlikely(reason != DROP_NONE))
		return reason;
	address_learn(media_worker->media, endpoint, packet, media_worker->worker, false);
	mbuf_cut(mbuf, (uint16_t)length);
	packet->media = (struct packet_media){
	        .endpoint = (uint32_t)(endpoint - media_worker->media->endpoints),
	};
	return DROP_NONE;
}
