/* SPDX-License-Identifier: BSD-3-Clause */
/* The TURN server's insides, shared by the files of turn/ and the relaying nodes. */
#ifndef TURN_STATE_H
#define TURN_STATE_H

#include "stun/nonce.h"
#include "turn/allocation.h"
#include "turn/alternate.h"
#include "turn/clients.h"
#include "turn/hash.h"
#include "turn/homes.h"
#include "turn/callers.h"
#include "turn/pool.h"
#include "turn/relay.h"
#include "turn/turn.h"

#define TURN_SECRETS_MAX   16 /* of all realms */
#define TURN_REALMS_MAX    (SLUICE_TURN_REALMS_MAX + 1)
#define TURN_LISTENERS_MAX 256

struct account;
struct attempts;
struct peer_rules;
struct reservations;
struct turn_config;
struct turn_private;
struct users;
struct wanted;

/* Of a policy, what holds for clients of one realm: those of the listeners that name it. */
struct turn_policy_realm {
	char name[SLUICE_TURN_REALM_MAX];
	uint16_t length; /* 0: not configured, nothing is answered but Binding */
	uint8_t index;   /* in the policy */
	uint32_t quota_user;
	uint32_t quota_host; /* of this realm alone; 0: no limit */
	/* max-bps as TSC ticks a byte, 20 fractional bits; 0: no limit */
	uint64_t ticks_per_byte_shift20;
	const struct peer_rules *peers; /* turn/peer_rules.h */
	const struct users *users;      /* turn/users.h: keys under this realm; grows in place */
};

/* Where clients find out how their NAT behaves (RFC 5780): any of two addresses with any of two
 * ports. */
struct turn_discovery {
	bool on; /* there are listeners at all four */
	struct ip_addr ips[2];
	struct ip_addr told[2]; /* what clients are told of each */
	uint16_t ports[2];      /* network order */
};

/* What requests are judged by: immutable, built by the control thread for each change, swapped
 * whole (RCU). */
struct turn_policy {
	struct turn_policy_realm realms[TURN_REALMS_MAX]; /* [0] the server's */
	uint8_t listener_realms[TURN_LISTENERS_MAX];      /* index of each listener's */
	uint16_t n_secrets;
	struct stun_key secrets[TURN_SECRETS_MAX];
	uint16_t secret_ids[TURN_SECRETS_MAX]; /* never 0; of one that was removed never used again
	                                        */
	uint8_t secret_realms[TURN_SECRETS_MAX];
	uint32_t lifetime_max;
	bool mobility;
	bool algorithms_always;               /* each challenge offers RFC 8489's */
	struct turn_discovery discoveries[2]; /* by family: [0] IPv4, [1] IPv6 */
	uint32_t quota_host;                  /* of all realms */
	struct stun_nonce_keys nonce_keys;
	uint64_t unix_start; /* Unix time at worker.now == 0 */
	struct turn_alternates alternates;
	uint16_t n_relays[2];                   /* by family: [0] IPv4, [1] IPv6 */
	uint8_t relays[2][RELAYS_MAX];          /* indices of the relays that give out ports */
	struct ip_addr relays_told[RELAYS_MAX]; /* what clients are told of each */
};

/* Counters of one worker, turn_counter_infos[] names them in this order. */
enum turn_counter {
	TURN_BINDING,
	TURN_ALLOCATE_SUCCESS,
	TURN_REFRESH_SUCCESS,
	TURN_CREATE_PERMISSION_SUCCESS,
	TURN_CHANNEL_BIND_SUCCESS,
	TURN_RETRANSMITTED,
	TURN_ERROR_300,
	TURN_ERROR_400,
	TURN_ERROR_401,
	TURN_ERROR_403,
	TURN_ERROR_405,
	TURN_ERROR_420,
	TURN_ERROR_437,
	TURN_ERROR_438,
	TURN_ERROR_440,
	TURN_ERROR_441,
	TURN_ERROR_442,
	TURN_ERROR_443,
	TURN_ERROR_486,
	TURN_ERROR_508,
	TURN_CHANNEL_TO_PEER,
	TURN_SEND_TO_PEER,
	TURN_CHANNEL_TO_CLIENT,
	TURN_DATA_TO_CLIENT,
	TURN_ALLOCATION_EXPIRED,
	TURN_ALLOCATION_DELETED,
	TURN_ALLOCATION_LEFT,
	TURN_ALLOCATION_MOVED,
	TURN_PERMISSION_EXPIRED,
	TURN_CHANNEL_EXPIRED,
	TURN_RESERVATION_EXPIRED,
	TURN_EXPIRY_TOO_LARGE,
	TURN_TO_PEER_BYTES,
	TURN_TO_CLIENT_BYTES,
	/* of error_401: why */
	TURN_401_NO_CREDENTIALS,
	TURN_401_REALM,
	TURN_401_USER,
	TURN_401_PASSWORD,
	TURN_401_EXPIRED,
	TURN_ACCOUNT_LOST,
	TURN_COUNTERS,
};

