/* SPDX-License-Identifier: BSD-3-Clause */
/* An allocation's life: made whole or not at all, and ended by a Refresh, its time, or the control
 * thread. */
#include "dataplane.h"
#include "turn/mobility.h"
#include "turn/quota.h"
#include "turn/record.h"
#include "turn/reservation.h"
#include "turn/store.h"
#include "turn/text.h"

#include <string.h>

/* -- making -- */

/* A port in any range of the family, starting with a random one. */
static int leg_claim(struct turn_worker *turn_worker, const struct turn_policy *policy,
                     uint32_t index, const struct allocation_wish *wish, int family)
{
	struct turn *turn = turn_worker->turn;
	struct allocation *allocation = &turn->allocations[index];
	struct random *random = turn_worker->worker->random;
	uint32_t n = policy->n_relays[family];
	uint32_t first;

	if (n == 0)
		return STUN_440_FAMILY_NOT_SUPPORTED;
	first = n == 1 ? 0 : random_below(random, n);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t relay = policy->relays[family][(first + i) % n];
		uint16_t port;

		if (wish->reserve)
			port = reservation_make(turn_worker, index, relay,
			                        &allocation->reservation);
		else
			port = relay_port_claim(&turn->relays[relay], random, RELAY_PORT_PENDING,
			                        wish->even, 0);
		if (port == 0)
			continue;
		allocation->legs[family] = (struct relay_leg){.relay = relay + 1, .port = port};
		allocation->relayed++;
		return 0;
	}
	return STUN_508_INSUFFICIENT_CAPACITY;
}

static int leg_redeem(struct turn_worker *turn_worker, struct allocation *allocation,
                      uint64_t token)
{
	struct relay_leg leg;
	int family;

	if (!reservation_redeem(turn_worker, token, &leg))
		return STUN_508_INSUFFICIENT_CAPACITY;
	family = family_index(&turn_worker->turn->relays[leg.relay - 1].ip);
	allocation->legs[family] = leg;
	allocation->relayed = 1;
	return 0;
}

/* Of two families one is enough (RFC 8656, 7.2): why the other is missing is said in the answer. */
static int legs_claim_both(struct turn_worker *turn_worker, const struct turn_policy *policy,
                           uint32_t index, const struct allocation_wish *wish)
{
	struct allocation *allocation = &turn_worker->turn->allocations[index];
	int errors[2];

	for (int family = 0; family < 2; family++) {
		errors[family] = leg_claim(turn_worker, policy, index, wish, family);
		if (errors[family] == STUN_440_FAMILY_NOT_SUPPORTED)
			allocation->flags |= ALLOCATION_ONE_FAMILY;
		else if (errors[family] != 0)
			allocation->flags |= ALLOCATION_ONE_FULL;
	}
	return allocation->relayed != 0 ? 0 : RTE_MAX(errors[0], errors[1]);
}

static void leg_release(struct turn *turn, struct relay_leg *leg)
{
	if (leg->relay != 0)
		relay_port_release(&turn->relays[leg->relay - 1], leg->port);
	*leg = (struct relay_leg){0};
}

static void legs_release(struct turn *turn, struct allocation *allocation)
{
	for (int family = 0; family < 2; family++)
		leg_release(turn, &allocation->legs[family]);
	allocation->relayed = 0;
}

/* From now on a peer's datagram finds the allocation. */
static void legs_publish(struct turn *turn, struct allocation *allocation)
{
	for (int family = 0; family < 2; family++) {
		const struct relay_leg *leg = &allocation->legs[family];

		if (leg->relay != 0)
			relay_port_transfer(&turn->relays[leg->relay - 1], leg->port,
			                    RELAY_PORT_PENDING, allocation_index(turn, allocation));
	}
}

bool client_join(struct turn_worker *turn_worker, uint32_t index)
{
	struct turn *turn = turn_worker->turn;
	const struct five_tuple *client = &turn->allocations[index].client;

	if (clients_add(&turn_worker->clients, client, index) < 0)
		return false;
	homes_add(&turn->homes, clients_hash(&turn_worker->clients, client));
	if (client->connection == 0) /* the gate sees datagrams alone */
		callers_add(&turn->callers, &client->src, client->src_port);
	return true;
}

void client_leave(struct turn_worker *turn_worker, uint32_t index)
{
	struct turn *turn = turn_worker->turn;
	const struct five_tuple *client = &turn->allocations[index].client;

	clients_remove(&turn_worker->clients, client, index);
	homes_remove(&turn->homes, clients_hash(&turn_worker->clients, client));
	if (client->connection == 0)
		callers_remove(&turn->callers, &client->src, client->src_port);
}

