/* SPDX-License-Identifier: BSD-3-Clause */
/* What `turn relay` has of ranges of ports. Control thread. */
#ifndef TURN_CONFIG_RELAY_H
#define TURN_CONFIG_RELAY_H

#include "turn/config_services.h"

/* The ranges that a command asks for, into *ranges. 0 or -errno. */
int relay_ranges_read(const struct turn *turn, const struct sluice_turn_relay *add,
                      struct port_ranges *ranges, char *why);
/* A port outside is one relay's: clients of this host find each other by it. 0 or -EADDRINUSE. */
int relay_told_check(const struct turn *turn, const struct ip_addr *ip, const struct ip_addr *told,
                     const struct port_ranges *ranges, char *why);

/* NULL: no memory. */
struct port_ranges *relay_ranges_copy(const struct port_ranges *ranges);
/* What classify has to know: the open ranges, and of the others what is in use. Parts that are too
 * many are left out: true then. */
bool relay_served_read(const struct relay *relay, struct port_ranges *served);
/* How many that are in use lie outside of the open ranges. */
uint32_t relay_ports_outside(const struct relay *relay);
void relay_ports_text(char text[SLUICE_TURN_PORTS_TEXT_MAX], const struct port_ranges *ranges);

#endif
