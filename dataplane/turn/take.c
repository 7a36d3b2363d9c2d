/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/take.h"

#include "common/claim.h"
#include "dataplane.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "turn/config_services.h"
#include "turn/quota.h"
#include "turn/record.h"
#include "turn/reservation.h"
#include "turn/store.h"
#include "turn/text.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TORN_LIFETIME_S ALLOCATION_LIFETIME_MIN_S

struct take {
	struct turn *turn;
	const struct ledger_image *old;
	struct ledger_taken *taken;
	uint32_t now;     /* worker.now */
	uint32_t secrets; /* that were taken */
	struct {
		uint32_t *map;      /* [index in the old file]: index here; 0: was not taken */
		uint8_t *used;      /* [index here] */
		uint32_t count, at; /* of `used`; where the search for a free one goes on */
	} objects[TURN_OBJECTS];
};

/* -- times and addresses -- */

/* Seconds that are left, negative where they are over. */
static int32_t left(const struct take *take, uint32_t time)
{
	return (int32_t)(time - ledger_time(take->turn->dp->ledger, take->now));
}

static struct ip_addr ip_of(const uint8_t bytes[16])
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

/* The same index where that is possible; 0: none is free. */
static uint32_t index_choose(struct take *take, enum turn_object object, uint32_t old)
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

static void index_use(struct take *take, struct turn_worker *turn_worker, enum turn_object object,
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

/* A whole record, or false, counted. */
static bool record_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index,
                        void *record, size_t size)
{
	return ledger_image_take(take->old, take->taken, kind, index, record, size);
}

/* -- allocations -- */

struct old_allocation {
	struct sluice_ledger_allocation identity;
	struct sluice_ledger_allocation_state state;
	struct sluice_ledger_credential credential;
};

/* The writer died over it: the allocation lived, since what it is goes first when it ends. */
static void state_guess(const struct take *take, uint32_t index, struct old_allocation *old)
{
	uint32_t expires;

	if (!ledger_image_expires(take->old, SLUICE_LEDGER_ALLOCATION_STATE, index, &expires))
		expires = ledger_time(take->turn->dp->ledger, take->now) + TORN_LIFETIME_S;
	old->state = (struct sluice_ledger_allocation_state){
	        .head.expires = expires,
	        .generation = old->identity.generation,
	        .legs = (uint8_t)((old->identity.relayed_ports[0] != 0) |
	                          (old->identity.relayed_ports[1] != 0) << 1),
	};
}

/* Nobody knows this one: the client's next request is judged by the configured credentials. */
static void credential_guess(const struct take *take, struct old_allocation *old)
{
	old->credential = (struct sluice_ledger_credential){.generation = old->identity.generation};
	random_bytes(take->turn->config->random, old->credential.inner,
	             sizeof(old->credential.inner));
	random_bytes(take->turn->config->random, old->credential.outer,
	             sizeof(old->credential.outer));
}

static bool old_read(struct take *take, uint32_t index, struct old_allocation *old)
{
	enum ledger_record state = LEDGER_BROKEN, credential = LEDGER_BROKEN;

	if (!record_read(take, SLUICE_LEDGER_ALLOCATION, index, &old->identity,
	                 sizeof(old->identity)))
		return false;
	if (index < ledger_image_count(take->old, SLUICE_LEDGER_ALLOCATION_STATE))
		state = ledger_image_record(take->old, SLUICE_LEDGER_ALLOCATION_STATE, index,
		                            &old->state, sizeof(old->state));
	if (index < ledger_image_count(take->old, SLUICE_LEDGER_CREDENTIAL))
		credential = ledger_image_record(take->old, SLUICE_LEDGER_CREDENTIAL, index,
		                                 &old->credential, sizeof(old->credential));
	if (state == LEDGER_TORN)
		state_guess(take, index, old);
	if (credential == LEDGER_TORN)
		credential_guess(take, old);
	if (state == LEDGER_TORN || credential == LEDGER_TORN)
		take->taken->torn++;
	if (state == LEDGER_NONE || state == LEDGER_BROKEN || credential == LEDGER_NONE ||
	    credential == LEDGER_BROKEN || old->state.generation != old->identity.generation ||
	    old->credential.generation != old->identity.generation) {
		take->taken->broken++;
		return false;
	}
	return true;
}

static bool leg_ok(const struct old_allocation *old, int family)
{
	struct ip_addr ip = ip_of(old->identity.relayed[family]);

	return old->identity.relayed_ports[family] >= RELAY_PORT_LEAST &&
	       claim_address_is_host(ip.bytes) && family_index(&ip) == family;
}

