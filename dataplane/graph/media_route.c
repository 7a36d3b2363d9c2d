/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plaintext packet of a stream goes to each worker that has subscriptions to it: each gets a
 * reference to the same mbuf, which from here on is only read.
 */
#include "capture/capture.h"
#include "dataplane.h"
#include "graph/node.h"
#include "media/bind.h"
#include "media/bytes.h"
#include "media/codec.h"
#include "media/feedback.h"
#include "media/key_frame.h"
#include "media/state.h"
#include "media/viewer.h"
#include "srtp/rtp.h"

#include <stdio.h>

enum {
	MEDIA_ROUTE_DROP = EDGE_DROP,
	MEDIA_ROUTE_SRTP_ENCRYPT,
	MEDIA_ROUTE_GONE, /* no edge: others have the packet */
};

#define RTX_AHEAD_MAX 256 /* packets; a small part of the replay window */
#define OSN_SIZE      2   /* RFC 4588, 4: the sequence number that the packet had */

/* Publishers probe the path with RTX packets of nothing but padding: their first two bytes are no
 * sequence number. */
static bool repeat_is_padding(const uint8_t *data, const struct packet_media *media)
{
	int padding;

	if (!(data[0] & RTP_PADDING_BIT))
		return false;
	padding = rtp_padding(data + media->header_length, media->payload_length);
	return padding < 0 || padding >= media->payload_length - OSN_SIZE;
}

/* The index of the packet that is retransmitted. One that is ahead of its original, which may be
 * lost or late, saves a round trip; what is further ahead is bogus: accepting it would move the
 * replay window past genuine packets. */
static enum drop_reason repeat_place(struct srtp_receive_window *window, uint16_t seq,
                                     uint64_t *index)
{
	*index = srtp_window_estimate(window, seq);
	if (unlikely(!window->started || *index > window->highest + RTX_AHEAD_MAX))
		return DROP_RTX_AHEAD;
	switch (srtp_window_look(window, *index)) {
	case SRTP_WINDOW_NEW:
		srtp_window_take(window, *index);
		return DROP_NONE;
	case SRTP_WINDOW_REPLAYED:
		return DROP_SRTP_REPLAY;
	default:
		return DROP_SRTP_OLD;
	}
}

/* SDP's apt; where it is not configured, the payload type of the stream's last packet. */
static uint8_t repeat_payload_type(const struct stream *stream, uint8_t rtx_pt)
{
	const struct sluice_stream_payload *payload = bind_rtx_payload(stream, rtx_pt);
	bool known = stream->rtx_apt != SLUICE_MEDIA_PT_SAME &&
	             (stream->rtx_pt == 0 || stream->rtx_pt == rtx_pt);

	if (payload != NULL)
		return payload->pt;
	return known ? stream->rtx_apt : stream->payload_type;
}

/*
 * An RTX packet (RFC 4588) becomes the packet that it retransmits: the header is moved over the two
 * bytes, the payload stays where it is. DROP_NONE, or why it is of no use.
 */
static enum drop_reason repeat_unwrap(struct rte_mbuf *mbuf, const struct stream *stream)
{
	struct packet_media *media = &packet_of(mbuf)->media;
	uint8_t *data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	enum drop_reason reason;

	if (unlikely(repeat_is_padding(data, media)))
		return DROP_RTX_PADDING;
	if (unlikely(media->payload_length < OSN_SIZE))
		return DROP_RTP_MALFORMED;
	reason = repeat_place(&stream->source->window, read_be16(data + media->header_length),
	                      &media->index);
	if (reason != DROP_NONE)
		return reason;
	memmove(data + OSN_SIZE, data, media->header_length);
	rte_pktmbuf_adj(mbuf, OSN_SIZE);
	media->payload_length -= OSN_SIZE;
	media->payload_type = repeat_payload_type(stream, media->payload_type);
	return DROP_NONE;
}

static uint8_t codec_of(const struct stream *stream, uint8_t payload_type)
{
	const struct sluice_stream_payload *payload = bind_payload(stream, payload_type);

	return payload != NULL ? payload->codec : stream->codec;
}

/* Where the publisher sends dependency descriptors these tell, whatever the codec is; VP8 and VP9
 * tell of their layers by themselves. */
static void dependency_look(const struct media *media, struct stream *stream,
                            struct packet_media *packet, const uint8_t *data)
{
	const struct ext_ids *ids = &media->endpoints[stream->endpoint].ids;
	struct ext_said said;

	if (ids->ids[SLUICE_EXTENSION_DEPENDENCY] == 0 || packet->ext_offset == 0)
		return;
	ext_read(ids, packet->ext_profile, data + packet->ext_offset, packet->ext_length, &said);
	if (said.dependency.bytes == NULL)
		return;
	packet->key |= dependency_is_key(said.dependency.bytes, said.dependency.length);
	if (packet->codec == SLUICE_CODEC_VP8 || packet->codec == SLUICE_CODEC_VP9)
		return;
	dependency_structure_take(&stream->dependency, said.dependency.bytes,
	                          said.dependency.length);
	packet->frame = dependency_frame(&stream->dependency, said.dependency.bytes,
	                                 said.dependency.length);
}

