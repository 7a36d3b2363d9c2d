/* SPDX-License-Identifier: BSD-3-Clause */
/* `turn listen ADDRESS[:PORT] [udp|tcp|tls|dtls] [announce IP] [proxy PREFIX] [realm NAME]`. */
#include "turn/config_services.h"
#include "turn/mobility.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "stream/stream.h"
#include "turn/peer_rules.h"
#include "turn/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool turn_has_dtls_at(const struct turn *turn, const struct transport_addr *addr, char *why)
{
	struct sluice_addr shown = addr_of(&addr->ip, addr->port);
	char text[TEXT_ADDR_MAX];

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i) && turn->transports[i] == SLUICE_TURN_DTLS &&
		    turn->listeners[i].port == addr->port &&
		    ip_addr_equal(&turn->listeners[i].ip, &addr->ip)) {
			refuse(why, -EADDRINUSE, "%s is a TURN listener's by DTLS",
			       text_addr(text, &shown));
			return true;
		}
	return false;
}

struct listener_match {
	const struct turn *turn;
	uint32_t listener;
};

/* Its client comes by it, or may move to it. */
static bool match_listener(const struct allocation *allocation, const void *argument)
{
	const struct listener_match *match = argument;
	const struct turn *turn = match->turn;
	uint32_t next = mobility_next(turn, allocation);

	return allocation_client(turn, allocation)->service == match->listener ||
	       (next != 0 && turn->allocations[next].client.service == match->listener);
}

/* By the kernel's sockets, in stream threads. */
static bool is_stream(uint32_t transport)
{
	return transport != SLUICE_TURN_UDP;
}

static int listener_find(const struct turn *turn, const struct transport_addr *addr,
                         uint32_t transport)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i) && turn->listeners[i].port == addr->port &&
		    transport_has_udp_port(turn->transports[i]) ==
		            transport_has_udp_port(transport) &&
		    ip_addr_equal(&turn->listeners[i].ip, &addr->ip))
			return i;
	return -1;
}

static int listener_place(const struct turn *turn)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (!listener_used(turn, i) && !turn->config->listeners_wait[i])
			return i;
	return -1;
}

/* Which the dataplane before had: its clients are there, and nobody else's. */
static int listener_waiting(const struct turn *turn, const struct transport_addr *addr)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (turn->config->listeners_wait[i] && turn->listeners[i].port == addr->port &&
		    ip_addr_equal(&turn->listeners[i].ip, &addr->ip))
			return i;
	return -1;
}

/* Workers see the listener's realm in the policy when they see that it waits no longer. */
static void wait_set(struct turn *turn, uint32_t index, bool waits)
{
	__atomic_store_n(&turn->config->listeners_wait[index], waits, __ATOMIC_RELEASE);
}

int listener_wait(struct turn *turn, const struct transport_addr *addr)
{
	int index = listener_waiting(turn, addr);

	if (index < 0)
		index = listener_find(turn, addr, SLUICE_TURN_UDP);
	if (index >= 0)
		return index;
	index = listener_place(turn);
	if (index < 0)
		return -ENOSPC;
	turn->listeners[index] = *addr;
	turn->transports[index] = SLUICE_TURN_UDP;
	wait_set(turn, index, true);
	return index;
}

static struct transport_addr listen_addr(const struct sluice_turn_listen *listen)
{
	return (struct transport_addr){
	        .ip = ip_addr_v6(listen->addr.ip),
	        .port = listen->addr.port != 0 ? listen->addr.port : RTE_BE16(STUN_PORT),
	};
}

