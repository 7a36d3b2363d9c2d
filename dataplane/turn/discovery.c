/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a client's NAT behaves (RFC 5780): it asks the same of two addresses with two ports each, and
 * has answers sent from another one than it asked. Answers go where requests came from, and are
 * held to the gate's limits by their size like all of Binding: RESPONSE-PORT, by which somebody
 * else would get them, and PADDING are not understood (420).
 */
#include "turn/config.h"
#include "turn/exchange.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "stun/attribute.h"

#include <errno.h>
#include <string.h>

/* RFC 5780, 7.2 */
#define CHANGE_REQUEST_SIZE 4
#define CHANGE_IP           0x04
#define CHANGE_PORT         0x02

/* -- requests -- */

/* 0 or 1, or -1: neither. */
static int ip_place(const struct turn_discovery *discovery, const struct ip_addr *ip)
{
	for (int i = 0; i < 2; i++)
		if (ip_addr_equal(&discovery->ips[i], ip))
			return i;
	return -1;
}

static int port_place(const struct turn_discovery *discovery, uint16_t port)
{
	for (int i = 0; i < 2; i++)
		if (discovery->ports[i] == port)
			return i;
	return -1;
}

const struct turn_discovery *exchange_discovery(const struct exchange *exchange)
{
	const struct turn_discovery *discovery =
	        &exchange->policy->discoveries[family_index(&exchange->local->ip)];

	if (likely(!discovery->on) || exchange->flow->connection != 0 ||
	    ip_place(discovery, &exchange->local->ip) < 0 ||
	    port_place(discovery, exchange->local->port) < 0)
		return NULL;
	return discovery;
}

/* The value of the first one that the integrity covers, or NULL. */
static const uint8_t *change_find(const struct stun_message *message)
{
	struct stun_cursor cursor = {message->start, STUN_HEADER_SIZE, message->length};
	struct stun_attr attr;

	while (stun_attr_next(&cursor, &attr) > 0 && attr.type != STUN_ATTR_MESSAGE_INTEGRITY &&
	       attr.type != STUN_ATTR_MESSAGE_INTEGRITY_SHA256)
		if (attr.type == STUN_ATTR_CHANGE_REQUEST)
			return attr.value.length == CHANGE_REQUEST_SIZE
			               ? message->start + attr.value.offset
			               : NULL;
	return NULL;
}

/* One of another length stays unknown. */
void exchange_change(struct exchange *exchange, const struct turn_discovery *discovery)
{
	struct stun_message *message = &exchange->message;
	struct transport_addr *local = exchange->local;
	const uint8_t *change;
	uint8_t i = 0;

	while (i < message->n_unknown && message->unknown[i] != STUN_ATTR_CHANGE_REQUEST)
		i++;
	change = i < message->n_unknown ? change_find(message) : NULL;
	if (change == NULL)
		return;
	message->n_unknown--;
	memmove(&message->unknown[i], &message->unknown[i + 1],
	        (message->n_unknown - i) * sizeof(message->unknown[0]));
	if (message->n_unknown != 0)
		return;
	if (change[3] & CHANGE_IP)
		local->ip = discovery->ips[!ip_place(discovery, &local->ip)];
	if (change[3] & CHANGE_PORT)
		local->port = discovery->ports[!port_place(discovery, local->port)];
}

void respond_discovery(struct exchange *exchange, const struct turn_discovery *discovery,
                       const struct transport_addr *asked)
{
	struct stun_writer *writer = &exchange->writer;
	const struct transport_addr *local = exchange->local;

	stun_put_addr(writer, STUN_ATTR_MAPPED_ADDRESS, &exchange->flow->src,
	              exchange->flow->src_port);
	stun_put_addr(writer, STUN_ATTR_RESPONSE_ORIGIN,
	              &discovery->told[ip_place(discovery, &local->ip)], local->port);
	stun_put_addr(writer, STUN_ATTR_OTHER_ADDRESS,
	              &discovery->told[!ip_place(discovery, &asked->ip)],
	              discovery->ports[!port_place(discovery, asked->port)]);
}

/* -- configuration -- */

static struct ip_addr told_of(const struct turn *turn, const struct ip_addr *ip)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (turn->config->listener_used[i] && turn->transports[i] == SLUICE_TURN_UDP &&
		    ip_addr_equal(&turn->listeners[i].ip, ip))
			return turn->config->listeners_told[i];
	return *ip;
}

