/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/quota.h"

#include "dataplane.h"

static uint32_t *chain_head(struct turn *turn, uint16_t owner, uint64_t user_hash)
{
	const struct turn_chains *chains = &turn->chains[owner];

	return &chains->users[user_hash & chains->user_mask];
}

/* What points to the user's leader in the chain, or to the chain's end. */
static uint32_t *leader_link(struct turn *turn, uint16_t owner, uint64_t user_hash)
{
	uint32_t *link = chain_head(turn, owner, user_hash);
	uint32_t index;

	while ((index = __atomic_load_n(link, __ATOMIC_ACQUIRE)) != 0 &&
	       turn->allocations[index].user_hash != user_hash)
		link = &turn->allocations[index].user_chain;
	return link;
}

static void count_set(struct allocation *leader, uint32_t count)
{
	__atomic_store_n(&leader->user_count, count, __ATOMIC_RELAXED);
}

void quota_join(struct turn *turn, struct allocation *allocation)
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
		count_set(leader, leader->user_count + 1);
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
		count_set(leader, leader->user_count - 1);
	} else if (next == allocation) {
		__atomic_store_n(link, allocation->user_chain, __ATOMIC_RELEASE);
	} else {
		next->user_chain = allocation->user_chain;
		next->user_count = allocation->user_count - 1;
		__atomic_store_n(link, allocation->user_next, __ATOMIC_RELEASE);
	}
	/* A reader may still walk over it: user_chain stays until the slot is used again. */
	allocation->user_next = allocation->user_prev = index;
}

uint32_t quota_count(struct turn *turn, uint64_t user_hash)
{
	uint32_t count = 0;

	for (uint16_t owner = 0; owner < turn->dp->n_workers; owner++) {
		uint32_t index =
		        __atomic_load_n(leader_link(turn, owner, user_hash), __ATOMIC_ACQUIRE);

		if (index != 0)
			count += __atomic_load_n(&turn->allocations[index].user_count,
			                         __ATOMIC_RELAXED);
	}
	return count;
}
