/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/out_burst.h"

#include "media/consent.h"
#include "media/frame.h"
#include "media/out_header.h"
#include "media/viewer.h"
#include "media/viewer_pace.h"
#include "net/headers.h"
#include "net/port.h"
#include "net/service.h"

#define SLICE 8
/* Output payloads begin at a cache line: the cipher's stores do not straddle two. */
#define PAYLOAD_ALIGN RTE_CACHE_LINE_SIZE

/* One word sets where data begins, one reference, one segment, no port. */
static inline void mbuf_begin(struct rte_mbuf *mbuf, uint16_t offset, uint16_t length)
{
	uint64_t rearm = (uint64_t)offset | (uint64_t)1 << 16 | (uint64_t)1 << 32 |
	                 (uint64_t)UINT16_MAX << 48;

	memcpy(&mbuf->rearm_data, &rearm, sizeof(rearm));
	mbuf->pkt_len = length;
	mbuf->data_len = length;
}

/* Without a template: ip_output finds the way and writes the headers, or it goes by a connection.
 */
static void packet_unframed(struct rte_mbuf *mbuf, const struct endpoint *endpoint)
{
	struct packet *packet = packet_of(mbuf);

	*packet = (struct packet){
	        .flow.src = endpoint->local.ip,
	        .flow.src_port = endpoint->local.port,
	        .flow.connection = endpoint->connection,
	        .dst = endpoint->remote.ip,
	        .dst_port = endpoint->remote.port,
	        .sum = PACKET_SUM_COMPUTE,
	        .flags = PACKET_DONT_FRAGMENT,
	        .hop_limit = HEADERS_HOP_LIMIT,
	        .port = PORT_NONE,
	        .form = PACKET_DATAGRAM,
	};
}

/* begin, offset: where the RTP packet begins, of so many bytes. */
static __rte_always_inline void packet_frame(struct out_burst *out, struct rte_mbuf *mbuf,
                                             const struct frame_template *frame, uint8_t *begin,
                                             uint16_t offset, uint16_t rtp, bool plain)
{
	mbuf_begin(mbuf, offset - frame->length, frame->length + rtp);
	frame_write(frame, begin, rtp, plain);
	packet_of(mbuf)->port = frame->port;
	packet_of(mbuf)->form = PACKET_FRAME_OUT;
	packet_of(mbuf)->service_kind = SERVICE_NONE;
	if (likely(frame->tx_checksum)) {
		frame_offload(frame, mbuf, plain);
	} else {
		mbuf->ol_flags = 0;
		out->unfinished = true;
	}
}

static __rte_always_inline void job_fill(struct srtp_job *job, const struct endpoint *endpoint,
                                         const struct out_header *header, const uint8_t *src,
                                         uint8_t *dst, uint16_t length)
{
	job->session = endpoint->tx;
	rte_prefetch0(endpoint->tx);
	job->src = src;
	job->dst = dst;
	job->index = header->index;
	job->ssrc = rte_cpu_to_be_32(header->ssrc);
	job->header_length = RTP_HEADER_SIZE + header->tail_length;
	job->length = length;
}

/* One for all subscriptions that are written alike, as most are. */
static __rte_always_inline void leg_tail(struct out_burst *out, const struct fan_leg *leg,
                                         struct out_header *header)
{
	const struct leg_map *map = header->map;
	struct out_tail *tail = out->tails[leg->source - out->sources];

	if (unlikely(!map->has_ext))
		return;
	tail += map->hash % OUT_TAILS;
	if (unlikely(tail->map != map))
		out_tail_make(&out->tail_room, tail, leg->source, map, out->send_time);
	out_tail_use(header, tail);
}

static __rte_always_inline void number_write(const struct out_burst *out, const struct fan_leg *leg,
                                             uint8_t *at, uint16_t rtp)
{
	struct viewer_sent *sent = viewer_sent_of(out->media->media, leg->subscription->endpoint);
	uint16_t number = leg->endpoint->transport_number++;

	write_be16(at, number);
	if (sent != NULL)
		viewer_note(sent, number, rtp, out->sent_us);
}

/* plain: a constant; the template is, and the source asks for no more than copying. mapped: a
 * constant; the subscription may have a map. */
