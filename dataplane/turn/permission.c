/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/record.h"
#include "turn/store.h"

#include <rte_prefetch.h>

static uint32_t *permission_head(struct turn *turn, const struct allocation *allocation,
                                 const struct ip_addr *peer)
{
	const struct turn_chains *chains = &turn->chains[allocation->owner];
	uint64_t hash = hash_peer(&turn->seed, allocation_index(turn, allocation), peer, 0);

	return &chains->permissions[hash & chains->permission_mask];
}

void permission_prefetch_head(struct turn *turn, const struct allocation *allocation,
                              const struct ip_addr *peer)
{
	rte_prefetch0(permission_head(turn, allocation, peer));
}

void permission_prefetch(struct turn *turn, const struct allocation *allocation,
                         const struct ip_addr *peer)
{
	rte_prefetch0(&turn->permissions[*permission_head(turn, allocation, peer)]);
}

struct permission *permission_find(struct turn *turn, const struct allocation *allocation,
                                   const struct ip_addr *peer)
{
	uint32_t owner = allocation_index(turn, allocation);
	uint32_t index = __atomic_load_n(permission_head(turn, allocation, peer), __ATOMIC_ACQUIRE);

	while (index != 0) {
		struct permission *permission = &turn->permissions[index];

		if (permission->allocation == owner && ip_addr_equal(&permission->peer, peer))
			return permission;
		index = __atomic_load_n(&permission->hash_next, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

struct permission *permission_create(struct turn_worker *turn_worker, struct allocation *allocation,
                                     const struct ip_addr *peer)
{
	uint32_t index;

	if (allocation->n_permissions >= ALLOCATION_PERMISSIONS_MAX)
		return NULL;
	index = object_take(turn_worker, TURN_OBJECT_PERMISSION);
	return index != 0 ? permission_place(turn_worker->turn, allocation, index, peer) : NULL;
}

struct permission *permission_place(struct turn *turn, struct allocation *allocation,
                                    uint32_t index, const struct ip_addr *peer)
{
	struct permission *permission = &turn->permissions[index];
	uint32_t *head = permission_head(turn, allocation, peer);

	*permission = (struct permission){
	        .peer = *peer,
	        .allocation = allocation_index(turn, allocation),
	        .hash_next = *head,
	        .next = allocation->permissions,
	};
	__atomic_store_n(head, index, __ATOMIC_RELEASE);
	allocation->permissions = index;
	allocation->n_permissions++;
	return permission;
}

void permission_refresh(struct turn_worker *turn_worker, struct permission *permission,
                        uint32_t lifetime)
{
	struct turn *turn = turn_worker->turn;
	struct allocation *allocation = &turn->allocations[permission->allocation];
	uint32_t expires = turn_worker->worker->now + lifetime;

	if (expires <= permission->expires)
		return;
	__atomic_store_n(&permission->expires, expires, __ATOMIC_RELAXED);
	/* Later than what the timer is set for, it comes when that fires. */
	if (expires < allocation->timer_due)
		timer_set(turn, &turn_worker->private->wheel, allocation, expires);
	record_permission(turn, permission);
}

void permission_free(struct turn_worker *turn_worker, struct allocation *allocation, uint32_t *link)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = *link;
	struct permission *permission = &turn->permissions[index];
	uint32_t *chain = permission_head(turn, allocation, &permission->peer);

	record_permission_end(turn, index);
	while (*chain != index)
		chain = &turn->permissions[*chain].hash_next;
	__atomic_store_n(chain, permission->hash_next, __ATOMIC_RELEASE);
	*link = permission->next;
	allocation->n_permissions--;
	garbage_add(turn_worker, TURN_OBJECT_PERMISSION, index);
}
