/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/walk.h"

#include "command/nearest.h"
#include "command/secret.h"
#include "command/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX  32
#define EXPECTED_MAX    12   /* words that are told beside a near one */
#define SECRET_FILE_MAX 1024 /* bytes of a secret */

static const char *word_at(const struct walk *walk, uint32_t index)
{
	return walk->words->words[index].text;
}

static uint32_t path_length(const struct command *command)
{
	uint32_t length = 0;

	while (length < COMMAND_PATH_MAX && command_words(command)[length] != NULL)
		length++;
	return length;
}

/* The first n words are the first n of the command's name. */
static bool path_begins(const struct walk *walk, const struct command *command, uint32_t n)
{
	if (path_length(command) < n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(command_words(command)[i], word_at(walk, i)) != 0)
			return false;
	return true;
}

/* The command with the longest name that the words begin with. walk->next: the first word that is
 * in no name. */
static void walk_path(struct walk *walk)
{
	const struct command *command = NULL;
	uint32_t named = 0, longest = 0;

	while ((command = command_next(command)) != NULL) {
		uint32_t n = path_length(command), same = 0;

		while (same < n && same < walk->count && path_begins(walk, command, same + 1))
			same++;
		if (same > longest)
			longest = same;
		if (same == n && n > named) {
			named = n;
			walk->command = command;
		}
	}
	walk->next = longest;
	/* "turn listen delete" without more is that command, "turn peer" is none. */
	if (walk->command != NULL && named < longest)
		walk->command = NULL;
}

/* -- arguments -- */

static const struct argument *argument_at(const struct command *command, uint32_t index)
{
	const struct argument *argument = &command->arguments[index];

	return index < COMMAND_ARGUMENTS_MAX && argument->key != NULL ? argument : NULL;
}

static bool is_given(const struct walk *walk, uint32_t index)
{
	return walk->given & 1u << index;
}

/* It has been given, or another one instead of it. */
static bool is_settled(const struct walk *walk, uint32_t index)
{
	const struct argument *argument = argument_at(walk->command, index), *other;

	if (is_given(walk, index))
		return true;
	for (uint32_t i = 0; (other = argument_at(walk->command, i)) != NULL; i++)
		if (argument->one_of != 0 && other->one_of == argument->one_of && is_given(walk, i))
			return true;
	return false;
}

static const struct argument *keyword_find(const struct walk *walk, const char *word)
{
	const struct argument *argument;

	for (uint32_t i = 0; (argument = argument_at(walk->command, i)) != NULL; i++)
		if (argument->keyword && !is_settled(walk, i) && strcmp(argument->key, word) == 0)
			return argument;
	return NULL;
}

/* The next argument without a keyword, while one is due; they come first. One that may be left out
 * is, where a keyword stands in its place. */
static const struct argument *positional_due(const struct walk *walk)
{
	const struct argument *argument;

	for (uint32_t i = 0; (argument = argument_at(walk->command, i)) != NULL; i++) {
		if (argument->keyword || is_given(walk, i))
			continue;
		if (argument->optional && walk->next < walk->count &&
		    keyword_find(walk, word_at(walk, walk->next)) != NULL)
			return NULL;
		return argument;
	}
	return NULL;
}

/* `file PATH` in place of a secret: what the file holds, without the end of its line. */
static bool names_file(const struct walk *walk)
{
	return walk->next + 1 < walk->count && strcmp(word_at(walk, walk->next), "file") == 0 &&
	       word_at(walk, walk->next + 1)[0] == '/';
}

