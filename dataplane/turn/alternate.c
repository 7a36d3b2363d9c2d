/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/alternate.h"

#include "common/refuse.h"
#include "turn/exchange.h"

#include <errno.h>

#include <gate_default.h>
#include <rte_byteorder.h>

#define TURN_PORT 3478

/* ERROR-CODE and ALTERNATE-SERVER with an IPv6 address. The gate counts with a 401 as the longest
 * answer to a client that it does not know. */
static_assert(STUN_HEADER_SIZE + 8 + 4 + 20 <= GATE_CHALLENGE(1), "a 300 is no longer than a 401");

static void alternate_add(struct turn_alternates *to, const struct sluice_addr *addr, int family)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);

	if ((ip.quads[0] | ip.quads[1]) == 0)
		return;
	to->list[family][to->count[family]++] = (struct transport_addr){
	        .ip = ip,
	        .port = addr->port != 0 ? addr->port : RTE_BE16(TURN_PORT),
	};
}

static bool family_wrong(const struct sluice_addr *addr, int family)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);

	return (ip.quads[0] | ip.quads[1]) != 0 && family_index(&ip) != family;
}

int turn_alternates_read(const struct sluice_turn_alternates *from, struct turn_alternates *to,
                         char *why)
{
	*to = (struct turn_alternates){.draining = from->draining != 0};
	if (from->count > SLUICE_TURN_ALTERNATES_MAX)
		return refuse(why, -EINVAL, "%u alternates are more than %u", from->count,
		              SLUICE_TURN_ALTERNATES_MAX);
	for (uint32_t i = 0; i < from->count; i++) {
		const struct sluice_turn_alternate *alternate = &from->list[i];

		if (family_wrong(&alternate->addr4, 0) || family_wrong(&alternate->addr6, 1))
			return refuse(why, -EINVAL,
			              "alternate %u has an address of the wrong family", i);
		alternate_add(to, &alternate->addr4, 0);
		alternate_add(to, &alternate->addr6, 1);
	}
	return 0;
}

/*
 * Clients of one address stay together, others spread. Who came by TCP, TLS or DTLS goes on with
 * that where it is sent (RFC 8489, 10), and with TLS asks for a certificate of it: what is known of
 * other nodes is where they take datagrams, so these clients stay. So do a tenant's: what is known
 * is where other nodes serve the server's realm, and there its users are strangers.
 */
static const struct transport_addr *alternate_choose(const struct exchange *exchange)
{
	const struct turn_alternates *alternates = &exchange->policy->alternates;
	const struct ip_addr *client = &exchange->flow->src;
	int family = family_index(client);
	uint64_t hash;

	if (alternates->count[family] == 0 || exchange->realm->index != 0 ||
	    exchange->turn->transports[exchange->flow->service] != SLUICE_TURN_UDP)
		return NULL;
	hash = hash_mix(client->quads[0] ^ exchange->turn->seed.words[0],
	                client->quads[1] ^ exchange->turn->seed.words[1]);
	return &alternates->list[family][hash % alternates->count[family]];
}

/* RFC 8656, 7.1: without REQUESTED-ADDRESS-FAMILY a client asks for IPv4. */
static bool relays_full(const struct exchange *exchange)
{
	const struct turn_policy *policy = exchange->policy;
	int family = 0;

	if (stun_has(&exchange->message, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY))
		family = exchange_family(exchange, STUN_KNOWN_REQUESTED_ADDRESS_FAMILY);
	if (family < 0 || stun_has(&exchange->message, STUN_KNOWN_ADDITIONAL_ADDRESS_FAMILY))
		return false;
	for (uint16_t i = 0; i < policy->n_relays[family]; i++)
		if (!relay_is_full(&exchange->turn->relays[policy->relays[family][i]]))
			return false;
	return policy->n_relays[family] != 0;
}

static bool node_full(const struct exchange *exchange)
{
	const struct turn *turn = exchange->turn;
	uint32_t held = __atomic_load_n(&turn->n_allocations, __ATOMIC_RELAXED);
	uint32_t quota = exchange->policy->quota_host;

	return __atomic_load_n(&turn->capacity_reached, __ATOMIC_RELAXED) ||
	       (quota != 0 && held >= quota) || held >= turn->pools[TURN_OBJECT_ALLOCATION].count ||
	       relays_full(exchange);
}

bool alternate_is_first(const struct exchange *exchange)
{
	const struct stun_message *message = &exchange->message;

	return message->method == STUN_ALLOCATE &&
	       !stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY) &&
	       !stun_has(message, STUN_KNOWN_MESSAGE_INTEGRITY_SHA256) &&
	       !stun_has(message, STUN_KNOWN_RESERVATION_TOKEN) && exchange->allocation == NULL &&
	       (exchange->policy->alternates.draining || node_full(exchange)) &&
	       alternate_choose(exchange) != NULL;
}

uint16_t alternate_answer(struct exchange *exchange, int error)
{
	const struct transport_addr *alternate = alternate_choose(exchange);

	/* A reserved port is here and nowhere else. */
	if (alternate == NULL || stun_has(&exchange->message, STUN_KNOWN_RESERVATION_TOKEN))
		return respond_error(exchange, error);
	turn_count(exchange->turn_worker, TURN_ERROR_300);
	respond_begin(exchange, STUN_ERROR);
	stun_put_error(&exchange->writer, STUN_300_TRY_ALTERNATE);
	stun_put_addr(&exchange->writer, STUN_ATTR_ALTERNATE_SERVER, &alternate->ip,
	              alternate->port);
	return respond_end(exchange);
}
