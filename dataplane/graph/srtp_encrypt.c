/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One plaintext packet becomes a packet for each of its subscriptions: headers from the endpoint's
 * template, an RTP header in the subscription's numbering, and the payload enciphered from where it
 * lies into the new packet. The cipher alone reads it.
 *
 * What comes is put on the worker's backlog; srtp_backlog, a source, goes on with what a walk left.
 * A walk writes FAN_WALK packets, so that their mbufs are still in the cache when they come back
 * from the port, and nobody waits for the end of a large audience.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "media/ext_map.h"
#include "media/fan.h"
#include "media/frame.h"
#include "net/port.h"
#include "srtp/rtp.h"

#define FAN_WALK 256
#define SLICE    8
/* Output payloads begin at a cache line: the cipher's stores do not straddle two. */
#define PAYLOAD_ALIGN RTE_CACHE_LINE_SIZE
/* A repeat under an SSRC of its own begins with the sequence number that it had (RFC 4588, 4). */
#define OSN_SIZE          2
#define RTP_CSRC_COUNT    0x0f /* of the first byte */
#define RTP_EXTENSION_BIT 0x10

enum {
	SRTP_ENCRYPT_DROP = EDGE_DROP,
	SRTP_ENCRYPT_PORT_TX,
	SRTP_ENCRYPT_IP_OUTPUT,
	SRTP_ENCRYPT_EDGES,
};

/* A burst on its way through the cipher. */
struct out_burst {
	struct media_worker *media;
	struct worker *worker;
	uint32_t generation; /* the dataplane's output_generation */
	uint16_t room;       /* of an mbuf */
	unsigned int count;
	bool unframed;   /* some have no template */
	bool unfinished; /* some need more than the cipher: an MKI, a checksum */
	struct srtp_job jobs[SRTP_BURST];
	struct endpoint *endpoints[SRTP_BURST];
	/* The first `count` are written, those behind them are raw. */
	unsigned int mbufs_count;
	struct rte_mbuf *mbufs[SRTP_BURST];
};

/* What one leg's RTP packet says in front of its payload. */
struct out_header {
	uint64_t index;
	uint64_t head; /* the first 8 bytes as a number, without what `index` and `timestamp` say */
	uint32_t ssrc, timestamp; /* host order */
	uint8_t payload_type;
	uint8_t prefix; /* bytes of the payload that we put in front of the publisher's */
	uint16_t osn;
	/* what follows the fixed header: CSRCs, extension */
	uint16_t tail_length;
	const uint8_t *tail;
	uint8_t mapped[EXT_MAP_ROOM(RTP_HEADER_MAX)];
};

/* CSRCs as they are, the extension under the subscription's ids. */
static void tail_map(struct out_header *header, const struct fan_source *source,
                     const struct ext_map *map)
{
	const uint8_t *tail = source->payload - source->tail_length;
	const uint8_t *begin = tail - RTP_HEADER_SIZE;
	uint16_t csrcs = (*begin & RTP_CSRC_COUNT) * 4, extension = 0;

	memcpy(header->mapped, tail, csrcs);
	if (source->ext_offset != 0)
		extension = ext_map_write(map, source->ext_profile, begin + source->ext_offset,
		                          source->ext_length, header->mapped + csrcs);
	if (extension == 0)
		header->head &= ~((uint64_t)RTP_EXTENSION_BIT << 56);
	header->tail = header->mapped;
	header->tail_length = csrcs + extension;
}

/* Again what the leg had, in its own place or as RTX. False: its place is forgotten. */
static bool header_repeat(struct out_header *header, struct subscription *subscription,
                          const struct rewrite_packet *packet)
{
	struct rewritten rewritten;

	if (!rewrite_find(subscription, packet, &rewritten))
		return false;
	header->index = rewritten.index;
	header->timestamp = rewritten.timestamp;
	subscription->retransmitted++;
	if (subscription->rtx_ssrc == 0)
		return true;
	header->osn = rte_cpu_to_be_16((uint16_t)rewritten.index);
	header->prefix = OSN_SIZE;
	header->index = ++subscription->rtx_index;
	header->ssrc = subscription->rtx_ssrc;
	header->payload_type = subscription->rtx_pt;
	return true;
}

