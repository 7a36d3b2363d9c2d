/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top.h"

#include "command/json.h"

/* What has grown since the sample before: counters, and what else goes up just now. */
static json_t *row_rates(const struct reply *reply, const void *before, const void *now,
                         double seconds)
{
	json_t *rates = json_object();

	for (const struct column *column = reply->columns; column->key != NULL; column++) {
		uint64_t old, new;

		if (column->type != COLUMN_NUMBER)
			continue;
		old = field_read(before, column->offset, column->size);
		new = field_read(now, column->offset, column->size);
		if (new > old && seconds > 0 && (column->absent == 0 || new != column->absent))
			json_object_set_new(rates, column->key, json_real((new - old) / seconds));
	}
	return rates;
}

static json_t *table_to_json(const struct reply *reply, enum top_table table,
                             const struct top_sample *before, const struct top_sample *now,
                             double seconds)
{
	const struct top_rows *rows = &now->tables[table];
	json_t *array = json_array();

	for (uint32_t i = 0; i < rows->count; i++) {
		const void *row = (const uint8_t *)rows->rows + i * top_row_size(table);
		const void *old = top_row_find(before, table, row);
		json_t *object = row_to_json(reply, row);

		if (old != NULL)
			json_object_set_new(object, "per_second",
			                    row_rates(reply, old, row, seconds));
		json_array_append_new(array, object);
	}
	return array;
}

void top_json(FILE *out, const struct top_sample *before, const struct top_sample *now)
{
	double seconds = top_seconds(before, now);
	json_t *object = json_object();

	json_object_set_new(object, "seconds", json_real(seconds));
	for (enum top_table table = 0; table < TOP_TABLES; table++) {
		const struct request *request = top_request(table);

		json_object_set_new(object, request->name[0],
		                    table_to_json(request->reply, table, before, now, seconds));
	}
	json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	fputc('\n', out);
	json_decref(object);
}