static int walk_file(struct walk *walk, const struct argument *argument)
{
	char text[SECRET_FILE_MAX + 2] = "";
	ssize_t length = secret_read(word_at(walk, ++walk->next), text, sizeof(text) - 1);
	int error;

	if (length < 0) {
		snprintf(walk->why, COMMAND_EXPECTED_MAX, "%s",
		         length == -ETIMEDOUT ? "it is a pipe, and nobody writes to it"
		         : length == -EINVAL  ? "it is no file"
		                              : strerror((int)-length));
		return -EINVAL;
	}
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	if (length == 0 || length > SECRET_FILE_MAX || strlen(text) != (size_t)length) {
		snprintf(walk->why, COMMAND_EXPECTED_MAX, "no secret is in it");
		error = -EINVAL;
	} else {
		error = value_parse(argument, text, walk->request->body.bytes, walk->why);
	}
	explicit_bzero(text, sizeof(text));
	walk->request->from_file = true;
	return error;
}

static int walk_value(struct walk *walk, const struct argument *argument)
{
	void *body = walk->request->body.bytes;

	walk->value = argument;
	if (value_is_secret(argument) && names_file(walk)) {
		if (walk_file(walk, argument) < 0)
			return -EINVAL;
		walk->value = NULL;
		walk->next++;
		return 0;
	}
	if (value_is_secret(argument))
		walk->secrets |= UINT64_C(1) << walk->next;
	if (walk->next == walk->count ||
	    value_parse(argument, word_at(walk, walk->next), body, walk->why) < 0)
		return -EINVAL;
	walk->value = NULL;
	walk->next++;
	return 0;
}

static int walk_argument(struct walk *walk)
{
	const struct argument *argument = positional_due(walk);
	void *body = walk->request->body.bytes;

	if (argument == NULL) {
		argument = keyword_find(walk, word_at(walk, walk->next));
		if (argument == NULL)
			return -EINVAL;
		walk->next++;
	}
	if (argument->type == ARGUMENT_FLAG)
		field_write(body, argument->offset, argument->size, 1);
	else if (walk_value(walk, argument) < 0)
		return -EINVAL;
	assignment_make(&argument->sets, body);
	walk->given |= 1u << (argument - walk->command->arguments);
	return 0;
}

bool walk_complete(const struct walk *walk)
{
	const struct argument *argument;

	if (walk->command == NULL || walk->value != NULL)
		return false;
	for (uint32_t i = 0; (argument = argument_at(walk->command, i)) != NULL; i++)
		if (!argument->optional && !is_settled(walk, i))
			return false;
	return !walk->command->some || walk->given != 0;
}

int walk_words(struct walk *walk, const struct words *words, uint32_t count,
               struct command_request *request)
{
	*walk = (struct walk){.words = words, .count = count, .request = request};
	memset(request, 0, sizeof(*request));
	walk_path(walk);
	if (walk->command == NULL)
		return walk->next == walk->count ? 0 : -EINVAL;
	request->command = walk->command;
	request->length = command_asks(walk->command)->body_size;
	assignment_make(&walk->command->sets, request->body.bytes);
	while (walk->next < walk->count)
		if (walk_argument(walk) < 0)
			return -EINVAL;
	return 0;
}

/* -- what could follow -- */

static void candidate_add_path(struct candidate *candidates, uint32_t *count,
                               const struct command *command, uint32_t depth)
{
	struct candidate *candidate = candidates;

	while (candidate < candidates + *count &&
	       strcmp(candidate->word, command_words(command)[depth]) != 0)
		candidate++;
	if (candidate == candidates + *count) {
		*candidate = (struct candidate){.word = command_words(command)[depth],
		                                .command = command};
		++*count;
	}
	if (path_length(command) == depth + 1) {
		candidate->command = command;
		candidate->ends = true;
	}
}

/* Names go on only where all words before are names: not behind an argument. */
static uint32_t path_candidates(const struct walk *walk, struct candidate *candidates, uint32_t max)
{
	const struct command *command = NULL;
	uint32_t count = 0;

	while ((command = command_next(command)) != NULL && count < max)
		if (path_length(command) > walk->next && path_begins(walk, command, walk->next))
			candidate_add_path(candidates, &count, command, walk->next);
	return count;
}