/* 0 or -EINVAL. */
static int proxy_read(const struct sluice_turn_listen *listen, struct stream_proxy *proxy,
                      char *why)
{
	struct ip_addr ip = ip_addr_v6(listen->proxy.ip), addr = ip_addr_v6(listen->addr.ip);
	uint32_t longest = ip_addr_is_v4(&ip) ? 32 : 128;

	*proxy = (struct stream_proxy){0};
	if (!listen->proxied)
		return 0;
	if (listen->transport != SLUICE_TURN_TCP && listen->transport != SLUICE_TURN_TLS)
		return refuse(why, -EINVAL, "a proxy connects by tcp or tls");
	if (ip_addr_is_v4(&ip) != ip_addr_is_v4(&addr))
		return refuse(why, -EINVAL, "clients of an %s address have no %s proxy",
		              ip_addr_is_v4(&addr) ? "IPv4" : "IPv6",
		              ip_addr_is_v4(&ip) ? "IPv4" : "IPv6");
	if (listen->proxy_length > longest)
		return refuse(why, -EINVAL, "prefix length %u is not between 0 and %u",
		              listen->proxy_length, longest);
	proxy->ip = peer_rule_mask(&ip, listen->proxy_length);
	proxy->length = listen->proxy_length;
	proxy->there = true;
	return 0;
}

/* The relay that has this port, or NULL. */
static const struct relay *relay_covering(const struct turn *turn,
                                          const struct transport_addr *addr)
{
	uint16_t port = rte_be_to_cpu_16(addr->port);

	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		const struct relay *relay = &turn->relays[i];

		if (relay->active && port_ranges_hold(&relay->served, port) &&
		    ip_addr_equal(&relay->ip, &addr->ip))
			return relay;
	}
	return NULL;
}

/* Who came as a user of another realm is nobody in this one. Allocations end before, so that what
 * they have relayed is counted for their realm, and after, for those that came meanwhile. */
static int listener_realm(struct turn *turn, uint32_t index, uint8_t realm, char *why)
{
	uint8_t before = turn->config->listeners_realm[index];
	int error;

	if (before == realm)
		return 0;
	allocations_end_where(turn, match_listener, &(struct listener_match){turn, index});
	turn->config->listeners_realm[index] = realm;
	error = turn_policy_publish(turn);
	if (error < 0) {
		turn->config->listeners_realm[index] = before;
		return refuse(why, error, "no memory for another realm");
	}
	allocations_end_where(turn, match_listener, &(struct listener_match){turn, index});
	return 0;
}

/* It is there: what clients are told of it may have changed, whose they are, and by whom they come.
 */
