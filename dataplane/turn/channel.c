/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane.h"
#include "turn/record.h"
#include "turn/store.h"

static uint32_t *number_head(struct turn *turn, const struct allocation *allocation,
                             uint16_t number)
{
	const struct turn_chains *chains = &turn->chains[allocation->owner];
	uint64_t hash = hash_number(&turn->seed, allocation_index(turn, allocation), number);

	return &chains->channel_numbers[hash & chains->channel_mask];
}

static uint32_t *peer_head(struct turn *turn, const struct allocation *allocation,
                           const struct ip_addr *peer, uint16_t peer_port)
{
	const struct turn_chains *chains = &turn->chains[allocation->owner];
	uint64_t hash = hash_peer(&turn->seed, allocation_index(turn, allocation), peer, peer_port);

	return &chains->channel_peers[hash & chains->channel_mask];
}

struct channel *channel_find(struct turn *turn, const struct allocation *allocation,
                             uint16_t number)
{
	uint32_t owner = allocation_index(turn, allocation);
	uint32_t index;

	for (int i = 0; i < ALLOCATION_INLINE_CHANNELS; i++)
		if (allocation->channel_numbers[i] == number)
			return &turn->channels[allocation->channels[i]];
	if (allocation->n_channels <= ALLOCATION_INLINE_CHANNELS)
		return NULL;
	index = __atomic_load_n(number_head(turn, allocation, number), __ATOMIC_ACQUIRE);
	while (index != 0) {
		struct channel *channel = &turn->channels[index];

		if (channel->allocation == owner && channel->number == number)
			return channel;
		index = __atomic_load_n(&channel->number_next, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

struct channel *channel_find_peer(struct turn *turn, const struct allocation *allocation,
                                  const struct ip_addr *peer, uint16_t peer_port)
{
	uint32_t owner = allocation_index(turn, allocation);
	uint32_t index =
	        __atomic_load_n(peer_head(turn, allocation, peer, peer_port), __ATOMIC_ACQUIRE);

	while (index != 0) {
		struct channel *channel = &turn->channels[index];

		if (channel->allocation == owner && channel->peer_port == peer_port &&
		    ip_addr_equal(&channel->peer, peer))
			return channel;
		index = __atomic_load_n(&channel->peer_next, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

static void inline_put(struct allocation *allocation, int place, uint16_t number, uint32_t index)
{
	allocation->channels[place] = index;
	__atomic_store_n(&allocation->channel_numbers[place], number, __ATOMIC_RELEASE);
}

static int inline_place(const struct allocation *allocation, uint16_t number)
{
	for (int i = 0; i < ALLOCATION_INLINE_CHANNELS; i++)
		if (allocation->channel_numbers[i] == number)
			return i;
	return -1;
}

static void channel_publish(struct turn *turn, struct allocation *allocation,
                            struct channel *channel)
{
	uint32_t index = channel - turn->channels;
	uint32_t *by_number = number_head(turn, allocation, channel->number);
	uint32_t *by_peer = peer_head(turn, allocation, &channel->peer, channel->peer_port);
	int place = inline_place(allocation, 0);

	channel->number_next = *by_number;
	channel->peer_next = *by_peer;
	__atomic_store_n(by_number, index, __ATOMIC_RELEASE);
	__atomic_store_n(by_peer, index, __ATOMIC_RELEASE);
	if (place >= 0)
		inline_put(allocation, place, channel->number, index);
	__atomic_store_n(&allocation->n_channels, allocation->n_channels + 1, __ATOMIC_RELEASE);
}

struct channel *channel_create(struct turn_worker *turn_worker, struct allocation *allocation,
                               struct permission *permission, uint16_t number, uint16_t peer_port)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index;

	if (allocation->n_channels >= turn->dp->options.max_channels_per_allocation)
		return NULL;
	index = object_take(turn_worker, TURN_OBJECT_CHANNEL);
	return index != 0 ? channel_place(turn, allocation, permission, index, number, peer_port)
	                  : NULL;
}

struct channel *channel_place(struct turn *turn, struct allocation *allocation,
                              struct permission *permission, uint32_t index, uint16_t number,
                              uint16_t peer_port)
{
	const struct relay_leg *leg = &allocation->legs[family_index(&permission->peer)];
	struct channel *channel = &turn->channels[index];

	*channel = (struct channel){
	        .peer = permission->peer,
	        .relayed = turn->relays[leg->relay - 1].ip,
	        .peer_port = peer_port,
	        .relayed_port = rte_cpu_to_be_16(leg->port),
	        .number = number,
	        .allocation = allocation_index(turn, allocation),
	        .next = permission->channels,
	};
	permission->channels = index;
	channel_publish(turn, allocation, channel);
	return channel;
}

void channel_refresh(struct turn_worker *turn_worker, struct channel *channel)
{
	struct turn *turn = turn_worker->turn;
	struct allocation *allocation = &turn->allocations[channel->allocation];
	uint32_t expires = turn_worker->worker->now + CHANNEL_LIFETIME_S;

	__atomic_store_n(&channel->expires, expires, __ATOMIC_RELAXED);
	if (expires < allocation->timer_due)
		timer_set(turn, &turn_worker->private->wheel, allocation, expires);
	record_channel(turn, channel);
}

/* Any channel that has no inline place, or 0. */
static uint32_t channel_elsewhere(struct turn *turn, const struct allocation *allocation)
{
	for (uint32_t p = allocation->permissions; p != 0; p = turn->permissions[p].next)
		for (uint32_t c = turn->permissions[p].channels; c != 0; c = turn->channels[c].next)
			if (inline_place(allocation, turn->channels[c].number) < 0)
				return c;
	return 0;
}

/* While one of many holds a place, the next comes up: readers look elsewhere only when all places
 * are taken. */
static void inline_drop(struct turn *turn, struct allocation *allocation, uint16_t number)
{
	int place = inline_place(allocation, number);
	uint32_t index;

	if (place < 0)
		return;
	index = allocation->n_channels >= ALLOCATION_INLINE_CHANNELS
	                ? channel_elsewhere(turn, allocation)
	                : 0;
	if (index != 0)
		inline_put(allocation, place, turn->channels[index].number, index);
	else
		__atomic_store_n(&allocation->channel_numbers[place], 0, __ATOMIC_RELAXED);
}

void channel_free(struct turn_worker *turn_worker, struct allocation *allocation, uint32_t *link)
{
	struct turn *turn = turn_worker->turn;
	uint32_t index = *link;
	struct channel *channel = &turn->channels[index];
	uint32_t *by_number = number_head(turn, allocation, channel->number);
	uint32_t *by_peer = peer_head(turn, allocation, &channel->peer, channel->peer_port);

	record_channel_end(turn, index);
	while (*by_number != index)
		by_number = &turn->channels[*by_number].number_next;
	__atomic_store_n(by_number, channel->number_next, __ATOMIC_RELEASE);
	while (*by_peer != index)
		by_peer = &turn->channels[*by_peer].peer_next;
	__atomic_store_n(by_peer, channel->peer_next, __ATOMIC_RELEASE);
	*link = channel->next;
	allocation->n_channels--;
	inline_drop(turn, allocation, channel->number);
	garbage_add(turn_worker, TURN_OBJECT_CHANNEL, index);
}