void allocation_key_set(struct allocation *allocation, const struct stun_key *key,
                        const struct stun_raw_key *raw)
{
	if (raw != NULL) {
		allocation->raw = *raw;
		__atomic_fetch_or(&allocation->flags, ALLOCATION_RAW_KEY, __ATOMIC_RELAXED);
	} else {
		allocation->key = *key;
		__atomic_fetch_and(&allocation->flags, (uint8_t)~ALLOCATION_RAW_KEY,
		                   __ATOMIC_RELAXED);
	}
}

static void allocation_fill(struct turn_worker *turn_worker, struct allocation *allocation,
                            const struct allocation_wish *wish)
{
	uint32_t generation = allocation->generation;

	memset(allocation, 0, sizeof(*allocation));
	allocation->client = *wish->client;
	allocation->owner = turn_worker->worker->id;
	allocation_key_set(allocation, wish->key, wish->raw);
	allocation->secret = wish->secret;
	allocation->user_hash = wish->user_hash;
	allocation->transaction = wish->transaction;
	allocation->lifetime = wish->lifetime;
	allocation->created = turn_worker->worker->now;
	__atomic_store_n(&allocation->generation, generation + 1, __ATOMIC_RELAXED);
	text_printable(allocation->user, sizeof(allocation->user), wish->user, wish->user_length);
}

int allocation_create(struct turn_worker *turn_worker, const struct turn_policy *policy,
                      const struct allocation_wish *wish, struct allocation *closed,
                      struct allocation **made)
{
	struct turn *turn = turn_worker->turn;
	struct allocation *allocation;
	uint32_t expires = turn_worker->worker->now + wish->lifetime;
	uint32_t index;
	int error;

	if (quota_full(turn, policy, wish))
		return STUN_486_QUOTA_REACHED;
	index = object_take(turn_worker, TURN_OBJECT_ALLOCATION);
	if (index == 0)
		return STUN_508_INSUFFICIENT_CAPACITY;
	allocation = &turn->allocations[index];
	allocation_fill(turn_worker, allocation, wish);
	if (wish->token != 0)
		error = leg_redeem(turn_worker, allocation, wish->token);
	else if (wish->both)
		error = legs_claim_both(turn_worker, policy, index, wish);
	else
		error = leg_claim(turn_worker, policy, index, wish, wish->family);
	if (error != 0)
		goto fail;
	error = STUN_486_QUOTA_REACHED;
	if (!quota_enter(turn, policy, allocation))
		goto fail;
	error = STUN_508_INSUFFICIENT_CAPACITY;
	if (!client_join(turn_worker, index))
		goto fail_quota;
	if (wish->mobile)
		mobility_begin(turn_worker, allocation);
	/* the client leads here now, and no longer to what was closed */
	if (closed != NULL)
		allocation_end(turn_worker, closed, SLUICE_ALLOCATION_CLOSED);
	__atomic_store_n(&allocation->expires, expires, __ATOMIC_RELEASE);
	legs_publish(turn, allocation);
	account_begin(turn_worker, allocation, wish->user, wish->user_length);
	timer_set(turn, &turn_worker->private->wheel, allocation, expires);
	record_allocation(turn, allocation);
	*made = allocation;
	return 0;
fail_quota:
	quota_leave(turn, allocation);
fail:
	reservation_cancel(turn, allocation->reservation);
	legs_release(turn, allocation);
	garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, index);
	return error;
}

/* -- ending -- */

static void permission_end(struct turn_worker *turn_worker, struct allocation *allocation,
                           uint32_t *link)
{
	struct permission *permission = &turn_worker->turn->permissions[*link];

	while (permission->channels != 0)
		channel_free(turn_worker, allocation, &permission->channels);
	permission_free(turn_worker, allocation, link);
}

static void allocation_empty(struct turn_worker *turn_worker, struct allocation *allocation,
                             enum sluice_allocation_reason reason)
{
	struct turn *turn = turn_worker->turn;

	__atomic_store_n(&allocation->expires, 0, __ATOMIC_RELEASE);
	allocation->flags |= ALLOCATION_CLOSED;
	if (reservation_token(turn, allocation) != 0)
		reservation_cancel(turn, allocation->reservation);
	legs_release(turn, allocation);
	memset(allocation->channel_numbers, 0, sizeof(allocation->channel_numbers));
	while (allocation->permissions != 0)
		permission_end(turn_worker, allocation, &allocation->permissions);
	quota_leave(turn, allocation);
	account_end(turn_worker, allocation, reason);
}

/* One who makes and deletes in a loop must not fill the table with what is over. */
#define LINGERING_SHARE 16

