/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relay ranges: `turn relay ADDRESS ports A-B`. A port's owner is found by its number, without a
 * hash: one word a port.
 */
#ifndef TURN_RELAY_H
#define TURN_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ip_addr.h"
#include "random.h"

#define RELAYS_MAX 256

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

struct relay {
	struct ip_addr ip;
	uint16_t first_port, last_port; /* host order; const while the range lives */
	bool active; /* written by the control thread, read by workers (relaxed); false: nothing new
	                is given out */
	uint32_t config_generation; /* control thread */
	uint32_t *ports; /* [port - first_port]: allocation's index, or RELAY_PORT_*; claimed by
	                    compare and swap */
	uint32_t used;   /* atomic: a full range is refused without a search */
};

static inline uint32_t relay_size(const struct relay *relay)
{
	return (uint32_t)relay->last_port - relay->first_port + 1;
}

/*
 * Claims a random free port for `owner`; even: an even one, and with `pair` not 0, the next one
 * too, whose word becomes `pair`. Returns the port in host order, or 0 where none is free. Any
 * worker.
 */
uint16_t relay_port_claim(struct relay *relay, struct random *random, uint32_t owner, bool even,
                          uint32_t pair);
/* Only by the claim's owner. */
void relay_port_release(struct relay *relay, uint16_t port);
/* A claimed port passes on: false where it is not `from` any more. To RELAY_PORT_FREE: it is
 * released. */
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
