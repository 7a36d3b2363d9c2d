/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void gate_keeper_configured(const struct gate_keeper *keeper, struct sluice_gate_row *row)
{
	const struct gate_settings *settings = &keeper->settings;

	row->mode = settings->mode;
	row->privileged = settings->privileged != 0;
	row->nonce_lifetime_s = settings->lifetime_s;
	row->nonce_shared = keeper->keys.shared;
	memcpy(row->limits, settings->limits, sizeof(row->limits));
	for (int list = 0; list < SLUICE_GATE_LISTS; list++)
		row->prefixes[list] = settings->lists[list].count;
}

bool gate_keeper_show(struct gate_keeper *keeper, struct sluice_gate_row *row)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), counters[GATE_COUNTERS], until;

	keeper_refresh(keeper);
	if (!gate_maps_are_open(&keeper->maps))
		return false;
	*row = (struct sluice_gate_row){
	        .xdp = keeper->written.mode != GATE_MODE_UNSET,
	        .prefixes_attacked = gate_maps_prefixes_attacked(&keeper->maps, now),
	};
	gate_keeper_configured(keeper, row);
	until = gate_maps_host_attacked(&keeper->maps, now);
	row->host_attacked = until != 0;
	if (until != 0)
		row->host_attacked_s = (until - now) / NSEC_PER_SEC + 1;
	maps_counters(keeper, counters);
	for (int i = 0; i < GATE_VERDICTS; i++)
		*(i < GATE_DROP_FIRST ? &row->passed : &row->dropped) += counters[i];
	return true;
}

static int more_dropped(const void *a, const void *b)
{
	const struct sluice_gate_source_row *left = a, *right = b;

	return left->dropped < right->dropped ? 1 : -(left->dropped > right->dropped);
}

static struct sluice_gate_source_row source_row(const struct gate_top *top, uint32_t scope,
                                                uint64_t now)
{
	bool v4 = top->ip[0] == 0 && (uint32_t)top->ip[1] == 0xffff0000u;
	struct sluice_gate_source_row row = {
	        .dropped = top->dropped,
	        .seen_s = now > top->seen ? (now - top->seen) / NSEC_PER_SEC : 0,
	        .scope = scope,
	};

	memcpy(row.addr.ip, top->ip, sizeof(row.addr.ip));
	if (scope == SLUICE_GATE_SOURCE)
		row.length = v4 ? 32 : 64;
	else
		row.length = v4 ? 24 : 48;
	return row;
}

uint32_t gate_keeper_sources(struct gate_keeper *keeper, struct sluice_gate_source_row *rows,
                             uint32_t max)
{
	static const enum gate_map tables[] = {
	        [SLUICE_GATE_SOURCE] = GATE_MAP_TOP_SOURCES,
	        [SLUICE_GATE_PREFIX] = GATE_MAP_TOP_PREFIXES,
	};
	struct sluice_gate_source_row *all =
	        keeper != NULL ? calloc(2 * GATE_TOPS, sizeof(*all)) : NULL;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t count = 0;
	struct gate_top top;

	if (all == NULL || !gate_maps_are_open(&keeper->maps)) {
		free(all);
		return 0;
	}
	for (uint32_t scope = SLUICE_GATE_SOURCE; scope <= SLUICE_GATE_PREFIX; scope++)
		for (uint32_t i = 0; i < GATE_TOPS; i++)
			if (gate_maps_top(&keeper->maps, tables[scope], i, &top) == 0 &&
			    top.weight > 0)
				all[count++] = source_row(&top, scope, now);
	qsort(all, count, sizeof(*all), more_dropped);
	if (count > max)
		count = max;
	memcpy(rows, all, count * sizeof(*all));
	free(all);
	return count;
}

uint32_t gate_keeper_counters(struct gate_keeper *keeper, bool nonzero,
                              struct sluice_counter_row *rows, uint32_t max)
{
	uint64_t counters[GATE_COUNTERS];
	uint32_t count = 0;

	if (keeper == NULL)
		return 0;
	maps_counters(keeper, counters);
	for (int i = 0; i < GATE_COUNTERS && count < max; i++) {
		struct sluice_counter_row *row = &rows[count];

		if (nonzero && counters[i] == 0)
			continue;
		*row = (struct sluice_counter_row){.value = counters[i]};
		snprintf(row->name, sizeof(row->name), "gate.%s", gate_counter_infos[i].name);
		snprintf(row->help, sizeof(row->help), "%s", gate_counter_infos[i].help);
		snprintf(row->unit, sizeof(row->unit), "%s",
		         gate_counter_infos[i].unit != NULL ? gate_counter_infos[i].unit
		                                            : "packets");
		count++;
	}
	return count;
}
