/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether any worker may have a client, in one lookup: how many clients of all workers have this
 * hash. A stranger's packet looks no further, whatever the number of workers. All workers write,
 * without a lock.
 */
#ifndef TURN_HOMES_H
#define TURN_HOMES_H

#include <stdbool.h>
#include <stdint.h>

#define HOMES_PER_CLIENT 8 /* of eight strangers one is looked for in vain where all are full */

struct homes {
	uint8_t *counts; /* atomic; 255 stays */
	uint32_t mask;
};

/* For `clients` of all workers. 0, -ENOMEM. */
int homes_create(struct homes *homes, uint32_t clients);
void homes_destroy(struct homes *homes);

/* hash: clients_hash. */
void homes_change(struct homes *homes, uint64_t hash, int change);
static inline void homes_add(struct homes *homes, uint64_t hash)
{
	homes_change(homes, hash, 1);
}
static inline void homes_remove(struct homes *homes, uint64_t hash)
{
	homes_change(homes, hash, -1);
}

static inline bool homes_may_have(const struct homes *homes, uint64_t hash)
{
	return __atomic_load_n(&homes->counts[hash >> 32 & homes->mask], __ATOMIC_RELAXED) != 0;
}

#endif
