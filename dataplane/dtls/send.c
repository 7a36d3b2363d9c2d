/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/state.h"
#include "net/headers.h"
#include "net/service.h"
#include "session/state.h"
#include "worker.h"

#include <string.h>

static void packet_fill(struct packet *packet, const struct transport_addr *remote,
                        const struct transport_addr *local)
{
	memset(packet, 0, sizeof(*packet));
	packet->flow.src = local->ip;
	packet->flow.src_port = local->port;
	packet->dst = remote->ip;
	packet->dst_port = remote->port;
	packet->hop_limit = HEADERS_HOP_LIMIT;
	packet->flags = PACKET_DONT_FRAGMENT;
	packet->sum = PACKET_SUM_COMPUTE;
	packet->form = PACKET_DATAGRAM;
	packet->service_kind = SERVICE_NONE;
	packet->entry = PACKET_ENTRY_IP_OUTPUT;
}

void association_send(void *arg, const uint8_t *data, size_t length)
{
	struct association *association = arg;
	struct dtls *dtls = association->dtls;
	struct sessions *sessions = dtls->sessions;
	struct dataplane *dp = sessions->dp;
	const struct session *session = &sessions->list[association->session];
	uint16_t owner = __atomic_load_n(&session->owner, __ATOMIC_ACQUIRE);
	struct transport_addr remote, local;
	struct rte_mbuf *mbuf = owner != 0 ? rte_pktmbuf_alloc(dp->pool) : NULL;
	char *room = mbuf != NULL ? rte_pktmbuf_append(mbuf, (uint16_t)length) : NULL;

	if (!session_selected_read(session, &remote, &local)) {
		remote = association->remote;
		local = association->local;
	}
	if (room == NULL || remote.port == 0) {
		rte_pktmbuf_free(mbuf);
		dtls_count(dtls, DTLS_UNSENT);
		return;
	}
	memcpy(room, data, length);
	packet_fill(packet_of(mbuf), &remote, &local);
	if (worker_inbox_put(dp->workers[owner - 1], &mbuf, 1) == 1) {
		dtls_count(dtls, DTLS_SENT);
		return;
	}
	rte_pktmbuf_free(mbuf);
	dtls_count(dtls, DTLS_UNSENT);
}
