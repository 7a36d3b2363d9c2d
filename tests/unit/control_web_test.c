/* SPDX-License-Identifier: BSD-3-Clause */
/* The page at /: each of its files as it lies in the source, and what it may load and tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include "web/web.h"

#include <stdio.h>
#include <string.h>

static void get(struct control *control, const char *path, int status)
{
	char method[128];
	int got;

	snprintf(method, sizeof(method), "GET %s", path);
	got = control_http(control, method, NULL, NULL);
	if (got != status)
		fail_msg("%s: %d %s", method, got, control->said);
}

static void has(const struct control *control, const char *line)
{
	if (strstr(control->headers, line) == NULL)
		fail_msg("no '%s' in %s", line, control->headers);
}

static const struct web_file *file_at(const char *path)
{
	for (const struct web_file *file = web_files; file->path != NULL; file++)
		if (strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

static void files_come_whole(void **state)
{
	static const struct {
		const char *path, *type;
	} rows[] = {
	        {"/page.html", "text/html; charset=utf-8"},
	        {"/page.css", "text/css; charset=utf-8"},
	        {"/page.js", "text/javascript; charset=utf-8"},
	        {"/session.js", "text/javascript; charset=utf-8"},
	        {"/graphs.js", "text/javascript; charset=utf-8"},
	};
	struct control *control = *state;
	char type[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct web_file *file = file_at(rows[i].path);

		assert_non_null(file);
		get(control, rows[i].path, 200);
		assert_int_equal(strlen(control->said), file->length);
		assert_memory_equal(control->said, file->bytes, file->length);
		snprintf(type, sizeof(type), "Content-Type: %s\r\n", rows[i].type);
		has(control, type);
	}
}

/* No token, nothing of others: script and style of its own, and no frame around it. */
static void the_page_is_open_and_strict(void **state)
{
	struct control *control = *state;
	const struct web_file *page = file_at("/page.html");

	get(control, "/", 200);
	assert_memory_equal(control->said, page->bytes, page->length);
	has(control, "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src "
	             "'self';");
	has(control, "frame-ancestors 'none'\r\n");
	has(control, "Referrer-Policy: no-referrer\r\n");
	assert_null(strstr(control->said, "http://"));
	get(control, "/page.txt", 404);
	assert_int_equal(control_http(control, "POST /", NULL, NULL), 405);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(files_come_whole, control_setup, control_teardown),
	        cmocka_unit_test_setup_teardown(the_page_is_open_and_strict, control_setup,
	                                        control_teardown),
	};

	return cmocka_run_group_tests_name("control_web", tests, NULL, NULL);
}
