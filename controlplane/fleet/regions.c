/* SPDX-License-Identifier: BSD-3-Clause */
/* The regions that are configured, and which of them is this node's. */
#include "fleet/state.h"

#include <string.h>

bool fleet_is_set(const struct fleet *fleet)
{
	return fleet->own.id[0] != '\0';
}

struct fleet_region *fleet_region_find(const struct fleet *fleet, const char *name)
{
	for (uint32_t i = 0; i < fleet->n_regions; i++)
		if (strcmp(fleet->regions[i]->config.name, name) == 0)
			return fleet->regions[i];
	return NULL;
}

struct redis *fleet_own_redis(const struct fleet *fleet)
{
	const struct fleet_region *own = fleet_region_find(fleet, fleet->own.region);

	return own != NULL ? own->commands : NULL;
}

void fleet_on_redis(struct fleet *fleet, void (*changed)(void *arg), void *arg)
{
	fleet->redis_changed = changed;
	fleet->redis_arg = arg;
}

void fleet_redis_tell(struct fleet *fleet)
{
	if (fleet->redis_changed != NULL)
		fleet->redis_changed(fleet->redis_arg);
}
