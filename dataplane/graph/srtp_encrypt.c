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
	unsigned int count;
	bool unframed;   /* some have no template */
	bool unfinished; /* some need more than the cipher: an MKI, a checksum */
	struct srtp_job jobs[SRTP_BURST];
	struct rte_mbuf *mbufs[SRTP_BURST];
	struct endpoint *endpoints[SRTP_BURST];
	/* Empty mbufs for this walk, raw: what is left goes back. */
	unsigned int spare_count;
	struct rte_mbuf *spare[SRTP_BURST];
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
static __rte_always_inline bool header_make(struct out_header *header, const struct fan_leg *leg)
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
	if (unlikely(source->repeat)) {
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
	if (unlikely(subscription->mapped))
		tail_map(header, source, subscription->ext);
	return true;
}

/*
 * In front of the payload's place: one store of eight bytes, one of four. What follows them is
 * copied by vectors, over the beginning of the payload, which is written later.
 */
static inline void header_write(uint8_t *payload, const struct out_header *header)
{
	uint64_t head =
	        rte_cpu_to_be_64(header->head | (uint64_t)header->payload_type << 48 |
	                         (uint64_t)(uint16_t)header->index << 32 | header->timestamp);
	uint32_t ssrc = rte_cpu_to_be_32(header->ssrc);
	uint8_t *tail = payload - header->tail_length;

	memcpy(tail - RTP_HEADER_SIZE, &head, sizeof(head));
	memcpy(tail - sizeof(ssrc), &ssrc, sizeof(ssrc));
	for (uint16_t i = 0; i < header->tail_length; i += sizeof(__uint128_t))
		memcpy(tail + i, header->tail + i, sizeof(__uint128_t));
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
static inline void mbuf_begin(struct rte_mbuf *mbuf, const uint8_t *data, uint16_t length)
{
	uint64_t rearm = (uint64_t)(uint16_t)(data - (const uint8_t *)mbuf->buf_addr) |
	                 (uint64_t)1 << 16 | (uint64_t)1 << 32 | (uint64_t)UINT16_MAX << 48;

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

/* rtp: bytes of the whole RTP packet. */
static inline void packet_frame(struct out_burst *out, struct rte_mbuf *mbuf,
                                const struct frame_template *frame, uint8_t *begin, uint16_t rtp)
{
	mbuf_begin(mbuf, begin - frame->length, frame->length + rtp);
	frame_write(frame, begin, rtp);
	packet_of(mbuf)->port = frame->port;
	if (likely(frame->tx_checksum)) {
		frame_offload(frame, mbuf);
	} else {
		mbuf->ol_flags = 0;
		out->unfinished = true;
	}
}

/* The payload's place in an empty mbuf; NULL: not so long. */
static inline uint8_t *payload_place(const struct rte_mbuf *mbuf, uint16_t headers, uint16_t length)
{
	uintptr_t begin = (uintptr_t)mbuf->buf_addr + FRAME_HEADERS_MAX + headers;
	uintptr_t payload = RTE_ALIGN_CEIL(begin, PAYLOAD_ALIGN);
	uintptr_t end = (uintptr_t)mbuf->buf_addr + mbuf->buf_len;

	return payload + length + SRTP_TAIL_MAX + SLUICE_MEDIA_MKI_MAX <= end ? (uint8_t *)payload
	                                                                      : NULL;
}

static __rte_always_inline void leg_write(struct out_burst *out, const struct fan_leg *leg,
                                          bool framed)
{
	struct endpoint *endpoint = leg->endpoint;
	const struct fan_source *source = leg->source;
	struct rte_mbuf *mbuf = out->spare[out->spare_count - 1];
	struct srtp_job *job = &out->jobs[out->count];
	uint16_t headers, length, rtp;
	struct out_header header;
	uint8_t *payload;

	if (!header_make(&header, leg))
		return;
	headers = RTP_HEADER_SIZE + header.tail_length;
	length = header.prefix + source->payload_length;
	rtp = headers + length + endpoint->tag_length + endpoint->mki_length;
	payload = payload_place(mbuf, headers, length);
	if (unlikely(payload == NULL || (framed && rtp > endpoint->frame.room))) {
		out->media->counters[MEDIA_TOO_BIG]++;
		return;
	}
	header_write(payload, &header);
	job->session = endpoint->tx;
	job->src = source->payload;
	job->dst = payload;
	job->index = header.index;
	job->ssrc = rte_cpu_to_be_32(header.ssrc);
	job->header_length = headers;
	job->length = length;
	if (unlikely(header.prefix != 0))
		job->src = payload_prefixed(payload, &header, job->src, source->payload_length);
	if (likely(framed)) {
		packet_frame(out, mbuf, &endpoint->frame, payload - headers, rtp);
	} else {
		mbuf_begin(mbuf, payload - headers, rtp);
		mbuf->ol_flags = 0;
		packet_unframed(mbuf, endpoint);
		out->unframed = true;
	}
	out->unfinished |= endpoint->mki_length != 0;
	endpoint->tx_packets++;
	endpoint->tx_bytes += rtp;
	out->endpoints[out->count] = endpoint;
	out->mbufs[out->count++] = mbuf;
	out->spare_count--;
}

/* False: the way is not known, or nobody is there yet. */
static bool frame_renew(struct out_burst *out, const struct fan_leg *leg)
{
	if (frame_build(out->worker, leg->endpoint))
		return true;
	if (leg->endpoint->remote.port != 0)
		leg_write(out, leg, false);
	else
		out->media->counters[MEDIA_NO_REMOTE]++;
	return false;
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

static void legs_write(struct out_burst *out, struct fan_burst *burst)
{
	struct endpoint *endpoints = out->media->media->endpoints;
	struct neighbours *neighbours = out->worker->dp->neighbours;

	out->count = 0;
	out->unframed = out->unfinished = false;
	for (unsigned int i = 0; i < burst->count; i++) {
		struct fan_leg *leg = &burst->legs[i];

		leg->endpoint = &endpoints[leg->subscription->endpoint];
		leg_prefetch(leg->endpoint, out->spare[out->spare_count - 1 - i]);
	}
	for (unsigned int i = 0; i < burst->count; i++) {
		const struct fan_leg *leg = &burst->legs[i];

		if (likely(frame_valid(neighbours, &leg->endpoint->frame, out->generation)) ||
		    frame_renew(out, leg))
			leg_write(out, leg, true);
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

/* After the cipher. */
static void burst_finish(struct out_burst *out)
{
	for (unsigned int i = 0; i < out->count; i++) {
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

/* Without mbufs the legs go without this packet: a gap, that they may ask to be filled. */
static bool burst_write(struct rte_graph *graph, struct rte_node *node, struct out_burst *out,
                        struct fan_burst *burst)
{
	struct media_worker *media = out->media;

	if (out->spare_count < burst->count) {
		unsigned int missing = SRTP_BURST - out->spare_count;

		if (unlikely(rte_mempool_get_bulk(out->worker->dp->pool,
		                                  (void **)(out->spare + out->spare_count),
		                                  missing) != 0)) {
			media->counters[MEDIA_NO_MBUF] += burst->count;
			return false;
		}
		out->spare_count = SRTP_BURST;
	}
	legs_write(out, burst);
	if (out->count == 0)
		return true;
	media->media->engine->protect(media->srtp, out->jobs, out->count);
	media->counters[MEDIA_FORWARDED] += out->count;
	if (out->unfinished)
		burst_finish(out);
	burst_send(graph, node, out);
	return true;
}

/* Returns how many packets were written. */
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
	out.spare_count = 0;
	while (taken < FAN_WALK && !fan_empty(media)) {
		fan_take(media, &burst, SRTP_BURST);
		if (burst_write(graph, node, &out, &burst))
			written += out.count;
		fan_done(media, &burst);
		taken += burst.count + burst.done_count;
	}
	if (out.spare_count != 0)
		rte_mempool_put_bulk(worker->dp->pool, (void **)out.spare, out.spare_count);
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
