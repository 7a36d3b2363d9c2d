/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/complete.h"

#include "command/value.h"
#include "command/walk.h"

#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX 32

/* The words of a line whose last one is still being typed, and what may stand in its place. */
struct partial {
	char line[WORDS_LINE_MAX];
	struct words words;
	uint32_t complete; /* words before the one at the cursor */
	const char *begun; /* what there is of that one; "" for none */
	struct command_request request;
	struct walk walk; /* over the complete ones */
	struct candidate candidates[CANDIDATES_MAX];
	uint32_t count; /* of them; 0 as well where the complete words make no sense */
};

static bool partial_read(struct partial *partial, const char *line, size_t length)
{
	const char *why;
	uint32_t column;

	if (length >= sizeof(partial->line))
		return false;
	snprintf(partial->line, sizeof(partial->line), "%.*s", (int)length, line);
	if (words_split(&partial->words, partial->line, &why, &column) < 0)
		return false;
	partial->complete = partial->words.count;
	partial->begun = "";
	if (length > 0 && line[length - 1] != ' ' && line[length - 1] != '\t' &&
	    partial->words.count > 0)
		partial->begun = partial->words.words[--partial->complete].text;
	walk_words(&partial->walk, &partial->words, partial->complete, &partial->request);
	partial->count =
	        partial->walk.next < partial->walk.count
	                ? 0
	                : walk_candidates(&partial->walk, partial->candidates, CANDIDATES_MAX);
	return true;
}

/* "turn realm" is a command; "turn" begins many, of one subject. */
static const char *candidate_help(const struct candidate *candidate)
{
	if (candidate->argument != NULL)
		return candidate->argument->help;
	if (candidate->ends)
		return candidate->command->help;
	for (uint32_t i = 0; command_groups[i] != NULL; i++) {
		const struct command_group *group = command_groups[i];

		if (candidate->command >= group->commands &&
		    candidate->command < group->commands + group->count)
			return group->title;
	}
	return "";
}

static void candidate_tell(const struct candidate *candidate, const char *begun,
                           completion_fn *each, void *arg)
{
	char usage[COMMAND_EXPECTED_MAX];
	struct text text;

	if (candidate->word != NULL) {
		if (strncmp(candidate->word, begun, strlen(begun)) != 0)
			return;
		if (candidate->argument == NULL) {
			each(arg, candidate->word, candidate->word, candidate_help(candidate));
			return;
		}
		argument_usage(candidate->argument, false, usage, sizeof(usage));
		each(arg, candidate->word, usage, candidate_help(candidate));
		return;
	}
	text_start(&text, usage, sizeof(usage));
	value_expected(candidate->argument, &text);
	each(arg, NULL, usage, candidate_help(candidate));
}

static void choices_tell(const struct argument *argument, const char *begun, completion_fn *each,
                         void *arg)
{
	for (uint32_t i = 0; argument->choices[i] != NULL; i++)
		if (strncmp(argument->choices[i], begun, strlen(begun)) == 0)
			each(arg, argument->choices[i], argument->choices[i], argument->help);
}

bool command_complete(const char *line, size_t length, completion_fn *each, void *arg)
{
	struct partial partial;

	if (!partial_read(&partial, line, length) || partial.walk.next < partial.walk.count)
		return false;
	for (uint32_t i = 0; i < partial.count; i++) {
		const struct candidate *candidate = &partial.candidates[i];

		if (candidate->word == NULL && candidate->argument->choices != NULL)
			choices_tell(candidate->argument, partial.begun, each, arg);
		else
			candidate_tell(candidate, partial.begun, each, arg);
	}
	return true;
}

bool command_value(const char *line, size_t length, struct completed_value *value)
{
	struct partial partial;

	if (!partial_read(&partial, line, length))
		return false;
	for (uint32_t i = 0; i < partial.count; i++) {
		if (partial.candidates[i].word != NULL)
			continue;
		value->command = partial.walk.command;
		value->argument = partial.candidates[i].argument;
		snprintf(value->begun, sizeof(value->begun), "%s", partial.begun);
		return true;
	}
	return false;
}
