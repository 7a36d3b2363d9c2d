/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/batch.h"

#include "cli/run.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is about to run, its secrets masked; a line that cannot be read is shown by its error. */
static void echo_print(const struct session *session, const char *line)
{
	struct command_request request;
	struct command_error error;
	char text[COMMAND_TEXT_MAX];
	json_t *object;

	if (command_parse(line, &request, &error) < 0 || request.command == NULL)
		return;
	command_format(&request, false, text, sizeof(text));
	if (!session->json) {
		printf("%s\n", text);
		return;
	}
	object = json_pack("{s:s}", "command", text);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static int batch_read(struct session *session, FILE *file, const char *name, bool stop, bool echo)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int status = 0;

	for (unsigned int number = 1; (length = getline(&line, &room, file)) >= 0; number++) {
		char prefix[512];
		int error;

		snprintf(prefix, sizeof(prefix), "%s:%u: ", name, number);
		session->file = name;
		session->line = number;
		if (echo)
			echo_print(session, line);
		if (memchr(line, '\0', length) != NULL)
			error = session_fail(session, prefix, -EINVAL,
			                     "there is a NUL in this line");
		else
			error = run_line(session, line, prefix);
		if (error < 0)
			status = error;
		if (session->ended || (error < 0 && stop))
			break;
	}
	session->file = NULL;
	free(line);
	return status;
}

int batch_run(struct session *session, const char *path, bool stop, bool echo)
{
	bool from_stdin = strcmp(path, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(path, "re");
	char text[512];
	int status;

	session->paged = false;
	if (file == NULL) {
		status = -errno;
		snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
		return session_fail(session, "sluicectl: ", status, text);
	}
	status = batch_read(session, file, from_stdin ? "stdin" : path, stop, echo);
	if (!from_stdin)
		fclose(file);
	return status;
}
