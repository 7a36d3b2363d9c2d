/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands' JSON: objects in, rows and errors out, always something that a parser takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/json.h"
#include "command/printer.h"

#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *path, *object; /* object NULL: none */
	const char *line;          /* what it is the same as; NULL: it is wrong */
	const char *error;
} objects[] = {
        {"port/add", "{\"name\": \"dp0\", \"xdp\": \"eth0\", \"queues\": 2}",
         "port add dp0 xdp eth0 queues 2", NULL},
        {"turn/listen", "{\"address\": \"[2001:db8::1]:443\"}", "turn listen [2001:db8::1]:443",
         NULL},
        {"turn user add", "{\"password\": \"a \\\" b\", \"name\": \"m\\u00fcller\"}",
         "turn user add m\xc3\xbcller password \"a \\\" b\"", NULL},
        {"counter/show", "{\"nonzero\": true}", "counter show nonzero", NULL},
        {"counter/show", "{\"nonzero\": false}", "counter show", NULL},
        {"counter/show", NULL, "counter show", NULL},
        {"turn/quota", "{\"user\": 5, \"host\": null}", "turn quota user 5", NULL},
        {"turn/quota", "{\"user\": \"5\"}", "turn quota user 5", NULL},
        {"turn/quota", "{}", NULL,
         "expected: user N, host N, max-bps N, bps-capacity N or realm NAME"},
        {"turn/quota", "{\"user\": 1.5}", NULL,
         "\"user\" has a value of the wrong type, or with control characters"},
        {"turn/quota", "{\"user\": -1}", NULL, "expected: N (0 to 4294967295)"},
        {"turn/quota", "{\"users\": 5}", NULL, "this command has no argument \"users\""},
        {"turn/quota", "[]", NULL, "turn/quota: the arguments are not a JSON object"},
        {"turn/nothing", "{}", NULL, "there is no command \"turn/nothing\""},
        {"turn/realm", "{\"realm\": \"a\\nturn secret add x\"}", NULL,
         "\"realm\" has a value of the wrong type, or with control characters"},
        {"turn/realm", "{\"realm\": \"x # y\"}", "turn realm \"x # y\"", NULL},
        {"counter/show", "{\"nonzero\": 1}", NULL,
         "\"nonzero\" has a value of the wrong type, or with control characters"},
};

static void test_objects(void **state)
{
	for (size_t i = 0; i < COUNT(objects); i++) {
		json_t *object =
		        objects[i].object != NULL ? json_loads(objects[i].object, 0, NULL) : NULL;
		struct command_request request, wanted;
		struct command_error error, none;
		int status = command_from_json(objects[i].path, object, &request, &error);

		if (objects[i].line != NULL) {
			assert_int_equal(status, 0);
			assert_int_equal(command_parse(objects[i].line, &wanted, &none), 0);
			assert_memory_equal(&request, &wanted, sizeof(request));
		} else {
			assert_int_equal(status, -EINVAL);
			assert_string_equal(error.text, objects[i].error);
		}
		json_decref(object);
	}
}

/* Prints rows as sluicectl does, and reads them again. */
static json_t *printed(uint16_t type, const void *rows, uint32_t count)
{
	const struct reply *reply = request_of(type)->reply;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct printer printer;
	json_error_t error;
	json_t *json;

	printer_begin(&printer, out, true, reply);
	assert_int_equal(printer_rows(&printer, rows, count), 0);
	printer_end(&printer, true);
	fclose(out);
	json = json_loads(text, 0, &error);
	if (json == NULL)
		fail_msg("%s: %s", text, error.text);
	free(text);
	return json;
}

/* A row that a terminal has no room for goes on in the next line, and so does the heading. */
static void test_narrow_table(void **state)
{
	static const struct sluice_pool_row pools[] = {{"packets", 100, 40}, {"media", 5, 5}};
	static const struct {
		size_t room;
		const char *text;
	} rows[] = {
	        {0, "name     size  used\n"
	            "packets   100    40\n"
	            "media       5     5\n"},
	        {80, "name     size  used\n"
	             "packets   100    40\n"
	             "media       5     5\n"},
	        {16, "name     size\n"
	             "    used\n"
	             "packets   100\n"
	             "      40\n"
	             "media       5\n"
	             "       5\n"},
	};
	char *texts[COUNT(rows)];
	size_t length;

	for (size_t i = 0; i < COUNT(rows); i++) {
		FILE *out = open_memstream(&texts[i], &length);
		struct printer printer;

		printer_begin(&printer, out, false, request_of(SLUICE_POOL_SHOW)->reply);
		printer.room = rows[i].room;
		assert_int_equal(printer_rows(&printer, pools, 2), 0);
		printer_end(&printer, true);
		fclose(out);
		assert_string_equal(texts[i], rows[i].text);
		free(texts[i]);
	}
}