static int listener_again(struct turn *turn, uint32_t index,
                          const struct sluice_turn_listen *listen, const struct ip_addr *told,
                          const struct stream_proxy *proxy, uint8_t realm, uint32_t flags,
                          char *why)
{
	struct turn_config *config = turn->config;
	struct ip_addr before = config->listeners_told[index];
	struct sluice_addr shown = addr_of(&turn->listeners[index].ip, turn->listeners[index].port);
	char text[TEXT_ADDR_MAX];
	int error;

	if (turn->transports[index] != listen->transport)
		return refuse(why, -EADDRINUSE, "already listening on %s by another transport",
		              text_addr(text, &shown));
	config->listener_generations[index] = turn->dp->config_generation;
	if (!(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "already listening on %s", text_addr(text, &shown));
	error = listener_realm(turn, index, realm, why);
	if (error < 0)
		return error;
	config->listeners_proxy[index] = *proxy;
	if (is_stream(listen->transport))
		stream_proxy_set(turn->dp, index, proxy);
	if (ip_addr_equal(&before, told))
		return 0;
	config->listeners_told[index] = *told;
	error = turn_services_publish(turn);
	if (error < 0) {
		config->listeners_told[index] = before;
		return refuse(why, error, "no room to announce another address");
	}
	return 0;
}

/* What else has the address and port. */
static int listener_check(const struct turn *turn, const struct transport_addr *addr,
                          enum claim_kind kind, char *why)
{
	struct sluice_addr shown = addr_of(&addr->ip, addr->port);
	uint16_t port = rte_be_to_cpu_16(addr->port);
	char text[TEXT_ADDR_MAX];

	if (relay_covering(turn, addr) != NULL)
		return refuse(why, -EINVAL, "%s lies in a relay's range", text_addr(text, &shown));
	return endpoints_check(turn, kind, &shown, port, port, why);
}

/* Datagrams are told to classify, connections have sockets. */
static int listener_begin(struct turn *turn, uint32_t index, char *why)
{
	const struct transport_addr *addr = &turn->listeners[index];
	struct sluice_addr shown = addr_of(&addr->ip, addr->port);
	char text[TEXT_ADDR_MAX];
	int error;

	if (is_stream(turn->transports[index]))
		return stream_listen(turn->dp, index, addr, turn->transports[index],
		                     &turn->config->listeners_proxy[index], why);
	error = turn_services_publish(turn);
	return error == 0 ? 0
	                  : refuse(why, error, "no room to listen on %s", text_addr(text, &shown));
}

static void listener_note(struct turn *turn, uint32_t index)
{
	struct sluice_addr shown = addr_of(&turn->listeners[index].ip, turn->listeners[index].port);

	absence_note(turn, "turn listen", &shown, is_stream(turn->transports[index]),
	             &turn->config->listeners_absent[index]);
}

static int listener_make(struct turn *turn, const struct sluice_turn_listen *listen,
                         const struct transport_addr *addr, const struct ip_addr *told,
                         const struct stream_proxy *proxy, uint8_t realm, char *why)
{
	struct turn_config *config = turn->config;
	struct sluice_addr shown = addr_of(&addr->ip, 0);
	int index = is_stream(listen->transport) ? -1 : listener_waiting(turn, addr), error;

	if (index < 0)
		index = listener_place(turn);
	if (index < 0)
		return refuse(why, -ENOSPC, "there are %u listeners, and room for no more",
		              TURN_LISTENERS_MAX);
	turn->listeners[index] = *addr;
	turn->transports[index] = (uint8_t)listen->transport;
	config->listeners_told[index] = *told;
	config->listeners_proxy[index] = *proxy;
	/* before anybody can come by it */
	if (config->listeners_realm[index] != realm) {
		config->listeners_realm[index] = realm;
		error = turn_policy_publish(turn);
		if (error < 0)
			return refuse(why, error, "no memory for another listener");
	}
	config->listener_used[index] = true;
	error = listener_begin(turn, index, why);
	if (error < 0) {
		config->listener_used[index] = false;
		return error;
	}
	wait_set(turn, index, false);
	config->listener_generations[index] = turn->dp->config_generation;
	config->n_listeners++;
	config->listeners_absent[index] = false;
	listener_note(turn, index);
	absence_warn(&shown, config->listeners_absent[index], why);
	return 0;
}

int turn_listen_add(struct turn *turn, const struct sluice_turn_listen *listen, uint32_t flags,
                    char *why)
{
	struct transport_addr addr = listen_addr(listen);
	const struct turn_config_realm *realm;
	struct stream_proxy proxy;
	struct ip_addr told;
	int index = listener_find(turn, &addr, listen->transport);
	int error = addr_check(&listen->addr, why);

	if (error == 0 && listen->transport >= SLUICE_TURN_TRANSPORTS)
		error = refuse(why, -EOPNOTSUPP, "this transport is not served");
	if (error == 0)
		error = announce_read(&listen->addr, &listen->announce, &told, why);
	if (error == 0)
		error = proxy_read(listen, &proxy, why);
	if (error < 0)
		return error;
	realm = turn_realm_find(turn, listen->realm, why);
	if (realm == NULL)
		return -ENOENT;
	if (index >= 0) {
		error = listener_again(turn, index, listen, &told, &proxy,
		                       turn_realm_index(turn, realm), flags, why);
		if (error == 0)
			discoveries_follow(turn);
		return error;
	}
	if (transport_has_udp_port(listen->transport))
		error = listener_check(turn, &addr,
		                       is_stream(listen->transport) ? CLAIM_DTLS : CLAIM_LISTENER,
		                       why);
	if (error == 0)
		error = listener_make(turn, listen, &addr, &told, &proxy,
		                      turn_realm_index(turn, realm), why);
	if (error == 0)
		discoveries_follow(turn);
	return error;
}

/* Its address stays in place until no allocation answers from it. */
static int listener_remove(struct turn *turn, uint32_t index)
{
	int error;

	turn->config->listener_used[index] = false;
	error = discoveries_follow(turn);
	if (error == 0 && is_stream(turn->transports[index]))
		stream_listen_end(turn->dp, index);
	else if (error == 0)
		error = turn_services_publish(turn);
	if (error < 0) {
		turn->config->listener_used[index] = true;
		return error;
	}
	dataplane_quiesce(turn->dp);
	allocations_end_where(turn, match_listener, &(struct listener_match){turn, index});
	dataplane_quiesce(turn->dp);
	turn->listeners[index] = (struct transport_addr){0};
	turn->config->n_listeners--;
	return 0;
}

int turn_listen_delete(struct turn *turn, const struct sluice_turn_listen *listen, char *why)
{
	struct transport_addr addr = listen_addr(listen);
	struct sluice_addr shown = addr_of(&addr.ip, addr.port);
	char text[TEXT_ADDR_MAX];
	int index = listener_find(turn, &addr, listen->transport);
	int error;

	if (index < 0 || turn->transports[index] != listen->transport)
		return refuse(why, -ENOENT, "not listening on %s", text_addr(text, &shown));
	error = listener_remove(turn, index);
	return error == 0 ? 0
	                  : refuse(why, error, "no memory to stop listening on %s",
	                           text_addr(text, &shown));
}

/* The configuration does not name it. Returns how many allocations that ends. */
static uint32_t listener_forget(struct turn *turn, uint32_t index)
{
	uint32_t ended =
	        allocations_end_where(turn, match_listener, &(struct listener_match){turn, index});

	dataplane_quiesce(turn->dp);
	turn->listeners[index] = (struct transport_addr){0};
	wait_set(turn, index, false);
	return ended;
}

uint32_t listeners_forget(struct turn *turn)
{
	uint32_t ended = 0;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (turn->config->listeners_wait[i])
			ended += listener_forget(turn, i);
	return ended;
}

void listeners_sweep(struct turn *turn)
{
	const struct turn_config *config = turn->config;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i) &&
		    config->listener_generations[i] != turn->dp->config_generation)
			listener_remove(turn, i);
}

