/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations, permissions, channels (RFC 8656, 3): objects in fixed arrays, named by index; 0 is
 * no object.
 *
 * The worker of the client's 5-tuple creates an object and is its only writer. Workers that receive
 * a peer's datagram read it: what they read is written before the object is published (release),
 * and an object's slot is used again only when every worker has been quiescent since its end.
 */
#ifndef TURN_ALLOCATION_H
#define TURN_ALLOCATION_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "graph/packet.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "worker.h"

struct turn;

/*
 * Channels that an allocation finds without a hash lookup; the others cost one. While any of these
 * is free, no channel is elsewhere.
 */
#define ALLOCATION_INLINE_CHANNELS 4

/* Above it a permission is refused with 508: one client's list is walked whole when it expires. */
#define ALLOCATION_PERMISSIONS_MAX 1024

/* RFC 8656, 7.2: also what a request without LIFETIME gets. */
#define ALLOCATION_LIFETIME_MIN_S 600
/* RFC 8489, 6.2.1: as long as a client may retransmit the final Refresh. */
#define ALLOCATION_LINGER_S 10
/* RFC 8656, 9, 12 and 7.2. */
#define PERMISSION_LIFETIME_S  300
#define CHANNEL_LIFETIME_S     600
#define RESERVATION_LIFETIME_S 30

#define ALLOCATION_USER_SHOWN 20

enum allocation_flag {
	/* refreshed to 0: kept a while to answer retransmissions, relays nothing */
	ALLOCATION_CLOSED = 1 << 0,
	/* why ADDITIONAL-ADDRESS-FAMILY brought no second relayed address, for retransmissions */
	ALLOCATION_ONE_FAMILY = 1 << 1, /* 440 */
	ALLOCATION_ONE_FULL = 1 << 2,   /* 508 */
	ALLOCATION_LINGERS = 1 << 3,    /* closed, and counted as such */
	/* atomic, any worker: ICMP told of a smaller MTU on the way to the client; where the owner
	 * writes at the same time it is lost, and told again */
	ALLOCATION_NARROW = 1 << 4,
	/* turn/mobility.h. No allocation: another 5-tuple of one, and nothing of what follows but
	 * the owner */
	ALLOCATION_PATH = 1 << 5,
	/* its client has moved, and its path says where it is: allocation_client() */
	ALLOCATION_MOVED = 1 << 6,
	/* the owner's: its key is `raw` */
	ALLOCATION_RAW_KEY = 1 << 7,
};

struct relay_leg {
	uint16_t relay; /* index of the relay range, plus 1; 0: the allocation lacks this family */
	uint16_t port;  /* host order */
};

struct allocation {
	/* -- what relaying needs: written by the owner, read by all -- */
	struct five_tuple client;
	uint32_t expires; /* worker.now; 0: no allocation here, or one that is closed */
	uint16_t owner;   /* worker id */
	uint8_t flags;    /* enum allocation_flag */
	uint8_t relayed;  /* number of legs */
	uint16_t channel_numbers[ALLOCATION_INLINE_CHANNELS]; /* host order, 0: free */
	uint32_t channels[ALLOCATION_INLINE_CHANNELS];        /* their channel's index */
	struct relay_leg legs[2];                             /* [0] IPv4, [1] IPv6 */

	/* -- counters and rate: written by the owner, strays by who received them (atomic) -- */
	uint64_t to_peer_packets __rte_cache_aligned;
	uint64_t to_peer_bytes;
	uint64_t to_client_packets;
	uint64_t to_client_bytes;
	uint64_t stray_packets;
	uint64_t stray_bytes;
	/* token buckets as virtual time, TSC: a packet passes while due - now < burst */
	uint64_t to_peer_due;
	uint64_t to_client_due; /* any worker, relaxed: a race lets a packet more through */

	/* -- control: the owner alone, but for what others read -- */
	union { /* of the user, so that later requests need no lookup */
		struct stun_key key;
		struct stun_raw_key
		        raw; /* with ALLOCATION_RAW_KEY: of one who signs with SHA-256 */
	};
	uint64_t user_hash;   /* of the user's identity (turn/users.h); read by other workers */
	uint64_t transaction; /* hash of the id of the Allocate, or of the Refresh that deleted */
	uint32_t generation;  /* with the index, the allocation's id for people */
	uint32_t created;
	uint32_t lifetime; /* granted with the Allocate, for its retransmissions */
	/* the wheel's list, by index; after the end timer_next links what waits for its grace
	 * period */
	uint32_t timer_next, timer_prev;
	uint32_t timer_due; /* 0: not on the wheel */
	/* the ring of this worker's allocations of the same user */
	uint32_t user_next, user_prev;
	/* of the ring's leader alone, read by other workers: the next leader in the chain, the
	 * ring's size */
	uint32_t user_chain, user_count;
	uint32_t permissions;               /* first of the list */
	uint16_t n_permissions, n_channels; /* n_channels is read by all */
	uint16_t reservation;               /* index plus 1 of the one made with EVEN-PORT, or 0 */
	uint16_t secret; /* read by all: id of the secret that its key comes from, or 0 */
	char user[ALLOCATION_USER_SHOWN]; /* printable and cut; when full it has no final NUL */
};
static_assert(sizeof(struct allocation) == 4 * RTE_CACHE_LINE_MIN_SIZE,
              "an allocation is four cache lines");
static_assert(offsetof(struct allocation, to_peer_packets) == RTE_CACHE_LINE_MIN_SIZE,
              "relaying reads one line");

struct permission {
	struct ip_addr peer;
	uint32_t allocation;
	uint32_t expires;   /* read by all; 0: being made */
	uint32_t hash_next; /* read by all */
	uint32_t next;      /* the owner alone: of the allocation's permissions */
	uint32_t channels;  /* the owner alone: first channel to this peer's IP */
	uint32_t pad;
};
static_assert(sizeof(struct permission) == 40, "permission");

/* What ChannelData needs in one line. */
struct channel {
	struct ip_addr peer;
	struct ip_addr relayed; /* the relayed address: source of what we send */
	uint16_t peer_port;     /* network order */
	uint16_t relayed_port;  /* network order */
	uint16_t number;        /* host order */
	uint16_t pad;
	uint32_t allocation;
	uint32_t expires; /* read by all; the binding's 600 s, which its permission outlives */
	uint32_t pad2;
	uint32_t next;        /* the owner alone: of the permission's channels */
	uint32_t number_next; /* hash chains, read by all */
	uint32_t peer_next;
};
static_assert(sizeof(struct channel) == RTE_CACHE_LINE_MIN_SIZE, "a channel is one cache line");

/* Index of an address' family: 0 IPv4, 1 IPv6. */
static inline int family_index(const struct ip_addr *ip)
{
	return ip_addr_is_v4(ip) ? 0 : 1;
}

#endif
