/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/record.h"

#include "dataplane.h"
#include "ledger/ledger.h"
#include "turn/config.h"
#include "turn/mobility.h"
#include "turn/reservation.h"
#include "turn/store.h"

#include <string.h>

/* Allocations that one housekeeping looks at. */
#define ACCOUNTS_PER_HOUSEKEEPING 64

uint32_t record_shapes(const struct options *options, struct ledger_shape *shapes)
{
	uint32_t allocations = options->max_allocations + 1; /* index 0 is no object */

	shapes[0] = LEDGER_SHAPE(SLUICE_LEDGER_KEYS, sluice_ledger_keys, 2);
	shapes[1] = LEDGER_SHAPE(SLUICE_LEDGER_SECRET, sluice_ledger_secret, TURN_SECRETS_KNOWN);
	shapes[2] = LEDGER_SHAPE(SLUICE_LEDGER_ALLOCATION, sluice_ledger_allocation, allocations);
	shapes[3] = LEDGER_SHAPE(SLUICE_LEDGER_ALLOCATION_STATE, sluice_ledger_allocation_state,
	                         allocations);
	shapes[4] = LEDGER_SHAPE(SLUICE_LEDGER_CREDENTIAL, sluice_ledger_credential, allocations);
	shapes[5] = LEDGER_SHAPE(SLUICE_LEDGER_PERMISSION, sluice_ledger_permission,
	                         options->max_permissions + 1);
	shapes[6] = LEDGER_SHAPE(SLUICE_LEDGER_CHANNEL, sluice_ledger_channel,
	                         options->max_channels + 1);
	shapes[7] = LEDGER_SHAPE(SLUICE_LEDGER_RESERVATION, sluice_ledger_reservation,
	                         RESERVATIONS + 1);
	return RECORD_SHAPES;
}

/* -- allocations -- */

void record_allocation_expect(struct turn *turn, uint32_t index)
{
	static const enum sluice_ledger_kind kinds[] = {
	        SLUICE_LEDGER_CREDENTIAL, SLUICE_LEDGER_ALLOCATION_STATE, SLUICE_LEDGER_ALLOCATION};

	if (ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION, index) == NULL)
		return;
	for (uint32_t i = 0; i < RTE_DIM(kinds); i++)
		ledger_expect(&turn->dp->ledger->tables[kinds[i]], index);
}

void record_renew_expect(struct turn *turn, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION_STATE, index);

	if (table != NULL)
		ledger_expect(table, index);
}

static void identity_write(const struct ledger_table *table, struct turn *turn,
                           const struct allocation *allocation)
{
	const struct five_tuple *client = allocation_client(turn, allocation);
	const struct transport_addr *server = &turn->listeners[client->service];
	struct sluice_ledger_allocation record = {
	        .head.life = (uint16_t)allocation->generation,
	        .client_port = client->src_port,
	        .server_port = server->port,
	        .user_hash = allocation->user_hash,
	        .generation = allocation->generation,
	        .created = ledger_time(turn->dp->ledger, allocation->created),
	        .lifetime = allocation->lifetime,
	        .owner = allocation->owner,
	        .reservation = allocation->reservation,
	        .ticket = mobility_ticket(turn, allocation),
	};

	memcpy(record.client, client->src.bytes, sizeof(record.client));
	memcpy(record.server, server->ip.bytes, sizeof(record.server));
	memcpy(record.user, allocation->user, sizeof(record.user));
	static_assert(sizeof(record.name) == SLUICE_TURN_USER_KEPT_MAX, "an account's name");
	account_user(record.name, turn, allocation);
	for (int family = 0; family < 2; family++) {
		const struct relay_leg *leg = &allocation->legs[family];

		if (leg->relay == 0)
			continue;
		memcpy(record.relayed[family], turn->relays[leg->relay - 1].ip.bytes,
		       sizeof(record.relayed[family]));
		record.relayed_ports[family] = leg->port;
	}
	ledger_write(table, allocation_index(turn, allocation), &record, sizeof(record));
}

/*
 * A client's connection ends with this process: its allocation cannot be reached by the next one,
 * and leaves no record; nor does one that has begun so, for what it was given then is not written.
 */
static bool ends_with_us(const struct turn *turn, const struct allocation *allocation)
{
	return allocation->client.connection != 0 ||
	       allocation_client(turn, allocation)->connection != 0;
}