void listeners_tick(struct turn *turn)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i))
			listener_note(turn, i);
}

static void proxy_show(const struct stream_proxy *proxy, char text[SLUICE_TURN_PREFIX_MAX])
{
	const struct sluice_addr shown = addr_of(&proxy->ip, 0);
	char addr[TEXT_ADDR_MAX];

	if (proxy->there)
		snprintf(text, SLUICE_TURN_PREFIX_MAX, "%s/%u", text_addr(addr, &shown),
		         proxy->length);
}

uint32_t turn_listen_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_listen_row *rows,
                          uint32_t max)
{
	uint32_t n = 0;

	listeners_tick(turn);
	for (; n < max && *cursor < TURN_LISTENERS_MAX; ++*cursor) {
		const struct transport_addr *listener = &turn->listeners[*cursor];
		const struct ip_addr *told = &turn->config->listeners_told[*cursor];

		if (!listener_used(turn, *cursor))
			continue;
		rows[n] = (struct sluice_turn_listen_row){
		        .addr = addr_of(&listener->ip, listener->port),
		        .state = turn->config->listeners_absent[*cursor],
		        .transport = turn->transports[*cursor],
		};
		if (turn->config->listeners_realm[*cursor] != 0)
			memcpy(rows[n].realm,
			       turn->config->realms[turn->config->listeners_realm[*cursor]].name,
			       sizeof(rows[n].realm));
		proxy_show(&turn->config->listeners_proxy[*cursor], rows[n].proxy);
		if (is_stream(turn->transports[*cursor]))
			rows[n].connections = stream_connections(turn->dp, *cursor);
		if (!ip_addr_equal(told, &listener->ip))
			rows[n].announce = addr_of(told, listener->port);
		n++;
	}
	return n;
}
