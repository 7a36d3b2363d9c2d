/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/quota.h"

#include "dataplane.h"
#include "turn/reservation.h"
#include "turn/store.h"

/* What points to the user's leader in the chain, or to the chain's end. */
static uint32_t *leader_link(struct turn *turn, uint16_t owner, uint64_t user_hash)
{
	const struct turn_chains *chains = &turn->chains[owner];
	uint32_t *link = &chains->users[user_hash & chains->user_mask];
	uint32_t index;

	while ((index = __atomic_load_n(link, __ATOMIC_ACQUIRE)) != 0 &&
	       turn->allocations[index].user_hash != user_hash)
		link = &turn->allocations[index].user_chain;
	return link;
}

/* Allocations and reserved ports. */
static uint32_t user_count(struct turn *turn, uint64_t user_hash)
{
	uint32_t count = reservations_count(turn, user_hash);

	for (uint16_t owner = 0; owner < turn->dp->n_workers; owner++) {
		uint32_t index =
		        __atomic_load_n(leader_link(turn, owner, user_hash), __ATOMIC_ACQUIRE);

		if (index != 0)
			count += __atomic_load_n(&turn->allocations[index].user_count,
			                         __ATOMIC_RELAXED);
	}
	return count;
}

/* `more`: what is not counted yet. */
static bool realm_full(const struct turn *turn, const struct turn_policy *policy,
                       const struct turn_policy_realm *realm, uint32_t more)
{
	return realm->quota_host != 0 &&
	       turn_realm_allocations(turn, policy, realm->index) + more > realm->quota_host;
}

bool quota_full(struct turn *turn, const struct turn_policy *policy,
                const struct allocation_wish *wish)
{
	const struct turn_policy_realm *realm = turn_policy_realm(policy, wish->client->service);
	uint32_t held;

	if (policy->quota_host != 0 &&
	    __atomic_load_n(&turn->n_allocations, __ATOMIC_RELAXED) >= policy->quota_host)
		return true;
	if (realm_full(turn, policy, realm, 1))
		return true;
	if (realm->quota_user == 0)
		return false;
	held = user_count(turn, wish->user_hash) + wish->reserve;
	/* what a token stands for is counted already */
	return held - (wish->token != 0 && held != 0) >= realm->quota_user;
}

static void ring_join(struct turn *turn, struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	uint32_t *link = leader_link(turn, allocation->owner, allocation->user_hash);
	struct allocation *leader;

	if (*link == 0) {
		allocation->user_next = allocation->user_prev = index;
		allocation->user_chain = 0;
		allocation->user_count = 1;
		__atomic_store_n(link, index, __ATOMIC_RELEASE);
	} else {
		leader = &turn->allocations[*link];
		allocation->user_prev = *link;
		allocation->user_next = leader->user_next;
		turn->allocations[leader->user_next].user_prev = index;
		leader->user_next = index;
		__atomic_store_n(&leader->user_count, leader->user_count + 1, __ATOMIC_RELAXED);
	}
	/* Two workers that add to the same user at once must not both miss the other's. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void quota_leave(struct turn *turn, struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	uint32_t *link = leader_link(turn, allocation->owner, allocation->user_hash);
	struct allocation *leader = &turn->allocations[*link];
	struct allocation *next = &turn->allocations[allocation->user_next];

	next->user_prev = allocation->user_prev;
	turn->allocations[allocation->user_prev].user_next = allocation->user_next;
	if (leader != allocation) {
		__atomic_store_n(&leader->user_count, leader->user_count - 1, __ATOMIC_RELAXED);
	} else if (next == allocation) {
		__atomic_store_n(link, allocation->user_chain, __ATOMIC_RELEASE);
	} else {
		next->user_chain = allocation->user_chain;
		next->user_count = allocation->user_count - 1;
		__atomic_store_n(link, allocation->user_next, __ATOMIC_RELEASE);
	}
	/* A reader may still walk over it: user_chain stays until the slot is used again. */
	allocation->user_next = allocation->user_prev = index;
	__atomic_sub_fetch(&turn->n_allocations, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(
	        &turn->listener_allocations[allocation_client(turn, allocation)->service], 1,
	        __ATOMIC_RELAXED);
}

/* Counted first, judged then: two workers may refuse both, but never exceed. */
bool quota_enter(struct turn *turn, const struct turn_policy *policy, struct allocation *allocation)
{
	uint16_t service = allocation->client.service;
	const struct turn_policy_realm *realm = turn_policy_realm(policy, service);
	uint32_t all = __atomic_add_fetch(&turn->n_allocations, 1, __ATOMIC_RELAXED);

	__atomic_add_fetch(&turn->listener_allocations[service], 1, __ATOMIC_RELAXED);
	ring_join(turn, allocation);
	if ((policy->quota_host == 0 || all <= policy->quota_host) &&
	    !realm_full(turn, policy, realm, 0) &&
	    (realm->quota_user == 0 ||
	     user_count(turn, allocation->user_hash) <= realm->quota_user))
		return true;
	quota_leave(turn, allocation);
	return false;
}