static uint64_t count_of(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static uint8_t state_flags(const struct allocation *allocation)
{
	return (allocation->flags & ALLOCATION_CLOSED ? SLUICE_LEDGER_CLOSED : 0) |
	       (allocation->flags & ALLOCATION_ONE_FAMILY ? SLUICE_LEDGER_ONE_FAMILY : 0) |
	       (allocation->flags & ALLOCATION_ONE_FULL ? SLUICE_LEDGER_ONE_FULL : 0);
}

void record_allocation_state(struct turn *turn, const struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION_STATE, index);
	struct sluice_ledger_allocation_state record;
	bool closed = allocation->flags & ALLOCATION_CLOSED;

	if (table == NULL || ends_with_us(turn, allocation))
		return;
	record = (struct sluice_ledger_allocation_state){
	        .head.expires = ledger_time(turn->dp->ledger,
	                                    closed ? allocation->timer_due : allocation->expires),
	        .generation = allocation->generation,
	        .transaction = allocation->transaction,
	        .legs = (uint8_t)((allocation->legs[0].relay != 0) |
	                          (allocation->legs[1].relay != 0) << 1),
	        .flags = state_flags(allocation),
	        .to_peer_packets = count_of(&allocation->to_peer_packets),
	        .to_peer_bytes = count_of(&allocation->to_peer_bytes),
	        .to_client_packets = count_of(&allocation->to_client_packets) +
	                             count_of(&allocation->stray_packets),
	        .to_client_bytes =
	                count_of(&allocation->to_client_bytes) + count_of(&allocation->stray_bytes),
	};
	ledger_write(table, index, &record, sizeof(record));
}

void record_allocation_renew(struct turn *turn, const struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION_STATE, index);

	if (table != NULL && !ends_with_us(turn, allocation))
		ledger_renew(table, index, ledger_time(turn->dp->ledger, allocation->expires));
}

void record_credential(struct turn *turn, const struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_CREDENTIAL, index);
	struct sluice_ledger_credential record;

	if (table == NULL || ends_with_us(turn, allocation))
		return;
	record = (struct sluice_ledger_credential){
	        .generation = allocation->generation,
	        .secret = allocation->secret,
	};
	static_assert(sizeof(record.inner) == sizeof(allocation->key.inner), "HMAC-SHA1 states");
	static_assert(sizeof(record.key) == sizeof(allocation->raw.bytes), "a key as it is");
	if (allocation->flags & ALLOCATION_RAW_KEY) {
		record.raw = allocation->raw.length;
		memcpy(record.key, allocation->raw.bytes, sizeof(record.key));
	} else {
		memcpy(record.inner, allocation->key.inner, sizeof(record.inner));
		memcpy(record.outer, allocation->key.outer, sizeof(record.outer));
	}
	ledger_write(table, index, &record, sizeof(record));
}

void record_allocation(struct turn *turn, const struct allocation *allocation)
{
	uint32_t index = allocation_index(turn, allocation);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION, index);

	if (table == NULL || ends_with_us(turn, allocation))
		return;
	record_credential(turn, allocation);
	record_allocation_state(turn, allocation);
	identity_write(table, turn, allocation);
}

void record_allocation_end(struct turn *turn, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION, index);

	if (table == NULL)
		return;
	ledger_clear(table, index);
	ledger_wipe(&turn->dp->ledger->tables[SLUICE_LEDGER_CREDENTIAL], index);
	ledger_clear(&turn->dp->ledger->tables[SLUICE_LEDGER_ALLOCATION_STATE], index);
}

/* Nothing has been relayed since the record was written. */
static bool account_is_current(const struct ledger_table *table,
                               const struct allocation *allocation, uint32_t index)
{
	const struct sluice_ledger_allocation_state *record =
	        (const void *)ledger_words(table, index);

	return record->to_peer_packets == count_of(&allocation->to_peer_packets) &&
	       record->to_client_packets == count_of(&allocation->to_client_packets) +
	                                            count_of(&allocation->stray_packets);
}

static bool is_own_and_live(const struct turn_worker *turn_worker,
                            const struct allocation *allocation)
{
	return __atomic_load_n(&allocation->owner, __ATOMIC_RELAXED) == turn_worker->worker->id &&
	       __atomic_load_n(&allocation->expires, __ATOMIC_RELAXED) != 0;
}

/* Not yet after a take-over: the listener's line, which names it, is still to be replayed. */
static bool realm_is_known(const struct turn *turn, const struct allocation *allocation)
{
	uint16_t service = allocation_client(turn, allocation)->service % TURN_LISTENERS_MAX;

	return !__atomic_load_n(&turn->config->listeners_wait[service], __ATOMIC_ACQUIRE);
}

void record_accounting(struct turn_worker *turn_worker)
{
	struct turn *turn = turn_worker->turn;
	struct turn_private *private = turn_worker->private;
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_ALLOCATION_STATE, 1);
	uint32_t count = turn->pools[TURN_OBJECT_ALLOCATION].count;
	uint32_t now = turn_worker->worker->now;

	if (private->accounted != now) {
		private->accounted = now;
		private->accounts_left = count / RECORD_ACCOUNT_S + ACCOUNTS_PER_HOUSEKEEPING;
	}
	for (uint32_t i = 0; i < ACCOUNTS_PER_HOUSEKEEPING && private->accounts_left != 0; i++) {
		uint32_t index = private->account_next + 1;
		const struct allocation *allocation = &turn->allocations[index];

		private->account_next = index < count ? index : 0;
		private->accounts_left--;
		if (!is_own_and_live(turn_worker, allocation))
			continue;
		if (realm_is_known(turn, allocation))
			account_settle(turn_worker, allocation);
		if (table != NULL && !ends_with_us(turn, allocation) &&
		    !account_is_current(table, allocation, index))
			record_allocation_state(turn, allocation);
	}
}