/* The tables of objects. */
enum turn_object {
	TURN_OBJECT_ALLOCATION,
	TURN_OBJECT_PERMISSION,
	TURN_OBJECT_CHANNEL,
	TURN_OBJECTS,
};

/* What one worker alone writes. Other workers may look up in its tables (lock-free). */
struct turn_worker {
	struct worker *worker;
	struct turn *turn;
	struct clients clients; /* five-tuple -> allocation index */
	uint64_t counters[TURN_COUNTERS];
	/* caches, timer wheel, what waits for a grace period: turn/store.h */
	struct turn_private *private;
};

/* Of each place in the table of allocations, for mobility (turn/mobility.h): its owner's. Where the
 * allocation is not mobile, `ticket` is 0, and so is `next`; `of` may be left of a path that had
 * the place before. */
struct move {
	union {
		uint32_t path; /* read by all: its client's place, once it has ALLOCATION_MOVED */
		uint32_t of;   /* read by all: of a path, its allocation */
	};
	uint32_t next; /* read by all: the path that its client may move to, or 0 */
	/* read by all: the number of the ticket that holds, random at first, then counted; the one
	 * after it may be out; 0: there are none */
	uint32_t ticket;
};

/* Heads of hash chains through the objects that one worker owns: it alone writes them, all read. */
struct turn_chains {
	uint32_t *permissions;     /* by (allocation, peer's address) */
	uint32_t *channel_numbers; /* by (allocation, number) */
	uint32_t *channel_peers;   /* by (allocation, peer) */
	uint32_t *users;           /* by user_hash: the leaders of rings */
	uint32_t permission_mask, channel_mask, user_mask;
};

struct turn {
	struct dataplane *dp;
	/* atomic pointer; written by the control thread, read by workers each walk */
	struct turn_policy *policy;
	struct allocation *allocations; /* [1 .. max_allocations] */
	struct permission *permissions;
	struct channel *channels;
	struct account *accounts;          /* of allocations, by index; turn/account.h */
	struct move *moves;                /* the same; NULL until something may be mobile */
	struct siphash_key ticket_keys[2]; /* const: of a tag, and of the cipher */
	struct hash_seed seed;
	struct turn_chains chains[WORKERS_MAX]; /* by owner */
	struct relay relays[RELAYS_MAX];
	/* by service index; const while the listener lives; port 0: none */
	struct transport_addr listeners[TURN_LISTENERS_MAX];
	uint8_t transports[TURN_LISTENERS_MAX]; /* enum sluice_turn_transport of each */
	uint32_t n_allocations;                 /* atomic: of all workers, for the host's quota */
	uint32_t listener_allocations[TURN_LISTENERS_MAX]; /* atomic: the same of each listener */
	/* atomic: as much is relayed as `bps-capacity` says; written by the control thread */
	bool capacity_reached;
	struct index_pool pools[TURN_OBJECTS];
	struct homes homes;                /* clients of all workers */
	struct callers callers;            /* the same, for the gate */
	struct reservations *reservations; /* turn/reservation.h */
	struct wanted *wanted;             /* turn/wanted.h */
	struct attempts *attempts;         /* turn/attempts.h */
	struct turn_config *config; /* control thread: what policy is built from; turn/config.h */
};

/* Whether an allocation is of a user of this name, in any realm. */
struct turn_names {
	uint32_t count;
	uint64_t hashes[TURN_REALMS_MAX];
};

static inline bool turn_names_have(const struct turn_names *names, uint64_t user_hash)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (names->hashes[i] == user_hash)
			return true;
	return false;
}

