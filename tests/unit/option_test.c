/* SPDX-License-Identifier: BSD-3-Clause */
/* A program's table of options: what it reads, what it refuses, and what it says then. */
#include "common/option.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 12
#define SAID_MAX 256

struct values {
	const char *path, *mode;
	uint32_t many, place;
	uint16_t few;
	bool loud, quiet;
};

#define AT(member)               offsetof(struct values, member)
#define NUMBER(member, min, max) OPTION_NUMBER(struct values, member, min, max)

static const struct option_row rows[] = {
        {'p', "path", "PATH", "a path", AT(path), .otherwise = "/run"},
        {0, "many", "N", "many", NUMBER(many, 0, UINT32_MAX), "7"},
        {'f', "few", "N", "few", NUMBER(few, 3, 9)},
        {0, "mode", "slow|fast", "as text", AT(mode), option_choice, .otherwise = "slow"},
        {0, "place", "slow|fast", "as a number", AT(place), option_choice_place},
        {'l', "loud", NULL, "a flag", AT(loud)},
        {'q', NULL, NULL, "a letter alone", AT(quiet)},
        {0},
};
static const struct program strict = {.name = "test", .synopsis = "", .options = rows};
static const struct program loose = {
        .name = "test", .synopsis = "", .options = rows, .options_anywhere = true};

/* Reads a command line that has blanks between its words; said: what came on stderr. */
static int line_read(const struct program *program, const char *line, struct values *values,
                     char said[SAID_MAX])
{
	char text[128], *argv[ARGS_MAX + 1] = {"test"}, *word, *rest = text;
	int argc = 1, first, kept = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	ssize_t length;

	snprintf(text, sizeof(text), "%s", line);
	while (argc < ARGS_MAX && (word = strsep(&rest, " ")) != NULL)
		argv[argc++] = word;
	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	memset(values, 0, sizeof(*values));
	first = options_read(program, argc, argv, values);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	length = pread(fileno(file), said, SAID_MAX - 1, 0);
	said[length > 0 ? length : 0] = '\0';
	fclose(file);
	/* what is kept of the words lies in `text` */
	if (values->path != NULL)
		values->path = strcmp(values->path, "x") == 0 ? "x" : "/run";
	return first;
}

static void test_defaults(void **state)
{
	struct values values;
	char said[SAID_MAX];

	assert_int_equal(line_read(&strict, "word", &values, said), 1);
	assert_string_equal(values.path, "/run");
	assert_string_equal(values.mode, "slow");
	assert_int_equal(values.many, 7);
	assert_int_equal(values.few, 0);
	assert_false(values.loud);
	assert_string_equal(said, "");
}

static void test_values(void **state)
{
	struct values values;
	char said[SAID_MAX];

	assert_int_equal(line_read(&strict, "-p x -lq --many=4294967295 --few 9 --place fast",
	                           &values, said),
	                 9);
	assert_string_equal(values.path, "x");
	assert_int_equal(values.many, UINT32_MAX);
	assert_int_equal(values.few, 9);
	assert_int_equal(values.place, 1);
	assert_true(values.loud && values.quiet);
}

static void test_order(void **state)
{
	struct values values;
	char said[SAID_MAX];

	assert_int_equal(line_read(&strict, "word -l", &values, said), 1);
	assert_false(values.loud);
	assert_int_equal(line_read(&loose, "word -l", &values, said), 2);
	assert_true(values.loud);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
	        {"--few 2", "test: --few 2: expected a number from 3 to 9\n"},
	        {"-f 10", "test: --few 10: expected a number from 3 to 9\n"},
	        {"--few 4x", "test: --few 4x: expected a number from 3 to 9\n"},
	        {"--many -1", "test: --many -1: expected a number from 0 to 4294967295\n"},
	        {"--many 99999999999999999999",
	         "test: --many 99999999999999999999: expected a number from 0 to 4294967295\n"},
	        {"--mode slo", "test: --mode slo: expected slow|fast\n"},
	        {"--mode slow|fast", "test: --mode slow|fast: expected slow|fast\n"},
	        {"--place ", "test: --place : expected slow|fast\n"},
	        {"--path ", "test: --path : expected PATH\n"},
	        {"--none", "test: --none: expected an option of --help\n"},
	        {"-lz", "test: -z: expected an option of --help\n"},
	        {"--loud=1", "test: --loud=1: expected an option of --help\n"},
	        {"--few", "test: --few: expected a value behind it\n"},
	        {"-f", "test: -f: expected a value behind it\n"},
	};
	struct values values;
	char said[SAID_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(line_read(&strict, cases[i].line, &values, said), -EINVAL);
		assert_string_equal(said, cases[i].said);
	}
}

static void test_text(void **state)
{
	char text[64];

	option_text(&rows[0], text, sizeof(text));
	assert_string_equal(text, "a path; /run unless given");
	option_text(&rows[1], text, sizeof(text));
	assert_string_equal(text, "many; 0 to 4294967295; 7 unless given");
	option_text(&rows[1], text, 8);
	assert_string_equal(text, "many; 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
	        cmocka_unit_test(test_order),    cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
