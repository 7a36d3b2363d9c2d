/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top.h"

#include <stdlib.h>
#include <string.h>

static const uint16_t types[TOP_TABLES] = {
        [TOP_VERSION] = SLUICE_VERSION,    [TOP_GATE] = SLUICE_GATE_SHOW,
        [TOP_REGION] = SLUICE_REGION_SHOW, [TOP_NODE] = SLUICE_NODE_SHOW,
        [TOP_TURN] = SLUICE_TURN_SHOW,     [TOP_WORKER] = SLUICE_WORKER_SHOW,
        [TOP_PORT] = SLUICE_PORT_SHOW,     [TOP_ALLOCATION] = SLUICE_ALLOCATION_SHOW,
        [TOP_STREAM] = SLUICE_STREAM_SHOW, [TOP_COUNTER] = SLUICE_COUNTER_SHOW,
};

const struct request *top_request(enum top_table table)
{
	return request_of(types[table]);
}

size_t top_row_size(enum top_table table)
{
	return top_request(table)->reply->row_size;
}

double top_seconds(const struct top_sample *before, const struct top_sample *now)
{
	return now->at.tv_sec - before->at.tv_sec + (now->at.tv_nsec - before->at.tv_nsec) / 1e9;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct column *key = reply_key(top_request(*(const enum top_table *)arg)->reply);

	return key == NULL ? 0
	                   : memcmp((const char *)a + key->offset, (const char *)b + key->offset,
	                            key->size);
}

const void *top_row_find(const struct top_sample *sample, enum top_table table, const void *row)
{
	const struct top_rows *rows = &sample->tables[table];
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *other = (const char *)rows->rows + middle * top_row_size(table);
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

		status = session_fetch(session, types[table], &rows->rows, &rows->count);
		if (table == TOP_VERSION && status < 0)
			return status;
		if (rows->count > 0)
			qsort_r(rows->rows, rows->count, top_row_size(table), by_key, &table);
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
