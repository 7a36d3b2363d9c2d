/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the server listens and where it relays. */
#include "turn/config.h"

#include "dataplane.h"
#include "net/service.h"
#include "turn/reservation.h"
#include "turn/table.h"
#include "turn/text.h"

#include <errno.h>
#include <string.h>

#define RELAY_PORT_LEAST 1024

static bool listener_used(const struct turn *turn, uint32_t index)
{
	return turn->config->listener_used[index];
}

int turn_services_publish(struct turn *turn)
{
	struct service list[TURN_LISTENERS_MAX + RELAYS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		uint16_t port = rte_be_to_cpu_16(turn->listeners[i].port);

		if (listener_used(turn, i))
			list[count++] = (struct service){turn->listeners[i].ip, port, port,
			                                 SERVICE_TURN, i};
	}
	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		const struct relay *relay = &turn->relays[i];

		if (relay->active)
			list[count++] = (struct service){relay->ip, relay->first_port,
			                                 relay->last_port, SERVICE_RELAY, i};
	}
	return services_set(turn->dp, list, count);
}

/* An address that datagrams can be sent to and from. */
static int addr_check(const struct sluice_addr *addr, char *why)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);
	bool v4 = ip_addr_is_v4(&ip);
	char text[TEXT_ADDR_MAX];
	uint8_t first = v4 ? ip.bytes[12] : ip.bytes[0];

	if (v4 ? first == 0 || first >= 224 : first == 0xff || (ip.quads[0] | ip.quads[1]) == 0)
		return refuse(why, -EINVAL, "%s is not one host's address", text_addr(text, addr));
	return 0;
}

static struct sluice_addr addr_of(const struct ip_addr *ip, uint16_t port_be)
{
	struct sluice_addr addr = {.port = port_be};

	memcpy(addr.ip, ip->bytes, sizeof(addr.ip));
	return addr;
}

static bool match_listener(const struct allocation *allocation, uint32_t listener)
{
	return allocation->client.service == listener;
}

static bool match_relay(const struct allocation *allocation, uint32_t relay)
{
	return allocation->legs[0].relay == relay + 1 || allocation->legs[1].relay == relay + 1;
}

/* Endpoints' local ports are not TURN's: one packet has one owner. 0 or -errno. */
static int endpoints_check(const struct turn *turn, const struct sluice_addr *addr, uint16_t first,
                           uint16_t last, char *why)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);
	const struct service *media =
	        service_overlap(turn->dp->services, &ip, first, last, SERVICE_MEDIA);
	struct sluice_addr shown;
	char text[TEXT_ADDR_MAX];

	if (media == NULL)
		return 0;
	shown = addr_of(&ip, rte_cpu_to_be_16(media->first_port));
	if (first == last)
		return refuse(why, -EADDRINUSE, "%s is an endpoint's local address",
		              text_addr(text, &shown));
	return refuse(why, -EADDRINUSE, "%s, an endpoint's local address, lies in ports %u-%u",
	              text_addr(text, &shown), first, last);
}

/* -- listeners -- */

static int listener_find(const struct turn *turn, const struct transport_addr *addr)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i) && turn->listeners[i].port == addr->port &&
		    ip_addr_equal(&turn->listeners[i].ip, &addr->ip))
			return i;
	return -1;
}

static int listener_place(const struct turn *turn)
{
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (!listener_used(turn, i))
			return i;
	return -1;
}

static struct transport_addr listen_addr(const struct sluice_turn_listen *listen)
{
	return (struct transport_addr){
	        .ip = ip_addr_v6(listen->addr.ip),
	        .port = listen->addr.port != 0 ? listen->addr.port : RTE_BE16(STUN_PORT),
	};
}

/* The range that holds this port, or NULL. */
static const struct relay *relay_covering(const struct turn *turn,
                                          const struct transport_addr *addr)
{
	uint16_t port = rte_be_to_cpu_16(addr->port);

	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		const struct relay *relay = &turn->relays[i];

		if (relay->active && port >= relay->first_port && port <= relay->last_port &&
		    ip_addr_equal(&relay->ip, &addr->ip))
			return relay;
	}
	return NULL;
}