static __rte_always_inline void leg_write(struct out_burst *out, const struct fan_leg *leg,
                                          bool framed, bool plain, bool mapped)
{
	struct endpoint *endpoint = leg->endpoint;
	const struct fan_source *source = leg->source;
	const uint8_t *src = source->payload;
	struct out_slice *slice = out->slice;
	struct rte_mbuf *mbuf = out->mbufs[out->count];
	uint16_t headers, length, rtp, offset;
	struct out_header header;
	uint8_t *payload;

	if (!out_header_make(&header, leg, plain, mapped)) {
		out->media->counters[MEDIA_TEMPORAL_CUT] += header.cut;
		return;
	}
	if (mapped && leg->subscription->mapped)
		leg_tail(out, leg, &header);
	headers = RTP_HEADER_SIZE + header.tail_length;
	length = header.prefix + out_payload_length(&header, source);
	rtp = headers + length + endpoint->tag_length + endpoint->mki_length;
	offset = RTE_ALIGN_CEIL(FRAME_HEADERS_MAX + headers, PAYLOAD_ALIGN);
	if (unlikely(offset + length + SRTP_TAIL_MAX + SLUICE_MEDIA_MKI_MAX > out->room)) {
		out->media->counters[MEDIA_TOO_BIG]++;
		return;
	}
	payload = (uint8_t *)mbuf->buf_addr + offset;
	out_header_write(payload, &header);
	if (mapped && header.transport_at != 0)
		number_write(out, leg, payload - header.tail_length + header.transport_at, rtp);
	if (!plain && header.prefix != 0)
		src = out_payload_prefixed(payload, &header, src, length - header.prefix);
	if (mapped && unlikely(out_payload_changes(&header, source))) {
		if (src != payload)
			memcpy(payload, src, source->payload_length);
		src = payload;
		out_payload_change(payload + header.prefix, &header, source);
	}
	job_fill(&slice->jobs[slice->count], endpoint, &header, src, payload, length);
	/* what a longer tag has made too large leaves in fragments */
	if (framed && likely(rtp <= endpoint->frame.room)) {
		packet_frame(out, mbuf, &endpoint->frame, payload - headers, offset - headers, rtp,
		             plain);
	} else {
		mbuf_begin(mbuf, offset - headers, rtp);
		mbuf->ol_flags = 0;
		packet_unframed(mbuf, endpoint);
		out->unframed = true;
	}
	if (unlikely(endpoint->mki_length != 0))
		out->unfinished = true;
	endpoint->tx_packets++;
	endpoint->tx_bytes += rtp;
	slice->endpoints[slice->count++] = endpoint;
	out->count++;
}

static void leg_write_any(struct out_burst *out, const struct fan_leg *leg)
{
	leg_write(out, leg, true, false, true);
}

/* A packet that may not be sent to the address yet is no gap in the subscription's numbering. */
static void leg_write_unproven(struct out_burst *out, const struct fan_leg *leg)
{
	const struct fan_source *source = leg->source;
	uint32_t most = RTP_HEADER_SIZE + EXT_MAP_ROOM(source->tail_length) + OSN_SIZE +
	                source->payload_length + SRTP_TAIL_MAX + SLUICE_MEDIA_MKI_MAX;

	if (consent_spend(leg->endpoint, (uint16_t)RTE_MIN(most, (uint32_t)UINT16_MAX))) {
		leg_write(out, leg, false, false, true);
		return;
	}
	out->media->counters[MEDIA_UNPROVEN]++;
	leg->subscription->resync |= !source->repeat;
}

/* The template is not valid any more, or there was none. */
static void leg_write_anew(struct out_burst *out, const struct fan_leg *leg)
{
	if (unlikely(leg->endpoint->unproven && leg->endpoint->remote.port != 0))
		leg_write_unproven(out, leg);
	else if (leg->endpoint->connection == 0 && frame_build(out->worker, leg->endpoint))
		leg_write_any(out, leg);
	else if (leg->endpoint->remote.port != 0)
		leg_write(out, leg, false, false, true);
	else
		out->media->counters[MEDIA_NO_REMOTE]++;
}

/* Prefetches what is going to be touched: of the endpoint what is read, of the new packet what is
 * written, its head, its metadata and the line in front of its payload. */
static inline void endpoint_prefetch(const struct endpoint *endpoint)
{
	rte_prefetch0(endpoint);
	rte_prefetch0(RTE_PTR_ADD(endpoint, RTE_CACHE_LINE_SIZE));
}

static inline void mbuf_prefetch(const struct rte_mbuf *mbuf)
{
	rte_prefetch0_write(mbuf);
	rte_prefetch0_write(RTE_PTR_ADD(mbuf, RTE_CACHE_LINE_SIZE));
	rte_prefetch0_write(mbuf + 1);
	rte_prefetch0_write(RTE_PTR_ADD(mbuf + 1, sizeof(struct packet) + RTE_CACHE_LINE_SIZE));
}

/* What is const of a subscription that is written by a map stands behind its first line. */
static inline void map_prefetch(const struct subscription *subscription)
{
	if (subscription->mapped)
		rte_prefetch0(&subscription->map);
}

