/* SPDX-License-Identifier: BSD-3-Clause */
/* Every counter of the dataplane under its name, "area.what", summed over the threads that write
 * it. */
#include "api/counters.h"
#include "api/counter_table.h"
#include "common/request.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/drop.h"
#include "media/media.h"
#include "net/port.h"
#include "net/punt.h"
#include "session/session.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <rte_common.h>

#include <stddef.h>
#include <stdio.h>

enum found {
	COUNTER_END,  /* of the section */
	COUNTER_NONE, /* nothing at this index */
	COUNTER_FOUND,
};

static uint64_t drop_sum(const struct dataplane *dp, uint32_t index)
{
	const uint64_t *punted = punt_drops(dp);
	uint64_t sum = punted != NULL ? punted[index] : 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += __atomic_load_n(&dp->workers[i]->drops[index], __ATOMIC_RELAXED);
	return sum;
}

static enum found drop_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (!counter_declared(COUNTER_DROP, index, row))
		return COUNTER_END;
	row->value = drop_sum(dp, index);
	return COUNTER_FOUND;
}

static enum found ip_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (!counter_declared(COUNTER_IP, index, row))
		return COUNTER_END;
	for (uint16_t i = 0; i < dp->n_workers; i++)
		row->value +=
		        __atomic_load_n(&dp->workers[i]->ip_counters[index], __ATOMIC_RELAXED);
	return COUNTER_FOUND;
}

static enum found turn_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (!counter_declared(COUNTER_TURN, index, row))
		return COUNTER_END;
	row->value = turn_counter_sum(dp->turn, index);
	return COUNTER_FOUND;
}

static enum found stream_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (!counter_declared(COUNTER_STREAM, index, row))
		return COUNTER_END;
	row->value = stream_counter_sum(dp, index);
	return COUNTER_FOUND;
}

static enum found gate_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (!counter_declared(COUNTER_GATE_NODE, index, row))
		return COUNTER_END;
	row->value = gate_counter_sum(dp->gate, index);
	return COUNTER_FOUND;
}

static enum found media_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (dp->media == NULL || !counter_declared(COUNTER_MEDIA, index, row))
		return COUNTER_END;
	row->value = media_counter_sum(dp, index);
	return COUNTER_FOUND;
}

static enum found ice_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (dp->sessions == NULL || !counter_declared(COUNTER_ICE, index, row))
		return COUNTER_END;
	row->value = ice_counter_sum(dp, index);
	return COUNTER_FOUND;
}

static enum found dtls_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	if (dp->sessions == NULL || !counter_declared(COUNTER_DTLS, index, row))
		return COUNTER_END;
	row->value = dtls_counter_sum(dp, index);
	return COUNTER_FOUND;
}

/* A counter of a row that is shown. */
static uint64_t column_value(const struct column *column, const void *row)
{
	return *(const uint64_t *)(const void *)((const char *)row + column->offset);
}

static enum found worker_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	const struct column *column =
	        column_counter(request_of(SLUICE_WORKER_SHOW)->reply->columns, index);
	struct sluice_worker_row worker;

	if (column == NULL)
		return COUNTER_END;
	counter_row_set(row, "worker", column->key, column->help, column->unit);
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		worker_row(dp->workers[i], &worker);
		row->value += column_value(column, &worker);
	}
	return COUNTER_FOUND;
}

static uint32_t counters_of(const struct column *columns)
{
	uint32_t count = 0;

	while (column_counter(columns, count) != NULL)
		count++;
	return count;
}

/* index: a port's slot and a counter of it. */
static enum found port_at(struct dataplane *dp, uint32_t index, struct sluice_counter_row *row)
{
	const struct column *columns = request_of(SLUICE_PORT_SHOW)->reply->columns;
	uint32_t counters = counters_of(columns), slot = index / counters, cursor = slot;
	const struct column *column = column_counter(columns, index % counters);
	struct sluice_port_row port;
	char area[sizeof("port.") + SLUICE_PORT_NAME_MAX];

	if (slot >= dp->ports->count)
		return COUNTER_END;
	if (!dp->ports->table[slot].used || port_show(dp, &cursor, &port, 1) == 0)
		return COUNTER_NONE;
	snprintf(area, sizeof(area), "port.%.*s", SLUICE_PORT_NAME_MAX - 1, port.name);
	counter_row_set(row, area, column->key, column->help, column->unit);
	row->value = column_value(column, &port);
	return COUNTER_FOUND;
}

static enum found (*const sections[])(struct dataplane *dp, uint32_t index,
                                      struct sluice_counter_row *row) = {
        drop_at, ip_at, turn_at, stream_at, gate_at, media_at, ice_at, dtls_at, worker_at, port_at};

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
