/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many allocations the host may have, and a user, exactly and over all workers: each worker
 * keeps its own allocations of one user in a ring, whose leader stands in a hash chain and knows
 * the ring's size. To count is to look for one leader a worker. A reserved port counts as an
 * allocation.
 */
#ifndef TURN_QUOTA_H
#define TURN_QUOTA_H

#include "turn/state.h"

struct allocation_wish;

/* Asked before a slot is taken: a client over its quota that asks again costs nothing. */
bool quota_full(struct turn *turn, const struct turn_policy *policy,
                const struct allocation_wish *wish);

/* Counts the allocation, which has its user. False: that is one too many, and it does not count. */
bool quota_enter(struct turn *turn, const struct turn_policy *policy,
                 struct allocation *allocation);
void quota_leave(struct turn *turn, struct allocation *allocation);

#endif
