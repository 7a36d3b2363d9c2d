/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/config_services.h"

#include "common/claim.h"
#include "common/log.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "net/mirror.h"
#include "net/service.h"
#include "stream/stream.h"
#include "turn/text.h"

#include <errno.h>
#include <string.h>

/* Services of both tables: those on the wire, and those that clients are told of elsewhere. */
struct service_list {
	struct service services[SERVICES_MAX];
	struct service announced[SERVICES_MAX];
	uint32_t count, n_announced;
	bool full;
};

static void list_add(struct service_list *list, const struct service *service,
                     const struct ip_addr *told)
{
	if (list->count == SERVICES_MAX) {
		list->full = true;
		return;
	}
	list->services[list->count++] = *service;
	if (ip_addr_equal(told, &service->ip))
		return;
	list->announced[list->n_announced] = *service;
	list->announced[list->n_announced++].ip = *told;
}

static void list_add_relay(struct service_list *list, const struct relay *relay, uint32_t index)
{
	for (uint32_t i = 0; i < relay->served.count; i++) {
		const struct port_range *range = &relay->served.ranges[i];

		list_add(list,
		         &(struct service){relay->ip, range->first, range->last, SERVICE_RELAY,
		                           index},
		         &relay->told);
	}
}

int turn_services_publish(struct turn *turn)
{
	struct service_list list;

	list.count = list.n_announced = 0;
	list.full = false;
	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		uint16_t port = rte_be_to_cpu_16(turn->listeners[i].port);

		if (listener_used(turn, i) && turn->transports[i] == SLUICE_TURN_UDP)
			list_add(&list,
			         &(struct service){turn->listeners[i].ip, port, port, SERVICE_TURN,
			                           i},
			         &turn->config->listeners_told[i]);
	}
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].active)
			list_add_relay(&list, &turn->relays[i], i);
	if (list.full)
		return -ENOSPC;
	return services_set(turn->dp, list.services, list.count, list.announced, list.n_announced);
}

int addr_check(const struct sluice_addr *addr, char *why)
{
	char text[TEXT_ADDR_MAX];

	if (!claim_address_is_host(addr->ip))
		return refuse(why, -EINVAL, "%s is not one host's address", text_addr(text, addr));
	return 0;
}

int announce_read(const struct sluice_addr *addr, const struct sluice_addr *announce,
                  struct ip_addr *told, char *why)
{
	static const struct sluice_addr none;
	struct ip_addr ip = ip_addr_v6(addr->ip);
	char text[TEXT_ADDR_MAX];

	*told = ip;
	if (memcmp(announce, &none, sizeof(none)) == 0)
		return 0;
	if (addr_check(announce, why) < 0)
		return -EINVAL;
	*told = ip_addr_v6(announce->ip);
	if (announce->port != 0)
		return refuse(why, -EINVAL, "%s: an announced address has no port of its own",
		              text_addr(text, announce));
	if (ip_addr_is_v4(told) != ip_addr_is_v4(&ip))
		return refuse(why, -EINVAL, "%s is of the other address family",
		              text_addr(text, announce));
	return 0;
}

int endpoints_check(const struct turn *turn, enum claim_kind kind, const struct sluice_addr *addr,
                    uint16_t first, uint16_t last, char *why)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);
	const struct service *media =
	        service_overlap(turn->dp->services, &ip, first, last, SERVICE_MEDIA);
	const struct service *sessions =
	        service_overlap(turn->dp->services, &ip, first, last, SERVICE_SESSION);
	struct claim fresh = {
	        .first_port = first,
	        .last_port = last,
	        .kind = kind,
	};
	struct claim held = {.kind = media != NULL ? CLAIM_ENDPOINT : CLAIM_SESSIONS};

	if (media == NULL)
		media = sessions;
	if (media == NULL)
		return 0;
	memcpy(fresh.ip, addr->ip, sizeof(fresh.ip));
	memcpy(held.ip, addr->ip, sizeof(held.ip));
	held.first_port = held.last_port = media->first_port;
	return claim_conflict(&fresh, &held, why, SLUICE_API_ERROR_MAX) ? -EADDRINUSE : 0;
}

void absence_note(const struct turn *turn, const char *what, const struct sluice_addr *addr,
                  bool stream, bool *absent)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);
	bool now = stream ? !stream_address_is_here(&ip) : !mirror_has_address(turn->dp, &ip);
	char text[TEXT_ADDR_MAX];

	if (now == *absent)
		return;
	*absent = now;
	if (now)
		log_warning(SLUICE_LOG_CONFIG, "%s %s: absent: no interface%s has this address",
		            what, text_addr(text, addr), stream ? "" : " of a port");
	else
		log_info(SLUICE_LOG_CONFIG, "%s %s: the address is there now", what,
		         text_addr(text, addr));
}

void absence_warn(const struct sluice_addr *addr, bool absent, char *why)
{
	char text[TEXT_ADDR_MAX];

	if (absent)
		refuse(why, 0,
		       "no interface of a port has the address %s; it is served once one has",
		       text_addr(text, addr));
}

void turn_services_sweep(struct turn *turn)
{
	uint32_t ended;

	listeners_sweep(turn);
	relays_sweep(turn);
	ended = listeners_forget(turn) + relays_forget(turn);
	if (ended != 0)
		log_warning(
		        SLUICE_LOG_CONFIG,
		        "%u allocations of the dataplane before ended: the configuration no longer "
		        "has their listener or their relay",
		        ended);
}
