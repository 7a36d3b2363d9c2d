/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relays: `turn relay ADDRESS ports A-B[,C-D]`. A port's owner is found by its number, without a
 * hash: one word for each port of the address.
 */
#ifndef TURN_RELAY_H
#define TURN_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"
#include "random.h"

#define RELAYS_MAX       256
#define RELAY_PORT_LEAST 1024 /* of its ranges */

/* What a port's word says beside the allocation's index, which is below all of these but the first.
 */
enum {
	RELAY_PORT_FREE = 0,
	/* EVEN-PORT's second port waits for its RESERVATION-TOKEN: the low 31 bits are the token's
	 */
	RELAY_PORT_RESERVED = 1u << 31,
	/* claimed, and its allocation not yet to be seen */
	RELAY_PORT_PENDING = RELAY_PORT_RESERVED,
};

#define RELAY_PORT_WORDS 65536 /* words of a relay */

/* Configured ranges, and what still holds ports outside of them. */
#define RELAY_RANGES_MAX 8

struct port_range {
	uint16_t first, last; /* host order, both included */
};

/* Disjoint, ascending, with a port between each two. */
struct port_ranges {
	uint32_t count;
	uint32_t size; /* ports of all */
	struct port_range ranges[RELAY_RANGES_MAX];
};

/* What an EVEN-PORT of either kind asks for is harder to find than one port. */
enum relay_claim {
	RELAY_CLAIM_ANY,
	RELAY_CLAIM_EVEN,
	RELAY_CLAIM_PAIR,
	RELAY_CLAIMS,
};

struct relay {
	struct ip_addr ip;
	bool active; /* written by the control thread, read by workers (relaxed); false: nothing new
	                is given out */
	uint32_t config_generation; /* control thread */
	uint32_t *ports; /* [port]: allocation's index, or RELAY_PORT_*; claimed by compare and
	                    swap */
	/* what ports are given out from: immutable, swapped whole by the control thread (RCU) */
	const struct port_ranges *open;
	uint32_t used; /* atomic: ports that are not free */
	/* atomic: ports that became free; after a search in vain there is no other before it moves
	 */
	uint32_t releases;
	uint32_t full[RELAY_CLAIMS]; /* atomic: releases, plus 1, before the search in vain */
	/* control thread: those that classify knows, `open` among them; what clients are told, ip
	 * itself unless something is announced; its place among the relays */
	struct port_ranges served;
	struct ip_addr told;
	uint32_t index;
	bool absent; /* control thread: no port has the address */
	/* control thread: allocations of the dataplane before hold its ports, and `turn relay` has
	 * not named the address yet */
	bool waits;
};

/*
 * Control thread. The ranges' union; -ENOSPC where more than RELAY_RANGES_MAX are left, and
 * *ranges is unchanged then. first 0: nothing to add.
 */
int port_ranges_add(struct port_ranges *ranges, uint16_t first, uint16_t last);
bool port_ranges_equal(const struct port_ranges *a, const struct port_ranges *b);

static inline bool port_ranges_hold(const struct port_ranges *ranges, uint16_t port)
{
	for (uint32_t i = 0; i < ranges->count; i++)
		if (port >= ranges->ranges[i].first && port <= ranges->ranges[i].last)
			return true;
	return false;
}

/* Control thread: a word that is not free. */
bool relay_port_used(const struct relay *relay, uint16_t port);
/* Control thread, once other ranges are in `open`: what was searched in vain is searched again. */
void relay_ranges_changed(struct relay *relay);

/*
 * Claims a random free port for `owner`; even: an even one, and with `pair` not 0, the next one
 * too, whose word becomes `pair`. Returns the port in host order, or 0 where none is free. Any
 * worker.
 */
uint16_t relay_port_claim(struct relay *relay, struct random *random, uint32_t owner, bool even,
                          uint32_t pair);
/* This very port, in a range or not: false where somebody has it. */
bool relay_port_take(struct relay *relay, uint16_t port, uint32_t word);
/* Only by the claim's owner. */
void relay_port_release(struct relay *relay, uint16_t port);
/* A claimed port passes on: false where it is not `from` any more. To RELAY_PORT_FREE: it is
 * released. */
bool relay_port_transfer(struct relay *relay, uint16_t port, uint32_t from, uint32_t to);

/* The last search for a port found none, and none has become free since. Any worker. */
static inline bool relay_is_full(const struct relay *relay)
{
	uint32_t releases = __atomic_load_n(&relay->releases, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&relay->full[RELAY_CLAIM_ANY], __ATOMIC_RELAXED) == releases + 1;
}

/* Allocation at a port (host order), 0: none. Any worker. */
static inline uint32_t relay_port_owner(const struct relay *relay, uint16_t port)
{
	uint32_t owner = __atomic_load_n(&relay->ports[port], __ATOMIC_ACQUIRE);

	return owner & RELAY_PORT_RESERVED ? 0 : owner;
}

#endif
