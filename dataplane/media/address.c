/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/address.h"

#include "dataplane.h"
#include "media/consent.h"
#include "media/key_frame.h"
#include "media/record.h"
#include "media/transport_feedback.h"
#include "worker.h"

static bool is_at(const struct transport_addr *addr, const struct ip_addr *ip, uint16_t port)
{
	return addr->port == port && ip_addr_equal(&addr->ip, ip);
}

/* What may go to an address that a browser's check has named before it has shown that it receives
 * there: a second or two of what a viewer gets. */
#define MOVE_GRACE (512 * 1024)

/* The remote address moves with what has authenticated, and with nothing else: with RTP, and only
 * where none ever came with RTCP, which may have a port of its own. */
void address_learn(struct media *media, struct endpoint *endpoint, const struct packet *packet,
                   const struct worker *worker, bool rtp)
{
	if (likely(!endpoint->learn)) {
		if (unlikely(endpoint->unproven) &&
		    is_at(&endpoint->remote, &packet->flow.src, packet->flow.src_port))
			consent_earn(endpoint, packet->payload_length);
		return;
	}
	if (!is_at(&endpoint->remote, &packet->flow.src, packet->flow.src_port)) {
		if (!rtp && endpoint->rx_packets != 0)
			return;
		endpoint->moved += endpoint->remote.port != 0;
		endpoint->remote = (struct transport_addr){
		        .ip = packet->flow.src,
		        .port = packet->flow.src_port,
		};
		consent_begin(endpoint, worker->tsc);
		record_endpoint_state(media, endpoint);
	}
	if (unlikely(endpoint->unproven))
		consent_earn(endpoint, packet->payload_length);
}

void address_ask_key_frames(struct media_worker *media_worker, const struct endpoint *endpoint)
{
	const struct endpoint_subscriptions *legs =
	        __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		const struct subscription *leg =
		        &media_worker->media->subscriptions[legs->list[i].subscription];
		uint32_t stream = __atomic_load_n(&leg->stream, __ATOMIC_RELAXED);

		if (__atomic_load_n(&leg->paused, __ATOMIC_RELAXED))
			continue;
		/* who has moved has begun before, and moves as often as it likes */
		if (endpoint->moved == 0)
			key_frame_hurry(&media_worker->media->streams[stream]);
		key_frame_ask(media_worker, stream);
	}
}

/* Who has connected has shown where it is; a check by datagrams shows who sent it, and not from
 * where. */
static void moved_elsewhere(struct media *media, struct endpoint *endpoint)
{
	struct worker *worker = media->dp->workers[endpoint->worker];

	transport_moved(endpoint->transport, worker);
	if (endpoint->connection != 0) {
		endpoint->unproven = false;
		return;
	}
	consent_begin(endpoint, worker->tsc);
	endpoint->consent = MOVE_GRACE;
}

void media_endpoint_move(struct media *media, uint32_t index, const struct transport_addr *local,
                         const struct transport_addr *remote, uint32_t connection)
{
	struct endpoint *endpoint = &media->endpoints[index];
	bool first = endpoint->remote.port == 0;

	if (is_at(&endpoint->remote, &remote->ip, remote->port) &&
	    is_at(&endpoint->local, &local->ip, local->port) && endpoint->connection == connection)
		return;
	endpoint->moved += !first;
	endpoint->local = *local;
	endpoint->remote = *remote;
	endpoint->connection = connection;
	endpoint->frame.generation = 0;
	if (!first)
		moved_elsewhere(media, endpoint);
	record_endpoint_state(media, endpoint);
	if (first)
		address_ask_key_frames(media->dp->workers[endpoint->worker]->media, endpoint);
}
