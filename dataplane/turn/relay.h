/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relay ranges: `turn relay ADDRESS ports A-B`. A port's owner is found by its number, without a hash: one word a port.
 */
#ifndef TURN_RELAY_H
#define TURN_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"
#include "random.h"

#define RELAYS_MAX 256

enum {
	RELAY_PORT_FREE = 0,
	/* EVEN-PORT's second port waits for its RESERVATION-TOKEN; the low bits are the reservation's index */
	RELAY_PORT_RESERVED = 1u << 31,
};

struct relay {
	struct ip_addr ip;
	uint16_t first_port, last_port; /* host order; const while the range lives */
	bool active;                    /* control thread; false: nothing new is given out */
	uint32_t config_generation;
	uint32_t *ports; /* [port - first_port]: allocation's index, or RELAY_PORT_*; claimed by compare and swap */
	uint32_t used;   /* atomic: a full range is refused without a search */
};

/*
 * Claims a random free port for `owner`; even: an even one (and with `pair`, the next one is claimed for RELAY_PORT_RESERVED | pair).
 * Returns the port in host order, or 0 where none is free. Any worker.
 */
uint16_t relay_port_claim(struct relay *relay, struct random *random, uint32_t owner, bool even, uint32_t pair);
/* Only by the claim's owner. */
void relay_port_release(struct relay *relay, uint16_t port);
/* A reserved port passes to an allocation: false where it is not `from` any more. */
bool relay_port_transfer(struct relay *relay, uint16_t port, uint32_t from, uint32_t to);

/* Allocation at a port (host order), 0: none. Any worker. */
static inline uint32_t relay_port_owner(const struct relay *relay, uint16_t port)
{
	uint32_t owner;

	if (port < relay->first_port || port > relay->last_port)
		return 0;
	owner = __atomic_load_n(&relay->ports[port - relay->first_port], __ATOMIC_ACQUIRE);
	return owner & RELAY_PORT_RESERVED ? 0 : owner;
}

#endif
