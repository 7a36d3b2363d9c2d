/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EVEN-PORT's second ports (RFC 8656, 7.2): kept RESERVATION_LIFETIME_S for the request that brings
 * the token, on any worker. The port's word in its range says who holds it; the worker that changes
 * that word from "reserved" owns the port.
 */
#ifndef TURN_RESERVATION_H
#define TURN_RESERVATION_H

#include "turn/record.h"
#include "turn/state.h"

/* Of one user at once; each counts toward the user's quota as well. */
#define RESERVATIONS_USER_MAX 32

/* Of all users. */
#define RESERVATIONS 4096u

struct reservations;

struct reservations *reservations_create(void);
void reservations_destroy(struct reservations *reservations);

/*
 * Claims an even port and the one behind it for the allocation `index`, whose word is
 * RELAY_PORT_PENDING. Returns the even port, or 0; *reservation is what allocation.reservation
 * keeps.
 */
uint16_t reservation_make(struct turn_worker *turn_worker, uint32_t index, uint16_t relay,
                          uint16_t *reservation);
/* At start: what the dataplane before had reserved goes on in the same slot. False: it cannot be.
 */
bool reservation_take(struct turn *turn, uint32_t slot, const struct record_reservation *from);
/* The port behind the token, now RELAY_PORT_PENDING and the caller's. False: no such reservation,
 * or no more. */
bool reservation_redeem(struct turn_worker *turn_worker, uint64_t token, struct relay_leg *leg);
/* The token that the allocation was given, or 0 where it has been redeemed or is over. */
uint64_t reservation_token_of(const struct turn *turn, const struct allocation *allocation);
static inline uint64_t reservation_token(const struct turn *turn,
                                         const struct allocation *allocation)
{
	return allocation->reservation == 0 ? 0 : reservation_token_of(turn, allocation);
}
/* How many a user has; some of another's may be among them. */
uint32_t reservations_count(const struct turn *turn, uint64_t user_hash);
/* The reserved port was never told to anyone, or its allocation has ended. */
void reservation_cancel(struct turn *turn, uint16_t reservation);
/* Each worker frees its share of what is over. Once a second. */
void reservations_expire(struct turn_worker *turn_worker);
/* Control thread; the range gives out nothing more, and every worker knows. */
void reservations_forget(struct turn *turn, uint16_t relay);

#endif