/* Copy i will be in mbuf i, or in one before it where copies are left out. Packets that go together
 * have their copies for one subscription side by side. */
static void legs_prefetch(struct out_burst *out, struct fan_burst *burst, unsigned int begin,
                          unsigned int end)
{
	struct endpoint *endpoints = out->media->media->endpoints, *endpoint = NULL;
	const struct subscription *subscription = NULL;

	for (unsigned int i = begin; i < RTE_MIN(end, burst->count); i++) {
		struct fan_leg *leg = &burst->legs[i];

		if (leg->subscription != subscription) {
			subscription = leg->subscription;
			endpoint = &endpoints[subscription->endpoint];
			endpoint_prefetch(endpoint);
			map_prefetch(subscription);
		}
		leg->endpoint = endpoint;
		mbuf_prefetch(out->mbufs[i]);
	}
}

static void subscriptions_prefetch(const struct fan_burst *burst, unsigned int begin,
                                   unsigned int end)
{
	for (unsigned int i = begin; i < RTE_MIN(end, burst->count); i++)
		rte_prefetch0(burst->legs[i].subscription);
}

static void slice_begin(struct out_burst *out, struct out_slice *slice)
{
	slice->first = out->count;
	slice->count = 0;
	out->slice = slice;
}

/* Into the slice that is begun; some copies may be left out. */
static void legs_write(struct out_burst *out, const struct fan_burst *burst, unsigned int begin,
                       unsigned int end)
{
	struct neighbours *neighbours = out->worker->dp->neighbours;

	for (unsigned int i = begin; i < RTE_MIN(end, burst->count); i++) {
		const struct fan_leg *leg = &burst->legs[i];
		const struct frame_template *frame = &leg->endpoint->frame;

		if (unlikely(leg->subscription->paced | leg->source->packet.key) &&
		    viewer_pace_put(out->media, leg))
			continue;
		if (unlikely(!frame_valid(neighbours, frame, out->generation)))
			leg_write_anew(out, leg);
		else if (unlikely(!frame->plain || leg->source->repeat))
			leg_write_any(out, leg);
		else if (leg->subscription->mapped || leg->source->packet.vp8)
			leg_write(out, leg, true, true, true);
		else
			leg_write(out, leg, true, true, false);
	}
}

/* RFC 3711, 3.1: the MKI stands in front of the tag; RFC 7714, 5.1: behind it, for the tag is the
 * cipher text's end. */
static void mki_write(const struct srtp_job *job, const struct endpoint *endpoint)
{
	uint8_t *tag = job->dst + job->length, *mki = tag + endpoint->tag_length;

	if (!srtp_profiles[endpoint->profile].aead) {
		memmove(tag + endpoint->mki_length, tag, endpoint->tag_length);
		mki = tag;
	}
	memcpy(mki, endpoint->mki, endpoint->mki_length);
}

/* After the cipher. */
static void slice_finish(struct out_burst *out, struct out_slice *slice)
{
	for (unsigned int i = 0; i < slice->count; i++) {
		const struct endpoint *endpoint = slice->endpoints[i];
		struct rte_mbuf *mbuf = out->mbufs[slice->first + i];

		if (!slice->jobs[i].ok)
			continue;
		if (endpoint->mki_length != 0)
			mki_write(&slice->jobs[i], endpoint);
		if (out_packet_framed(mbuf) && !endpoint->frame.tx_checksum)
			frame_checksum(
			        &endpoint->frame,
			        rte_pktmbuf_mtod_offset(mbuf, uint8_t *, endpoint->frame.length),
			        mbuf->data_len - endpoint->frame.length);
	}
}

/* Packets that the cipher refused are marked: they must not leave. */
static void slice_refuse(struct out_burst *out, const struct out_slice *slice)
{
	for (unsigned int i = 0; i < slice->count; i++) {
		unsigned int packet = slice->first + i;

		if (slice->jobs[i].ok)
			continue;
		out->refused[packet / 64] |= (uint64_t)1 << (packet % 64);
		out->n_refused++;
	}
}

/* ahead: the slice behind it, written already; or NULL. */
static void slice_encrypt(struct out_burst *out, struct out_slice *slice,
                          const struct out_slice *ahead)
{
	struct media_worker *media = out->media;
	unsigned int done = media->media->engine->protect(media->srtp, slice->jobs, slice->count,
	                                                  ahead != NULL ? ahead->jobs : NULL,
	                                                  ahead != NULL ? ahead->count : 0);

	if (unlikely(done != slice->count))
		slice_refuse(out, slice);
	if (unlikely(out->unfinished))
		slice_finish(out, slice);
}

/*
 * GCM takes one packet after the other: while it is at one slice, the next is written already, so
 * that the engine can ask for its keys, and what those behind it touch is on its way.
 */