/* False: this leg does not get the packet. */
static __rte_always_inline bool header_make(struct out_header *header, const struct fan_leg *leg,
                                            bool plain)
{
	struct subscription *subscription = leg->subscription;
	const struct fan_source *source = leg->source;
	struct rewritten rewritten;

	header->ssrc = subscription->ssrc;
	header->head = source->head;
	header->payload_type =
	        subscription->pt == SLUICE_MEDIA_PT_SAME ? source->payload_type : subscription->pt;
	header->prefix = 0;
	header->tail = source->payload - source->tail_length;
	header->tail_length = source->tail_length;
	if (!plain && source->repeat) {
		if (!header_repeat(header, subscription, &source->packet))
			return false;
	} else {
		if (rewrite_next(subscription, &source->packet, &rewritten) != REWRITE_SEND)
			return false;
		header->index = rewritten.index;
		header->timestamp = rewritten.timestamp;
		subscription->packets++;
		subscription->bytes += source->payload_length;
	}
	if (!plain && subscription->mapped)
		tail_map(header, source, subscription->ext);
	return true;
}

/* In front of the payload's place: one store of eight bytes, one of four; then words of CSRCs and
 * extension. */
static inline void header_write(uint8_t *payload, const struct out_header *header)
{
	uint64_t head =
	        rte_cpu_to_be_64(header->head | (uint64_t)header->payload_type << 48 |
	                         (uint64_t)(uint16_t)header->index << 32 | header->timestamp);
	uint32_t ssrc = rte_cpu_to_be_32(header->ssrc);
	uint8_t *tail = payload - header->tail_length;

	memcpy(tail - RTP_HEADER_SIZE, &head, sizeof(head));
	memcpy(tail - sizeof(ssrc), &ssrc, sizeof(ssrc));
	for (uint16_t i = 0; i < header->tail_length; i += sizeof(uint32_t))
		memcpy(tail + i, header->tail + i, sizeof(uint32_t));
}

/*
 * The one case where a payload is moved: the two bytes in front of a repeat must be enciphered with
 * it, and in the plaintext their place belongs to the header that other workers read.
 */
static const uint8_t *payload_prefixed(uint8_t *to, const struct out_header *header,
                                       const uint8_t *payload, uint16_t length)
{
	memcpy(to, &header->osn, OSN_SIZE);
	memcpy(to + OSN_SIZE, payload, length);
	return to;
}

/* One word sets where data begins, one reference, one segment, no port. */
static inline void mbuf_begin(struct rte_mbuf *mbuf, uint16_t offset, uint16_t length)
{
	uint64_t rearm = (uint64_t)offset | (uint64_t)1 << 16 | (uint64_t)1 << 32 |
	                 (uint64_t)UINT16_MAX << 48;

	memcpy(&mbuf->rearm_data, &rearm, sizeof(rearm));
	mbuf->pkt_len = length;
	mbuf->data_len = length;
}