/* The permission of this allocation for a peer's IP, or NULL. Any worker. The caller checks
 * `expires`. */
struct permission *permission_find(struct turn *turn, const struct allocation *allocation,
                                   const struct ip_addr *peer);

/*
 * For bursts: asks for what permission_find is going to read, in two stages, so that the second
 * finds what the first asked for.
 */
void permission_prefetch_head(struct turn *turn, const struct allocation *allocation,
                              const struct ip_addr *peer);
void permission_prefetch(struct turn *turn, const struct allocation *allocation,
                         const struct ip_addr *peer);

/* The channel by number (ChannelData from the client; the owner), or by peer (datagram to the
 * client; any worker), or NULL. */
struct channel *channel_find(struct turn *turn, const struct allocation *allocation,
                             uint16_t number);
struct channel *channel_find_peer(struct turn *turn, const struct allocation *allocation,
                                  const struct ip_addr *peer, uint16_t peer_port);

static inline uint32_t allocation_index(const struct turn *turn,
                                        const struct allocation *allocation)
{
	return allocation - turn->allocations;
}

/* Where its client is. Any worker. */
static inline const struct five_tuple *allocation_client(const struct turn *turn,
                                                         const struct allocation *allocation)
{
	uint32_t path;

	if (likely(!(__atomic_load_n(&allocation->flags, __ATOMIC_ACQUIRE) & ALLOCATION_MOVED)))
		return &allocation->client;
	path = __atomic_load_n(&turn->moves[allocation_index(turn, allocation)].path,
	                       __ATOMIC_ACQUIRE);
	return &turn->allocations[path].client;
}

/* What a 5-tuple led to: the allocation, be it by a path. Any worker. */
static inline uint32_t allocation_of_place(const struct turn *turn, uint32_t index)
{
	return unlikely(turn->allocations[index].flags & ALLOCATION_PATH) ? turn->moves[index].of
	                                                                  : index;
}

static inline const struct turn_policy *turn_policy_now(const struct turn *turn)
{
	return __atomic_load_n(&turn->policy, __ATOMIC_ACQUIRE);
}

/* Of the clients of a listener, by its service index. */
static inline const struct turn_policy_realm *turn_policy_realm(const struct turn_policy *policy,
                                                                uint16_t service)
{
	return &policy->realms[policy->listener_realms[service % TURN_LISTENERS_MAX]];
}

/* As many as the listeners of a realm have. Any worker. */
uint32_t turn_realm_allocations(const struct turn *turn, const struct turn_policy *policy,
                                uint8_t index);

static inline struct allocation *turn_allocation(struct turn *turn, uint32_t index)
{
	return &turn->allocations[index];
}

static inline void turn_count(struct turn_worker *turn_worker, enum turn_counter counter)
{
	turn_worker->counters[counter]++;
}

/*
 * One request in, one response in its place: turn/request.c. payload: the UDP payload, whose header
 * is valid and a request's (graph/stun_input.c), `length` bytes of it and `room` to write in.
 * Returns the response's length, or 0 for silence, with *drop_reason set. local: where it came to;
 * then where the response is to come from.
 */
uint16_t turn_request(struct worker *worker, const struct five_tuple *flow,
                      struct transport_addr *local, uint8_t *payload, uint16_t length,
                      uint16_t room, uint16_t *drop_reason);

/* A client's packet has come by this path: its allocation, which is there from now on. The owner.
 */
struct allocation *mobility_arrive(struct turn_worker *turn_worker, const struct allocation *path);
/* A request of no client that this worker has: true where it shows a ticket of another worker's
 * allocation (turn/mobility.h). */
bool mobility_is_elsewhere(const struct turn_worker *turn_worker, const uint8_t *payload,
                           uint16_t length, uint16_t *owner);

/*
 * May this peer be relayed to? Special ranges, our own addresses, `turn peer` rules
 * (turn/peer_rules.h). A port of 0 asks for the address as a whole, as a permission does. Judged
 * when a permission or a channel is made: one that exists outlives a change of the rules by its 300
 * s.
 */
bool turn_peer_allowed(const struct turn *turn, const struct peer_rules *rules,
                       const struct transport_addr *peer);

#endif
