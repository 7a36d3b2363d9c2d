/* SPDX-License-Identifier: BSD-3-Clause */
/* Where else a client may go (RFC 8489, 10: 300 Try Alternate), as the control plane last said. */
#ifndef TURN_ALTERNATE_H
#define TURN_ALTERNATE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/turn.h>

#include "net/ip_addr.h"

struct exchange;

/* Part of the policy: [0] IPv4, [1] IPv6, each the best one first. */
struct turn_alternates {
	bool draining;
	uint32_t count[2];
	struct transport_addr list[2][SLUICE_TURN_ALTERNATES_MAX];
};

/* Control thread. 0, -EINVAL with a line in `why`. */
int turn_alternates_read(const struct sluice_turn_alternates *from, struct turn_alternates *to,
                         char *why);

/*
 * Is a client sent elsewhere before it has said who it is? What this node would refuse to everybody
 * it refuses with the first answer: browsers follow no other 300.
 */
bool alternate_is_first(const struct exchange *exchange);

/*
 * The answer to an Allocate that is not served here: `error` where no other server is known, or the
 * client cannot go elsewhere; else 300 with one of those that the client's family reaches.
 */
uint16_t alternate_answer(struct exchange *exchange, int error);

#endif