static bool old_is_sane(const struct take *take, const struct old_allocation *old)
{
	bool closed = old->state.flags & SLUICE_LEDGER_CLOSED;
	int32_t most = closed ? ALLOCATION_LINGER_S + 1 : TURN_LIFETIME_MAX_S;

	if (old->identity.client_port == 0 || old->identity.server_port == 0 ||
	    !claim_address_is_host(old->identity.server) || old->state.legs > 3 ||
	    (old->state.legs == 0) != closed || old->identity.lifetime > TURN_LIFETIME_MAX_S ||
	    old->identity.reservation > RESERVATIONS || left(take, old->state.head.expires) > most)
		return false;
	for (int family = 0; family < 2; family++)
		if (old->state.legs >> family & 1 && !leg_ok(old, family))
			return false;
	return true;
}

static bool legs_take(struct take *take, const struct old_allocation *old, uint32_t index)
{
	struct allocation *allocation = &take->turn->allocations[index];

	for (int family = 0; family < 2; family++) {
		struct ip_addr ip = ip_of(old->identity.relayed[family]);
		uint16_t port = old->identity.relayed_ports[family];
		int relay;

		if (!(old->state.legs >> family & 1))
			continue;
		relay = relay_wait(take->turn, &ip);
		if (relay < 0 || !relay_port_take(&take->turn->relays[relay], port, index))
			return false;
		allocation->legs[family] = (struct relay_leg){.relay = relay + 1, .port = port};
		allocation->relayed++;
	}
	return true;
}

static void legs_give(struct turn *turn, struct allocation *allocation)
{
	for (int family = 0; family < 2; family++)
		if (allocation->legs[family].relay != 0)
			relay_port_release(&turn->relays[allocation->legs[family].relay - 1],
			                   allocation->legs[family].port);
}

static void allocation_fill(const struct take *take, const struct old_allocation *old,
                            struct allocation *allocation, const struct five_tuple *client,
                            uint16_t owner)
{
	uint32_t now = ledger_time(take->turn->dp->ledger, take->now);
	const struct sluice_ledger_allocation_state *state = &old->state;

	memset(allocation, 0, sizeof(*allocation));
	allocation->client = *client;
	allocation->owner = owner;
	allocation->flags =
	        (state->flags & SLUICE_LEDGER_CLOSED ? ALLOCATION_CLOSED | ALLOCATION_LINGERS : 0) |
	        (state->flags & SLUICE_LEDGER_ONE_FAMILY ? ALLOCATION_ONE_FAMILY : 0) |
	        (state->flags & SLUICE_LEDGER_ONE_FULL ? ALLOCATION_ONE_FULL : 0);
	allocation->to_peer_packets = state->to_peer_packets;
	allocation->to_peer_bytes = state->to_peer_bytes;
	allocation->to_client_packets = state->to_client_packets;
	allocation->to_client_bytes = state->to_client_bytes;
	memcpy(allocation->key.inner, old->credential.inner, sizeof(allocation->key.inner));
	memcpy(allocation->key.outer, old->credential.outer, sizeof(allocation->key.outer));
	allocation->secret = old->credential.secret;
	allocation->user_hash = old->identity.user_hash;
	allocation->transaction = state->transaction;
	allocation->generation = old->identity.generation;
	allocation->created = take->now - (now - old->identity.created);
	allocation->lifetime = old->identity.lifetime;
	allocation->reservation = old->identity.reservation;
	text_printable(allocation->user, sizeof(allocation->user), old->identity.user,
	               strnlen(old->identity.user, sizeof(old->identity.user)));
}

/* The client is found again, and so are its ports; false: somebody else has one of them. */
static bool allocation_join(struct take *take, struct turn_worker *turn_worker,
                            const struct old_allocation *old, uint32_t index)
{
	struct turn *turn = take->turn;
	struct allocation *allocation = &turn->allocations[index];

	if (clients_find(&turn_worker->clients, turn->allocations, &allocation->client) != 0)
		return false;
	if (!legs_take(take, old, index)) {
		legs_give(turn, allocation);
		return false;
	}
	if (clients_add(&turn_worker->clients, &allocation->client, index) < 0) {
		legs_give(turn, allocation);
		return false;
	}
	homes_add(&turn->homes, clients_hash(&turn_worker->clients, &allocation->client));
	callers_add(&turn->callers, &allocation->client.src, allocation->client.src_port);
	return true;
}

/* A closed one answers retransmissions, and is in nobody's way. */
static void allocation_begin(struct take *take, struct turn_worker *turn_worker,
                             const struct old_allocation *old, struct allocation *allocation,
                             uint32_t expires)
{
	/* an older dataplane kept its beginning alone */
	const char *name = old->identity.name[0] != '\0' ? old->identity.name : allocation->user;

	if (allocation->flags & ALLOCATION_CLOSED) {
		turn_worker->private->lingering++;
	} else {
		allocation->expires = expires;
		account_begin(turn_worker, allocation, name,
		              strnlen(name, name == allocation->user ? sizeof(allocation->user)
		                                                     : sizeof(old->identity.name)));
		/* the configuration brings its limits later: what is there may stay */
		quota_enter(take->turn, take->turn->policy, allocation);
	}
	timer_set(take->turn, &turn_worker->private->wheel, allocation, expires);
}