static void legs_encrypt_in_turn(struct out_burst *out, struct fan_burst *burst)
{
	struct out_slice *slice = &out->slices[0], *ahead = &out->slices[1];

	subscriptions_prefetch(burst, 0, 3 * SLICE);
	legs_prefetch(out, burst, 0, 2 * SLICE);
	slice_begin(out, slice);
	legs_write(out, burst, 0, SLICE);
	for (unsigned int begin = 0; begin < burst->count; begin += SLICE) {
		unsigned int next = begin + SLICE;

		slice_begin(out, ahead);
		legs_write(out, burst, next, next + SLICE);
		legs_prefetch(out, burst, next + SLICE, next + 2 * SLICE);
		subscriptions_prefetch(burst, next + 2 * SLICE, next + 3 * SLICE);
		slice_encrypt(out, slice, ahead);
		RTE_SWAP(slice, ahead);
	}
}

/* Counter mode and HMAC go through many packets abreast. */
static void legs_encrypt_abreast(struct out_burst *out, struct fan_burst *burst)
{
	struct out_slice *slice = &out->slices[0];

	for (unsigned int begin = 0; begin < burst->count; begin += SRTP_BURST) {
		unsigned int end = begin + SRTP_BURST;

		subscriptions_prefetch(burst, begin, end);
		legs_prefetch(out, burst, begin, begin + SLICE);
		slice_begin(out, slice);
		for (unsigned int i = begin; i < end; i += SLICE) {
			legs_prefetch(out, burst, i + SLICE, RTE_MIN(i + 2 * SLICE, end));
			legs_write(out, burst, i, i + SLICE);
		}
		slice_encrypt(out, slice, NULL);
	}
}

/* As the first copy's profile wants it: an engine takes a mixture, too. */
static void legs_encrypt(struct out_burst *out, struct fan_burst *burst)
{
	const struct endpoint *endpoints = out->media->media->endpoints;
	uint32_t first = burst->legs[0].subscription->endpoint;

	out->unframed = out->unfinished = false;
	out->n_refused = 0;
	memset(out->refused, 0, sizeof(out->refused));
	if (srtp_profiles[endpoints[first].profile].aead)
		legs_encrypt_in_turn(out, burst);
	else
		legs_encrypt_abreast(out, burst);
}

/* 6.18 seconds of NTP time. */
static uint32_t send_time(const struct worker *worker)
{
	return (uint32_t)(media_ntp(worker->dp->media, worker->tsc, worker->tsc_hz) >> 14) &
	       0xffffff;
}

void out_burst_begin(struct out_burst *out, struct worker *worker)
{
	out->worker = worker;
	out->media = worker->media;
	out->generation = __atomic_load_n(&worker->dp->output_generation, __ATOMIC_ACQUIRE);
	out->room = rte_pktmbuf_data_room_size(worker->dp->pool);
	out->count = out->mbufs_count = out->n_refused = 0;
	out->unframed = false;
	out->send_time = send_time(worker);
	out->sent_us = (uint32_t)viewer_us(worker->tsc, worker->tsc_hz);
}

/* What the last burst has used is gone. Where mbufs run out, the last subscriptions go without: a
 * gap that they may NACK. */
static void mbufs_refill(struct out_burst *out, struct fan_burst *burst)
{
	struct rte_mempool *pool = out->worker->dp->pool;
	unsigned int left = out->mbufs_count - out->count;

	memmove(out->mbufs, out->mbufs + out->count, left * sizeof(out->mbufs[0]));
	out->count = 0;
	if (left < burst->count && likely(rte_mempool_get_bulk(pool, (void **)out->mbufs + left,
	                                                       burst->count - left) == 0))
		left = burst->count;
	while (unlikely(left < burst->count) &&
	       rte_mempool_get(pool, (void **)out->mbufs + left) == 0)
		left++;
	out->mbufs_count = left;
	if (likely(left >= burst->count))
		return;
	out->media->counters[MEDIA_NO_MBUF] += burst->count - left;
	burst->count = left;
}

void out_burst_write(struct out_burst *out, struct fan_burst *burst)
{
	mbufs_refill(out, burst);
	if (unlikely(burst->count == 0))
		return;
	out->sources = burst->sources;
	out->tail_room.used = 0;
	memset(out->tails, 0, burst->sources_count * sizeof(out->tails[0]));
	legs_encrypt(out, burst);
	out->media->counters[MEDIA_FORWARDED] += out->count - out->n_refused;
}

void out_burst_end(struct out_burst *out)
{
	if (out->mbufs_count != out->count)
		rte_mempool_put_bulk(out->worker->dp->pool, (void **)out->mbufs + out->count,
		                     out->mbufs_count - out->count);
}