uint32_t walk_candidates(const struct walk *walk, struct candidate *candidates, uint32_t max)
{
	uint32_t count = path_candidates(walk, candidates, max);
	const struct argument *due, *argument;
	bool keywords;

	if (walk->command == NULL)
		return count;
	due = walk->value != NULL ? walk->value : positional_due(walk);
	if (due != NULL && count < max)
		candidates[count++] = (struct candidate){.argument = due};
	keywords = due == NULL || (!due->keyword && due->optional);
	for (uint32_t i = 0; keywords && (argument = argument_at(walk->command, i)) != NULL; i++)
		if (argument->keyword && !is_settled(walk, i) && count < max)
			candidates[count++] =
			        (struct candidate){.word = argument->key, .argument = argument};
	return count;
}

static void candidate_add_text(const struct candidate *candidate, struct text *text)
{
	const struct argument *argument = candidate->argument;

	if (candidate->word != NULL)
		text_add(text, candidate->word);
	if (candidate->word != NULL && argument != NULL && argument->type != ARGUMENT_FLAG)
		text_add(text, " ");
	if (argument == NULL)
		return;
	if (candidate->word != NULL)
		value_meta(argument, text);
	else
		value_expected(argument, text);
}

/* At the end of a line that lacks something, only that is worth a word. */
static uint32_t candidates_needed(const struct walk *walk, struct candidate *candidates,
                                  uint32_t count)
{
	uint32_t needed = 0;

	if (walk->next < walk->count || walk->command == NULL || walk->command->some)
		return count;
	for (uint32_t i = 0; i < count; i++)
		if (candidates[i].argument == NULL || !candidates[i].argument->optional)
			candidates[needed++] = candidates[i];
	return needed > 0 ? needed : count;
}

static void candidate_offer(const struct candidate *candidate, struct nearest *nearest)
{
	const char *const *choice =
	        candidate->argument != NULL && candidate->argument->type == ARGUMENT_CHOICE
	                ? candidate->argument->choices
	                : NULL;

	if (candidate->word != NULL)
		nearest_offer(nearest, candidate->word);
	for (; candidate->word == NULL && choice != NULL && *choice != NULL; choice++)
		nearest_offer(nearest, *choice);
}

/* "show turn": the first two words are a command's, and the other way round. */
static bool is_reversed(const struct walk *walk)
{
	const struct command *command = NULL;

	while (walk->next == 0 && walk->count > 1 && (command = command_next(command)) != NULL)
		if (path_length(command) == 2 &&
		    strcmp(command_words(command)[0], word_at(walk, 1)) == 0 &&
		    strcmp(command_words(command)[1], word_at(walk, 0)) == 0)
			return true;
	return false;
}

/* Only words of the table are told: what was typed may be a secret in the wrong place. */
static bool meant_add(const struct walk *walk, const struct candidate *candidates, uint32_t count,
                      struct text *text)
{
	struct nearest nearest;

	if (walk->next == walk->count || walk->why[0] != '\0')
		return false;
	if (is_reversed(walk)) {
		text_addf(text, "did you mean `%s %s`? ", word_at(walk, 1), word_at(walk, 0));
		return true;
	}
	nearest_start(&nearest, word_at(walk, walk->next));
	for (uint32_t i = 0; i < count; i++)
		candidate_offer(&candidates[i], &nearest);
	if (nearest.found != NULL)
		text_addf(text, "did you mean `%s`? ", nearest.found);
	return nearest.found != NULL;
}

void walk_add_expected(const struct walk *walk, struct text *text)
{
	struct candidate candidates[CANDIDATES_MAX];
	uint32_t count = walk_candidates(walk, candidates, CANDIDATES_MAX);

	if (meant_add(walk, candidates, count, text) && count > EXPECTED_MAX) {
		text_add(text, "`help` has all that could stand here");
		return;
	}
	count = candidates_needed(walk, candidates, count);
	for (uint32_t i = 0; i < count; i++) {
		text_add(text, i == 0 ? "expected: " : i + 1 < count ? ", " : " or ");
		candidate_add_text(&candidates[i], text);
	}
	if (count == 0)
		text_add(text, "expected: nothing more");
}
