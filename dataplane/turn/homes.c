/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/homes.h"

#include "turn/table.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <errno.h>

int homes_create(struct homes *homes, uint32_t clients)
{
	uint32_t count = rte_align32pow2(clients * HOMES_PER_CLIENT);

	homes->mask = count - 1;
	homes->counts = table_map(count);
	return homes->counts == NULL ? -ENOMEM : 0;
}

void homes_destroy(struct homes *homes)
{
	table_unmap(homes->counts, (size_t)homes->mask + 1);
	homes->counts = NULL;
}

/* One that has overflowed has lost its count. */
void homes_change(struct homes *homes, uint64_t hash, int change)
{
	uint8_t *place = &homes->counts[hash >> 32 & homes->mask];
	uint8_t count = __atomic_load_n(place, __ATOMIC_RELAXED);

	while (count != UINT8_MAX &&
	       !__atomic_compare_exchange_n(place, &count, (uint8_t)(count + change), false,
	                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}
