/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTP and SRTCP of the endpoints that this worker owns: a burst of packets, of whichever streams,
 * goes through the cipher at once. What follows sees plaintext that has authenticated.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "media/receive.h"

#include <stdio.h>
#include <string.h>

enum {
	SRTP_DECRYPT_DROP = EDGE_DROP,
	SRTP_DECRYPT_MEDIA_ROUTE,
	SRTP_DECRYPT_RTCP,
	SRTP_DECRYPT_HAND_OVER,
	SRTP_DECRYPT_EARLY,
};

/* A burst on its way through the cipher; the others have their edge already. */
struct burst {
	struct media_worker *media_worker;
	unsigned int count;
	uint16_t positions[SRTP_BURST];
	struct received received[SRTP_BURST];
	struct srtp_job jobs[SRTP_BURST];
};

/* Its owner alone may touch an endpoint. */
static rte_edge_t endpoint_hand_over(struct rte_mbuf *mbuf, const struct endpoint *endpoint)
{
	struct packet *packet = packet_of(mbuf);

	if (unlikely(packet->flags & PACKET_HANDED_OVER))
		return drop(mbuf, DROP_MEDIA_NO_ENDPOINT);
	packet->worker = endpoint->worker;
	return SRTP_DECRYPT_HAND_OVER;
}

/* SRTP_DECRYPT_MEDIA_ROUTE: it waits for the cipher. */
static inline rte_edge_t packet_begin(struct burst *burst, struct rte_mbuf *mbuf)
{
	struct media_worker *media_worker = burst->media_worker;
	struct packet *packet = packet_of(mbuf);
	struct endpoint *endpoint = endpoint_find(media_worker->media, packet);
	const uint8_t *data;
	enum drop_reason reason;

	if (unlikely(endpoint == NULL))
		return packet->session != 0 ? SRTP_DECRYPT_EARLY
		                            : drop(mbuf, DROP_MEDIA_NO_ENDPOINT);
	if (unlikely(endpoint->worker != media_worker->worker->id))
		return endpoint_hand_over(mbuf, endpoint);
	if (unlikely(packet->payload_length < 2)) {
		endpoint->malformed++;
		return drop(mbuf, DROP_RTP_MALFORMED);
	}
	data = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, packet->payload_offset);
	if (rtp_is_rtcp(data[1])) {
		reason = receive_rtcp(media_worker, mbuf, endpoint);
		return likely(reason == DROP_NONE) ? SRTP_DECRYPT_RTCP : drop(mbuf, reason);
	}
	reason = receive_begin(media_worker, &burst->received[burst->count], mbuf, endpoint,
	                       &burst->jobs[burst->count]);
	return likely(reason == DROP_NONE) ? SRTP_DECRYPT_MEDIA_ROUTE : drop(mbuf, reason);
}

static inline void burst_decrypt(struct burst *burst, rte_edge_t *edges)
{
	const struct media *media = burst->media_worker->media;

	media->engine->unprotect(burst->media_worker->srtp, burst->jobs, burst->count);
	for (unsigned int i = 0; i < burst->count; i++) {
		enum drop_reason reason =
		        receive_end(burst->media_worker, &burst->received[i], &burst->jobs[i]);

		if (unlikely(reason != DROP_NONE))
			edges[burst->positions[i]] = drop(burst->received[i].mbuf, reason);
	}
	burst->count = 0;
}

static uint16_t srtp_decrypt_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	struct burst burst = {.media_worker = node_worker(node)->media};
	struct node_run run = {.start = 0};
	rte_edge_t edges[SRTP_BURST];

	for (uint16_t start = 0; start < nb_objs; start += SRTP_BURST) {
		uint16_t count = RTE_MIN(nb_objs - start, SRTP_BURST);

		for (uint16_t i = 0; i < count; i++) {
			if (likely(i + NODE_PREFETCH < count))
				rte_prefetch0(rte_pktmbuf_mtod(
				        (struct rte_mbuf *)objs[start + i + NODE_PREFETCH],
				        void *));
			edges[i] = packet_begin(&burst, objs[start + i]);
			if (likely(edges[i] == SRTP_DECRYPT_MEDIA_ROUTE))
				burst.positions[burst.count++] = i;
		}
		if (likely(burst.count != 0))
			burst_decrypt(&burst, edges);
		if (start == 0)
			run.edge = edges[0];
		for (uint16_t i = 0; i < count; i++)
			node_run_next(graph, node, &run, objs, start + i, edges[i]);
	}
	node_run_finish(graph, node, &run, objs, nb_objs);
	return nb_objs;
}

static void srtp_decrypt_trace(const struct dataplane *dp, const struct trace_step *step,
                               char *text, size_t room)
{
	const struct packet_media *media = &step->after.media;
	const struct stream *stream = trace_stream(dp, &step->after);

	if (step->next != NULL && strcmp(step->next, "media_route") == 0 && stream != NULL)
		snprintf(text, room, "endpoint %.32s, stream %.32s, packet %lu",
		         trace_endpoint_name(dp, stream->endpoint), trace_stream_name(stream),
		         media->index);
	else if (step->next != NULL && strcmp(step->next, "rtcp") == 0)
		snprintf(text, room, "endpoint %.32s", trace_endpoint_name(dp, media->endpoint));
}

GRAPH_NODE(srtp_decrypt, .process = srtp_decrypt_process, .trace = srtp_decrypt_trace,
           .edges = {
                   [SRTP_DECRYPT_MEDIA_ROUTE] = "media_route",
                   [SRTP_DECRYPT_RTCP] = "rtcp",
                   [SRTP_DECRYPT_HAND_OVER] = "hand_over",
                   [SRTP_DECRYPT_EARLY] = "dtls_punt",
           })