int turn_listen_add(struct turn *turn, const struct sluice_turn_listen *listen, uint32_t flags,
                    char *why)
{
	struct turn_config *config = turn->config;
	struct transport_addr addr = listen_addr(listen);
	struct sluice_addr shown = addr_of(&addr.ip, addr.port);
	char text[TEXT_ADDR_MAX];
	int index = listener_find(turn, &addr);
	int error = addr_check(&listen->addr, why);

	if (error < 0)
		return error;
	if (index >= 0) {
		config->listener_generations[index] = turn->dp->config_generation;
		return flags & SLUICE_API_EXIST_OK ? 0
		                                   : refuse(why, -EEXIST, "already listening on %s",
		                                            text_addr(text, &shown));
	}
	if (relay_covering(turn, &addr) != NULL)
		return refuse(why, -EINVAL, "%s lies in a relay's range", text_addr(text, &shown));
	error = endpoints_check(turn, &shown, rte_be_to_cpu_16(addr.port),
	                        rte_be_to_cpu_16(addr.port), why);
	if (error < 0)
		return error;
	index = listener_place(turn);
	if (index < 0)
		return refuse(why, -ENOSPC, "there are %u listeners, and room for no more",
		              TURN_LISTENERS_MAX);
	turn->listeners[index] = addr;
	config->listener_used[index] = true;
	error = turn_services_publish(turn);
	if (error < 0) {
		config->listener_used[index] = false;
		return refuse(why, error, "no room to listen on %s", text_addr(text, &shown));
	}
	config->listener_generations[index] = turn->dp->config_generation;
	config->n_listeners++;
	return 0;
}

/* Its address stays in place until no allocation answers from it. */
static int listener_remove(struct turn *turn, uint32_t index)
{
	int error;

	turn->config->listener_used[index] = false;
	error = turn_services_publish(turn);
	if (error < 0) {
		turn->config->listener_used[index] = true;
		return error;
	}
	dataplane_quiesce(turn->dp);
	allocations_end_where(turn, match_listener, index);
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
	int index = listener_find(turn, &addr);
	int error;

	if (index < 0)
		return refuse(why, -ENOENT, "not listening on %s", text_addr(text, &shown));
	error = listener_remove(turn, index);
	return error == 0 ? 0
	                  : refuse(why, error, "no memory to stop listening on %s",
	                           text_addr(text, &shown));
}

/* -- relays -- */

static int relay_find(const struct turn *turn, const struct ip_addr *ip)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].active && ip_addr_equal(&turn->relays[i].ip, ip))
			return i;
	return -1;
}

static int relay_place(const struct turn *turn)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].ports == NULL)
			return i;
	return -1;
}

void relay_ports_free(struct relay *relay)
{
	table_unmap(relay->ports, relay_size(relay) * sizeof(relay->ports[0]));
	*relay = (struct relay){0};
}

static bool listener_in(const struct turn *turn, const struct sluice_turn_relay *add)
{
	struct ip_addr ip = ip_addr_v6(add->addr.ip);

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		uint16_t port = rte_be_to_cpu_16(turn->listeners[i].port);

		if (listener_used(turn, i) && port >= add->first_port && port <= add->last_port &&
		    ip_addr_equal(&turn->listeners[i].ip, &ip))
			return true;
	}
	return false;
}

static int relay_check(const struct turn *turn, const struct sluice_turn_relay *add, char *why)
{
	char text[TEXT_ADDR_MAX];
	int error = addr_check(&add->addr, why);

	if (error < 0)
		return error;
	if (add->first_port < RELAY_PORT_LEAST || add->first_port > add->last_port)
		return refuse(why, -EINVAL, "ports %u-%u are not a range between %u and 65535",
		              add->first_port, add->last_port, RELAY_PORT_LEAST);
	if (listener_in(turn, add))
		return refuse(why, -EINVAL, "a listener on %s lies in ports %u-%u",
		              text_addr(text, &add->addr), add->first_port, add->last_port);
	return endpoints_check(turn, &add->addr, add->first_port, add->last_port, why);
}

