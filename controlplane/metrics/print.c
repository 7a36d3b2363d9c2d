/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include "command/command.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <sluice/stats.h>

const char *const metric_kinds[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};

static void heading_print(FILE *out, const char *name, const char *help, enum metric_kind kind)
{
	fprintf(out, "# HELP %s %c%s.\n# TYPE %s %s\n", name, toupper(help[0]), help + 1, name,
	        metric_kinds[kind]);
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

static void text_print(FILE *out, const char *name, const char *text, size_t size)
{
	fprintf(out, "%s=\"", name);
	label_print(out, text, size);
	fputc('"', out);
}

/* {port="dp0",state="up"} */
static void labels_print(FILE *out, const struct metric *metric, const uint8_t *row,
                         const char *state)
{
	const struct metric_source_info *source = &metric_sources[metric->source];
	const char *at = (const char *)row;
	const char *separator = "{";

	if (source->label != NULL) {
		fputs(separator, out);
		if (source->label_number)
			fprintf(out, "%s=\"%" PRIu64 "\"", source->label,
			        field_read(row, source->label_offset, source->label_size));
		else
			text_print(out, source->label, at + source->label_offset,
			           source->label_size);
		separator = ",";
	}
	for (const struct metric_label *label = metric->labels;
	     label != NULL && label->name != NULL; label++) {
		fputs(separator, out);
		text_print(out, label->name, at + label->offset, label->size);
		separator = ",";
	}
	if (state != NULL) {
		fputs(separator, out);
		text_print(out, "state", state, strlen(state));
		separator = ",";
	}
	if (*separator == ',')
		fputc('}', out);
}

static void states_print(FILE *out, const struct metric *metric, const uint8_t *row)
{
	uint64_t is = field_read(row, metric->offset, metric->size);

	for (uint32_t i = 0; metric->choices[i] != NULL; i++) {
		fputs(metric->name, out);
		labels_print(out, metric, row, metric->choices[i]);
		fprintf(out, " %d\n", is == i);
	}
}

static void value_print(FILE *out, const struct metric *metric, const uint8_t *row, uint64_t value)
{
	uint64_t hz;

	switch (metric->value) {
	case VALUE_CYCLES:
		hz = field_read(row, metric->second, sizeof(hz));
		fprintf(out, " %.6f\n", hz != 0 ? (double)value / hz : 0.0);
		break;
	case VALUE_MS:
		fprintf(out, " %.3f\n", value / 1000.0);
		break;
	case VALUE_IS:
		fprintf(out, " %d\n", value == metric->second);
		break;
	case VALUE_INFO:
		fputs(" 1\n", out);
		break;
	default:
		fprintf(out, " %" PRIu64 "\n", value);
		break;
	}
}

static void sample_print(FILE *out, const struct metric *metric, const uint8_t *row)
{
	uint64_t value = metric->size != 0 ? field_read(row, metric->offset, metric->size) : 0;

	if (metric->value == VALUE_STATE) {
		states_print(out, metric, row);
		return;
	}
	if (metric->value == VALUE_MS && value == UINT32_MAX)
		return;
	fputs(metric->name, out);
	labels_print(out, metric, row, NULL);
	value_print(out, metric, row, value);
}

/* One sample of all rows, also where there are none. */
static void total_print(FILE *out, const struct metric *metric, const struct metric_rows *rows)
{
	size_t size = metric_sources[metric->source].row_size;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rows->count; i++)
		sum += metric->value == VALUE_ROWS
		               ? 1
		               : field_read((const uint8_t *)rows->rows + i * size, metric->offset,
		                            metric->size);
	fprintf(out, "%s %" PRIu64 "\n", metric->name, sum);
}

static void metric_print(FILE *out, const struct metric *metric, const struct metric_rows *rows)
{
	size_t size = metric_sources[metric->source].row_size;
	bool total = metric->value == VALUE_SUM || metric->value == VALUE_ROWS;

	if (!rows->whole || (rows->count == 0 && !total))
		return;
	heading_print(out, metric->name, metric->help, metric->kind);
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
	heading_print(out, name, help[0] != '\0' ? help : "of the dataplane", METRIC_COUNTER);
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
			heading_print(out, area->family, area->help, METRIC_COUNTER);
		begun = true;
		fprintf(out, "%s{%s=\"", area->family, area->label);
		label_print(out, row->name + length + 1, sizeof(row->name) - length - 1);
		fprintf(out, "\"} %" PRIu64 "\n", row->value);
	}
}

void metrics_print(FILE *out, const struct metric_rows rows[SOURCES], uint32_t errors)
{
	const struct metric_area *area = metric_areas;
	struct metric_walk walk = {0};
	const struct metric *metric;
	bool up = rows[SOURCE_VERSION].count > 1;

	heading_print(out, "sluice_dataplane_up", METRIC_DATAPLANE_UP, METRIC_GAUGE);
	fprintf(out, "sluice_dataplane_up %d\n", up);
	heading_print(out, "sluice_scrape_errors", METRIC_SCRAPE_ERRORS, METRIC_GAUGE);
	fprintf(out, "sluice_scrape_errors %u\n", errors);
	while ((metric = metric_next(&walk)) != NULL)
		metric_print(out, metric, &rows[metric->source]);
	do
		counters_print(out, area, &rows[SOURCE_COUNTER]);
	while ((area++)->area != NULL);
}
