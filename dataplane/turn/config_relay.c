/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `turn relay ADDRESS ports A-B[,C-D] [announce PUBLIC]`. A relay's ports may change while it
 * relays: what is given out stays with its allocation, inside the new ranges or not, and the ranges
 * that allocations alone still hold shrink as they end.
 */
#include "turn/config_relay.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "turn/reservation.h"
#include "turn/table.h"
#include "turn/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool match_relay(const struct allocation *allocation, const void *argument)
{
	uint32_t relay = *(const uint32_t *)argument;

	return allocation->legs[0].relay == relay + 1 || allocation->legs[1].relay == relay + 1;
}

/* Its port on this relay is none that classify knows. */
static bool match_unserved(const struct allocation *allocation, const void *argument)
{
	const struct relay *relay = argument;
	const struct relay_leg *leg = &allocation->legs[family_index(&relay->ip)];

	return leg->relay != 0 && relay->index + 1 == leg->relay &&
	       !port_ranges_hold(&relay->served, leg->port);
}

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

static int relay_waiting(const struct turn *turn, const struct ip_addr *ip)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].waits && ip_addr_equal(&turn->relays[i].ip, ip))
			return i;
	return -1;
}

int relay_wait(struct turn *turn, const struct ip_addr *ip)
{
	int index = relay_waiting(turn, ip);

	if (index < 0)
		index = relay_find(turn, ip);
	if (index >= 0)
		return index;
	index = relay_place(turn);
	if (index < 0)
		return -ENOSPC;
	turn->relays[index] = (struct relay){.ip = *ip, .told = *ip, .index = index, .waits = true};
	turn->relays[index].ports = table_map(RELAY_PORT_WORDS * sizeof(uint32_t));
	if (turn->relays[index].ports != NULL)
		return index;
	turn->relays[index] = (struct relay){0};
	return -ENOMEM;
}

void relay_ports_free(struct relay *relay)
{
	table_unmap(relay->ports, RELAY_PORT_WORDS * sizeof(relay->ports[0]));
	free((void *)relay->open);
	*relay = (struct relay){0};
}

/* -- putting it into force -- */

static void relay_active_set(struct relay *relay, bool active)
{
	__atomic_store_n(&relay->active, active, __ATOMIC_RELAXED);
}

/* Of one that gives out nothing and that classify does not know. Returns how many allocations that
 * ends. */
static uint32_t relay_forget(struct turn *turn, uint32_t index)
{
	uint32_t ended = 0;

	if (turn->relays[index].ports != NULL) {
		reservations_forget(turn, index);
		ended = allocations_end_where(turn, match_relay, &index);
		dataplane_quiesce(turn->dp);
	}
	relay_ports_free(&turn->relays[index]);
	return ended;
}

/* In this order: no port is given out any more, then none is held, then none is looked up. */
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
	relay_forget(turn, index);
	return 0;
}

/* Too scattered for classify's table: the last parts' allocations end. */
static void unserved_end(struct turn *turn, const struct relay *relay)
{
	struct sluice_addr shown = addr_of(&relay->ip, 0);
	char text[TEXT_ADDR_MAX];
	uint32_t ended;

	reservations_forget(turn, relay->index);
	ended = allocations_end_where(turn, match_unserved, relay);
	log_warning(SLUICE_LOG_CONFIG,
	            "relay %s: %u allocations ended: their ports lie outside of its ranges, in too "
	            "many places",
	            text_addr(text, &shown), ended);
}

static void relay_begin(struct turn *turn, const struct ip_addr *ip, const struct ip_addr *told,
                        const struct port_ranges *ranges, uint32_t index)
{
	turn->relays[index] = (struct relay){
	        .ip = *ip,
	        .told = *told,
	        .index = index,
	        .open = relay_ranges_copy(ranges),
	        .served = *ranges,
	        .config_generation = turn->dp->config_generation,
	        .ports = table_map(RELAY_PORT_WORDS * sizeof(uint32_t)),
	};
}

/* Its ports are given out already, inside of the ranges or not. True: some lie in too many places.
 */
static bool relay_go_on(struct turn *turn, struct relay *relay, const struct ip_addr *told,
                        const struct port_ranges *ranges)
{
	relay->waits = false;
	relay->told = *told;
	relay->config_generation = turn->dp->config_generation;
	relay->open = relay_ranges_copy(ranges);
	relay->served =
	        (struct port_ranges){.count = 1, .ranges = {{RELAY_PORT_LEAST, UINT16_MAX}}};
	return relay->open != NULL && relay_served_read(relay, &relay->served);
}

static int relay_install(struct turn *turn, const struct ip_addr *ip, const struct ip_addr *told,
                         const struct port_ranges *ranges, uint32_t index)
{
	struct relay *relay = &turn->relays[index];
	bool cut = false;
	int error;

	if (relay->waits)
		cut = relay_go_on(turn, relay, told, ranges);
	else
		relay_begin(turn, ip, told, ranges, index);
	if (relay->ports == NULL || relay->open == NULL) {
		relay_forget(turn, index);
		return -ENOMEM;
	}
	relay_active_set(relay, true);
	error = turn_services_publish(turn);
	if (error == 0)
		error = turn_policy_publish(turn);
	if (error < 0)
		relay_remove(turn, index);
	else if (cut)
		unserved_end(turn, relay);
	return error;
}

/* Classify's ranges follow the open ones and what is in use outside of them. 0 or -errno. */
static int served_update(struct turn *turn, struct relay *relay)
{
	struct port_ranges before = relay->served;
	bool cut = relay_served_read(relay, &relay->served);
	int error;

	if (port_ranges_equal(&before, &relay->served))
		return 0;
	error = turn_services_publish(turn);
	if (error < 0)
		relay->served = before;
	else if (cut)
		unserved_end(turn, relay);
	return error;
}