static void relay_active_set(struct relay *relay, bool active)
{
	__atomic_store_n(&relay->active, active, __ATOMIC_RELAXED);
}

/* Nobody is given a port any more, then nobody has one, then nobody looks. */
static int relay_remove(struct turn *turn, uint32_t index)
{
	struct relay *relay = &turn->relays[index];
	int error;

	relay_active_set(relay, false);
	error = turn_policy_publish(turn);
	if (error == 0)
		error = turn_services_publish(turn);
	if (error < 0) {
		relay_active_set(relay, true);
		return error;
	}
	dataplane_quiesce(turn->dp);
	reservations_forget(turn, index);
	allocations_end_where(turn, match_relay, index);
	dataplane_quiesce(turn->dp);
	relay_ports_free(relay);
	return 0;
}

static int relay_install(struct turn *turn, const struct sluice_turn_relay *add, uint32_t index)
{
	struct relay *relay = &turn->relays[index];
	int error;

	*relay = (struct relay){
	        .ip = ip_addr_v6(add->addr.ip),
	        .first_port = add->first_port,
	        .last_port = add->last_port,
	        .config_generation = turn->dp->config_generation,
	};
	relay->ports = table_map(relay_size(relay) * sizeof(relay->ports[0]));
	if (relay->ports == NULL)
		return -ENOMEM;
	relay_active_set(relay, true);
	error = turn_services_publish(turn);
	if (error == 0)
		error = turn_policy_publish(turn);
	if (error < 0)
		relay_remove(turn, index);
	return error;
}

/* There is a range at this address: 0 where nothing is left to do, 1 where it has made way for the
 * new one. */
static int relay_exists(struct turn *turn, const struct sluice_turn_relay *add, uint32_t flags,
                        uint32_t index, char *why)
{
	struct relay *relay = &turn->relays[index];
	char text[TEXT_ADDR_MAX];
	int error;

	if (!(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "%s relays already, on ports %u-%u",
		              text_addr(text, &add->addr), relay->first_port, relay->last_port);
	if (relay->first_port == add->first_port && relay->last_port == add->last_port) {
		relay->config_generation = turn->dp->config_generation;
		return 0;
	}
	error = relay_remove(turn, index);
	return error < 0 ? refuse(why, error, "no memory to change the range") : 1;
}

int turn_relay_add(struct turn *turn, const struct sluice_turn_relay *add, uint32_t flags,
                   char *why)
{
	struct ip_addr ip = ip_addr_v6(add->addr.ip);
	char text[TEXT_ADDR_MAX];
	int error = relay_check(turn, add, why);
	int index;

	if (error < 0)
		return error;
	index = relay_find(turn, &ip);
	if (index >= 0) {
		error = relay_exists(turn, add, flags, index, why);
		if (error <= 0)
			return error;
	}
	index = relay_place(turn);
	if (index < 0)
		return refuse(why, -ENOSPC, "there are %u relays, and room for no more",
		              RELAYS_MAX);
	error = relay_install(turn, add, index);
	return error == 0
	               ? 0
	               : refuse(why, error, "no room to relay on %s", text_addr(text, &add->addr));
}

int turn_relay_delete(struct turn *turn, const struct sluice_turn_relay *delete, char *why)
{
	struct ip_addr ip = ip_addr_v6(delete->addr.ip);
	int index = relay_find(turn, &ip);
	char text[TEXT_ADDR_MAX];
	int error;

	if (index < 0)
		return refuse(why, -ENOENT, "%s does not relay", text_addr(text, &delete->addr));
	error = relay_remove(turn, index);
	return error == 0 ? 0 : refuse(why, error, "no memory to stop relaying");
}

void turn_services_sweep(struct turn *turn)
{
	uint32_t generation = turn->dp->config_generation;

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++)
		if (listener_used(turn, i) && turn->config->listener_generations[i] != generation)
			listener_remove(turn, i);
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].active && turn->relays[i].config_generation != generation)
			relay_remove(turn, i);
}
