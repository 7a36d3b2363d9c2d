/* SPDX-License-Identifier: BSD-3-Clause */
/* gate/maps.h over memory that the test looks at, instead of maps of the kernel, which take a
 * privilege. */
#include "gate/maps.h"

#include "control_fixture.h"

#include <errno.h>
#include <string.h>

#define FD 1000 /* of none: nothing here opens or closes one */

extern struct control_maps *control_maps_shared;

void gate_maps_start(struct gate_maps *maps)
{
	*maps = (struct gate_maps){.cpus = 1};
	for (int i = 0; i < GATE_MAPS; i++)
		maps->fds[i] = -1;
}

void gate_maps_close(struct gate_maps *maps)
{
	gate_maps_start(maps);
}

enum gate_maps_found gate_maps_look(const struct gate_maps *maps, struct gate_maps *found)
{
	if (!control_maps_shared->pinned)
		return GATE_MAPS_NONE;
	if (gate_maps_are_open(maps) && maps->id == control_maps_shared->id)
		return GATE_MAPS_SAME;
	*found = (struct gate_maps){.id = control_maps_shared->id, .seen = 1024, .cpus = 1};
	for (int i = 0; i < GATE_MAPS; i++)
		found->fds[i] = FD + i;
	return GATE_MAPS_NEW;
}

int gate_maps_config_read(const struct gate_maps *maps, struct gate_config *config)
{
	*config = control_maps_shared->config;
	return 0;
}

int gate_maps_config_write(const struct gate_maps *maps, const struct gate_config *config)
{
	if (control_maps_shared->refuses != 0)
		return control_maps_shared->refuses;
	control_maps_shared->config = *config;
	control_maps_shared->written++;
	return 0;
}

int gate_maps_list_write(const struct gate_maps *maps, enum gate_map list,
                         const struct gate_list *wanted, const struct gate_list *held)
{
	int at = list == GATE_MAP_TRUST;

	if (control_maps_shared->refuses != 0)
		return control_maps_shared->refuses;
	if (wanted->count > CONTROL_LINES_MAX)
		return -ENOSPC;
	if (wanted->count > 0)
		memcpy(control_maps_shared->lists[at], wanted->keys,
		       wanted->count * sizeof(wanted->keys[0]));
	control_maps_shared->counts[at] = wanted->count;
	return 0;
}

void gate_maps_counters_add(const struct gate_maps *maps, uint64_t counters[GATE_COUNTERS])
{
	for (int i = 0; i < GATE_COUNTERS; i++)
		counters[i] += control_maps_shared->counters[i];
}

uint64_t gate_maps_host_attacked(const struct gate_maps *maps, uint64_t now)
{
	return control_maps_shared->attacked > now ? control_maps_shared->attacked : 0;
}

uint32_t gate_maps_prefixes_attacked(const struct gate_maps *maps, uint64_t now)
{
	return control_maps_shared->prefixes_attacked;
}

int gate_maps_top(const struct gate_maps *maps, enum gate_map table, uint32_t index,
                  struct gate_top *top)
{
	if (table != GATE_MAP_TOP_SOURCES || index != 0)
		return -ENOENT;
	*top = control_maps_shared->top;
	return 0;
}
