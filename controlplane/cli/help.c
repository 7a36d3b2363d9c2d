/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/session.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define USAGE_MAX    256
#define USAGE_COLUMN 52

static void command_print(const struct command *command)
{
	char usage[USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	if (strlen(usage) <= USAGE_COLUMN)
		printf("  %-*s  %s\n", USAGE_COLUMN, usage, command->help);
	else
		printf("  %s\n  %-*s  %s\n", usage, USAGE_COLUMN, "", command->help);
}

static void command_add_json(json_t *array, const struct command *command)
{
	char usage[USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	json_array_append_new(array,
	                      json_pack("{s:s, s:s}", "command", usage, "help", command->help));
}

bool help_print(const char *word, bool json)
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
			command_print(command);
	}
	if (json && found) {
		json_dumpf(array, stdout, JSON_INDENT(1));
		putchar('\n');
	}
	json_decref(array);
	return found;
}
