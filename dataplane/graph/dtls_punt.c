/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS of sessions goes to the thread that shakes hands, by paths that checks have proven; and SRTP
 * that overtakes the keys waits for them. What is taken leaves the graph here.
 */
#include "graph/node.h"
#include "net/output.h"
#include "net/service.h"
#include "session/session.h"

#include <stdio.h>

static inline bool packet_take(struct worker *worker, struct rte_mbuf *mbuf, uint16_t *reason)
{
	if (packet_of(mbuf)->service_kind != SERVICE_SESSION)
		return session_early(worker, mbuf, reason);
	*reason = DROP_UDP_CHECKSUM;
	return received_checksum_ok(mbuf) && session_dtls(worker, mbuf, reason);
}

static uint16_t dtls_punt_process(struct rte_graph *graph, struct rte_node *node, void **objs,
                                  uint16_t nb_objs)
{
	struct worker *worker = node_worker(node);

	for (uint16_t i = 0; i < nb_objs; i++) {
		struct rte_mbuf *mbuf = objs[i];
		uint16_t reason = DROP_SESSION_NO_PATH;

		if (packet_take(worker, mbuf, &reason))
			continue;
		drop(mbuf, reason);
		node_drop(graph, node, &objs[i], 1);
	}
	return nb_objs;
}

static void dtls_punt_trace(const struct dataplane *dp, const struct trace_step *step, char *text,
                            size_t room)
{
	if (step->next != NULL)
		return;
	snprintf(text, room, "%s",
	         step->before.service_kind == SERVICE_SESSION
	                 ? "to the thread that shakes hands"
	                 : "SRTP that waits for its session's keys");
}

GRAPH_NODE(dtls_punt, .process = dtls_punt_process, .trace = dtls_punt_trace)
