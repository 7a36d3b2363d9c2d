/* SPDX-License-Identifier: BSD-3-Clause */
/* What the table of requests says of the control plane, and what the control plane has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "answers/routes.h"

/* Asked and done here: exactly what the table says. */
static void test_answers(void **state)
{
	const struct request *request = NULL;
	char name[REQUEST_NAME_MAX];

	while ((request = request_next(request)) != NULL) {
		bool once = request->kind == REQUEST_SHOW || request->kind == REQUEST_ACT;
		bool here = request->server == BY_CONTROL || request->server == BY_BOTH;

		if ((answer_of(request->type) != NULL) != (once && here))
			fail_msg("%s: answers/*.c and common/requests_*.c differ",
			         request_name(request, name));
	}
}

/* All that the control plane takes can be asked by a command. */
static void test_commands(void **state)
{
	const struct request *request = NULL;
	char name[REQUEST_NAME_MAX];

	while ((request = request_next(request)) != NULL)
		if ((command_of_type(request->type) != NULL) != request_is_control(request))
			fail_msg("%s: command/commands_*.c and common/requests_*.c differ",
			         request_name(request, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
