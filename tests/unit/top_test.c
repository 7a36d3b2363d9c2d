/* SPDX-License-Identifier: BSD-3-Clause */
/* What `top` makes of two samples: it fits the screen, and what is wrong comes first. */
#include "cli/top.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gate.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <arpa/inet.h>
#include <cmocka.h>

struct fixture {
	struct top_sample before, now;
	struct top_view view;
	char *text;
};

static void *rows_make(struct top_sample *sample, enum top_table table, uint32_t count)
{
	free(sample->tables[table].rows);
	sample->tables[table].rows = calloc(count, top_row_size(table));
	sample->tables[table].count = count;
	assert_non_null(sample->tables[table].rows);
	return sample->tables[table].rows;
}

/* Rows that are looked up by their keys stand in the order of these: a letter and two digits. */
static void regions_make(struct top_sample *sample, uint32_t count)
{
	struct sluice_region_row *region = rows_make(sample, TOP_REGION, count);
	struct sluice_node_row *node = rows_make(sample, TOP_NODE, count);

	for (uint32_t i = 0; i < count; i++) {
		snprintf(region[i].name, sizeof(region[i].name), "r%02u", i);
		region[i].verdict = SLUICE_VERDICT_HEALTHY;
		region[i].connected = region[i].nodes = region[i].healthy = 1;
		region[i].changed_s = 7200;
		snprintf(node[i].id, sizeof(node[i].id), "n%02u", i);
		memcpy(node[i].region, region[i].name, sizeof(node[i].region));
		node[i].rtt_us = 1000 * i;
		node[i].probes = 10;
	}
	region[3].own = node[3].own = 1;
}

static void workers_make(struct top_sample *sample, uint32_t count, uint64_t busy)
{
	struct sluice_worker_row *row = rows_make(sample, TOP_WORKER, count);

	for (uint32_t i = 0; i < count; i++)
		row[i] = (struct sluice_worker_row){
		        .id = i, .cpu = i, .busy_cycles = busy, .idle_cycles = 3 * busy};
}

static void lists_make(struct top_sample *sample, uint32_t count, uint64_t packets)
{
	struct sluice_allocation_row *allocation = rows_make(sample, TOP_ALLOCATION, count);
	struct sluice_stream_row *stream = rows_make(sample, TOP_STREAM, count);

	for (uint32_t i = 0; i < count; i++) {
		allocation[i].id = i;
		strcpy(allocation[i].user, "demo");
		allocation[i].to_peer_packets = packets * i;
		allocation[i].to_peer_bytes = 100 * packets * i;
		snprintf(stream[i].name, sizeof(stream[i].name), "%02u-of-a-very-long-name-it-is",
		         i);
		strcpy(stream[i].endpoint, "an-endpoint-of-a-long-name");
		stream[i].bytes = 1000000 * packets * i;
	}
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct sluice_gate_row *gate;
	struct sluice_port_row *port;

	assert_non_null(fixture);
	fixture->view = (struct top_view){.width = 80, .height = 24, .styled = false};
	fixture->before.at.tv_sec = 10;
	fixture->now.at.tv_sec = 12;
	workers_make(&fixture->before, 2, 0);
	workers_make(&fixture->now, 2, 500);
	lists_make(&fixture->before, 30, 0);
	lists_make(&fixture->now, 30, 20);
	regions_make(&fixture->now, 6);
	gate = rows_make(&fixture->now, TOP_GATE, 1);
	gate->mode = SLUICE_GATE_ENFORCE;
	port = rows_make(&fixture->now, TOP_PORT, 2);
	strcpy(port[0].name, "dp0");
	strcpy(port[1].name, "dp1");
	port[1].state = SLUICE_PORT_DOWN;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	top_sample_free(&fixture->before);
	top_sample_free(&fixture->now);
	free(fixture->text);
	free(fixture);
	return 0;
}

static const char *draw(struct fixture *fixture)
{
	size_t length;
	FILE *out;

	free(fixture->text);
	out = open_memstream(&fixture->text, &length);
	assert_non_null(out);
	top_draw(out, &fixture->before, &fixture->now, &fixture->view);
	fclose(out);
	return fixture->text;
}

/* Columns and lines; what styles take no column. */
static void fits(struct fixture *fixture)
{
	uint32_t lines = 0, column = 0;

	for (const char *at = draw(fixture); *at != '\0'; at++) {
		if (*at == '\033') {
			at += strcspn(at, "m");
			continue;
		}
		assert_true(*at == '\n' || (unsigned char)*at >= ' ');
		column = *at == '\n' ? 0 : column + 1;
		lines += *at == '\n';
		assert_in_range(column, 0, fixture->view.width);
	}
	assert_in_range(lines, 1, fixture->view.height);
}

static void has_line(struct fixture *fixture, const char *line)
{
	if (strstr(draw(fixture), line) == NULL)
		fail_msg("no \"%s\" in\n%s", line, fixture->text);
}

static void test_fits(void **state)
{
	static const uint32_t workers[] = {1, 6, 7, 64};
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
		workers_make(&fixture->before, workers[i], 0);
		workers_make(&fixture->now, workers[i], 500);
		for (uint32_t height = 10; height < 70; height++) {
			fixture->view.height = height;
			fixture->view.styled = height % 2;
			fixture->view.width = 40 + height;
			fits(fixture);
		}
	}
}