void allocation_close(struct turn_worker *turn_worker, struct allocation *allocation)
{
	struct turn *turn = turn_worker->turn;
	struct turn_private *private = turn_worker->private;

	/* its ports may be another one's at once: no record may say that they are its own */
	record_allocation_end(turn, allocation_index(turn, allocation));
	allocation_empty(turn_worker, allocation, SLUICE_ALLOCATION_CLOSED);
	if (private->lingering > turn->pools[TURN_OBJECT_ALLOCATION].count / LINGERING_SHARE) {
		allocation_end(turn_worker, allocation, SLUICE_ALLOCATION_CLOSED);
		return;
	}
	private->lingering++;
	allocation->flags |= ALLOCATION_LINGERS;
	timer_set(turn, &private->wheel, allocation,
	          turn_worker->worker->now + ALLOCATION_LINGER_S);
	record_allocation(turn, allocation);
}

void allocation_end(struct turn_worker *turn_worker, struct allocation *allocation,
                    enum sluice_allocation_reason reason)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = allocation_index(turn, allocation);
	bool relayed = !(allocation->flags & ALLOCATION_CLOSED);

	record_allocation_end(turn, index);
	if (relayed)
		allocation_empty(turn_worker, allocation, reason);
	if (allocation->flags & ALLOCATION_LINGERS)
		turn_worker->private->lingering--;
	timer_clear(turn, &turn_worker->private->wheel, allocation);
	client_leave(turn_worker, mobility_place(turn, allocation));
	mobility_end(turn_worker, allocation);
	if (!account_leave(turn_worker, allocation, relayed))
		return;
	mobility_forget(turn_worker, allocation);
	garbage_add(turn_worker, TURN_OBJECT_ALLOCATION, index);
}

void allocation_drop_leg(struct turn_worker *turn_worker, struct allocation *allocation, int family)
{
	struct turn *turn = turn_worker->turn;
	struct relay_leg leg = allocation->legs[family];
	uint32_t *link = &allocation->permissions;

	allocation->legs[family] = (struct relay_leg){0};
	allocation->relayed--;
	record_allocation_state(turn, allocation); /* before the port may be another one's */
	leg_release(turn, &leg);
	while (*link != 0) {
		struct permission *permission = &turn->permissions[*link];

		if (family_index(&permission->peer) == family)
			permission_end(turn_worker, allocation, link);
		else
			link = &permission->next;
	}
}

/* Frees the permission's channels that are over; the first moment that another one is, or `due`. */
static uint32_t channels_sweep(struct turn_worker *turn_worker, struct allocation *allocation,
                               struct permission *permission, uint32_t due)
{
	uint32_t *link = &permission->channels;

	while (*link != 0) {
		struct channel *channel = &turn_worker->turn->channels[*link];

		if (turn_worker->worker->now >= channel->expires) {
			channel_free(turn_worker, allocation, link);
			turn_count(turn_worker, TURN_CHANNEL_EXPIRED);
		} else {
			due = RTE_MIN(due, channel->expires);
			link = &channel->next;
		}
	}
	return due;
}

/* A permission outlives its time while a channel binds its peer: the next ChannelBind revives it.
 */
static uint32_t permissions_sweep(struct turn_worker *turn_worker, struct allocation *allocation,
                                  uint32_t due)
{
	uint32_t *link = &allocation->permissions;

	while (*link != 0) {
		struct permission *permission = &turn_worker->turn->permissions[*link];

		due = channels_sweep(turn_worker, allocation, permission, due);
		if (turn_worker->worker->now < permission->expires) {
			due = RTE_MIN(due, permission->expires);
		} else if (permission->channels == 0) {
			permission_free(turn_worker, allocation, link);
			turn_count(turn_worker, TURN_PERMISSION_EXPIRED);
			continue;
		}
		link = &permission->next;
	}
	return due;
}

void allocation_sweep(struct turn_worker *turn_worker, struct allocation *allocation)
{
	uint32_t due = allocation->expires;

	if (!allocation_live(allocation, turn_worker->worker->now)) {
		if (!(allocation->flags & ALLOCATION_CLOSED))
			turn_count(turn_worker, TURN_ALLOCATION_EXPIRED);
		allocation_end(turn_worker, allocation, SLUICE_ALLOCATION_EXPIRED);
		return;
	}
	due = permissions_sweep(turn_worker, allocation, due);
	timer_set(turn_worker->turn, &turn_worker->private->wheel, allocation, due);
}

struct allocation *allocation_find(struct turn_worker *turn_worker, const struct five_tuple *client)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = clients_find(&turn_worker->clients, turn->allocations, client);
	struct allocation *allocation = &turn->allocations[allocation_of_place(turn, index)];

	if (index == 0)
		return NULL;
	if (!(allocation->flags & ALLOCATION_CLOSED) &&
	    !allocation_live(allocation, turn_worker->worker->now)) {
		turn_count(turn_worker, TURN_ALLOCATION_EXPIRED);
		allocation_end(turn_worker, allocation, SLUICE_ALLOCATION_EXPIRED);
		return NULL;
	}
	return allocation;
}
