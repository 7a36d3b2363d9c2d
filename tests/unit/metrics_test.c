/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of /metrics from rows, and what may stand in the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "metrics/metrics.h"

#include <sluice/capture.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static char *print(struct metric_rows *rows, uint32_t errors)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (int i = 0; i < SOURCES; i++)
		rows[i].whole = rows[i].whole || rows[i].count > 0;
	metrics_print(out, rows, errors);
	fclose(out);
	return text;
}

/* Names are unique and in Prometheus' letters; counters and only they end in _total. */
static void name_check(const struct metric *metric)
{
	const char *name = metric->column->metric;
	size_t length = strlen(name);
	bool total = length > 6 && strcmp(name + length - 6, "_total") == 0;
	struct metric other = {0};
	int found = 0;

	assert_int_equal(strncmp(name, "sluice_", 7), 0);
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), length);
	assert_int_equal(total, strcmp(metric_kind(metric), "counter") == 0);
	while (metric_next(&other))
		found += strcmp(other.column->metric, name) == 0;
	assert_int_equal(found, 1);
}

/* Samples of one metric differ in their labels: of many rows the key has one, or they are summed.
 */
static void test_table(void **state)
{
	struct metric metric = {0};
	int count = 0;

	for (; metric_next(&metric); count++) {
		const struct column *column = metric.column;
		const struct reply *reply = metric_request(metric.source)->reply;

		name_check(&metric);
		assert_true(metric_help(&metric)[0] != '\0');
		assert_true(reply->single || metric_is_total(&metric) ||
		            metric_label(&metric) != NULL);
		if (column->form == METRIC_STATES)
			assert_non_null(column->choices);
		if (column->unit != NULL && strcmp(column->unit, "cycles") == 0)
			assert_in_range(column->second, 1, reply->row_size - sizeof(uint64_t));
	}
	assert_true(count > 60);
}

/* Every metric that a row names is asked for: no column is a metric in vain. */
static void test_asked(void **state)
{
	const struct request *request = NULL;

	while ((request = request_next(request)) != NULL) {
		const struct column *column =
		        request->reply != NULL ? request->reply->columns : NULL;
		struct metric metric = {0};
		bool asked = false;

		for (; column != NULL && column->key != NULL && column->metric == NULL;)
			column++;
		if (column == NULL || column->key == NULL)
			continue;
		while (metric_next(&metric))
			asked = asked || metric.column == column;
		assert_true(asked);
	}
}

/* What is counted has a unit, a metric, and room for the sum. */
static void test_counters(void **state)
{
	const struct request *request = NULL;
	const struct column *column;

	while ((request = request_next(request)) != NULL) {
		if (request->reply == NULL)
			continue;
		for (uint32_t n = 0; (column = column_counter(request->reply->columns, n)) != NULL;
		     n++) {
			assert_int_equal(column->size, sizeof(uint64_t));
			assert_non_null(column->unit);
			assert_non_null(column->metric);
		}
	}
	assert_non_null(column_counter(request_of(SLUICE_PORT_SHOW)->reply->columns, 0));
	assert_non_null(column_counter(request_of(SLUICE_WORKER_SHOW)->reply->columns, 0));
}

static void rows_free(struct metric_rows *rows)
{
	for (int i = 0; i < SOURCES; i++)
		metric_rows_free(&rows[i]);
}

static void test_text(void **state)
{
	const struct sluice_worker_row worker = {.id = 3,
	                                         .bursts = 8,
	                                         .busy_cycles = 5000000000,
	                                         .tsc_hz = 2000000000,
	                                         .ring_used = 7};
	const struct sluice_graph_row node = {
	        .node = "drop", .cycles = 1000000000, .tsc_hz = 2000000000};
	const struct sluice_port_row port = {.name = "a\"b\n", .state = SLUICE_PORT_DOWN};
	const struct sluice_media_row media = {.streams = 15, .streams_max = 20};
	struct sluice_counter_row counters[] = {
	        {"drop.no_route", "no route", 4},
	        {"turn.allocate_success", "allocations made", 9},
	        {"worker.packets", "packets", 1},
	        {"drop.too_big", "too big", 5},
	};
	struct metric_rows rows[SOURCES] = {0};
	char *text, *first;

	assert_int_equal(metric_rows_add(&rows[SOURCE_WORKER], SOURCE_WORKER, &worker, 1), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_GRAPH], SOURCE_GRAPH, &node, 1), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_PORT], SOURCE_PORT, &port, 1), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_MEDIA], SOURCE_MEDIA, &media, 1), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_COUNTER], SOURCE_COUNTER, counters, 2), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_COUNTER], SOURCE_COUNTER, counters + 2, 2),
	                 0);
	text = print(rows, 0);
	assert_non_null(strstr(text, "\nsluice_dataplane_up 0\n"));
	assert_non_null(
	        strstr(text, "\nsluice_worker_busy_seconds_total{worker=\"3\"} 2.500000\n"));
	assert_non_null(strstr(text, "\nsluice_worker_bursts_total{worker=\"3\"} 8\n"));
	assert_non_null(strstr(text, "\nsluice_node_seconds_total{node=\"drop\"} 0.500000\n"));
	assert_non_null(strstr(text, "\nsluice_worker_ring_packets{worker=\"3\"} 7\n"));
	assert_non_null(strstr(text, "\nsluice_port_up{port=\"a\\\"b\"} 0\n"));
	assert_non_null(strstr(text, "\nsluice_streams 15\n"));
	assert_null(strstr(text, "sluice_snapshot"));
	assert_non_null(strstr(text, "\nsluice_drops_total{reason=\"no_route\"} 4\n"
	                             "sluice_drops_total{reason=\"too_big\"} 5\n"));
	assert_non_null(strstr(text, "# HELP sluice_turn_allocate_success_total Allocations made."
	                             "\n# TYPE sluice_turn_allocate_success_total counter\n"
	                             "sluice_turn_allocate_success_total 9\n"));
	assert_null(strstr(text, "sluice_worker_packets_total 1"));
	first = strstr(text, "# TYPE sluice_drops_total");
	assert_non_null(first);
	assert_null(strstr(first + 1, "# TYPE sluice_drops_total"));
	free(text);
	rows_free(rows);
}

