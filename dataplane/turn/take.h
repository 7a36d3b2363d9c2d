/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * At start, before any worker runs: takes over what the dataplane before has left in its ledger.
 *
 * Listeners and relays come later, from the control plane. Records name addresses, so allocations
 * are there at once, at listeners and relays that wait (turn/config_services.h): the configuration
 * finds them in place, and what it does not name when it is whole ends.
 */
#ifndef TURN_TAKE_H
#define TURN_TAKE_H

struct turn;

/* Counts into the ledger's `taken`. 0 or -ENOMEM. */
int turn_take(struct turn *turn);

#endif