/* The worker that RSS gives the client to is most likely the one that had it; others hand over. */
static void allocation_take(struct take *take, uint32_t old_index)
{
	struct turn *turn = take->turn;
	struct five_tuple client = {0};
	struct old_allocation old;
	struct transport_addr server;
	struct turn_worker *turn_worker;
	struct allocation *allocation;
	uint32_t index;
	int listener;

	if (!old_read(take, old_index, &old))
		return;
	if (!old_is_sane(take, &old)) {
		take->taken->broken++;
		return;
	}
	if (left(take, old.state.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	server = (struct transport_addr){.ip = ip_of(old.identity.server),
	                                 .port = old.identity.server_port};
	listener = listener_wait(turn, &server);
	index = listener < 0 ? 0 : index_choose(take, TURN_OBJECT_ALLOCATION, old_index);
	if (index == 0) {
		take->taken->no_room += listener < 0;
		return;
	}
	client.src = ip_of(old.identity.client);
	client.src_port = old.identity.client_port;
	client.service = (uint16_t)listener;
	turn_worker = turn->dp->workers[old.identity.owner % turn->dp->n_workers]->turn;
	allocation = &turn->allocations[index];
	allocation_fill(take, &old, allocation, &client, turn_worker->worker->id);
	if (!allocation_join(take, turn_worker, &old, index)) {
		memset(allocation, 0, sizeof(*allocation));
		take->taken->broken++;
		return;
	}
	allocation_begin(take, turn_worker, &old, allocation,
	                 take->now + (uint32_t)left(take, old.state.head.expires));
	index_use(take, turn_worker, TURN_OBJECT_ALLOCATION, old_index, index);
	turn->config->secret_id = RTE_MAX(turn->config->secret_id, allocation->secret);
	record_allocation(turn, allocation);
	OPENSSL_cleanse(&old.credential, sizeof(old.credential));
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
	int32_t seconds = left(take, time);

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

	if (!record_read(take, SLUICE_LEDGER_PERMISSION, old_index, &old, sizeof(old)))
		return;
	allocation = owner_of(take, old.allocation, old.head.life);
	if (allocation == NULL)
		return;
	peer = ip_of(old.peer);
	if (allocation->legs[family_index(&peer)].relay == 0 ||
	    left(take, old.head.expires) > CHANNEL_LIFETIME_S ||
	    allocation->n_permissions >= ALLOCATION_PERMISSIONS_MAX ||
	    permission_find(turn, allocation, &peer) != NULL) {
		take->taken->broken++;
		return;
	}
	index = index_choose(take, TURN_OBJECT_PERMISSION, old_index);
	if (index == 0)
		return;
	permission = permission_place(turn, allocation, index, &peer);
	permission->expires = expires_take(take, old.head.expires);
	due_set(take, allocation, RTE_MAX(permission->expires, take->now + 1));
	index_use(take, turn->dp->workers[allocation->owner]->turn, TURN_OBJECT_PERMISSION,
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

	if (!record_read(take, SLUICE_LEDGER_CHANNEL, old_index, &old, sizeof(old)))
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
	if (left(take, old.head.expires) > CHANNEL_LIFETIME_S ||
	    !channel_fits(turn, allocation, permission, &old)) {
		take->taken->broken++;
		return;
	}
	if (left(take, old.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	index = index_choose(take, TURN_OBJECT_CHANNEL, old_index);
	if (index == 0)
		return;
	channel = channel_place(turn, allocation, permission, index, old.number, old.peer_port);
	channel->expires = expires_take(take, old.head.expires);
	due_set(take, allocation, channel->expires);
	index_use(take, turn->dp->workers[allocation->owner]->turn, TURN_OBJECT_CHANNEL, old_index,
	          index);
	record_channel(turn, channel);
}

/* -- reservations, secrets -- */

static void reservation_take_at(struct take *take, uint32_t slot)
{
	struct sluice_ledger_reservation old;
	struct ip_addr ip;
	int relay;

	if (!record_read(take, SLUICE_LEDGER_RESERVATION, slot + 1, &old, sizeof(old)))
		return;
	if (left(take, old.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	ip = ip_of(old.relayed);
	relay = old.port >= RELAY_PORT_LEAST && claim_address_is_host(old.relayed) &&
	                        left(take, old.head.expires) <= RESERVATION_LIFETIME_S
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

	if (!record_read(take, SLUICE_LEDGER_SECRET, slot, &old, sizeof(old)))
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
		allocation_take(take, i);
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
