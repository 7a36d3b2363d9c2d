/* SPDX-License-Identifier: BSD-3-Clause */
/* What the relaying nodes share: which client's packet it is, whether it may pass, and where it
 * goes. */
#ifndef GRAPH_TURN_RELAY_H
#define GRAPH_TURN_RELAY_H

#include <rte_prefetch.h>

#include "dataplane.h"
#include "graph/drop.h"
#include "graph/node.h"
#include "net/output.h"
#include "net/service.h"
#include "turn/state.h"

/* Packets that are looked up together, so that their cache misses overlap:
 * RTE_HASH_LOOKUP_BULK_MAX. */
#define TURN_BURST 64

/* The first edges of a node that reads what clients send. */
enum turn_edge {
	TURN_DROP = EDGE_DROP,
	TURN_IP_OUTPUT,
	TURN_HAND_OVER,
	TURN_STREAM_OUTPUT,
};

/* How far an allocation may run ahead of its max-bps: a key frame passes, a flood does not. */
#define TURN_RATE_BURST_MS 250

/*
 * The clients' allocations, of packets whose flow is a client's: NULL where this worker has none.
 * Both cache lines that relaying touches are on their way; that the allocation is the client's is
 * not yet checked (client_settle).
 */
static inline void turn_clients_find(struct worker *worker, struct rte_mbuf **mbufs, uint16_t count,
                                     struct allocation *found[TURN_BURST])
{
	const struct clients *clients = &worker->turn->clients;
	uint64_t hashes[TURN_BURST];

	for (uint16_t i = 0; i < count; i++) {
		hashes[i] = clients_hash(clients, &packet_of(mbufs[i])->flow);
		rte_prefetch0(clients_line(clients, hashes[i]));
	}
	for (uint16_t i = 0; i < count; i++) {
		const struct clients_line *line = clients_line(clients, hashes[i]);
		uint32_t match = clients_match(line, clients_tag(hashes[i]));
		/* no match here is rare: [0] is no client's, and what was passed on is found when
		 * it is settled */
		uint32_t index = likely(match != 0) ? line->indices[__builtin_ctz(match)] : 0;

		found[i] = turn_allocation(worker->dp->turn, index);
		rte_prefetch0(found[i]);
		rte_prefetch0_write(&found[i]->to_peer_packets);
	}
}

/* Confirms the speculative match, or does the full lookup: NULL where this worker has none. */
static inline struct allocation *client_settle(struct worker *worker, const struct packet *packet,
                                               struct allocation *found)
{
	struct turn *turn = worker->dp->turn;
	uint32_t index;

	if (unlikely(!client_is(found, &packet->flow))) {
		index = clients_find(&worker->turn->clients, turn->allocations, &packet->flow);
		if (index == 0)
			return NULL;
		found = turn_allocation(turn, index);
	}
	return likely(!(found->flags & ALLOCATION_PATH)) ? found
	                                                 : mobility_arrive(worker->turn, found);
}

/*
 * This worker does not have the client: another one may, where the NIC spreads flows otherwise than
 * when the allocation was made. The packet must be as classify left it.
 */
rte_edge_t turn_client_elsewhere(struct worker *worker, struct rte_mbuf *mbuf);
/* A client's allocation, whichever worker has it, or NULL. */
struct allocation *turn_client_allocation(const struct worker *worker,
                                          const struct five_tuple *client);
/* The allocation that has this port of the relayed address (network order), where it permits the
 * peer, or NULL. */
struct allocation *turn_peer_allocation(const struct worker *worker, const struct service *relay,
                                        uint16_t port, const struct ip_addr *peer);

static inline bool allocation_alive(const struct allocation *allocation, uint32_t now)
{
	return likely(now < __atomic_load_n(&allocation->expires, __ATOMIC_RELAXED) &&
	              (allocation->flags & ALLOCATION_CLOSED) == 0);
}

/* One router more on the way (RFC 8656, 15): false where the packet may go no further. */
static inline bool packet_hop(struct packet *packet)
{
	if (unlikely(packet->hop_limit <= 1))
		return false;
	packet->hop_limit--;
	return true;
}

/*
 * Token bucket as virtual time: *due is when the allocation's line would have sent all that passed.
 * service: its listener's, whose realm says how fast that line is.
 * bytes: UDP payload. Workers race on to_client_due; what that lets through is a packet.
 */
static inline bool turn_rate_pass(const struct worker *worker, const struct turn_policy *policy,
                                  uint16_t service, uint64_t *due, uint32_t bytes)
{
	uint64_t ticks = turn_policy_realm(policy, service)->ticks_per_byte_shift20;
	uint64_t from;

	if (likely(ticks == 0))
		return true;
	from = RTE_MAX(__atomic_load_n(due, __ATOMIC_RELAXED), worker->tsc);
	if (from - worker->tsc > worker->tsc_hz * TURN_RATE_BURST_MS / 1000)
		return false;
	bytes += sizeof(struct rte_udp_hdr);
	__atomic_store_n(due, from + ((ticks * bytes) >> 20), __ATOMIC_RELAXED);
	return true;
}

static inline void packet_to_peer(struct packet *packet, const struct ip_addr *relayed,
                                  uint16_t relayed_port, const struct ip_addr *peer,
                                  uint16_t peer_port)
{
	packet->flow.src = *relayed;
	packet->flow.src_port = relayed_port;
	packet->dst = *peer;
	packet->dst_port = peer_port;
}

/*
 * The payload shrinks to payload[head .. head + length): the rest is taken out of the known sum,
 * and alone is read. head is even.
 */
static inline void payload_cut(struct rte_mbuf *mbuf, uint16_t head, uint16_t length)
{
	struct packet *packet = packet_of(mbuf);
	const uint8_t *payload = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint16_t tail = mbuf->data_len - head - length;

	if (likely(packet->sum == PACKET_SUM_KNOWN)) {
		uint16_t cut = checksum_bytes(payload, head);

		if (unlikely(tail != 0)) {
			uint16_t behind = checksum_bytes(payload + head + length, tail);

			cut = checksum_add(cut, length & 1 ? rte_bswap16(behind) : behind);
		}
		packet->payload_sum = checksum_subtract(packet->payload_sum, cut);
	}
	mbuf->data_off += head;
	mbuf->data_len = length;
	mbuf->pkt_len = length;
}

static inline void allocation_count_to_peer(struct turn_worker *turn_worker,
                                            struct allocation *allocation, uint16_t bytes)
{
	allocation->to_peer_packets++;
	allocation->to_peer_bytes += bytes;
	turn_worker->counters[TURN_TO_PEER_BYTES] += bytes;
}

#endif
