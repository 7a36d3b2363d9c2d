/* SPDX-License-Identifier: BSD-3-Clause */
/* An allocation of the ledger, with its ports, its user and its place among the clients. */
#include "turn/take_state.h"

#include "common/claim.h"
#include "dataplane.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "turn/config_services.h"
#include "turn/mobility.h"
#include "turn/quota.h"
#include "turn/record.h"
#include "turn/reservation.h"
#include "turn/store.h"
#include "turn/text.h"

#include <openssl/crypto.h>

#include <string.h>

#define TORN_LIFETIME_S ALLOCATION_LIFETIME_MIN_S

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

	if (!take_record_read(take, SLUICE_LEDGER_ALLOCATION, index, &old->identity,
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
	struct ip_addr ip = take_ip(old->identity.relayed[family]);

	return old->identity.relayed_ports[family] >= RELAY_PORT_LEAST &&
	       claim_address_is_host(ip.bytes) && family_index(&ip) == family;
}

/* No algorithm has keys of another length. */
static bool raw_is_sane(const struct sluice_ledger_credential *credential)
{
	return credential->raw == 0 || credential->raw == 16 || credential->raw == 32;
}

static bool old_is_sane(const struct take *take, const struct old_allocation *old)
{
	bool closed = old->state.flags & SLUICE_LEDGER_CLOSED;
	int32_t most = closed ? ALLOCATION_LINGER_S + 1 : TURN_LIFETIME_MAX_S;

	if (old->identity.client_port == 0 || old->identity.server_port == 0 ||
	    !claim_address_is_host(old->identity.server) || old->state.legs > 3 ||
	    (old->state.legs == 0) != closed || old->identity.lifetime > TURN_LIFETIME_MAX_S ||
	    old->identity.reservation > RESERVATIONS || !raw_is_sane(&old->credential) ||
	    take_left(take, old->state.head.expires) > most)
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
		struct ip_addr ip = take_ip(old->identity.relayed[family]);
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

static void key_take(struct allocation *allocation, const struct sluice_ledger_credential *from)
{
	struct stun_raw_key raw = {.length = (uint8_t)from->raw};
	struct stun_key key;

	memcpy(key.inner, from->inner, sizeof(key.inner));
	memcpy(key.outer, from->outer, sizeof(key.outer));
	memcpy(raw.bytes, from->key, sizeof(raw.bytes));
	allocation_key_set(allocation, &key, from->raw != 0 ? &raw : NULL);
	OPENSSL_cleanse(&raw, sizeof(raw));
	OPENSSL_cleanse(&key, sizeof(key));
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
	key_take(allocation, &old->credential);
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
void take_allocation(struct take *take, uint32_t old_index)
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
	if (take_left(take, old.state.head.expires) <= 0) {
		take->taken->expired++;
		return;
	}
	server = (struct transport_addr){.ip = take_ip(old.identity.server),
	                                 .port = old.identity.server_port};
	listener = listener_wait(turn, &server);
	index = listener < 0 ? 0 : take_index_choose(take, TURN_OBJECT_ALLOCATION, old_index);
	if (index == 0) {
		take->taken->no_room += listener < 0;
		return;
	}
	client.src = take_ip(old.identity.client);
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
	if (old.identity.ticket != 0)
		mobility_take(turn, allocation, old.identity.ticket);
	allocation_begin(take, turn_worker, &old, allocation,
	                 take->now + (uint32_t)take_left(take, old.state.head.expires));
	take_index_use(take, turn_worker, TURN_OBJECT_ALLOCATION, old_index, index);
	turn->config->secret_id = RTE_MAX(turn->config->secret_id, allocation->secret);
	record_allocation(turn, allocation);
	OPENSSL_cleanse(&old.credential, sizeof(old.credential));
}