static inline uint8_t temporal_of(const struct packet_media *packet, const uint8_t *payload)
{
	return packet->codec == SLUICE_CODEC_VP8 ? vp8_temporal(payload, packet->payload_length)
	                                         : packet->frame & FRAME_TEMPORAL;
}

static inline void codec_look(const struct media *media, struct stream *stream,
                              struct rte_mbuf *mbuf)
{
	struct packet_media *packet = &packet_of(mbuf)->media;
	const uint8_t *data = rte_pktmbuf_mtod(mbuf, const uint8_t *), *payload;

	packet->frame = 0;
	packet->codec = codec_of(stream, packet->payload_type);
	if (!codec_is_video(packet->codec))
		return;
	payload = data + packet->header_length;
	packet->key = codec_is_key(packet->codec, payload, packet->payload_length);
	if (packet->codec == SLUICE_CODEC_VP9)
		packet->frame = vp9_frame(payload, packet->payload_length);
	dependency_look(media, stream, packet, data);
	stream->temporal_bytes[temporal_of(packet, payload)] += packet->payload_length;
	if (packet->key)
		key_frame_came(stream);
}

static inline void stream_count(struct worker *worker, struct stream *stream,
                                const struct packet_media *media)
{
	stream_received(worker->media, media->stream, media->index, media->timestamp,
	                media->repeat);
	stream->packets++;
	stream->bytes += media->payload_length;
	if (unlikely(worker->tsc >= stream->rate_due))
		stream_rate(stream, worker);
}

/*
 * Each worker of the set gets a reference; the packet's own is one of them. What a ring has no room
 * for is counted and given up.
 */
static void others_serve(struct worker *worker, struct rte_mbuf *mbuf, uint64_t others)
{
	for (; others != 0; others &= others - 1) {
		struct worker *other = worker->dp->workers[__builtin_ctzll(others)];

		if (likely(worker_inbox_put(other, &mbuf, 1) == 1)) {
			worker->handed_over++;
		} else {
			worker->ring_full++;
			worker->drops[DROP_RING_FULL]++;
			capture_dropped(worker->dp, "media_route", worker->id, &mbuf, 1,
			                DROP_RING_FULL);
			rte_pktmbuf_free(mbuf);
		}
	}
}

/* MEDIA_ROUTE_GONE: others have it. */
static inline rte_edge_t packet_spread(struct worker *worker, struct rte_mbuf *mbuf,
                                       uint64_t workers)
{
	uint64_t self = (uint64_t)1 << worker->id;

	if (likely(workers == self))
		return MEDIA_ROUTE_SRTP_ENCRYPT;
	packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
	rte_mbuf_refcnt_update(mbuf, (int16_t)(__builtin_popcountll(workers) - 1));
	others_serve(worker, mbuf, workers & ~self);
	return workers & self ? MEDIA_ROUTE_SRTP_ENCRYPT : MEDIA_ROUTE_GONE;
}

static inline rte_edge_t media_route_step(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct packet_media *media = &packet_of(mbuf)->media;
	struct stream *stream = &worker->dp->media->streams[media->stream];
	uint64_t workers;

	/* another SSRC has followed this one in the same burst */
	if (unlikely(!__atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) ||
	             stream->serial != media->serial))
		return drop(mbuf, DROP_MEDIA_NO_STREAM);
	if (unlikely(media->repeat)) {
		enum drop_reason reason = repeat_unwrap(mbuf, stream);

		if (reason != DROP_NONE)
			return drop(mbuf, reason);
	} else {
		stream->payload_type = media->payload_type;
	}
	codec_look(worker->dp->media, stream, mbuf);
	stream_count(worker, stream, media);
	workers = __atomic_load_n(&stream->workers, __ATOMIC_ACQUIRE);
	if (unlikely(workers == 0))
		return drop(mbuf, DROP_MEDIA_NO_SUBSCRIPTION);
	return packet_spread(worker, mbuf, workers);
}

static uint16_t media_route_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                    uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct node_run run = {.edge = MEDIA_ROUTE_SRTP_ENCRYPT};

	capture_point(worker, SLUICE_CAPTURE_DECRYPTED, (struct rte_mbuf **)objs, nb_objs);
	for (uint16_t i = 0; i < nb_objs; i++) {
		rte_edge_t edge;

		if (likely(i + NODE_PREFETCH < nb_objs))
			rte_prefetch0(packet_of(objs[i + NODE_PREFETCH]));
		edge = media_route_step(worker, objs[i]);
		if (likely(edge != MEDIA_ROUTE_GONE)) {
			node_run_next(graph, node, &run, objs, i, edge);
			continue;
		}
		node_run_end(graph, node, &run, objs, i);
		run.start = i + 1;
	}
	node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

static void media_route_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                              size_t room)
{
	const struct stream *stream = trace_stream(dp, &step->before);
	int workers = stream != NULL ? __builtin_popcountll(stream->workers) : 0;

	snprintf(text, room, "stream %.32s, for %d worker%s%s", trace_stream_name(stream), workers,
	         workers == 1 ? "" : "s", step->next == NULL ? ", this one not among them" : "");
}

GRAPH_NODE(media_route, .process = media_route_process, .trace = media_route_trace,
           .edges = {
                   [MEDIA_ROUTE_SRTP_ENCRYPT] = "srtp_encrypt",
           })
