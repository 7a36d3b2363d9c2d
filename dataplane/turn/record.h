/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ledger (ledger/ledger.h) holds of the TURN server. The owner of an object writes its
 * record whenever the object's control state changes, and never for a packet. Without a ledger each
 * of these does nothing.
 */
#ifndef TURN_RECORD_H
#define TURN_RECORD_H

#include "turn/state.h"

struct ledger_shape;
struct options;

#define RECORD_SHAPES 8

/* The sections of a ledger for these tables: RECORD_SHAPES at most. Returns how many. */
uint32_t record_shapes(const struct options *options, struct ledger_shape *shapes);

/* These will be called soon: all of an allocation's records, or its time alone. */
void record_allocation_expect(struct turn *turn, uint32_t index);
void record_renew_expect(struct turn *turn, uint32_t index);

/* The allocation is whole: from now on the next dataplane will have it. */
void record_allocation(struct turn *turn, const struct allocation *allocation);
/* Its time, its families, its accounting. */
void record_allocation_state(struct turn *turn, const struct allocation *allocation);
/* Its time alone. */
void record_allocation_renew(struct turn *turn, const struct allocation *allocation);
void record_credential(struct turn *turn, const struct allocation *allocation);
void record_allocation_end(struct turn *turn, uint32_t index);

void record_permission(struct turn *turn, const struct permission *permission);
void record_permission_end(struct turn *turn, uint32_t index);
void record_channel(struct turn *turn, const struct channel *channel);
void record_channel_end(struct turn *turn, uint32_t index);

struct record_reservation {
	uint64_t token, user_hash;
	uint32_t allocation, expires;
	uint16_t relay; /* index */
	uint16_t port;
};
void record_reservation(struct turn *turn, uint32_t slot, const struct record_reservation *from);
void record_reservation_end(struct turn *turn, uint32_t slot);

/* Control thread. */
void record_keys(struct turn *turn);
/* id 0: the slot is free */
void record_secret(struct turn *turn, uint32_t slot, uint64_t mark, uint16_t id);

/* Worker, each housekeeping: the accounting of some allocations that have relayed since theirs was
 * written. All come round in RECORD_ACCOUNT_S where there is time for it. */
#define RECORD_ACCOUNT_S 30
void record_accounting(struct turn_worker *turn_worker);

#endif