/* -- permissions and channels -- */

void record_permission(struct turn *turn, const struct permission *permission)
{
	uint32_t index = (uint32_t)(permission - turn->permissions);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_PERMISSION, index);
	struct sluice_ledger_permission record;

	if (table == NULL || ends_with_us(turn, &turn->allocations[permission->allocation]))
		return;
	record = (struct sluice_ledger_permission){
	        .head.life = (uint16_t)turn->allocations[permission->allocation].generation,
	        .head.expires = ledger_time(turn->dp->ledger, permission->expires),
	        .allocation = permission->allocation,
	};
	if (ledger_has(table, index)) {
		ledger_renew(table, index, record.head.expires);
		return;
	}
	memcpy(record.peer, permission->peer.bytes, sizeof(record.peer));
	ledger_write(table, index, &record, sizeof(record));
}

void record_permission_end(struct turn *turn, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_PERMISSION, index);

	if (table != NULL)
		ledger_clear(table, index);
}

void record_channel(struct turn *turn, const struct channel *channel)
{
	uint32_t index = (uint32_t)(channel - turn->channels);
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_CHANNEL, index);
	const struct allocation *allocation = &turn->allocations[channel->allocation];
	struct sluice_ledger_channel record;

	if (table == NULL || ends_with_us(turn, allocation))
		return;
	if (ledger_has(table, index)) {
		ledger_renew(table, index, ledger_time(turn->dp->ledger, channel->expires));
		return;
	}
	record = (struct sluice_ledger_channel){
	        .head.life = (uint16_t)allocation->generation,
	        .head.expires = ledger_time(turn->dp->ledger, channel->expires),
	        .permission = (uint32_t)(permission_find(turn, allocation, &channel->peer) -
	                                 turn->permissions),
	        .allocation = channel->allocation,
	        .number = channel->number,
	        .peer_port = channel->peer_port,
	};
	ledger_write(table, index, &record, sizeof(record));
}

void record_channel_end(struct turn *turn, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_CHANNEL, index);

	if (table != NULL)
		ledger_clear(table, index);
}

/* -- reservations: record 0 stands for none -- */

void record_reservation(struct turn *turn, uint32_t slot, const struct record_reservation *from)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_RESERVATION, slot + 1);
	struct sluice_ledger_reservation record;

	if (table == NULL || ends_with_us(turn, &turn->allocations[from->allocation]))
		return;
	record = (struct sluice_ledger_reservation){
	        .token = from->token,
	        .user_hash = from->user_hash,
	        .allocation = from->allocation,
	        .head.expires = ledger_time(turn->dp->ledger, from->expires),
	        .port = from->port,
	};
	memcpy(record.relayed, turn->relays[from->relay].ip.bytes, sizeof(record.relayed));
	ledger_write(table, slot + 1, &record, sizeof(record));
}

void record_reservation_end(struct turn *turn, uint32_t slot)
{
	const struct ledger_table *table =
	        ledger_at(turn->dp->ledger, SLUICE_LEDGER_RESERVATION, slot + 1);

	if (table != NULL)
		ledger_clear(table, slot + 1);
}

/* -- of the control thread -- */

void record_keys(struct turn *turn)
{
	struct turn_config *config = turn->config;
	struct ledger *ledger = turn->dp->ledger;
	struct sluice_ledger_keys *keys;

	if (ledger == NULL)
		return;
	keys = &ledger->keys;
	static_assert(sizeof(keys->users) == sizeof(config->name_key), "SipHash");
	static_assert(sizeof(keys->tables) == sizeof(turn->seed), "seed");
	static_assert(sizeof(keys->nonces) == sizeof(config->nonce_keys.keys), "nonces");
	memcpy(keys->users, &config->name_key, sizeof(keys->users));
	memcpy(keys->tables, &turn->seed, sizeof(keys->tables));
	memcpy(keys->nonces, config->nonce_keys.keys, sizeof(keys->nonces));
	keys->nonces_since = config->nonce_keys.since;
	keys->nonces_rotated = config->nonce_rotated;
	keys->nonces_lifetime_s = config->nonce_keys.lifetime_s;
	keys->nonces_given = config->nonce_given;
	ledger_keys_write(ledger);
}

void record_secret(struct turn *turn, uint32_t slot, uint64_t mark, uint16_t id)
{
	const struct ledger_table *table = ledger_at(turn->dp->ledger, SLUICE_LEDGER_SECRET, slot);
	struct sluice_ledger_secret record = {.mark = mark, .id = id};

	if (table == NULL)
		return;
	if (id != 0)
		ledger_write(table, slot, &record, sizeof(record));
	else
		ledger_clear(table, slot);
}
