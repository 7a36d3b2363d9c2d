/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many allocations a user has, exactly and over all workers: each worker keeps its own
 * allocations of one user in a ring, whose leader stands in a hash chain and knows the ring's size.
 * To count is to look for one leader a worker.
 */
#ifndef TURN_QUOTA_H
#define TURN_QUOTA_H

#include "turn/state.h"

void quota_join(struct turn *turn, struct allocation *allocation);
void quota_leave(struct turn *turn, struct allocation *allocation);
uint32_t quota_count(struct turn *turn, uint64_t user_hash);

#endif
