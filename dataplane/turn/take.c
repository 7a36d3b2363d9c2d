/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/take.h"

#include "common/claim.h"
#include "dataplane.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "turn/config_services.h"
#include "turn/record.h"
#include "turn/reservation.h"
#include "turn/store.h"
#include "turn/take_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -- times and addresses -- */

int32_t take_left(const struct take *take, uint32_t time)
{
	return (int32_t)(time - ledger_time(take->turn->dp->ledger, take->now));
}

struct ip_addr take_ip(const uint8_t bytes[16])
{
	struct ip_addr ip;

	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	return ip;
}

/* -- indices -- */

static int objects_begin(struct take *take, enum turn_object object, enum sluice_ledger_kind kind)
{
	uint32_t count = take->turn->pools[object].count + 1;

	take->objects[object].map =
	        calloc(ledger_image_count(take->old, kind) + 1, sizeof(uint32_t));
	take->objects[object].used = calloc(count, 1);
	take->objects[object].count = take->objects[object].at = count;
	return take->objects[object].map != NULL && take->objects[object].used != NULL ? 0
	                                                                               : -ENOMEM;
}

static void objects_end(struct take *take, enum turn_object object)
{
	if (take->objects[object].used != NULL)
		index_pool_without(&take->turn->pools[object], take->objects[object].used);
	free(take->objects[object].map);
	free(take->objects[object].used);
}

uint32_t take_index_choose(struct take *take, enum turn_object object, uint32_t old)
{
	uint32_t index = old;

	if (index == 0)
		return 0;
	if (index >= take->objects[object].count || take->objects[object].used[index]) {
		do
			index = --take->objects[object].at;
		while (index != 0 && take->objects[object].used[index]);
		if (index == 0) {
			take->objects[object].at = 1;
			take->taken->no_room++;
		}
	}
	return index;
}

void take_index_use(struct take *take, struct turn_worker *turn_worker, enum turn_object object,
                    uint32_t old, uint32_t index)
{
	take->objects[object].map[old] = index;
	take->objects[object].used[index] = 1;
	turn_worker->private->used[object]++;
	take->taken->records++;
}

/* 0: was not taken. */
static uint32_t index_of(const struct take *take, enum turn_object object,
                         enum sluice_ledger_kind kind, uint32_t old)
{
	return old < ledger_image_count(take->old, kind) ? take->objects[object].map[old] : 0;
}

bool take_record_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index, void *record,
                      size_t size)
{
	return ledger_image_take(take->old, take->taken, kind, index, record, size);
}

/* -- permissions and channels -- */

/* The allocation that a record of this life belongs to, taken and open; or NULL, counted. */
static struct allocation *owner_of(struct take *take, uint32_t old_index, uint16_t life)
{
	uint32_t index =
	        index_of(take, TURN_OBJECT_ALLOCATION, SLUICE_LEDGER_ALLOCATION, old_index);
	struct allocation *allocation = &take->turn->allocations[index];

	if (index != 0 && (uint16_t)allocation->generation == life &&
	    !(allocation->flags & ALLOCATION_CLOSED))
		return allocation;
	take->taken->foreign++;
	return NULL;
}

/* Something of the allocation is due at this time. */
static void due_set(struct take *take, struct allocation *allocation, uint32_t due)
{
	struct turn_worker *turn_worker = take->turn->dp->workers[allocation->owner]->turn;

	if (due < allocation->timer_due)
		timer_set(take->turn, &turn_worker->private->wheel, allocation, due);
}

/* What has expired is taken as such: a channel may still need the permission. */
static uint32_t expires_take(struct take *take, uint32_t time)
{
	int32_t seconds = take_left(take, time);

	return seconds > 0 ? take->now + (uint32_t)seconds : take->now;
}

static void permission_take(struct take *take, uint32_t old_index)
{
	struct turn *turn = take->turn;
	struct sluice_ledger_permission old;
	struct allocation *allocation;
	struct permission *permission;
	struct ip_addr peer;
	uint32_t index;

	if (!take_record_read(take, SLUICE_LEDGER_PERMISSION, old_index, &old, sizeof(old)))
		return;
	allocation = owner_of(take, old.allocation, old.head.life);
	if (allocation == NULL)
		return;
	peer = take_ip(old.peer);
	if (allocation->legs[family_index(&peer)].relay == 0 ||
	    take_left(take, old.head.expires) > CHANNEL_LIFETIME_S ||
	    allocation->n_permissions >= ALLOCATION_PERMISSIONS_MAX ||
	    permission_find(turn, allocation, &peer) != NULL) {
		take->taken->broken++;
		return;
	}
	index = take_index_choose(take, TURN_OBJECT_PERMISSION, old_index);
	if (index == 0)
		return;
	permission = permission_place(turn, allocation, index, &peer);
	permission->expires = expires_take(take, old.head.expires);
	due_set(take, allocation, RTE_MAX(permission->expires, take->now + 1));
	take_index_use(take, turn->dp->workers[allocation->owner]->turn, TURN_OBJECT_PERMISSION,
	               old_index, index);
	record_permission(turn, permission);
}

static bool channel_fits(struct turn *turn, const struct allocation *allocation,
                         const struct permission *permission,
                         const struct sluice_ledger_channel *old)
{
	return old->number >= STUN_CHANNEL_MIN && old->number <= STUN_CHANNEL_MAX &&
	       old->peer_port != 0 &&
	       permission->allocation == allocation_index(turn, allocation) &&
	       allocation->n_channels < turn->dp->options.max_channels_per_allocation &&
	       channel_find(turn, allocation, old->number) == NULL &&
	       channel_find_peer(turn, allocation, &permission->peer, old->peer_port) == NULL;
}

