/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/session.h"

#include "command/nearest.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define USAGE_MAX    256
#define USAGE_COLUMN 40
#define HELP_COLUMN  (USAGE_COLUMN + 4)
#define HELP_COLUMNS 80

/* Words from column `at` on, as far as they fit, and the rest indented below. */
static void words_print(FILE *out, const char *text, size_t at, size_t indent)
{
	const char *between = "";

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (at > indent && at + strlen(between) + length > HELP_COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			between = "";
		}
		fprintf(out, "%s%.*s", between, (int)length, text);
		at += strlen(between) + length;
		between = " ";
		text += length + strspn(text + length, " ");
	}
	fputc('\n', out);
}

static void command_print(FILE *out, const struct command *command)
{
	char usage[USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	if (strlen(usage) <= USAGE_COLUMN) {
		fprintf(out, "  %-*s  ", USAGE_COLUMN, usage);
	} else {
		fprintf(out, "  ");
		words_print(out, usage, 2, 6);
		fprintf(out, "  %-*s  ", USAGE_COLUMN, "");
	}
	words_print(out, command->help, HELP_COLUMN, HELP_COLUMN);
}

static void command_add_json(json_t *array, const struct command *command)
{
	char usage[USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	json_array_append_new(array,
	                      json_pack("{s:s, s:s}", "command", usage, "help", command->help));
}

const char *help_nearest(const char *word)
{
	const struct command *command = NULL;
	struct nearest nearest;

	nearest_start(&nearest, word);
	while ((command = command_next(command)) != NULL)
		nearest_offer(&nearest, command_words(command)[0]);
	return nearest.found;
}

bool help_print(FILE *out, const char *word, bool json)
{
	const struct command *command = NULL;
	json_t *array = json_array();
	bool found = false;

	while ((command = command_next(command)) != NULL) {
		if (word[0] != '\0' && strcmp(command_words(command)[0], word) != 0)
			continue;
		found = true;
		if (json)
			command_add_json(array, command);
		else
			command_print(out, command);
	}
	if (json && found) {
		json_dumpf(array, out, JSON_INDENT(1));
		fputc('\n', out);
	}
	json_decref(array);
	return found;
}
