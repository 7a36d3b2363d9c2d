/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-metrics-page > docs/metrics.md; a test compares them. */
#include "api/counter_table.h"
#include "metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

static void label_page(FILE *out, const char *label, const char **separator)
{
	fprintf(out, "%s%s", *separator, label);
	*separator = ", ";
}

static void labels_page(FILE *out, const struct metric *metric)
{
	const struct column *key = metric_label(metric);
	const struct column *column = metric_request(metric->source)->reply->columns;
	const char *separator = "";

	if (key != NULL)
		label_page(out, key->label, &separator);
	if (metric->column->form == METRIC_STATES)
		label_page(out, "state", &separator);
	for (; column->key != NULL && metric->column->form == METRIC_INFO; column++)
		if (column->label != NULL && column != key)
			label_page(out, column->label, &separator);
}

static void metrics_page(FILE *out)
{
	struct metric metric = {0};

	fputs("| metric | kind | labels | |\n|---|---|---|---|\n"
	      "| `sluice_dataplane_up` | gauge | | " METRIC_DATAPLANE_UP " |\n"
	      "| `sluice_scrape_errors` | gauge | | " METRIC_SCRAPE_ERRORS " |\n",
	      out);
	while (metric_next(&metric)) {
		fprintf(out, "| `%s` | %s | ", metric.column->metric, metric_kind(&metric));
		labels_page(out, &metric);
		fprintf(out, " | %s |\n", metric_help(&metric));
	}
	for (const struct metric_area *area = metric_areas; area->area != NULL; area++)
		if (area->family != NULL)
			fprintf(out, "| `%s` | counter | %s | %s (`counter show`: `%s.*`) |\n",
			        area->family, area->label, area->help, area->area);
}

/* The series of a counter: its metric, or its family with the label that it is. */
static void series_print(FILE *out, const char *counter)
{
	size_t length = strcspn(counter, ".");
	const struct metric_area *area = metric_area_of(counter, length);
	char name[METRIC_NAME_MAX];

	if (area->family != NULL) {
		fprintf(out, "`%s{%s=\"%s\"}`", area->family, area->label, counter + length + 1);
		return;
	}
	metric_counter_name(counter, name, sizeof(name));
	fprintf(out, "`%s`", name);
}

static void columns_page(FILE *out, const char *area, const struct column *columns)
{
	const struct column *column;

	for (uint32_t i = 0; (column = column_counter(columns, i)) != NULL; i++)
		fprintf(out, "| `%s.%s` | %s | `%s` | %s |\n", area, column->key, column->unit,
		        column->metric, column->help);
}

static void counters_page(FILE *out)
{
	struct sluice_counter_row row;

	fputs("| counter | unit | metric | |\n|---|---|---|---|\n", out);
	columns_page(out, "port.NAME", request_of(SLUICE_PORT_SHOW)->reply->columns);
	columns_page(out, "worker", request_of(SLUICE_WORKER_SHOW)->reply->columns);
	for (enum counter_area area = 0; area < COUNTER_AREAS; area++)
		for (uint32_t i = 0; counter_declared(area, i, &row); i++) {
			fprintf(out, "| `%s` | %s | ", row.name, row.unit);
			series_print(out, row.name);
			fprintf(out, " | %s |\n", row.help);
		}
}

int main(void)
{
	fputs("# Metrics\n\n"
	      "This page is made from the tables in which metrics and counters are declared.\n\n"
	      "## `GET /metrics`\n\n"
	      "The control plane tells, in Prometheus' text format:\n\n",
	      stdout);
	metrics_page(stdout);
	fputs("\nNo label has a value that a client can choose: the number of series depends on "
	      "ports, workers, nodes of the graph, drop reasons and\n"
	      "regions alone. What the dataplane counts is missing while it is away; what the "
	      "gate counts is not.\n\n"
	      "`grafana.json` is a dashboard, `alerts.yml` has rules to begin with.\n\n"
	      "## `counter show`\n\n"
	      "Each counter is a metric too. Of a worker's, `counter show` has the sum over "
	      "workers, "
	      "and the metric has a label; time is in cycles\n"
	      "here and in seconds there.\n\n",
	      stdout);
	counters_page(stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
