/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX  40
#define LONG_ONLY    0x100 /* getopt_long's value for row n without a letter: LONG_ONLY + n */
#define HELP_COLUMN  29
#define HELP_WIDTH   80
#define WORD_WIDTH   12
#define HELP_MAX     512
#define EXPECTED_MAX 128

/* -- what an argument may be -- */

const char *option_number(const struct option_row *row, void *values, const char *argument)
{
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(argument, &end, 10);
	if (argument[0] < '0' || argument[0] > '9' || *end != '\0' || errno != 0 ||
	    number < row->min || number > row->max)
		return "a number";
	if (row->size == sizeof(uint16_t))
		*(uint16_t *)option_at(row, values) = (uint16_t)number;
	else
		*(uint32_t *)option_at(row, values) = (uint32_t)number;
	return NULL;
}

/* The place of a word in "one|other", or -1. */
static int choice_find(const char *choices, const char *word)
{
	size_t length = strlen(word);

	for (int place = 0;; place++) {
		size_t span = strcspn(choices, "|");

		if (span == length && strncmp(choices, word, span) == 0)
			return place;
		if (choices[span] == '\0')
			return -1;
		choices += span + 1;
	}
}

const char *option_choice(const struct option_row *row, void *values, const char *argument)
{
	if (choice_find(row->argument, argument) < 0)
		return row->argument;
	memcpy(option_at(row, values), &argument, sizeof(argument));
	return NULL;
}

const char *option_choice_place(const struct option_row *row, void *values, const char *argument)
{
	int place = choice_find(row->argument, argument);

	if (place < 0)
		return row->argument;
	*(uint32_t *)option_at(row, values) = (uint32_t)place;
	return NULL;
}

static const char *row_read(const struct option_row *row, void *values, const char *argument)
{
	const bool yes = true;

	if (row->read != NULL)
		return row->read(row, values, argument);
	if (row->argument == NULL)
		memcpy(option_at(row, values), &yes, sizeof(yes));
	else if (argument[0] == '\0')
		return row->argument;
	else
		memcpy(option_at(row, values), &argument, sizeof(argument));
	return NULL;
}

/* -- reading -- */

int option_fail(const struct program *program, const char *word, const char *expected)
{
	fprintf(stderr, "%s: %s: expected %s\n", program->name, word, expected);
	return -EINVAL;
}

static int value_fail(const struct program *program, const struct option_row *row,
                      const char *argument, const char *expected)
{
	char word[HELP_MAX], wanted[EXPECTED_MAX];

	if (row->name != NULL)
		snprintf(word, sizeof(word), "--%s %s", row->name, argument);
	else
		snprintf(word, sizeof(word), "-%c %s", row->letter, argument);
	snprintf(wanted, sizeof(wanted), "%s", expected);
	if (row->max != 0)
		snprintf(wanted, sizeof(wanted), "%s from %lu to %lu", expected, row->min,
		         row->max);
	return option_fail(program, word, wanted);
}

/* What getopt does not know is a letter among others, or the word before the next one. */
static int unknown_fail(const struct program *program, char **argv, const char *expected)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < LONG_ONLY && strncmp(word, "--", 2) != 0)
		word = letter;
	return option_fail(program, word, expected);
}

static const struct option_row *option_find(const struct program *program, int value)
{
	if (value >= LONG_ONLY)
		return &program->options[value - LONG_ONLY];
	for (const struct option_row *row = program->options; !option_is_end(row); row++)
		if (row->letter == value)
			return row;
	return NULL;
}

/* What getopt_long wants. */
struct getopt_table {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

static void table_fill(const struct program *program, struct getopt_table *table)
{
	char *at = table->letters;
	int n = 0;

	if (!program->options_anywhere)
		*at++ = '+';
	*at++ = ':';
	*at = '\0';
	for (int i = 0; i < OPTIONS_MAX && !option_is_end(&program->options[i]); i++) {
		const struct option_row *row = &program->options[i];

		if (row->letter != 0)
			at += sprintf(at, "%c%s", row->letter, row->argument != NULL ? ":" : "");
		if (row->name != NULL)
			table->names[n++] = (struct option){
			        row->name, row->argument != NULL ? required_argument : no_argument,
			        NULL, row->letter != 0 ? row->letter : LONG_ONLY + i};
	}
}

int options_read(const struct program *program, int argc, char **argv, void *values)
{
	struct getopt_table table = {0};
	const struct option_row *row;
	const char *expected;
	int value;

	for (row = program->options; !option_is_end(row); row++)
		if (row->otherwise != NULL)
			row_read(row, values, row->otherwise);
	table_fill(program, &table);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, table.letters, table.names, NULL)) != -1) {
		if (value == ':')
			return unknown_fail(program, argv, "a value behind it");
		row = option_find(program, value);
		if (row == NULL)
			return unknown_fail(program, argv, "an option of --help");
		expected = row_read(row, values, optarg);
		if (expected != NULL)
			return value_fail(program, row, optarg, expected);
	}
	return optind;
}

/* -- help -- */

void option_text(const struct option_row *row, char *text, size_t size)
{
	int length = snprintf(text, size, "%s", row->help);

	if (row->max != 0 && (size_t)length < size)
		length +=
		        snprintf(text + length, size - length, "; %lu to %lu", row->min, row->max);
	if (row->otherwise != NULL && (size_t)length < size)
		snprintf(text + length, size - length, "; %s unless given", row->otherwise);
}

/* Broken between words. */
static void wrapped_print(const char *text)
{
	int column = HELP_COLUMN;

	for (bool first = true; *text != '\0'; first = false) {
		int length = (int)strcspn(text, " ");

		if (!first && column + 1 + length > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		printf("%.*s", length, text);
		column += length;
		text += length + (text[length] == ' ');
	}
	putchar('\n');
}

static void row_print(const struct option_row *row)
{
	char words[64], text[HELP_MAX];
	int length =
	        snprintf(words, sizeof(words), row->letter != 0 ? "  -%c" : "    ", row->letter);

	if (row->name != NULL)
		length += snprintf(words + length, sizeof(words) - length, "%s --%s",
		                   row->letter != 0 ? "," : " ", row->name);
	if (row->argument != NULL)
		snprintf(words + length, sizeof(words) - length, " %s", row->argument);
	printf("%-*s", HELP_COLUMN - 1, words);
	/* no room beside it: below it */
	if (strlen(words) >= HELP_COLUMN - 1)
		printf("\n%*s", HELP_COLUMN, "");
	else
		putchar(' ');
	option_text(row, text, sizeof(text));
	wrapped_print(text);
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
	for (const struct option_row *row = program->options; !option_is_end(row); row++)
		row_print(row);
	if (program->words_title == NULL)
		return;
	printf("%s:\n", program->words_title);
	for (const struct program_word *word = program->words; word->name != NULL; word++)
		printf("  %-*s%s\n", WORD_WIDTH, word->name, word->help);
}
