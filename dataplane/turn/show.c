/* SPDX-License-Identifier: BSD-3-Clause */
/* What people are shown. The control thread reads while workers write: a row is of one allocation,
 * or none. */
#include "dataplane.h"
#include "stream/stream.h"
#include "turn/config.h"
#include "turn/store.h"

#include <string.h>

static uint32_t used(const struct turn *turn, enum turn_object object)
{
	uint32_t sum = 0;

	for (uint16_t id = 0; id < turn->dp->n_workers; id++)
		sum += __atomic_load_n(&turn->dp->workers[id]->turn->private->used[object],
		                       __ATOMIC_RELAXED);
	return sum;
}

void turn_show(struct turn *turn, struct sluice_turn_row *row)
{
	const struct turn_config *config = turn->config;
	const struct turn_config_realm *server = &config->realms[0];

	*row = (struct sluice_turn_row){
	        .listeners = config->n_listeners,
	        .relays = turn->policy->n_relays[0] + turn->policy->n_relays[1],
	        .secrets = config->n_secrets,
	        .lifetime_max_s = config->lifetime.max_s,
	        .quota_user = server->quota.user,
	        .quota_host = server->quota.host,
	        .draining = config->alternates.draining,
	        .quota_max_bps = server->quota.max_bps,
	        .allocations = __atomic_load_n(&turn->n_allocations, __ATOMIC_RELAXED),
	        .allocations_max = turn->pools[TURN_OBJECT_ALLOCATION].count,
	        .permissions = used(turn, TURN_OBJECT_PERMISSION),
	        .permissions_max = turn->pools[TURN_OBJECT_PERMISSION].count,
	        .channels = used(turn, TURN_OBJECT_CHANNEL),
	        .channels_max = turn->pools[TURN_OBJECT_CHANNEL].count,
	        .quota_capacity_bps = server->quota.capacity_bps,
	        .mobility = config->mobility.on,
	        .algorithms = config->algorithms.always,
	        .to_peer_bps = config->rate.bps[0],
	        .to_client_bps = config->rate.bps[1],
	};
	for (uint32_t i = 0; i < TURN_REALMS_MAX; i++) {
		if (config->realms[i].users == NULL)
			continue;
		row->users += config->realms[i].users->count;
		row->realms += i != 0;
	}
	row->connections = stream_connections_all(turn->dp, &row->connections_max);
	memcpy(row->realm, server->name, sizeof(row->realm));
}

struct sluice_addr addr_make(const struct ip_addr *ip, uint16_t port_be)
{
	struct sluice_addr addr = {.port = port_be};

	memcpy(addr.ip, ip->bytes, sizeof(addr.ip));
	return addr;
}

static uint64_t counter(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

void allocation_counters(const struct allocation *allocation, uint64_t *to_peer_packets,
                         uint64_t *to_peer_bytes, uint64_t *to_client_packets,
                         uint64_t *to_client_bytes)
{
	*to_peer_packets = counter(&allocation->to_peer_packets);
	*to_peer_bytes = counter(&allocation->to_peer_bytes);
	*to_client_packets =
	        counter(&allocation->to_client_packets) + counter(&allocation->stray_packets);
	*to_client_bytes =
	        counter(&allocation->to_client_bytes) + counter(&allocation->stray_bytes);
}

void legs_show(struct sluice_addr shown[2], const struct turn *turn, const struct relay_leg legs[2])
{
	for (int family = 0; family < 2; family++) {
		struct relay_leg leg = legs[family];

		if (leg.relay != 0)
			*shown++ = addr_make(&turn->relays[(leg.relay - 1) % RELAYS_MAX].told,
			                     rte_cpu_to_be_16(leg.port));
	}
}

static void row_fill(const struct turn *turn, struct sluice_allocation_row *row,
                     const struct allocation *allocation, uint32_t now)
{
	uint32_t expires = __atomic_load_n(&allocation->expires, __ATOMIC_RELAXED);
	const struct five_tuple *client = allocation_client(turn, allocation);
	const struct transport_addr *server =
	        &turn->listeners[client->service % TURN_LISTENERS_MAX];

	*row = (struct sluice_allocation_row){
	        .client = addr_make(&client->src, client->src_port),
	        .server = addr_make(&server->ip, server->port),
	        .expires_s = expires > now ? expires - now : 0,
	        .age_s = now - allocation->created, /* the dataplane before may have made it */
	        .permissions = allocation->n_permissions,
	        .channels = allocation->n_channels,
	        .worker = allocation->owner,
	        .transport = turn->transports[client->service % TURN_LISTENERS_MAX],
	};
	memcpy(row->user, allocation->user, sizeof(allocation->user));
	legs_show(row->relayed, turn, allocation->legs);
	allocation_counters(allocation, &row->to_peer_packets, &row->to_peer_bytes,
	                    &row->to_client_packets, &row->to_client_bytes);
}

/* False where there is none, or it ended while it was read. */
static bool row_read(const struct turn *turn, uint32_t index, const struct turn_names *names,
                     struct sluice_allocation_row *row)
{
	const struct allocation *allocation = &turn->allocations[index];
	uint32_t generation = __atomic_load_n(&allocation->generation, __ATOMIC_ACQUIRE);
	uint32_t now = turn_clock(turn);

	if (!allocation_live(allocation, now))
		return false;
	if (names != NULL && !turn_names_have(names, allocation->user_hash))
		return false;
	row_fill(turn, row, allocation, now);
	row->id = (uint64_t)generation << 32 | index;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return allocation_live(allocation, now) &&
	       __atomic_load_n(&allocation->generation, __ATOMIC_RELAXED) == generation;
}

uint32_t allocation_show(struct turn *turn, uint32_t *cursor, const char *user,
                         struct sluice_allocation_row *rows, uint32_t max)
{
	size_t length = user != NULL ? strnlen(user, SLUICE_TURN_USER_MAX) : 0;
	struct turn_names names;
	uint32_t n = 0;

	turn_names_read(&names, turn, user, length);
	while (n < max && *cursor < turn->pools[TURN_OBJECT_ALLOCATION].count)
		if (row_read(turn, ++*cursor, length != 0 ? &names : NULL, &rows[n]))
			n++;
	return n;
}