/* Without a template: ip_output finds the way and writes the headers. */
static void packet_unframed(struct rte_mbuf *mbuf, const struct endpoint *endpoint)
{
	struct packet *packet = packet_of(mbuf);

	*packet = (struct packet){
	        .flow.client = endpoint->local.ip,
	        .flow.client_port = endpoint->local.port,
	        .dst = endpoint->remote.ip,
	        .dst_port = endpoint->remote.port,
	        .sum = PACKET_SUM_COMPUTE,
	        .flags = PACKET_DONT_FRAGMENT,
	        .hop_limit = FRAME_HOP_LIMIT,
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

/* plain: a constant; the template is, and neither source nor subscription asks for more than
 * copying. */
static __rte_always_inline void leg_write(struct out_burst *out, const struct fan_leg *leg,
                                          bool framed, bool plain)
{
	struct endpoint *endpoint = leg->endpoint;
	const struct fan_source *source = leg->source;
	const uint8_t *src = source->payload;
	unsigned int at = out->count;
	struct rte_mbuf *mbuf = out->mbufs[at];
	uint16_t headers, length, rtp, offset;
	struct out_header header;
	uint8_t *payload;

	if (!header_make(&header, leg, plain))
		return;
	headers = RTP_HEADER_SIZE + header.tail_length;
	length = header.prefix + source->payload_length;
	rtp = headers + length + endpoint->tag_length + endpoint->mki_length;
	offset = RTE_ALIGN_CEIL(FRAME_HEADERS_MAX + headers, PAYLOAD_ALIGN);
	if (unlikely(offset + length + SRTP_TAIL_MAX + SLUICE_MEDIA_MKI_MAX > out->room ||
	             (framed && rtp > endpoint->frame.room))) {
		out->media->counters[MEDIA_TOO_BIG]++;
		return;
	}
	payload = (uint8_t *)mbuf->buf_addr + offset;
	header_write(payload, &header);
	if (!plain && header.prefix != 0)
		src = payload_prefixed(payload, &header, src, source->payload_length);
	job_fill(&out->jobs[at], endpoint, &header, src, payload, length);
	if (framed) {
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
	out->endpoints[at] = endpoint;
	out->count = at + 1;
}

static void leg_write_any(struct out_burst *out, const struct fan_leg *leg)
{
	leg_write(out, leg, true, false);
}

/* The template is not right any more, or there was none. */
static void leg_write_anew(struct out_burst *out, const struct fan_leg *leg)
{
	if (frame_build(out->worker, leg->endpoint))
		leg_write_any(out, leg);
	else if (leg->endpoint->remote.port != 0)
		leg_write(out, leg, false, false);
	else
		out->media->counters[MEDIA_NO_REMOTE]++;
}

/* What is going to be touched is asked for: of the endpoint what is read, of the new packet what is
 * written, its head, its metadata and the line in front of its payload. */
static inline void leg_prefetch(const struct endpoint *endpoint, const struct rte_mbuf *mbuf)
{
	rte_prefetch0(endpoint);
	rte_prefetch0(RTE_PTR_ADD(endpoint, RTE_CACHE_LINE_SIZE));
	rte_prefetch0_write(mbuf);
	rte_prefetch0_write(RTE_PTR_ADD(mbuf, RTE_CACHE_LINE_SIZE));
	rte_prefetch0_write(mbuf + 1);
	rte_prefetch0_write(RTE_PTR_ADD(mbuf + 1, sizeof(struct packet) + RTE_CACHE_LINE_SIZE));
}

static void legs_prefetch(struct out_burst *out, struct fan_burst *burst, unsigned int begin,
                          unsigned int end)
{
	struct endpoint *endpoints = out->media->media->endpoints;

	for (unsigned int i = begin; i < end; i++) {
		struct fan_leg *leg = &burst->legs[i];

		leg->endpoint = &endpoints[leg->subscription->endpoint];
		leg_prefetch(leg->endpoint, out->mbufs[out->count + i - begin]);
	}
}

static void legs_write(struct out_burst *out, const struct fan_burst *burst, unsigned int begin,
                       unsigned int end)
{
	struct neighbours *neighbours = out->worker->dp->neighbours;

	for (unsigned int i = begin; i < end; i++) {
		const struct fan_leg *leg = &burst->legs[i];
		const struct frame_template *frame = &leg->endpoint->frame;

		if (unlikely(!frame_valid(neighbours, frame, out->generation)))
			leg_write_anew(out, leg);
		else if (likely(frame->plain && !leg->source->repeat && !leg->subscription->mapped))
			leg_write(out, leg, true, true);
		else
			leg_write_any(out, leg);
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

static inline bool packet_is_framed(const struct rte_mbuf *mbuf)
{
	return packet_of((struct rte_mbuf *)(uintptr_t)mbuf)->port != PORT_NONE;
}

/* After the cipher, from the burst's packet `first` on. */
static void packets_finish(struct out_burst *out, unsigned int first)
{
	for (unsigned int i = first; i < out->count; i++) {
		const struct frame_template *frame = &out->endpoints[i]->frame;
		struct rte_mbuf *mbuf = out->mbufs[i];

		if (out->endpoints[i]->mki_length != 0)
			mki_write(&out->jobs[i], out->endpoints[i]);
		if (packet_is_framed(mbuf) && !frame->tx_checksum)
			frame_checksum(frame,
			               rte_pktmbuf_mtod_offset(mbuf, uint8_t *, frame->length),
			               mbuf->data_len - frame->length);
	}
}

/* Counter mode and HMAC go through many packets abreast. GCM takes one after the other: while it is
 * at a few of them, what the next few touch is on its way into the cache, and not yet out of it. */
static unsigned int slice_of(const struct out_burst *out, const struct fan_burst *burst)
{
	uint32_t endpoint = burst->legs[0].subscription->endpoint;

	return srtp_profiles[out->media->media->endpoints[endpoint].profile].aead ? SLICE
	                                                                          : SRTP_BURST;
}

static void legs_encrypt(struct out_burst *out, struct fan_burst *burst)
{
	struct media_worker *media = out->media;
	unsigned int slice = slice_of(out, burst), end;

	out->unframed = out->unfinished = false;
	legs_prefetch(out, burst, 0, RTE_MIN(slice, burst->count));
	for (unsigned int begin = 0; begin < burst->count; begin = end) {
		unsigned int first = out->count;

		end = RTE_MIN(begin + slice, burst->count);
		legs_write(out, burst, begin, end);
		legs_prefetch(out, burst, end, RTE_MIN(end + slice, burst->count));
		if (out->count == first)
			continue;
		media->media->engine->protect(media->srtp, out->jobs + first, out->count - first);
		if (out->unfinished)
			packets_finish(out, first);
	}
}

static void burst_send(struct rte_graph *graph, struct rte_node *node, struct out_burst *out)
{
	if (likely(!out->unframed)) {
		rte_node_enqueue(graph, node, SRTP_ENCRYPT_PORT_TX, (void **)out->mbufs,
		                 out->count);
		return;
	}
	for (unsigned int i = 0; i < out->count; i++)
		rte_node_enqueue_x1(graph, node,
		                    packet_is_framed(out->mbufs[i]) ? SRTP_ENCRYPT_PORT_TX
		                                                    : SRTP_ENCRYPT_IP_OUTPUT,
		                    out->mbufs[i]);
}

/* What the last burst has used is gone. */
static bool mbufs_refill(struct out_burst *out, unsigned int count)
{
	unsigned int left = out->mbufs_count - out->count;

	memmove(out->mbufs, out->mbufs + out->count, left * sizeof(out->mbufs[0]));
	out->mbufs_count = left;
	out->count = 0;
	if (left >= count)
		return true;
	if (rte_mempool_get_bulk(out->worker->dp->pool, (void **)out->mbufs + left,
	                         SRTP_BURST - left) != 0)
		return false;
	out->mbufs_count = SRTP_BURST;
	return true;
}

/* Returns how many packets were written. Without mbufs the legs go without this one: a gap, that
 * they may ask to be filled. */
static unsigned int burst_write(struct rte_graph *graph, struct rte_node *node,
                                struct out_burst *out, struct fan_burst *burst)
{
	struct media_worker *media = out->media;

	if (unlikely(burst->count == 0))
		return 0;
	if (unlikely(!mbufs_refill(out, burst->count))) {
		media->counters[MEDIA_NO_MBUF] += burst->count;
		return 0;
	}
	legs_encrypt(out, burst);
	if (unlikely(out->count == 0))
		return 0;
	media->counters[MEDIA_FORWARDED] += out->count;
	burst_send(graph, node, out);
	return out->count;
}

static unsigned int backlog_write(struct rte_graph *graph, struct rte_node *node,
                                  struct worker *worker)
{
	struct media_worker *media = worker->media;
	struct fan_burst burst;
	struct out_burst out;
	unsigned int taken = 0, written = 0;

	out.worker = worker;
	out.media = media;
	out.generation = __atomic_load_n(&worker->dp->output_generation, __ATOMIC_ACQUIRE);
	out.room = rte_pktmbuf_data_room_size(worker->dp->pool);
	out.count = out.mbufs_count = 0;
	while (taken < FAN_WALK && !fan_empty(media)) {
		fan_take(media, &burst, SRTP_BURST);
		written += burst_write(graph, node, &out, &burst);
		fan_done(media, &burst);
		taken += burst.count + burst.done_count;
	}
	if (out.mbufs_count != out.count)
		rte_mempool_put_bulk(worker->dp->pool, (void **)out.mbufs + out.count,
		                     out.mbufs_count - out.count);
	return written;
}

static uint16_t srtp_encrypt_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct media_worker *media = worker->media;

	for (uint16_t i = 0; i < nb_objs; i++) {
		if (likely(fan_put(media, objs[i], 0)))
			continue;
		packet_of(objs[i])->reason = DROP_MEDIA_BACKLOG;
		rte_node_enqueue_x1(graph, node, SRTP_ENCRYPT_DROP, objs[i]);
	}
	if (media == NULL || fan_empty(media))
		return nb_objs;
	worker->busy = true;
	return (uint16_t)backlog_write(graph, node, worker);
}

static struct rte_node_register srtp_encrypt_node = {
        .name = "srtp_encrypt",
        .process = srtp_encrypt_process,
        .nb_edges = SRTP_ENCRYPT_EDGES,
        .next_nodes =
                {
                        [SRTP_ENCRYPT_DROP] = "drop",
                        [SRTP_ENCRYPT_PORT_TX] = "port_tx",
                        [SRTP_ENCRYPT_IP_OUTPUT] = "ip_output",
                },
};

/* The same without anything new: what is left of the walks before. */
static struct rte_node_register srtp_backlog_node = {
        .name = "srtp_backlog",
        .flags = RTE_NODE_SOURCE_F,
        .process = srtp_encrypt_process,
        .nb_edges = SRTP_ENCRYPT_EDGES,
        .next_nodes =
                {
                        [SRTP_ENCRYPT_DROP] = "drop",
                        [SRTP_ENCRYPT_PORT_TX] = "port_tx",
                        [SRTP_ENCRYPT_IP_OUTPUT] = "ip_output",
                },
};

RTE_NODE_REGISTER(srtp_encrypt_node);
RTE_NODE_REGISTER(srtp_backlog_node);
