/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top.h"

#include "command/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gate.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#define ROWS(row, member) sizeof(struct row), offsetof(struct row, member), FIELD_SIZE(row, member)

static const struct {
	uint16_t type;
	size_t size, key, key_size;
} tables[TOP_TABLES] = {
        [TOP_VERSION] = {SLUICE_VERSION, ROWS(sluice_version, program)},
        [TOP_GATE] = {SLUICE_GATE_SHOW, ROWS(sluice_gate_row, mode)},
        [TOP_REGION] = {SLUICE_REGION_SHOW, ROWS(sluice_region_row, name)},
        [TOP_NODE] = {SLUICE_NODE_SHOW, ROWS(sluice_node_row, id)},
        [TOP_TURN] = {SLUICE_TURN_SHOW, ROWS(sluice_turn_row, realm)},
        [TOP_WORKER] = {SLUICE_WORKER_SHOW, ROWS(sluice_worker_row, id)},
        [TOP_PORT] = {SLUICE_PORT_SHOW, ROWS(sluice_port_row, name)},
        [TOP_ALLOCATION] = {SLUICE_ALLOCATION_SHOW, ROWS(sluice_allocation_row, id)},
        [TOP_STREAM] = {SLUICE_STREAM_SHOW, ROWS(sluice_stream_row, name)},
        [TOP_COUNTER] = {SLUICE_COUNTER_SHOW, ROWS(sluice_counter_row, name)},
};

size_t top_row_size(enum top_table table)
{
	return tables[table].size;
}

uint16_t top_table_type(enum top_table table)
{
	return tables[table].type;
}

double top_seconds(const struct top_sample *before, const struct top_sample *now)
{
	return now->at.tv_sec - before->at.tv_sec + (now->at.tv_nsec - before->at.tv_nsec) / 1e9;
}

static int by_key(const void *a, const void *b, void *arg)
{
	enum top_table table = *(const enum top_table *)arg;

	return memcmp((const char *)a + tables[table].key, (const char *)b + tables[table].key,
	              tables[table].key_size);
}

const void *top_row_find(const struct top_sample *sample, enum top_table table, const void *row)
{
	const struct top_rows *rows = &sample->tables[table];
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *other = (const char *)rows->rows + middle * tables[table].size;
		int order = by_key(row, other, &table);

		if (order == 0)
			return other;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

int top_sample_take(struct session *session, struct top_sample *sample)
{
	int status;

	memset(sample, 0, sizeof(*sample));
	for (enum top_table table = 0; table < TOP_TABLES; table++) {
		struct top_rows *rows = &sample->tables[table];

		if (command_of_type(tables[table].type) == NULL)
			continue;
		status = session_fetch(session, tables[table].type, tables[table].size, &rows->rows,
		                       &rows->count);
		if (table == TOP_VERSION && status < 0)
			return status;
		if (rows->count > 0)
			qsort_r(rows->rows, rows->count, tables[table].size, by_key, &table);
	}
	clock_gettime(CLOCK_MONOTONIC, &sample->at);
	return 0;
}

void top_sample_free(struct top_sample *sample)
{
	for (int table = 0; table < TOP_TABLES; table++)
		free(sample->tables[table].rows);
	memset(sample, 0, sizeof(*sample));
}
