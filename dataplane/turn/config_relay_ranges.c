/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay's ranges: as they are asked for, as they stand beside others', and as classify has to
 * know them. */
#include "turn/config_relay.h"

#include "common/refuse.h"
#include "dataplane.h"
#include "turn/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what is asked for -- */

static bool listener_in(const struct turn *turn, const struct sluice_addr *addr, uint16_t first,
                        uint16_t last)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);

	for (uint32_t i = 0; i < TURN_LISTENERS_MAX; i++) {
		uint16_t port = rte_be_to_cpu_16(turn->listeners[i].port);

		if (listener_used(turn, i) && transport_has_udp_port(turn->transports[i]) &&
		    port >= first && port <= last && ip_addr_equal(&turn->listeners[i].ip, &ip))
			return true;
	}
	return false;
}

static int range_read(const struct turn *turn, const struct sluice_turn_relay *add, uint16_t first,
                      uint16_t last, struct port_ranges *ranges, char *why)
{
	char text[TEXT_ADDR_MAX];

	if (first < RELAY_PORT_LEAST || first > last)
		return refuse(why, -EINVAL, "ports %u-%u are not a range between %u and 65535",
		              first, last, RELAY_PORT_LEAST);
	if (listener_in(turn, &add->addr, first, last))
		return refuse(why, -EINVAL, "a listener on %s lies in ports %u-%u",
		              text_addr(text, &add->addr), first, last);
	port_ranges_add(ranges, first, last);
	return endpoints_check(turn, CLAIM_RELAY, &add->addr, first, last, why);
}

int relay_ranges_read(const struct turn *turn, const struct sluice_turn_relay *add,
                      struct port_ranges *ranges, char *why)
{
	int error;

	*ranges = (struct port_ranges){0};
	error = range_read(turn, add, add->first_port, add->last_port, ranges, why);
	for (uint32_t i = 0; i < SLUICE_TURN_RANGES_MAX - 1 && error == 0; i++) {
		const struct sluice_port_range *more = &add->more[i];

		if (more->first != 0 || more->last != 0)
			error = range_read(turn, add, more->first, more->last, ranges, why);
	}
	return error;
}

static bool ranges_meet(const struct port_ranges *a, const struct port_ranges *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t j = 0; j < b->count; j++)
			if (a->ranges[i].first <= b->ranges[j].last &&
			    b->ranges[j].first <= a->ranges[i].last)
				return true;
	return false;
}

int relay_told_check(const struct turn *turn, const struct ip_addr *ip, const struct ip_addr *told,
                     const struct port_ranges *ranges, char *why)
{
	struct sluice_addr shown = addr_of(told, 0);
	char text[TEXT_ADDR_MAX];

	for (uint32_t i = 0; i < RELAYS_MAX; i++) {
		const struct relay *relay = &turn->relays[i];

		if (relay->active && !ip_addr_equal(&relay->ip, ip) &&
		    ip_addr_equal(&relay->told, told) && ranges_meet(relay->open, ranges))
			return refuse(why, -EADDRINUSE, "%s is announced by another relay",
			              text_addr(text, &shown));
	}
	return 0;
}

/* -- what is in force -- */

struct port_ranges *relay_ranges_copy(const struct port_ranges *ranges)
{
	struct port_ranges *copy = malloc(sizeof(*copy));

	if (copy != NULL)
		*copy = *ranges;
	return copy;
}

/* Of first to last the part from its first to its last port in use; false: none is. */
static bool range_trim(const struct relay *relay, struct port_range *range)
{
	uint32_t first = range->first, last = range->last;

	while (first <= last && !relay_port_used(relay, first))
		first++;
	while (last > first && !relay_port_used(relay, last))
		last--;
	*range = (struct port_range){first, last};
	return first <= last;
}

bool relay_served_read(const struct relay *relay, struct port_ranges *served)
{
	struct port_ranges sum = *relay->open;
	bool cut = false;

	for (uint32_t i = 0; i < relay->served.count; i++) {
		uint32_t at = relay->served.ranges[i].first;

		/* piece by piece between the open ranges */
		while (at <= relay->served.ranges[i].last) {
			struct port_range piece = {at, relay->served.ranges[i].last};

			for (uint32_t j = 0; j < relay->open->count; j++) {
				const struct port_range *open = &relay->open->ranges[j];

				if (open->first <= piece.first && open->last >= piece.first)
					at = open->last + 1u;
				else if (open->first > piece.first && open->first <= piece.last)
					piece.last = open->first - 1;
			}
			if (at > piece.first)
				continue;
			at = piece.last + 1u;
			if (range_trim(relay, &piece))
				cut |= port_ranges_add(&sum, piece.first, piece.last) < 0;
		}
	}
	*served = sum;
	return cut;
}

uint32_t relay_ports_outside(const struct relay *relay)
{
	uint32_t count = 0;

	for (uint32_t port = 0; port < RELAY_PORT_WORDS; port++)
		count += relay_port_used(relay, port) && !port_ranges_hold(relay->open, port);
	return count;
}

void relay_ports_text(char text[SLUICE_TURN_PORTS_TEXT_MAX], const struct port_ranges *ranges)
{
	size_t length = 0;

	for (uint32_t i = 0; i < ranges->count && length < SLUICE_TURN_PORTS_TEXT_MAX; i++)
		length += snprintf(text + length, SLUICE_TURN_PORTS_TEXT_MAX - length, "%s%u-%u",
		                   i == 0 ? "" : ",", ranges->ranges[i].first,
		                   ranges->ranges[i].last);
}
