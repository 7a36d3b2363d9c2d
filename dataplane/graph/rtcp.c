/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTCP of an endpoint, in plaintext: it ends here. What it asks for goes to the backlog of
 * srtp_encrypt or upstream with the next housekeeping; reports of our own are made there as well.
 */
#include "dataplane.h"
#include "graph/node.h"
#include "media/rtcp_receive.h"

#include <stdio.h>

static uint16_t rtcp_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                             uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);
	struct media *media = worker->dp->media;

	RTE_SET_USED(graph);
	for (uint16_t i = 0; i < nb_objs; i++) {
		struct rte_mbuf *mbuf = objs[i];

		rtcp_receive(worker->media, &media->endpoints[packet_of(mbuf)->media.endpoint],
		             rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->data_len);
	}
	rte_pktmbuf_free_bulk((struct rte_mbuf **)objs, nb_objs);
	return nb_objs;
}

static void rtcp_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                       size_t room)
{
	snprintf(text, room, "read, as endpoint %.32s sent it",
	         trace_endpoint_name(dp, step->before.media.endpoint));
}

GRAPH_NODE(rtcp, .process = rtcp_process, .trace = rtcp_trace)
