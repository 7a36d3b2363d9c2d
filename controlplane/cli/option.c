/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 32
#define LONG_ONLY   0x100 /* getopt_long's value for row n without a letter: LONG_ONLY + n */

static size_t options_count(const struct program *program)
{
	size_t count = 0;

	while (program->options[count].letter != 0 || program->options[count].name != NULL)
		count++;
	return count;
}

static void option_store(const struct option_row *row, void *values, const char *argument)
{
	char *at = (char *)values + row->offset;
	bool yes = true;

	if (row->argument != NULL)
		memcpy(at, &argument, sizeof(argument));
	else
		memcpy(at, &yes, sizeof(yes));
}

static const struct option_row *option_find(const struct program *program, int value)
{
	if (value >= LONG_ONLY)
		return &program->options[value - LONG_ONLY];
	for (size_t i = 0; i < options_count(program); i++)
		if (program->options[i].letter == value)
			return &program->options[i];
	return NULL;
}

int options_read(const struct program *program, int argc, char **argv, void *values)
{
	char letters[2 * OPTIONS_MAX + 2] = "+", *at = letters + 1;
	struct option names[OPTIONS_MAX + 1] = {0};
	const struct option_row *row;
	int value, n = 0;

	for (size_t i = 0; i < options_count(program); i++) {
		row = &program->options[i];
		if (row->letter != 0)
			at += sprintf(at, "%c%s", row->letter, row->argument != NULL ? ":" : "");
		if (row->name != NULL)
			names[n++] = (struct option){
			        row->name, row->argument != NULL ? required_argument : no_argument,
			        NULL, row->letter != 0 ? row->letter : LONG_ONLY + (int)i};
	}
	while ((value = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		row = option_find(program, value);
		if (row == NULL)
			return -EINVAL; /* getopt has said what is wrong */
		option_store(row, values, optarg);
	}
	return optind;
}

void options_print_help(const struct program *program)
{
	const char *line = program->synopsis;

	while (*line != '\0') {
		size_t length = strcspn(line, "\n");

		printf("%s %s %.*s\n", line == program->synopsis ? "usage:" : "      ",
		       program->name, (int)length, line);
		line += length + (line[length] == '\n');
	}
	for (size_t i = 0; i < options_count(program); i++) {
		const struct option_row *row = &program->options[i];
		char letter[8] = "   ", name[40] = "";

		if (row->letter != 0)
			snprintf(letter, sizeof(letter), "-%c%s", row->letter,
			         row->name != NULL ? "," : " ");
		if (row->name != NULL)
			snprintf(name, sizeof(name), "--%s ", row->name);
		if (row->argument != NULL)
			strncat(name, row->argument, sizeof(name) - strlen(name) - 1);
		printf("  %s %-22s %s\n", letter, name, row->help);
	}
}