static const char *string_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_rows(void **state)
{
	struct sluice_allocation_row rows[2] = {
	        {.id = 7, .user = "\x1b[2J\xff", .expires_s = 600},
	        {.id = UINT64_MAX, .user = "m\xc3\xbcller"},
	};
	static const uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	json_t *json, *row;

	memcpy(rows[0].client.ip, ip, sizeof(ip));
	rows[0].client.port = 0x5000;
	json = printed(SLUICE_ALLOCATION_SHOW, rows, 2);
	assert_int_equal(json_array_size(json), 2);
	row = json_array_get(json, 0);
	assert_int_equal(json_integer_value(json_object_get(row, "id")), 7);
	assert_string_equal(string_at(row, "user"), "\\x1b[2J\\xff");
	assert_string_equal(string_at(row, "client"), "[2001:db8::1]:80");
	assert_true(json_is_null(json_object_get(row, "relayed2")));
	assert_string_equal(string_at(json_array_get(json, 1), "user"), "m\xc3\xbcller");
	json_decref(json);
	json = printed(SLUICE_ALLOCATION_SHOW, NULL, 0);
	assert_int_equal(json_array_size(json), 0);
	assert_true(json_is_array(json));
	json_decref(json);
}

static void test_kinds_of_rows(void **state)
{
	struct sluice_graph_row node = {.node = "drop", .edges = "a b", .packets = 3, .cycles = 10};
	struct sluice_worker_row worker = {.poll = 9};
	struct sluice_turn_row turn = {.realm = "x", .users = 2};
	struct sluice_config_line line = {.text = "turn realm x"};
	json_t *json = printed(SLUICE_GRAPH_SHOW, &node, 1);
	json_t *row = json_array_get(json, 0);

	assert_int_equal(json_array_size(json_object_get(row, "edges")), 2);
	assert_true(json_real_value(json_object_get(row, "cycles_per_packet")) == 3.3);
	json_decref(json);
	json = printed(SLUICE_WORKER_SHOW, &worker, 1);
	assert_string_equal(string_at(json_array_get(json, 0), "poll"), "9");
	json_decref(json);
	json = printed(SLUICE_TURN_SHOW, &turn, 1);
	assert_string_equal(string_at(json, "realm"), "x");
	json_decref(json);
	json = printed(SLUICE_CONFIG_SHOW, &line, 1);
	assert_string_equal(string_at(json_array_get(json, 0), "line"), "turn realm x");
	json_decref(json);
}

/* A text without an end is read to its field's. */
static void test_rows_of_noise(void **state)
{
	static const uint16_t types[] = {
	        SLUICE_PORT_SHOW,   SLUICE_TURN_SHOW,  SLUICE_ALLOCATION_SHOW, SLUICE_COUNTER_SHOW,
	        SLUICE_WORKER_SHOW, SLUICE_GRAPH_SHOW, SLUICE_CONFIG_SHOW,     SLUICE_VERSION};
	uint8_t row[2048];

	for (size_t i = 0; i < COUNT(types); i++)
		for (int byte = 1; byte < 256; byte++) {
			memset(row, byte, sizeof(row));
			json_decref(printed(types[i], row, 1));
		}
}

static void test_errors(void **state)
{
	struct command_request request;
	struct command_error error;
	json_t *json;

	command_parse("turn peer alow 198.18.0.0/15", &request, &error);
	json = error_to_json(-EINVAL, error.text, &error);
	assert_string_equal(string_at(json, "error"),
	                    "did you mean `allow`? expected: allow, deny or delete");
	assert_string_equal(string_at(json, "errno"), "EINVAL");
	assert_string_equal(string_at(json, "command"), "turn peer alow");
	assert_int_equal(json_integer_value(json_object_get(json, "column")), 10);
	json_decref(json);
}

/* -- for people -- */

static void test_table(void **state)
{
	static const struct sluice_counter_row rows[] = {
	        {.name = "drop.a", .help = "first", .value = 5, .unit = "packets"},
	        {.name = "turn.longer_name", .help = "second", .value = 123456, .unit = "requests"},
	};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct printer printer;

	printer_begin(&printer, out, false, request_of(SLUICE_COUNTER_SHOW)->reply);
	assert_int_equal(printer_rows(&printer, rows, 2), 0);
	printer_end(&printer, true);
	fclose(out);
	assert_string_equal(text, "name               value  unit      help\n"
	                          "drop.a                 5  packets   first\n"
	                          "turn.longer_name  123456  requests  second\n");
	free(text);
}

/* More rows than a table's widths are taken from. */
static void test_long_table(void **state)
{
	struct sluice_counter_row row = {.name = "a", .help = "h", .value = 1};
	char *text = NULL;
	size_t length, lines = 0;
	FILE *out = open_memstream(&text, &length);
	struct printer printer;

	printer_begin(&printer, out, false, request_of(SLUICE_COUNTER_SHOW)->reply);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(printer_rows(&printer, &row, 1), 0);
	printer_end(&printer, true);
	fclose(out);
	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 1001);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_objects),       cmocka_unit_test(test_rows),
	        cmocka_unit_test(test_kinds_of_rows), cmocka_unit_test(test_rows_of_noise),
	        cmocka_unit_test(test_errors),        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_narrow_table),  cmocka_unit_test(test_long_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
