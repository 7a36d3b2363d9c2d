/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mobility (RFC 8016): the client gets another 5-tuple, as a phone does that leaves its WLAN, and
 * its allocation stays, with relayed addresses, permissions and channels. A connection is a 5-tuple
 * like another: when it ends the allocation waits for the next one until its lifetime is over.
 *
 * Another 5-tuple is a path: a place in the table of allocations that has the 5-tuple and nothing
 * else, so that packets find it as they find every client. It is owned by the allocation's worker,
 * whichever worker the NIC gives its packets to: that one hands them over. The allocation's own
 * `client` stays as it is, for other workers read it; where ALLOCATION_MOVED says so they read the
 * path's in its stead (allocation_client).
 *
 * A path begins with a signed Refresh that shows the allocation's ticket. Until the client uses it
 * for anything else the 5-tuple before goes on, in both directions; from then on it is forgotten,
 * and so is the ticket.
 */
#ifndef TURN_MOBILITY_H
#define TURN_MOBILITY_H

#include "turn/state.h"

struct exchange;

/* As clients keep it: coturn's has room for no more, and takes it for text. */
#define TICKET_SIZE 32

/* Tells of an allocation that lives, or is closed: whose ticket this is, and its number; or NULL.
 * Any worker. */
struct allocation *ticket_read(struct turn *turn, const uint8_t *text, uint16_t length,
                               uint32_t *number);
void ticket_write(uint8_t text[TICKET_SIZE], const struct turn *turn,
                  const struct allocation *allocation, uint32_t number);
/* Under which tickets are made, from the host's own key. */
void ticket_keys_make(struct turn *turn, const struct siphash_key *host);

/* Control thread: from now on allocations may be mobile. 0, -ENOMEM. */
int mobility_create(struct turn *turn);
/* The allocation has tickets: it is being made, and no other worker finds it yet. */
void mobility_begin(struct turn_worker *turn_worker, const struct allocation *allocation);
/* The number of its first ticket that holds, or 0. */
uint32_t mobility_ticket(const struct turn *turn, const struct allocation *allocation);
/* The place that its client may move to, or 0. Any thread. */
uint32_t mobility_next(const struct turn *turn, const struct allocation *allocation);
/* Of the ledger. */
void mobility_take(struct turn *turn, const struct allocation *allocation, uint32_t ticket);

/* A Refresh by a 5-tuple that no client has: whose ticket it shows, or NULL. To be authenticated.
 */
struct allocation *mobility_named(const struct exchange *exchange);
/* A Refresh with a ticket, authenticated: 0 with exchange->allocation and ->ticket, the number of
 * the one to be told, set; or the error. */
int mobility_refresh(struct exchange *exchange);
/* A signed request has come by this 5-tuple. */
void mobility_used(struct turn_worker *turn_worker, struct allocation *allocation,
                   const struct five_tuple *flow);

/* The place that has the client's 5-tuple: the allocation's own, or its path's. The owner. */
uint32_t mobility_place(const struct turn *turn, const struct allocation *allocation);
/* The path that the client may move to is forgotten: the allocation ends. */
void mobility_end(struct turn_worker *turn_worker, struct allocation *allocation);
/* Its place goes: with its path's. */
void mobility_forget(struct turn_worker *turn_worker, const struct allocation *allocation);

#endif
