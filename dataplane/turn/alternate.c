/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/alternate.h"

#include "common/refuse.h"
#include "turn/exchange.h"

#include <errno.h>

#include <rte_byteorder.h>

#define TURN_PORT 3478

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

/* Clients of one address stay together, others spread. */
static const struct transport_addr *alternate_choose(const struct exchange *exchange)
{
	const struct turn_alternates *alternates = &exchange->policy->alternates;
	const struct ip_addr *client = &exchange->flow->src;
	int family = family_index(client);
	uint64_t hash;

	if (alternates->count[family] == 0)
		return NULL;
	hash = hash_mix(client->quads[0] ^ exchange->turn->seed.words[0],
	                client->quads[1] ^ exchange->turn->seed.words[1]);
	return &alternates->list[family][hash % alternates->count[family]];
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
