/* SPDX-License-Identifier: BSD-3-Clause */
/* Every counter of the dataplane under its name, "area.what", summed over the threads that write
 * it. */
#include "api/counters.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/drop.h"
#include "media/media.h"
#include "net/port.h"
#include "net/punt.h"
#include "turn/turn.h"

#include <rte_common.h>

#include <stddef.h>
#include <stdio.h>

enum found {
	COUNTER_END,  /* of the section */
	COUNTER_NONE, /* nothing at this index */
	COUNTER_FOUND,
};

static uint64_t workers_sum(const struct dataplane *dp, size_t offset)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += __atomic_load_n(
		        (const uint64_t *)(const void *)((const char *)dp->workers[i] + offset),
		        __ATOMIC_RELAXED);
	return sum;
}

static void row_set(struct sluice_counter_row *row, const char *area, const char *name,
                    const char *help, uint64_t value)
{
	*row = (struct sluice_counter_row){.value = value};
	snprintf(row->name, sizeof(row->name), "%s.%s", area, name);
	snprintf(row->help, sizeof(row->help), "%s", help);
}

static enum found drop_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	const uint64_t *punted = punt_drops(dp);

	if (index >= DROP_REASONS)
		return COUNTER_END;
	row_set(row, "drop", drop_reasons[index].name, drop_reasons[index].help,
	        workers_sum(dp, offsetof(struct worker, drops) + index * sizeof(uint64_t)) +
	                (punted != NULL ? punted[index] : 0));
	return COUNTER_FOUND;
}

static enum found turn_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (index >= turn_counters_count)
		return COUNTER_END;
	row_set(row, "turn", turn_counter_infos[index].name, turn_counter_infos[index].help,
	        turn_counter_sum(dp->turn, index));
	return COUNTER_FOUND;
}

static enum found gate_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (index >= GATE_COUNTERS)
		return COUNTER_END;
	row_set(row, "gate_node", gate_counter_infos[index].name, gate_counter_infos[index].help,
	        gate_counter_sum(dp->gate, index));
	return COUNTER_FOUND;
}

static enum found media_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (dp->media == NULL || index >= media_counters_count)
		return COUNTER_END;
	row_set(row, "media", media_counter_infos[index].name, media_counter_infos[index].help,
	        media_counter_sum(dp, index));
	return COUNTER_FOUND;
}

struct counter_field {
	const char *name;
	const char *help;
	size_t offset;
};

static const struct counter_field worker_fields[] = {
        {"rx_packets", "packets received", offsetof(struct worker, rx_packets)},
        {"handed_over", "packets passed on to the worker that owns their allocation",
         offsetof(struct worker, handed_over)},
        {"ring_full", "packets that the other worker's ring had no room for",
         offsetof(struct worker, ring_full)},
};

static enum found worker_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (index >= RTE_DIM(worker_fields))
		return COUNTER_END;
	row_set(row, "worker", worker_fields[index].name, worker_fields[index].help,
	        workers_sum(dp, worker_fields[index].offset));
	return COUNTER_FOUND;
}

static const struct counter_field port_fields[] = {
        {"rx_packets", "packets received", offsetof(struct sluice_port_row, rx_packets)},
        {"rx_bytes", "bytes received", offsetof(struct sluice_port_row, rx_bytes)},
        {"rx_missed", "packets lost before a full receive queue",
         offsetof(struct sluice_port_row, rx_missed)},
        {"rx_errors", "packets received with an error",
         offsetof(struct sluice_port_row, rx_errors)},
        {"tx_packets", "packets sent", offsetof(struct sluice_port_row, tx_packets)},
        {"tx_bytes", "bytes sent", offsetof(struct sluice_port_row, tx_bytes)},
        {"tx_errors", "packets that the device could not send",
         offsetof(struct sluice_port_row, tx_errors)},
        {"tx_full", "packets that the transmit queue had no room for",
         offsetof(struct sluice_port_row, tx_full)},
};

/* index: a port's slot and a field of it. */
static enum found port_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	uint32_t slot = index / RTE_DIM(port_fields), cursor = slot;
	const struct counter_field *field = &port_fields[index % RTE_DIM(port_fields)];
	struct sluice_port_row port;
	char area[sizeof("port.") + SLUICE_PORT_NAME_MAX];

	if (slot >= dp->ports->count)
		return COUNTER_END;
	if (!dp->ports->table[slot].used || port_show(dp, &cursor, &port, 1) == 0)
		return COUNTER_NONE;
	snprintf(area, sizeof(area), "port.%.*s", SLUICE_PORT_NAME_MAX - 1, port.name);
	row_set(row, area, field->name, field->help,
	        *(const uint64_t *)(const void *)((const char *)&port + field->offset));
	return COUNTER_FOUND;
}

static enum found (*const sections[])(struct dataplane *dp, uint32_t index,
                                      struct sluice_counter_row *row) = {
        drop_at, turn_at, gate_at, media_at, worker_at, port_at};

uint32_t counter_show(struct dataplane *dp, struct counter_cursor *cursor, bool nonzero,
                      struct sluice_counter_row *rows, uint32_t max)
{
	uint32_t count = 0;

	while (count < max && cursor->section < RTE_DIM(sections)) {
		switch (sections[cursor->section](dp, cursor->index, &rows[count])) {
		case COUNTER_END:
			cursor->section++;
			cursor->index = 0;
			break;
		case COUNTER_FOUND:
			count += !nonzero || rows[count].value != 0;
			/* fall through */
		case COUNTER_NONE:
			cursor->index++;
		}
	}
	return count;
}
