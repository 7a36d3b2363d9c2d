/* SPDX-License-Identifier: BSD-3-Clause */
/* One line an event, whatever is in it; a flood of one priority is cut, counted, and hides no
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_log(void **state)
{
	char name[] = "/tmp/sluice-log.XXXXXX", line[2048];
	int file = mkstemp(name), kept = dup(STDERR_FILENO);
	unsigned int lines = 0, errors = 0;
	FILE *written;

	assert_true(file >= 0 && kept >= 0);
	unsetenv("JOURNAL_STREAM");
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	log_info("one\nline \x1b[2J");
	for (int i = 0; i < 1000; i++)
		log_warning("flood %d", i);
	log_error("not hidden");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_info("for the journal");
	dup2(kept, STDERR_FILENO);
	written = fopen(name, "r");
	unlink(name);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "one?line ?[2J\n");
	while (fgets(line, sizeof(line), written) != NULL && strncmp(line, "warning: ", 9) == 0)
		lines++;
	assert_in_range(lines, 200, 400);
	errors += strcmp(line, "error: not hidden\n") == 0;
	assert_int_equal(errors, 1);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal(line, "<6>for the journal\n");
	fclose(written);
	close(file);
	close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_log)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