static int ranges_change(struct turn *turn, struct relay *relay, const struct port_ranges *ranges)
{
	const struct port_ranges *old = relay->open;
	struct port_ranges *open = relay_ranges_copy(ranges);
	struct sluice_addr shown = addr_of(&relay->ip, 0);
	char text[TEXT_ADDR_MAX];
	uint32_t outside;
	int error;

	if (open == NULL)
		return -ENOMEM;
	__atomic_store_n(&relay->open, open, __ATOMIC_RELEASE);
	relay_ranges_changed(relay);
	dataplane_quiesce(turn->dp);
	error = served_update(turn, relay);
	if (error < 0) {
		__atomic_store_n(&relay->open, old, __ATOMIC_RELEASE);
		relay_ranges_changed(relay);
		dataplane_quiesce(turn->dp);
		free(open);
		return error;
	}
	free((void *)old);
	outside = relay_ports_outside(relay);
	if (outside != 0)
		log_info(
		        SLUICE_LOG_CONFIG,
		        "relay %s: %u ports outside of its new ranges are in use and stay so until "
		        "their allocations end",
		        text_addr(text, &shown), outside);
	return 0;
}

static int told_change(struct turn *turn, struct relay *relay, const struct ip_addr *told)
{
	struct ip_addr before = relay->told;
	int error;

	relay->told = *told;
	error = turn_services_publish(turn);
	if (error == 0)
		error = turn_policy_publish(turn);
	if (error < 0)
		relay->told = before;
	return error;
}

/* The address relays already: 0 or -errno. */
static int relay_again(struct turn *turn, struct relay *relay, const struct ip_addr *told,
                       const struct port_ranges *ranges, uint32_t flags, char *why)
{
	struct sluice_addr shown = addr_of(&relay->ip, 0);
	char text[TEXT_ADDR_MAX];
	int error = 0;

	if (!(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "%s relays already, on ports %u-%u%s",
		              text_addr(text, &shown), relay->open->ranges[0].first,
		              relay->open->ranges[0].last,
		              relay->open->count > 1 ? " and others" : "");
	relay->config_generation = turn->dp->config_generation;
	if (!port_ranges_equal(relay->open, ranges))
		error = ranges_change(turn, relay, ranges);
	if (error == 0 && !ip_addr_equal(&relay->told, told))
		error = told_change(turn, relay, told);
	return error == 0 ? 0 : refuse(why, error, "no memory to change the relay");
}

int turn_relay_add(struct turn *turn, const struct sluice_turn_relay *add, uint32_t flags,
                   char *why)
{
	struct ip_addr ip = ip_addr_v6(add->addr.ip), told;
	struct port_ranges ranges;
	char text[TEXT_ADDR_MAX];
	int error = addr_check(&add->addr, why);
	int index;

	if (error == 0)
		error = announce_read(&add->addr, &add->announce, &told, why);
	if (error == 0)
		error = relay_ranges_read(turn, add, &ranges, why);
	if (error == 0)
		error = relay_told_check(turn, &ip, &told, &ranges, why);
	if (error < 0)
		return error;
	index = relay_find(turn, &ip);
	if (index >= 0)
		return relay_again(turn, &turn->relays[index], &told, &ranges, flags, why);
	index = relay_waiting(turn, &ip);
	if (index < 0)
		index = relay_place(turn);
	if (index < 0)
		return refuse(why, -ENOSPC, "there are %u relays, and room for no more",
		              RELAYS_MAX);
	error = relay_install(turn, &ip, &told, &ranges, index);
	if (error < 0)
		return refuse(why, error, "no room to relay on %s", text_addr(text, &add->addr));
	absence_note(turn, "turn relay", &add->addr, false, &turn->relays[index].absent);
	absence_warn(&add->addr, turn->relays[index].absent, why);
	return 0;
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

uint32_t relays_forget(struct turn *turn)
{
	uint32_t ended = 0;

	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].waits)
			ended += relay_forget(turn, i);
	return ended;
}

void relays_sweep(struct turn *turn)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++)
		if (turn->relays[i].active &&
		    turn->relays[i].config_generation != turn->dp->config_generation)
			relay_remove(turn, i);
}

void relays_tick(struct turn *turn)
{
	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		struct relay *relay = &turn->relays[i];
		struct sluice_addr shown = addr_of(&relay->ip, 0);

		if (!relay->active)
			continue;
		absence_note(turn, "turn relay", &shown, false, &relay->absent);
		if (!port_ranges_equal(&relay->served, relay->open))
			served_update(turn, relay);
	}
}

uint32_t turn_relay_show(struct turn *turn, uint32_t *cursor, struct sluice_turn_relay_row *rows,
                         uint32_t max)
{
	uint32_t n = 0;

	for (; n < max && *cursor < RELAYS_MAX; ++*cursor) {
		struct relay *relay = &turn->relays[*cursor];
		struct sluice_addr shown = addr_of(&relay->ip, 0);

		if (!relay->active)
			continue;
		absence_note(turn, "turn relay", &shown, false, &relay->absent);
		rows[n] = (struct sluice_turn_relay_row){
		        .addr = shown,
		        .state = relay->absent,
		        .size = relay->open->size,
		        .used = __atomic_load_n(&relay->used, __ATOMIC_RELAXED),
		        .outside = relay_ports_outside(relay),
		};
		if (!ip_addr_equal(&relay->told, &relay->ip))
			rows[n].announce = addr_of(&relay->told, 0);
		relay_ports_text(rows[n++].ports, relay->open);
	}
	return n;
}
