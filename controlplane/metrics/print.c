/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include "command/command.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <sluice/stats.h>

static void heading_print(FILE *out, const char *name, const char *help, const char *kind)
{
	fprintf(out, "# HELP %s %c%s.\n# TYPE %s %s\n", name, toupper(help[0]), help + 1, name,
	        kind);
}

/* Quotes and backslashes escaped; what no name of ours has is left out. */
static void label_print(FILE *out, const char *value, size_t length)
{
	for (size_t i = 0; i < length && value[i] != '\0'; i++) {
		if (value[i] == '"' || value[i] == '\\')
			fputc('\\', out);
		if (value[i] >= ' ' && value[i] <= '~')
			fputc(value[i], out);
	}
}

/* The labels of a sample, each after what `separator` holds. */
struct labels {
	FILE *out;
	const char *separator; /* "{", then "," */
};

static void label_add(struct labels *labels, const char *name, const char *text, size_t size)
{
	fprintf(labels->out, "%s%s=\"", labels->separator, name);
	label_print(labels->out, text, size);
	fputc('"', labels->out);
	labels->separator = ",";
}

static void column_add(struct labels *labels, const struct column *column, const uint8_t *row)
{
	char number[24];

	if (column->type == COLUMN_TEXT) {
		label_add(labels, column->label, (const char *)row + column->offset, column->size);
		return;
	}
	snprintf(number, sizeof(number), "%" PRIu64, field_read(row, column->offset, column->size));
	label_add(labels, column->label, number, sizeof(number));
}

/* {port="dp0",state="up"} */
static void labels_print(FILE *out, const struct metric *metric, const uint8_t *row,
                         const char *state)
{
	const struct column *key = metric_label(metric);
	const struct column *column = metric_request(metric->source)->reply->columns;
	struct labels labels = {out, "{"};

	if (key != NULL)
		column_add(&labels, key, row);
	for (; column->key != NULL && metric->column->form == METRIC_INFO; column++)
		if (column->label != NULL && column != key)
			column_add(&labels, column, row);
	if (state != NULL)
		label_add(&labels, "state", state, strlen(state));
	if (*labels.separator == ',')
		fputc('}', out);
}

static bool has_unit(const struct column *column, const char *unit)
{
	return column->unit != NULL && strcmp(column->unit, unit) == 0;
}

/* Prometheus' base unit of time is the second. */
static void value_print(FILE *out, const struct column *column, const uint8_t *row, uint64_t value)
{
	uint64_t hz;

	if (column->form == METRIC_INFO) {
		fputs(" 1\n", out);
	} else if (column->form == METRIC_IS) {
		fprintf(out, " %d\n", value == column->is);
	} else if (has_unit(column, "cycles")) {
		hz = field_read(row, column->second, sizeof(hz));
		fprintf(out, " %.6f\n", hz != 0 ? (double)value / hz : 0.0);
	} else if (has_unit(column, "milliseconds")) {
		fprintf(out, " %.3f\n", value / 1000.0);
	} else {
		fprintf(out, " %" PRIu64 "\n", value);
	}
}

static void sample_print(FILE *out, const struct metric *metric, const uint8_t *row)
{
	const struct column *column = metric->column;
	uint64_t value = field_read(row, column->offset, column->size);

	for (uint32_t i = 0; column->form == METRIC_STATES && column->choices[i] != NULL; i++) {
		fputs(column->metric, out);
		labels_print(out, metric, row, column->choices[i]);
		fprintf(out, " %d\n", value == i);
	}
	if (column->form == METRIC_STATES || (column->absent != 0 && value == column->absent))
		return;
	fputs(column->metric, out);
	labels_print(out, metric, row, NULL);
	value_print(out, column, row, value);
}

/* Also where there is no row. */
static void total_print(FILE *out, const struct metric *metric, const struct metric_rows *rows)
{
	const struct column *column = metric->column;
	size_t size = metric_request(metric->source)->reply->row_size;
	uint64_t total = 0, value;

	for (uint32_t i = 0; i < rows->count; i++) {
		value = field_read((const uint8_t *)rows->rows + i * size, column->offset,
		                   column->size);
		if (column->form == METRIC_LEAST)
			total = i == 0 || value < total ? value : total;
		else
			total += column->form == METRIC_ROWS ? 1 : value;
	}
	fprintf(out, "%s %" PRIu64 "\n", column->metric, total);
}

static void metric_print(FILE *out, const struct metric *metric, const struct metric_rows *rows)
{
	size_t size = metric_request(metric->source)->reply->row_size;
	bool total = metric_is_total(metric);

	if (!rows->whole || (rows->count == 0 && !total))
		return;
	heading_print(out, metric->column->metric, metric_help(metric), metric_kind(metric));
	if (total)
		total_print(out, metric, rows);
	for (uint32_t i = 0; i < rows->count && !total; i++)
		sample_print(out, metric, (const uint8_t *)rows->rows + i * size);
}

/* -- named counters -- */

const struct metric_area *metric_area_of(const char *name, size_t length)
{
	const struct metric_area *area = metric_areas;

	while (area->area != NULL &&
	       (strlen(area->area) != length || strncmp(area->area, name, length) != 0))
		area++;
	return area;
}

void metric_counter_name(const char *counter, char *name, size_t room)
{
	snprintf(name, room, "sluice_%s_total", counter);
	for (char *at = name; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
}

static void counter_print(FILE *out, const struct sluice_counter_row *row)
{
	char name[METRIC_NAME_MAX], counter[sizeof(row->name) + 1], help[sizeof(row->help) + 1];

	snprintf(counter, sizeof(counter), "%.*s", (int)sizeof(row->name), row->name);
	metric_counter_name(counter, name, sizeof(name));
	snprintf(help, sizeof(help), "%.*s", (int)sizeof(row->help), row->help);
	heading_print(out, name, help[0] != '\0' ? help : "of the dataplane", "counter");
	fprintf(out, "%s %" PRIu64 "\n", name, row->value);
}

/* Those of one family, or, where that is NULL, those that have none. */
static void counters_print(FILE *out, const struct metric_area *family,
                           const struct metric_rows *rows)
{
	const struct sluice_counter_row *row = rows->rows;
	bool begun = false;

	for (uint32_t i = 0; i < rows->count; i++, row++) {
		size_t length = strcspn(row->name, ".");
		const struct metric_area *area = metric_area_of(row->name, length);

		if (area != family || area->elsewhere || row->name[length] == '\0')
			continue;
		if (area->family == NULL) {
			counter_print(out, row);
			continue;
		}
		if (!begun)
			heading_print(out, area->family, area->help, "counter");
		begun = true;
		fprintf(out, "%s{%s=\"", area->family, area->label);
		label_print(out, row->name + length + 1, sizeof(row->name) - length - 1);
		fprintf(out, "\"} %" PRIu64 "\n", row->value);
	}
}

void metrics_print(FILE *out, const struct metric_rows rows[SOURCES], uint32_t errors)
{
	const struct metric_area *area = metric_areas;
	struct metric metric = {0};
	bool up = rows[SOURCE_VERSION].count > 1;

	heading_print(out, "sluice_dataplane_up", METRIC_DATAPLANE_UP, "gauge");
	fprintf(out, "sluice_dataplane_up %d\n", up);
	heading_print(out, "sluice_scrape_errors", METRIC_SCRAPE_ERRORS, "gauge");
	fprintf(out, "sluice_scrape_errors %u\n", errors);
	while (metric_next(&metric))
		metric_print(out, &metric, &rows[metric.source]);
	do
		counters_print(out, area, &rows[SOURCE_COUNTER]);
	while ((area++)->area != NULL);
}