/* In 80 columns no heading is cut. */
static void test_headings(void **state)
{
	struct fixture *fixture = *state;

	fixture->view.height = 60;
	has_line(fixture, "beat s  redis\n");
	has_line(fixture, "ring  full/s\n");
	has_line(fixture, "missed/s  full/s\n");
	has_line(fixture, "to client/s   bit/s\n");
	has_line(fixture, "lost/s jitter ms\n");
}

/* A small terminal shows the own region and the worst, and says how many it leaves out. */
static void test_regions(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_region_row *region;
	const char *own, *worst, *gone;

	fixture->view.styled = true;
	regions_make(&fixture->now, 40);
	region = fixture->now.tables[TOP_REGION].rows;
	region[20].connected = 0;
	region[30].verdict = SLUICE_VERDICT_UNREACHABLE;
	own = strstr(draw(fixture), "\nr03*");
	worst = strstr(fixture->text, "\nr30             \033[1mUNREACHABLE\033[0m   2h ");
	gone = strstr(fixture->text, "\nr20  ");
	assert_true(own != NULL && worst > own && gone > worst);
	assert_non_null(strstr(gone, " \033[1mGONE\033[0m\n"));
	has_line(fixture, "more regions");
	assert_non_null(strstr(fixture->text, "allocation user"));
	assert_non_null(strstr(fixture->text, "stream "));
}

static void test_trouble(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_node_row *node = fixture->now.tables[TOP_NODE].rows;
	struct sluice_gate_row *gate = fixture->now.tables[TOP_GATE].rows;
	struct sluice_counter_row *was = rows_make(&fixture->before, TOP_COUNTER, 2);
	struct sluice_counter_row *counter = rows_make(&fixture->now, TOP_COUNTER, 2);

	strcpy(was[0].name, "drop.a");
	strcpy(was[1].name, "drop.b");
	memcpy(counter, was, 2 * sizeof(*was));
	counter[0].value = 2;
	counter[1].value = 10;
	node[3].state = SLUICE_NODE_DRAINING;
	gate->prefixes_attacked = 7;
	has_line(fixture, "n03 in r03, DRAINING  the dataplane is away");
	has_line(fixture, "7 prefixes under attack\n");
	has_line(fixture, "drops  b 5/s  a 1/s\n");
	has_line(fixture, "dp1              DOWN ");
	gate->host_attacked = 1;
	has_line(fixture, "UNDER ATTACK\n");
}

/* The busiest first; or what has the filter in its name. */
static void test_lists(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_allocation_row *allocation;

	fixture->view.height = 60;
	has_line(fixture, "bit/s\n        29 demo            ");
	has_line(fixture, "ms\n29-of-a-very-long-name an-endpoint-of-a ");
	strcpy(fixture->view.filter, "07-of");
	has_line(fixture, "bit/s\n\nstream");
	has_line(fixture, "ms\n07-of-a-very-long-name ");
	strcpy(fixture->view.filter, "of-a-long-name");
	has_line(fixture, "ms\n29-of-a-very-long-name an-endpoint-of-a ");
	allocation = fixture->now.tables[TOP_ALLOCATION].rows;
	allocation[3].client =
	        (struct sluice_addr){.ip = {[10] = 0xff, 0xff, 198, 18, 1, 2}, .port = htons(4321)};
	strcpy(fixture->view.filter, "1.2:43");
	has_line(fixture, "bit/s\n         3 demo            198.18.1.2:4321 ");
	fixture->view.filter[0] = '\0';
	fixture->view.sort = TOP_SORT_NAME;
	has_line(fixture, "ms\n00-of-a-very-long-name ");
}

/* Keys are for who sits there. */
static void test_foot(void **state)
{
	struct fixture *fixture = *state;

	fixture->view.styled = true;
	has_line(fixture, "[q] quit");
	fixture->view.styled = false;
	assert_null(strstr(draw(fixture), "[q] quit"));
}

static void test_json(void **state)
{
	struct fixture *fixture = *state;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	json_t *object, *worker, *gate;
	double packets;

	top_json(out, &fixture->before, &fixture->now);
	fclose(out);
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	assert_int_equal(json_object_size(object), TOP_TABLES + 1);
	assert_true(json_real_value(json_object_get(object, "seconds")) == 2);
	worker = json_array_get(json_object_get(object, "worker"), 1);
	assert_int_equal(json_integer_value(json_object_get(worker, "id")), 1);
	assert_int_equal(json_unpack(worker, "{s:{s:F}}", "per_second", "busy_cycles", &packets),
	                 0);
	assert_true(packets > 0);
	gate = json_array_get(json_object_get(object, "gate"), 0);
	assert_string_equal(json_string_value(json_object_get(gate, "mode")), "enforce");
	json_decref(object);
	free(text);
}

static void test_many_workers(void **state)
{
	struct fixture *fixture = *state;

	workers_make(&fixture->before, 12, 0);
	workers_make(&fixture->now, 12, 250);
	has_line(fixture, "workers, busy\n   0   25%   1   25%");
	has_line(fixture, "   8   25%   9   25%  10   25%  11   25%\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_fits, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_headings, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_regions, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_trouble, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_foot, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_many_workers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
