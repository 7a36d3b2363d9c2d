/* SPDX-License-Identifier: BSD-3-Clause */
#include "row.h"

#include <jansson.h>
#include <rte_graph_worker.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row *row_add(struct rows *rows, const char *format, ...)
{
	struct row *row = &rows->rows[rows->count < ROWS_MAX - 1 ? rows->count++ : ROWS_MAX - 1];
	va_list args;

	memset(row, 0, sizeof(*row));
	va_start(args, format);
	vsnprintf(row->name, sizeof(row->name), format, args);
	va_end(args);
	return row;
}

void row_value(struct row *row, const char *name, double value)
{
	if (row->n_values < ROW_VALUES_MAX)
		row->values[row->n_values++] = (struct row_value){name, value};
}

void row_fail(struct rows *rows, struct row *row, const char *format, ...)
{
	va_list args;

	if (row->failed[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(row->failed, sizeof(row->failed), format, args);
	va_end(args);
	rows->failed++;
}

void row_nodes_add(struct row *row, struct rte_graph *graph, double sign)
{
	struct rte_node *node;
	rte_graph_off_t offset;
	rte_node_t count;
	uint32_t i = 0;

	rte_graph_foreach_node(count, offset, graph, node)
	{
		if (i == ROW_NODES_MAX)
			break;
		snprintf(row->nodes[i].name, sizeof(row->nodes[i].name), "%s", node->name);
		row->nodes[i++].cycles += sign * (double)node->total_cycles;
	}
	row->n_nodes = i;
}

void row_nodes_average(struct row *row, double packets)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < row->n_nodes; i++) {
		row->nodes[i].cycles /= packets;
		if (row->nodes[i].cycles >= 0.5)
			row->nodes[kept++] = row->nodes[i];
	}
	row->n_nodes = kept;
}

static void cpu_name(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(name, size, "unknown");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *value = strstr(line, ": ");

		if (strncmp(line, "model name", 10) != 0 || value == NULL)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(name, size, "%s", value + 2);
		break;
	}
	if (file != NULL)
		fclose(file);
}

static double ratio(const struct row *row)
{
	return row->limit_mpps > 0 ? row->mpps / row->limit_mpps : 0;
}

static void values_print(const struct row *row)
{
	for (uint32_t i = 0; i < row->n_values; i++)
		printf("%s%s %.6g", i == 0 ? "    " : ", ", row->values[i].name,
		       row->values[i].value);
	if (row->n_values != 0)
		printf("\n");
}

static double times(const struct row *row)
{
	return row->peer_mpps > 0 ? row->mpps / row->peer_mpps : 0;
}

static void row_print(const struct row *row)
{
	if (row->failed[0] != '\0') {
		printf("%-28s failed: %s\n", row->name, row->failed);
		return;
	}
	if (row->bytes > 0) {
		printf("%-28s %6.0f bytes; %.0f %s\n", row->name, row->bytes, row->limit_bytes,
		       row->limit);
		return;
	}
	if (row->over_empty_ns != 0) {
		printf("%-28s %8s %8.1f %8.1f %+9.1f ns over %s\n", row->name, "", row->ns,
		       row->median_ns, row->over_empty_ns, row->limit);
		return;
	}
	if (row->mpps == 0 && row->n_values != 0) {
		printf("%-28s\n", row->name);
		values_print(row);
		return;
	}
	printf("%-28s %8.3f %8.1f %8.1f %9.3f %6.2f  %s", row->name, row->mpps, row->ns,
	       row->median_ns, row->limit_mpps, ratio(row), row->limit);
	if (row->peer != NULL)
		printf("; %.1f times %s of %.3f", times(row), row->peer, row->peer_mpps);
	printf("\n");
	for (uint32_t i = 0; i < row->n_nodes; i++)
		printf("%s%s %.0f", i == 0 ? "    cycles: " : ", ", row->nodes[i].name,
		       row->nodes[i].cycles);
	if (row->n_nodes != 0)
		printf("\n");
	values_print(row);
}

void rows_print(const struct rows *rows)
{
	char cpu[128];

	cpu_name(cpu, sizeof(cpu));
	printf("%s, one core, %s\n", cpu, rows->pages);
	printf("%-28s %8s %8s %8s %9s %6s  %s\n", "case", "Mpps", "ns", "median", "limit", "ratio",
	       "limit is");
	for (uint32_t i = 0; i < rows->count; i++)
		row_print(&rows->rows[i]);
}

static json_t *row_json(const struct row *row)
{
	json_t *json = json_object();
	json_t *nodes;

	json_object_set_new(json, "case", json_string(row->name));
	if (row->failed[0] != '\0') {
		json_object_set_new(json, "failed", json_string(row->failed));
		return json;
	}
	json_object_set_new(json, "limit", json_string(row->limit));
	for (uint32_t i = 0; i < row->n_values; i++)
		json_object_set_new(json, row->values[i].name, json_real(row->values[i].value));
	if (row->mpps == 0 && row->n_values != 0)
		return json;
	if (row->bytes > 0) {
		json_object_set_new(json, "bytes", json_real(row->bytes));
		json_object_set_new(json, "limit_bytes", json_real(row->limit_bytes));
		return json;
	}
	if (row->over_empty_ns != 0) {
		json_object_set_new(json, "ns", json_real(row->ns));
		json_object_set_new(json, "median_ns", json_real(row->median_ns));
		json_object_set_new(json, "over_empty_ns", json_real(row->over_empty_ns));
		return json;
	}
	json_object_set_new(json, "mpps", json_real(row->mpps));
	json_object_set_new(json, "ns", json_real(row->ns));
	json_object_set_new(json, "median_ns", json_real(row->median_ns));
	json_object_set_new(json, "limit_mpps", json_real(row->limit_mpps));
	json_object_set_new(json, "ratio", json_real(ratio(row)));
	if (row->peer != NULL) {
		json_object_set_new(json, "peer", json_string(row->peer));
		json_object_set_new(json, "peer_mpps", json_real(row->peer_mpps));
		json_object_set_new(json, "times_peer", json_real(times(row)));
	}
	nodes = json_object();
	for (uint32_t i = 0; i < row->n_nodes; i++)
		json_object_set_new(nodes, row->nodes[i].name, json_real(row->nodes[i].cycles));
	json_object_set_new(json, "cycles", nodes);
	return json;
}

int rows_print_json(const struct rows *rows)
{
	json_t *json = json_object();
	json_t *list = json_array();
	char cpu[128];
	int ret;

	cpu_name(cpu, sizeof(cpu));
	json_object_set_new(json, "bench", json_string(rows->bench));
	json_object_set_new(json, "cpu", json_string(cpu));
	json_object_set_new(json, "pages", json_string(rows->pages));
	for (uint32_t i = 0; i < rows->count; i++)
		json_array_append_new(list, row_json(&rows->rows[i]));
	json_object_set_new(json, "rows", list);
	ret = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	printf("\n");
	json_decref(json);
	return ret;
}
