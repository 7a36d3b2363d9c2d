/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One plaintext packet becomes a packet for each of its subscriptions (media/out_burst.h). What
 * comes is put on the worker's backlog; srtp_backlog, a source, goes on with what a walk left.
 */
#include "capture/capture.h"
#include "dataplane.h"
#include "graph/node.h"
#include "media/out_burst.h"

#include <stdio.h>

enum {
	SRTP_ENCRYPT_DROP = EDGE_DROP,
	SRTP_ENCRYPT_PORT_TX,
	SRTP_ENCRYPT_IP_OUTPUT,
	SRTP_ENCRYPT_STREAM_OUTPUT,
};

static rte_edge_t packet_edge(const struct rte_mbuf *mbuf)
{
	if (out_packet_framed(mbuf))
		return SRTP_ENCRYPT_PORT_TX;
	return packet_of((struct rte_mbuf *)(uintptr_t)mbuf)->flow.connection == 0
	               ? SRTP_ENCRYPT_IP_OUTPUT
	               : SRTP_ENCRYPT_STREAM_OUTPUT;
}

static void burst_send(struct rte_graph *graph, struct rte_node *node, struct out_burst *out)
{
	if (likely(!out->unframed && out->n_refused == 0)) {
		if (likely(out->count != 0))
			rte_node_enqueue(graph, node, SRTP_ENCRYPT_PORT_TX, (void **)out->mbufs,
			                 out->count);
		return;
	}
	for (unsigned int i = 0; i < out->count; i++) {
		struct rte_mbuf *mbuf = out->mbufs[i];
		rte_edge_t edge = packet_edge(mbuf);

		if (unlikely(out_packet_refused(out, i)))
			edge = drop(mbuf, DROP_SRTP_CIPHER);
		rte_node_enqueue_x1(graph, node, edge, mbuf);
	}
}

/* Returns how many packets were written. */
static unsigned int backlog_write(struct rte_graph *graph, struct rte_node *node,
                                  struct worker *worker)
{
	struct media_worker *media = worker->media;
	struct fan_burst burst;
	struct out_burst out;
	unsigned int taken = 0, written = 0;

	out_burst_begin(&out, worker);
	while (taken < FAN_BURST && !fan_empty(media)) {
		fan_take(media, &burst);
		taken += burst.count + burst.done_count;
		out_burst_write(&out, &burst);
		burst_send(graph, node, &out);
		written += out.count;
		fan_done(media, &burst);
	}
	out_burst_end(&out);
	return written;
}

/* Other workers may have the packet too: no reason is written on it. */
static void backlog_refuse(struct worker *worker, struct rte_mbuf *mbuf)
{
	worker->drops[DROP_MEDIA_BACKLOG]++;
	capture_dropped(worker->dp, "srtp_encrypt", worker->id, &mbuf, 1, DROP_MEDIA_BACKLOG);
	rte_pktmbuf_free(mbuf);
}

static uint16_t srtp_encrypt_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                     uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct media_worker *media = worker->media;

	for (uint16_t i = 0; i < nb_objs; i++) {
		if (likely(fan_put(media, objs[i], 0)))
			continue;
		backlog_refuse(worker, objs[i]);
	}
	if (media == NULL || fan_empty(media))
		return nb_objs;
	worker->busy = true;
	return (uint16_t)backlog_write(graph, node, worker);
}

/* Those that this worker serves and that are not paused. */
static uint32_t subscriptions_count(const struct dataplane *dp, const struct stream *stream,
                                    uint16_t worker)
{
	const struct legs *legs = stream->live ? stream->at[worker].legs : NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++)
		count += !dp->media->subscriptions[legs->subscriptions[i]].paused;
	return count;
}

static void srtp_encrypt_trace(const struct dataplane *dp, const struct trace_step *step,
                               char *text, size_t room)
{
	const struct stream *stream = trace_stream(dp, &step->before);
	uint32_t count = stream != NULL ? subscriptions_count(dp, stream, step->worker) : 0;

	/* made here, from a packet that is traced by itself */
	if (step->form != PACKET_RTP)
		return;
	snprintf(text, room, "stream %.32s, a copy to each of %u subscription%s here",
	         trace_stream_name(stream), count, count == 1 ? "" : "s");
}

GRAPH_NODE(srtp_encrypt, .process = srtp_encrypt_process, .trace = srtp_encrypt_trace,
           .edges = {
                   [SRTP_ENCRYPT_PORT_TX] = "port_tx",
                   [SRTP_ENCRYPT_IP_OUTPUT] = "ip_output",
                   [SRTP_ENCRYPT_STREAM_OUTPUT] = "stream_output",
           })

/* The same without anything new: what is left of the walks before. */
GRAPH_NODE(srtp_backlog, .process = srtp_encrypt_process, .flags = RTE_NODE_SOURCE_F,
           .edges = {
                   [SRTP_ENCRYPT_PORT_TX] = "port_tx",
                   [SRTP_ENCRYPT_IP_OUTPUT] = "ip_output",
                   [SRTP_ENCRYPT_STREAM_OUTPUT] = "stream_output",
           })
