/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which peers may be relayed to: `turn peer allow|deny PREFIX`, and behind it what no relay should
 * reach unless told so. Immutable; built by the control thread, read when a permission or a channel
 * is made.
 */
#ifndef TURN_PEER_RULES_H
#define TURN_PEER_RULES_H

#include <stdint.h>

#include <sluice/turn.h>

#include "net/ip_addr.h"

struct peer_rules;

/* One `turn peer` line. */
struct peer_rule {
	struct ip_addr ip; /* what follows the prefix is 0 */
	uint8_t length;    /* in the family's own bits: 0 to 32 or 128 */
	uint8_t action;    /* enum sluice_turn_peer_action */
	uint8_t realm;     /* whose clients alone; 0: all realms' */
	uint8_t pad;
	uint32_t config_generation; /* control thread */
};

/* Of the rules those that hold in a realm. NULL: no memory. */
struct peer_rules *peer_rules_create(const struct peer_rule *rules, uint32_t count, uint8_t realm);
void peer_rules_free(struct peer_rules *rules);

/* The bits behind the prefix become 0. length: in the family's own bits. */
struct ip_addr peer_rule_mask(const struct ip_addr *ip, uint8_t length);

#endif