/* A listener at each of the four: from where nobody listens no answer comes, and none is promised.
 */
static bool listens(const struct turn *turn, const struct turn_discovery *discovery)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		const struct transport_addr *listener = &turn->listeners[i];
		int ip, port = port_place(discovery, listener->port);

		if (port < 0 || !turn->config->listener_used[i] ||
		    turn->transports[i] != SLUICE_TURN_UDP)
			continue;
		ip = ip_place(discovery, &listener->ip);
		if (ip >= 0)
			found |= 1u << (2 * ip + port);
	}
	return found == 0xf;
}

void discoveries_fill(struct turn_policy *policy, const struct turn *turn)
{
	for (int family = 0; family < 2; family++) {
		const struct turn_config_discovery *from = &turn->config->discoveries[family];
		struct turn_discovery *discovery = &policy->discoveries[family];

		*discovery = (struct turn_discovery){
		        .ips = {from->addr.ip, from->other.ip},
		        .told = {told_of(turn, &from->addr.ip), told_of(turn, &from->other.ip)},
		        .ports = {from->addr.port, from->other.port},
		};
		discovery->on = from->on && listens(turn, discovery);
	}
}

static struct transport_addr addr_read(const struct sluice_addr *addr)
{
	return (struct transport_addr){
	        .ip = ip_addr_v6(addr->ip),
	        .port = addr->port != 0 ? addr->port : RTE_BE16(STUN_PORT),
	};
}

static int discovery_set(struct turn *turn, struct turn_config_discovery *place,
                         const struct turn_config_discovery *fresh, char *why)
{
	const struct turn_config_discovery before = *place;
	int error;

	*place = *fresh;
	error = turn_policy_publish(turn);
	if (error < 0) {
		*place = before;
		return refuse(why, error, "no memory for discovery");
	}
	return 0;
}

static bool is_same(const struct turn_config_discovery *a, const struct turn_config_discovery *b)
{
	return ip_addr_equal(&a->addr.ip, &b->addr.ip) && a->addr.port == b->addr.port &&
	       ip_addr_equal(&a->other.ip, &b->other.ip) && a->other.port == b->other.port;
}

int turn_discovery_add(struct turn *turn, const struct sluice_turn_discovery *discovery,
                       uint32_t flags, char *why)
{
	const struct turn_config_discovery fresh = {
	        .on = true,
	        .generation = turn->dp->config_generation,
	        .addr = addr_read(&discovery->addr),
	        .other = addr_read(&discovery->other),
	};
	struct turn_config_discovery *place =
	        &turn->config->discoveries[family_index(&fresh.addr.ip)];

	if (family_index(&fresh.addr.ip) != family_index(&fresh.other.ip))
		return refuse(why, -EINVAL, "both addresses are IPv4, or both are IPv6");
	if (ip_addr_equal(&fresh.addr.ip, &fresh.other.ip) || fresh.addr.port == fresh.other.port)
		return refuse(why, -EINVAL, "the other one differs in address and port");
	if (place->on && !(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "discovery is on for this family already");
	if (place->on && is_same(place, &fresh)) {
		place->generation = fresh.generation;
		return 0;
	}
	return discovery_set(turn, place, &fresh, why);
}

int turn_discovery_delete(struct turn *turn, const struct sluice_turn_discovery *discovery,
                          char *why)
{
	const struct transport_addr addr = addr_read(&discovery->addr);
	struct turn_config_discovery *place = &turn->config->discoveries[family_index(&addr.ip)];

	if (!place->on || !ip_addr_equal(&place->addr.ip, &addr.ip) ||
	    place->addr.port != addr.port)
		return refuse(why, -ENOENT, "there is no discovery at this address");
	return discovery_set(turn, place, &(struct turn_config_discovery){0}, why);
}

int discoveries_follow(struct turn *turn)
{
	if (turn->config->discoveries[0].on || turn->config->discoveries[1].on)
		return turn_policy_publish(turn);
	return 0;
}

void turn_discoveries_sweep(struct turn *turn)
{
	for (int family = 0; family < 2; family++)
		if (turn->config->discoveries[family].generation != turn->dp->config_generation)
			turn->config->discoveries[family].on = false;
}
