/* SPDX-License-Identifier: BSD-3-Clause */
/* Making and ending allocations, permissions, channels: the owner's side, inside turn/ alone. */
#ifndef TURN_STORE_H
#define TURN_STORE_H

#include "turn/account.h"
#include "turn/garbage.h"
#include "turn/state.h"
#include "turn/timers.h"

/* One worker's; of it only `used` is read by others. */
struct turn_private {
	struct index_cache caches[TURN_OBJECTS];
	struct timer_wheel wheel;
	struct garbage garbage;
	struct accounts accounts;
	uint32_t used[TURN_OBJECTS]; /* relaxed: read by the control thread */
	uint32_t lingering;          /* closed allocations that still hold their place */
	uint32_t reservations_swept; /* worker.now */
	/* turn/record.h: the next allocation to look at, how many in this second are left, and
	 * which second it is */
	uint32_t account_next, accounts_left, accounted;
};

/* An index from the pool, counted as used; 0: none left. It comes back through garbage_add alone.
 */
static inline uint32_t object_take(struct turn_worker *turn_worker, enum turn_object object)
{
	struct turn_private *private = turn_worker->private;
	uint32_t index = index_take(&turn_worker->turn->pools[object], &private->caches[object]);

	if (index != 0)
		__atomic_store_n(&private->used[object], private->used[object] + 1,
		                 __ATOMIC_RELAXED);
	return index;
}

/* The one that the next object_take will give, or 0: it is not known before. */
static inline uint32_t object_next(const struct turn_worker *turn_worker, enum turn_object object)
{
	return index_next(&turn_worker->private->caches[object]);
}

/* Back into the pool, where no worker can see it any more. */
void object_free(struct turn_worker *turn_worker, enum turn_object object, uint32_t index);

/* The client at this place is found, by all workers and by the gate. False: no room. */
bool client_join(struct turn_worker *turn_worker, uint32_t index);
void client_leave(struct turn_worker *turn_worker, uint32_t index);

/* What people are shown of it; turn/show.c. */
struct sluice_addr addr_make(const struct ip_addr *ip, uint16_t port_be);
/* Of the legs that there are; the others stay as they are. */
void legs_show(struct sluice_addr shown[2], const struct turn *turn,
               const struct relay_leg legs[2]);
void allocation_counters(const struct allocation *allocation, uint64_t *to_peer_packets,
                         uint64_t *to_peer_bytes, uint64_t *to_client_packets,
                         uint64_t *to_client_bytes);

/* The key that its client's later requests are tried with. The owner. */
void allocation_key_set(struct allocation *allocation, const struct stun_key *key,
                        const struct stun_raw_key *raw);

/* What an Allocate asks for. */
struct allocation_wish {
	const struct five_tuple *client;
	const struct stun_key *key;
	const struct stun_raw_key *raw; /* ... in its place, or NULL */
	uint16_t secret;                /* that the key comes from, or 0 */
	uint64_t user_hash;
	const uint8_t *user; /* the name as it came */
	uint16_t user_length;
	uint64_t transaction;
	uint32_t lifetime;
	int family;     /* 0 IPv4, 1 IPv6 */
	bool both;      /* ADDITIONAL-ADDRESS-FAMILY: IPv6 as well */
	bool even;      /* EVEN-PORT */
	bool reserve;   /* its R bit */
	bool mobile;    /* MOBILITY-TICKET */
	uint64_t token; /* RESERVATION-TOKEN, or 0 */
};

/*
 * 0 with *made set, or the STUN error to answer. `closed`: the deleted allocation that still
 * answers retransmissions, or NULL; ended where 0 is returned.
 */
int allocation_create(struct turn_worker *turn_worker, const struct turn_policy *policy,
                      const struct allocation_wish *wish, struct allocation *closed,
                      struct allocation **made);
/* Ports, permissions, channels go at once; the client's key stays for ALLOCATION_LINGER_S. */
void allocation_close(struct turn_worker *turn_worker, struct allocation *allocation);
/* Goes whole, whether closed before or not. */
void allocation_end(struct turn_worker *turn_worker, struct allocation *allocation,
                    enum sluice_allocation_reason reason);
/* One of two relayed addresses goes, with its permissions and channels. */
void allocation_drop_leg(struct turn_worker *turn_worker, struct allocation *allocation,
                         int family);
/* What is due goes; the timer is set for the rest. */
void allocation_sweep(struct turn_worker *turn_worker, struct allocation *allocation);
/* The owner's: whose 5-tuple this is, be it by a path, or NULL. What has expired is ended here,
 * exactly. */
struct allocation *allocation_find(struct turn_worker *turn_worker,
                                   const struct five_tuple *client);

/* Not yet valid: permission_refresh makes it so. NULL: no room. */
struct permission *permission_create(struct turn_worker *turn_worker, struct allocation *allocation,
                                     const struct ip_addr *peer);
/* The same at an index that is free. */
struct permission *permission_place(struct turn *turn, struct allocation *allocation,
                                    uint32_t index, const struct ip_addr *peer);
/* It lives `lifetime` seconds from now at least. */
void permission_refresh(struct turn_worker *turn_worker, struct permission *permission,
                        uint32_t lifetime);
/* link: what points to it in the allocation's list. It has no channels. */
void permission_free(struct turn_worker *turn_worker, struct allocation *allocation,
                     uint32_t *link);

/* Neither number nor peer is bound yet. NULL: no room. */
struct channel *channel_create(struct turn_worker *turn_worker, struct allocation *allocation,
                               struct permission *permission, uint16_t number, uint16_t peer_port);
/* The same at an index that is free. */
struct channel *channel_place(struct turn *turn, struct allocation *allocation,
                              struct permission *permission, uint32_t index, uint16_t number,
                              uint16_t peer_port);
void channel_refresh(struct turn_worker *turn_worker, struct channel *channel);
/* link: what points to it in its permission's list. */
void channel_free(struct turn_worker *turn_worker, struct allocation *allocation, uint32_t *link);

static inline bool allocation_live(const struct allocation *allocation, uint32_t now)
{
	return now < allocation->expires;
}

#endif
