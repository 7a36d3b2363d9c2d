/* SPDX-License-Identifier: BSD-3-Clause */
/* One line an event, whatever is in it; a flood of one priority is cut, counted, and hides no
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* stderr goes into a file meanwhile. */
struct taken {
	char name[64];
	int kept;
};

static void stderr_take(struct taken *taken)
{
	int file;

	snprintf(taken->name, sizeof(taken->name), "/tmp/sluice-log.XXXXXX");
	file = mkstemp(taken->name);
	taken->kept = dup(STDERR_FILENO);
	assert_true(file >= 0 && taken->kept >= 0);
	unsetenv("JOURNAL_STREAM");
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	close(file);
}

static FILE *stderr_give(struct taken *taken)
{
	FILE *written;

	dup2(taken->kept, STDERR_FILENO);
	close(taken->kept);
	written = fopen(taken->name, "r");
	unlink(taken->name);
	assert_non_null(written);
	return written;
}

static void test_log(void **state)
{
	unsigned int lines = 0, errors = 0;
	struct taken taken;
	char line[2048];
	FILE *written;

	stderr_take(&taken);
	log_info(SLUICE_LOG_PORT, "one\nline \x1b[2J");
	for (int i = 0; i < 1000; i++)
		log_warning(SLUICE_LOG_PORT, "flood %d", i);
	log_error(SLUICE_LOG_PORT, "not hidden");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_info(SLUICE_LOG_GATE, "gate: for the journal");
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "port: one?line ?[2J\n");
	while (fgets(line, sizeof(line), written) != NULL && strncmp(line, "warning: ", 9) == 0)
		lines++;
	assert_in_range(lines, 200, 400);
	errors += strcmp(line, "error: port: not hidden\n") == 0;
	assert_int_equal(errors, 1);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "<6>gate: for the journal\n");
	fclose(written);
}

/* Each area has a name, a word in the commands, and a level of its own. */
static void test_levels(void **state)
{
	struct sluice_log_table table = {0};
	struct taken taken;
	char line[2048];
	FILE *written;

	for (int area = 0; area < SLUICE_LOG_AREAS; area++) {
		assert_string_equal(log_areas[area].name, log_area_names[area]);
		assert_in_range(strlen(log_areas[area].about), 1,
		                sizeof(((struct sluice_log_row *)0)->about) - 1);
		assert_int_equal(log_level(area), log_level_default(area));
	}
	assert_string_equal(log_area_names[SLUICE_LOG_ALL], "all");
	assert_false(log_levels_set(&table)); /* DEFAULT is no level */
	memset(table.levels, SLUICE_LOG_WARNING, SLUICE_LOG_AREAS);
	table.levels[SLUICE_LOG_PORT] = SLUICE_LOG_LEVELS;
	assert_false(log_levels_set(&table));
	assert_int_equal(log_level(SLUICE_LOG_GATE), SLUICE_LOG_INFO);
	table.levels[SLUICE_LOG_PORT] = SLUICE_LOG_DEBUG;
	assert_true(log_levels_set(&table));
	stderr_take(&taken);
	log_info(SLUICE_LOG_GATE, "hidden");
	log_debug(SLUICE_LOG_PORT, "port dp0: told");
	log_error(SLUICE_LOG_GATE, "told");
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "debug: port dp0: told\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "error: gate: told\n");
	assert_null(fgets(line, sizeof(line), written));
	fclose(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_log),
	                                   cmocka_unit_test(test_levels)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
