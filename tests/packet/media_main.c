/* SPDX-License-Identifier: BSD-3-Clause */
/* Each row of media_cases.c is a test. usage: test-media [CASE]: those whose names have this in
 * them */
#include "media_case.h"

#include "media_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void run(void **state)
{
	media_case_run(*state);
}

static int end(void **state)
{
	media_case_end();
	return 0;
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests = calloc(media_cases_count, sizeof(*tests));
	size_t count = 0;
	int failed;

	if (tests == NULL || srtp_init() != srtp_err_status_ok || rig_eal("media", 256, false) != 0)
		return 1;
	for (size_t i = 0; i < media_cases_count; i++)
		if (argc < 2 || strstr(media_cases[i].name, argv[1]) != NULL)
			tests[count++] = (struct CMUnitTest){
			        .name = media_cases[i].name,
			        .test_func = run,
			        .teardown_func = end,
			        .initial_state = (void *)(uintptr_t)&media_cases[i],
			};
	failed = _cmocka_run_group_tests("media", tests, count, NULL, NULL);
	free(tests);
	return failed;
}
