/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations, permissions, channels (RFC 8656, 3): objects in fixed arrays, named by index; 0 is no object.
 *
 * The worker of the client's 5-tuple creates an object and is its only writer. Workers that receive a peer's datagram
 * read it: what they read is written before the object is published (release), and an object's slot is used again only
 * when every worker has been quiescent since its end.
 */
#ifndef TURN_ALLOCATION_H
#define TURN_ALLOCATION_H

#include <assert.h>
#include <stdint.h>

#include <rte_common.h>

#include "graph/packet.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "worker.h"

struct turn;

/* Channels that an allocation finds without a hash lookup; the others cost one. */
#define ALLOCATION_INLINE_CHANNELS 4

enum allocation_flag {
	ALLOCATION_DONT_FRAGMENT = 1 << 0,
	ALLOCATION_CLOSED = 1 << 1, /* refreshed to 0: kept a while to answer retransmissions, relays nothing */
};

struct relay_leg {
	uint16_t relay; /* index of the relay range, plus 1; 0: the allocation lacks this family */
	uint16_t port;  /* host order */
};

struct allocation {
	/* -- what relaying needs: written by the owner, read by all -- */
	struct five_tuple client;
	uint32_t expires;      /* worker.now; 0: no allocation here */
	uint16_t owner;        /* worker id */
	uint8_t flags;         /* enum allocation_flag */
	uint8_t relayed;       /* number of legs */
	uint16_t channel_numbers[ALLOCATION_INLINE_CHANNELS]; /* host order, 0: free */
	uint32_t channels[ALLOCATION_INLINE_CHANNELS];        /* their channel's index */
	struct relay_leg legs[2];                             /* [0] IPv4, [1] IPv6 */

	/* -- counters and rate: written by the owner; the strays by whichever worker received the datagram (atomic) -- */
	uint64_t to_peer_packets __rte_cache_aligned;
	uint64_t to_peer_bytes;
	uint64_t to_client_packets;
	uint64_t to_client_bytes;
	uint64_t stray_packets;
	uint64_t stray_bytes;
	uint64_t to_peer_due;   /* token buckets as virtual time, TSC: a packet passes while due - now < burst */
	uint64_t to_client_due; /* any worker, relaxed: a race lets a packet more through */

	/* -- control: the owner alone -- */
	struct stun_key key;    /* of the user, so that later requests need no lookup */
	uint64_t user_hash;     /* SipHash of the whole user name */
	uint8_t transaction[STUN_TRANSACTION_SIZE]; /* of the Allocate (or the final Refresh): a retransmission is known by it */
	uint32_t generation;    /* with the index, the allocation's id for people */
	uint32_t created;
	uint32_t lifetime;      /* granted with the Allocate, for its retransmissions */
	uint32_t timer_next, timer_prev; /* the wheel's list; index of the allocation */
	uint32_t timer_slot;
	uint32_t user_next, user_prev;   /* the chain of equal user_hash buckets */
	uint32_t permissions;   /* first of the list */
	uint16_t n_permissions, n_channels;
	uint32_t reservation;   /* index plus 1 of the reservation made with EVEN-PORT, or 0 */
	char user[24];          /* cut, for people */
};
static_assert(sizeof(struct allocation) <= 4 * RTE_CACHE_LINE_MIN_SIZE, "an allocation is four cache lines");
static_assert(offsetof(struct allocation, to_peer_packets) == RTE_CACHE_LINE_MIN_SIZE, "relaying reads one line");

struct permission {
	struct ip_addr peer;
	uint32_t allocation;
	uint32_t expires;  /* read by all */
	uint32_t next;     /* of the allocation's permissions */
	uint32_t channels; /* first channel to this peer's IP */
};
static_assert(sizeof(struct permission) == 32, "permission");

/* What ChannelData needs in one line. */
struct channel {
	struct ip_addr peer;
	struct ip_addr relayed; /* the leg's own address: source of what we send */
	uint16_t peer_port;     /* network order */
	uint16_t relayed_port;  /* network order */
	uint16_t number;        /* host order */
	uint16_t pad;
	uint32_t allocation;
	uint32_t expires;       /* read by all; the binding's 600 s */
	uint32_t permitted;     /* read by all; the peer's permission, copied so that one line suffices */
	uint32_t permission;
	uint32_t next;          /* of the permission's channels */
	uint32_t pad2;
};
static_assert(sizeof(struct channel) == RTE_CACHE_LINE_MIN_SIZE, "a channel is one cache line");

#endif