/* The daemons, and what is summed up. */
static void test_info_and_sums(void **state)
{
	const struct sluice_version versions[] = {
	        {.program = "sluice-controlplane", .version = "1", .started = 7},
	        {.program = "sluice-dataplane", .version = "2", .srtp = "fast", .dpdk = "3"},
	};
	const struct sluice_capture_row captures[] = {{.packets = 5, .lost = 2}, {.lost = 3}};
	const struct sluice_snapshot_row snapshot = {.state = SLUICE_NODE_DRAINING};
	const struct sluice_pool_row pool = {"packets", 100, 40};
	const struct sluice_turn_certificate_row certificates[] = {{.expires = 9}, {.expires = 7}};
	struct metric_rows rows[SOURCES] = {
	        [SOURCE_CAPTURE] = {.whole = true},
	        [SOURCE_CERTIFICATE] = {.whole = true},
	};
	char *text;

	assert_int_equal(metric_rows_add(&rows[SOURCE_VERSION], SOURCE_VERSION, versions, 2), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_SNAPSHOT], SOURCE_SNAPSHOT, &snapshot, 1), 0);
	assert_int_equal(metric_rows_add(&rows[SOURCE_POOL], SOURCE_POOL, &pool, 1), 0);
	text = print(rows, 0);
	assert_non_null(strstr(text, "\nsluice_dataplane_up 1\n"));
	assert_non_null(strstr(text, "\nsluice_build_info{program=\"sluice-dataplane\",version="
	                             "\"2\",dpdk=\"3\",engine=\"fast\"} 1\n"));
	assert_non_null(
	        strstr(text, "\nsluice_start_time_seconds{program=\"sluice-controlplane\"} 7\n"));
	assert_non_null(strstr(text, "\nsluice_node_draining 1\n"));
	assert_non_null(strstr(text, "\nsluice_packet_buffers_used{pool=\"packets\"} 40\n"));
	assert_non_null(strstr(text, "\nsluice_captures 0\n"));
	assert_non_null(strstr(text, "\nsluice_turn_certificate_expires_seconds 0\n"));
	assert_non_null(strstr(text, "\nsluice_captures_lost_packets 0\n"));
	free(text);
	assert_int_equal(metric_rows_add(&rows[SOURCE_CAPTURE], SOURCE_CAPTURE, captures, 2), 0);
	assert_int_equal(
	        metric_rows_add(&rows[SOURCE_CERTIFICATE], SOURCE_CERTIFICATE, certificates, 2), 0);
	text = print(rows, 0);
	assert_non_null(strstr(text, "\nsluice_captures 2\n"));
	assert_non_null(strstr(text, "\nsluice_captures_lost_packets 5\n"));
	assert_non_null(strstr(text, "\nsluice_turn_certificate_expires_seconds 7\n"));
	free(text);
	rows_free(rows);
}

/* Of what was cut short nothing is told, but that it was. */
static void test_errors(void **state)
{
	struct metric_rows rows[SOURCES] = {0};
	char *text = print(rows, 2);

	assert_non_null(strstr(text, "\nsluice_scrape_errors 2\n"));
	assert_null(strstr(text, "sluice_captures"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_table),         cmocka_unit_test(test_asked),
	        cmocka_unit_test(test_counters),      cmocka_unit_test(test_text),
	        cmocka_unit_test(test_info_and_sums), cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
