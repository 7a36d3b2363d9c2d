/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/state.h"
#include "net/headers.h"
#include "net/service.h"
#include "session/state.h"
#include "worker.h"

#include <string.h>

static void packet_fill(struct packet *packet, const struct session_way *way)
{
	memset(packet, 0, sizeof(*packet));
	packet->flow.src = way->local.ip;
	packet->flow.src_port = way->local.port;
	packet->flow.connection = way->connection;
	packet->dst = way->remote.ip;
	packet->dst_port = way->remote.port;
	packet->hop_limit = HEADERS_HOP_LIMIT;
	packet->flags = PACKET_DONT_FRAGMENT;
	packet->sum = PACKET_SUM_COMPUTE;
	packet->form = PACKET_DATAGRAM;
	packet->service_kind = SERVICE_NONE;
	packet->entry = packet_entry_output(way->connection);
}

/* An address that a check has named has not shown yet that it receives: until its handshake is done
 * it is sent three times what came from there, and one flight. */
#define UNPROVEN_FACTOR 3
#define UNPROVEN_FLIGHT 3000

static bool association_may_send(struct association *association, size_t length)
{
	if (association->state == ASSOCIATION_DONE)
		return true;
	if (association->sent + length > association->received * UNPROVEN_FACTOR + UNPROVEN_FLIGHT)
		return false;
	association->sent += length;
	return true;
}

void association_send(void *arg, const uint8_t *data, size_t length)
{
	struct association *association = arg;
	struct dtls *dtls = association->dtls;
	struct sessions *sessions = dtls->sessions;
	struct dataplane *dp = sessions->dp;
	const struct session *session = &sessions->list[association->session];
	uint16_t owner = __atomic_load_n(&session->owner, __ATOMIC_ACQUIRE);
	struct session_way way;
	struct rte_mbuf *mbuf;
	char *room;

	/* life: of one whose end has found no memory for its order */
	if (__atomic_load_n(&session->life, __ATOMIC_ACQUIRE) != association->life ||
	    (owner != 0 && !association_may_send(association, length)))
		owner = 0;
	if (!session_selected_read(session, &way))
		way = association->way;
	mbuf = owner != 0 ? rte_pktmbuf_alloc(dp->pool) : NULL;
	room = mbuf != NULL ? rte_pktmbuf_append(mbuf, (uint16_t)length) : NULL;
	if (room == NULL || way.remote.port == 0) {
		rte_pktmbuf_free(mbuf);
		dtls_count(dtls, DTLS_UNSENT);
		return;
	}
	memcpy(room, data, length);
	packet_fill(packet_of(mbuf), &way);
	if (worker_inbox_put(dp->workers[owner - 1], &mbuf, 1) == 1) {
		dtls_count(dtls, DTLS_SENT);
		return;
	}
	rte_pktmbuf_free(mbuf);
	dtls_count(dtls, DTLS_UNSENT);
}
