/* SPDX-License-Identifier: BSD-3-Clause */
/* One line an event, whatever is in it; a flood of one priority is cut, counted, and hides no
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/attack_log.h"
#include "common/log.h"
#include "stderr_taken.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

/* The clock stands still unless the test moves it. */
static struct timespec now = {.tv_sec = 1000};

int clock_gettime(clockid_t clock, struct timespec *time)
{
	*time = now;
	return 0;
}

static void test_log(void **state)
{
	unsigned int lines = 0;
	struct taken taken;
	char line[2048];
	FILE *written;

	stderr_take(&taken);
	log_info(SLUICE_LOG_PORT, "one\nline \x1b[2J");
	for (int i = 0; i < 1000; i++)
		log_warning(SLUICE_LOG_PORT, "flood %d", i);
	log_error(SLUICE_LOG_PORT, "not hidden");
	now.tv_sec += 2; /* room for 40 */
	log_warning(SLUICE_LOG_PORT, "over");
	log_warning(SLUICE_LOG_PORT, "and out");
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "port: one?line ?[2J\n");
	while (fgets(line, sizeof(line), written) != NULL && strncmp(line, "warning: ", 9) == 0)
		lines++;
	assert_int_equal(lines, 200);
	assert_string_equal(line, "error: port: not hidden\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "warning: 800 lines like the next were left out\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "warning: port: over\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "warning: port: and out\n");
	assert_null(fgets(line, sizeof(line), written));
	fclose(written);
}

/* Whose JOURNAL_STREAM says what stderr is, has the journal; who has inherited it has a file. */
static void test_journal(void **state)
{
	struct taken taken;
	struct stat is;
	char line[2048], stream[64];
	FILE *written;

	stderr_take(&taken);
	assert_int_equal(fstat(STDERR_FILENO, &is), 0);
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_info(SLUICE_LOG_GATE, "gate: for a file");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	log_error(SLUICE_LOG_GATE, "gate: for a file");
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)is.st_dev,
	         (unsigned long)is.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_info(SLUICE_LOG_GATE, "gate: for the journal");
	unsetenv("JOURNAL_STREAM");
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "gate: for a file\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "error: gate: for a file\n");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "<6>gate: for the journal\n");
	fclose(written);
}

/* Each beginning and end is told once. */
static void test_attacks(void **state)
{
	uint64_t counters[GATE_COUNTERS] = {[GATE_EVENT_PREFIX_ATTACKED] = 0};
	struct attack_log log = {0};
	struct taken taken;
	char line[2048];
	FILE *written;

	stderr_take(&taken);
	attack_log_follow(&log, false, counters, ": more");
	counters[GATE_EVENT_PREFIX_ATTACKED] = 2;
	attack_log_follow(&log, true, counters, ": more");
	attack_log_follow(&log, true, counters, ": more");
	counters[GATE_EVENT_PREFIX_CALM] = 1;
	attack_log_follow(&log, false, counters, ": more");
	written = stderr_give(&taken);
	for (int i = 0; i < 4; i++) {
		static const char *const begins[] = {
		        "warning: gate: the host is under attack:",
		        "warning: gate: 2 prefixes came under attack: more\n",
		        "warning: gate: the attack on the host is over",
		        "warning: gate: the attack on 1 prefix is over",
		};

		assert_non_null(fgets(line, sizeof(line), written));
		assert_int_equal(strncmp(line, begins[i], strlen(begins[i])), 0);
	}
	assert_null(fgets(line, sizeof(line), written));
	fclose(written);
}

/* What must be found afterwards is hidden by no level and by no flood. */
static void test_always(void **state)
{
	struct sluice_log_table table, errors_only;
	struct taken taken;
	char line[2048] = "";
	FILE *written;
	int found = 0;

	memset(&errors_only, SLUICE_LOG_ERROR, sizeof(errors_only));
	memset(&table, SLUICE_LOG_INFO, sizeof(table));
	unsetenv("JOURNAL_STREAM");
	stderr_take(&taken);
	assert_true(log_levels_set(&table));
	for (int i = 0; i < 1000; i++)
		log_warning(SLUICE_LOG_CAPTURE, "flood %d", i);
	assert_true(log_levels_set(&errors_only));
	for (int i = 0; i < 3; i++)
		log_always(SLUICE_LOG_CAPTURE, SLUICE_LOG_WARNING, "capture %d: looks", i);
	written = stderr_give(&taken);
	while (fgets(line, sizeof(line), written) != NULL)
		found += strncmp(line, "warning: capture ", 17) == 0 &&
		         strstr(line, ": looks\n") != NULL;
	assert_int_equal(found, 3);
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
		assert_non_null(log_area_names[area]);
		assert_in_range(strlen(log_area_abouts[area]), 1,
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
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_log),     cmocka_unit_test(test_journal),
	        cmocka_unit_test(test_attacks), cmocka_unit_test(test_levels),
	        cmocka_unit_test(test_always),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