static void channel_take(struct take *take, uint32_t old_index)
{
	struct turn *turn = take->turn;
	struct sluice_ledger_channel old;
	struct allocation *allocation;
	struct permission *permission;
	struct channel *channel;
	uint32_t index;

	if (!take_record_read(take, SLUICE_LEDGER_CHANNEL, old_index, &old, sizeof(old)))
		return;
	allocation = owner_of(take, old.allocation, old.head.life);
	if (allocation == NULL)
		return;
	index = index_of(take, TURN_OBJECT_PERMISSION, SLUICE_LEDGER_PERMISSION, old.permission);
	if (index == 0) {
		take->taken->foreign++;
		return;
	}
	permission = &turn->permissions[index];
	if (take_left(take, old.head.expires) > CHANNEL_LIFETIME_S ||
	    !channel_fits(turn, allocation, permission, &old)) {
		take->taken->broken++;
		return;
	}
	if (take_left(take, old.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	index = take_index_choose(take, TURN_OBJECT_CHANNEL, old_index);
	if (index == 0)
		return;
	channel = channel_place(turn, allocation, permission, index, old.number, old.peer_port);
	channel->expires = expires_take(take, old.head.expires);
	due_set(take, allocation, channel->expires);
	take_index_use(take, turn->dp->workers[allocation->owner]->turn, TURN_OBJECT_CHANNEL,
	               old_index, index);
	record_channel(turn, channel);
}

/* -- reservations, secrets -- */

static void reservation_take_at(struct take *take, uint32_t slot)
{
	struct sluice_ledger_reservation old;
	struct ip_addr ip;
	int relay;

	if (!take_record_read(take, SLUICE_LEDGER_RESERVATION, slot + 1, &old, sizeof(old)))
		return;
	if (take_left(take, old.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	ip = take_ip(old.relayed);
	relay = old.port >= RELAY_PORT_LEAST && claim_address_is_host(old.relayed) &&
	                        take_left(take, old.head.expires) <= RESERVATION_LIFETIME_S
	                ? relay_wait(take->turn, &ip)
	                : -EINVAL;
	if (relay < 0 ||
	    !reservation_take(
	            take->turn, slot,
	            &(struct record_reservation){
	                    .token = old.token,
	                    .user_hash = old.user_hash,
	                    .allocation = index_of(take, TURN_OBJECT_ALLOCATION,
	                                           SLUICE_LEDGER_ALLOCATION, old.allocation),
	                    .expires = expires_take(take, old.head.expires),
	                    .relay = (uint16_t)relay,
	                    .port = old.port,
	            }))
		take->taken->broken++;
	else
		take->taken->records++;
}

static void secret_take(struct take *take, uint32_t slot)
{
	struct turn_config *config = take->turn->config;
	struct sluice_ledger_secret old;

	if (!take_record_read(take, SLUICE_LEDGER_SECRET, slot, &old, sizeof(old)))
		return;
	/* there is always a place for those of the configuration */
	if (old.id == 0 || old.id % TURN_SECRETS_KNOWN != slot ||
	    take->secrets == TURN_SECRETS_KNOWN - TURN_SECRETS_MAX) {
		take->taken->broken++;
		return;
	}
	take->secrets++;
	config->known[slot] = (struct turn_config_known){.mark = old.mark, .id = old.id};
	config->secret_id = RTE_MAX(config->secret_id, old.id);
	record_secret(take->turn, slot, old.mark, old.id);
	take->taken->records++;
}

/* -- all -- */

static void tables_take(struct take *take)
{
	const struct ledger_image *old = take->old;
	uint32_t reservations = ledger_image_count(old, SLUICE_LEDGER_RESERVATION);

	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_ALLOCATION); i++)
		take_allocation(take, i);
	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_PERMISSION); i++)
		permission_take(take, i);
	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_CHANNEL); i++)
		channel_take(take, i);
	for (uint32_t i = 0; i + 1 < RTE_MIN(reservations, RESERVATIONS + 1); i++)
		reservation_take_at(take, i);
}

int turn_take(struct turn *turn)
{
	struct ledger *ledger = turn->dp->ledger;
	struct take take = {
	        .turn = turn,
	        .old = ledger->old,
	        .taken = &ledger->taken,
	        .now = turn_clock(turn),
	};
	uint32_t secrets = ledger_image_count(ledger->old, SLUICE_LEDGER_SECRET);
	int error;

	/* without its keys nobody is known again: neither users nor transactions */
	if (!ledger->keys_taken)
		return 0;
	ledger_clock_set(ledger, take.now);
	error = turn_nonces_take(turn);
	if (error == 0)
		error = objects_begin(&take, TURN_OBJECT_ALLOCATION, SLUICE_LEDGER_ALLOCATION);
	if (error == 0)
		error = objects_begin(&take, TURN_OBJECT_PERMISSION, SLUICE_LEDGER_PERMISSION);
	if (error == 0)
		error = objects_begin(&take, TURN_OBJECT_CHANNEL, SLUICE_LEDGER_CHANNEL);
	if (error == 0) {
		for (uint32_t i = 0; i < RTE_MIN(secrets, (uint32_t)TURN_SECRETS_KNOWN); i++)
			secret_take(&take, i);
		tables_take(&take);
	}
	for (int object = 0; object < TURN_OBJECTS; object++)
		objects_end(&take, object);
	return error;
}
