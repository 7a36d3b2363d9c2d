/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines to requests, and requests that came from elsewhere made as if they had been lines. */
#include "command/command.h"
#include "command/text.h"
#include "command/walk.h"
#include "command/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD_SHOWN_MAX 64 /* bytes of a wrong word that are repeated */

static bool word_is_secret(const struct walk *walk, uint32_t index)
{
	return walk->secrets & UINT64_C(1) << index;
}

/* A word as it may be repeated to the reader of the error: cut where it is endless. */
static void line_add_word(struct text *line, const char *word, bool secret)
{
	char room[4 * WORD_SHOWN_MAX + sizeof("...")];
	struct text shown;

	text_start(&shown, room, sizeof(room));
	if (secret) {
		text_add(&shown, COMMAND_MASK);
	} else {
		text_add_printable(&shown, word, WORD_SHOWN_MAX);
		if (strlen(word) > WORD_SHOWN_MAX)
			text_add(&shown, "...");
	}
	text_add_word(line, room);
}

/* The words up to the wrong one. */
static void error_add_words(struct command_error *error, const struct walk *walk)
{
	bool missing = walk->next == walk->count;
	uint32_t shown = missing ? walk->count : walk->next + 1;
	struct text line;

	text_start(&line, error->line, sizeof(error->line));
	for (uint32_t i = 0; i < shown; i++) {
		error->column = line.length;
		line_add_word(&line, walk->words->words[i].text, word_is_secret(walk, i));
		if (i + 1 < shown || missing)
			text_add(&line, " ");
	}
	if (missing)
		error->column = line.length;
}

static int error_fill(struct command_error *error, const struct walk *walk)
{
	struct text text;

	memset(error, 0, sizeof(*error));
	error_add_words(error, walk);
	text_start(&text, error->text, sizeof(error->text));
	if (walk->why[0] != '\0')
		text_addf(&text, "%s; ", walk->why);
	walk_add_expected(walk, &text);
	return -EINVAL;
}

/* The words before the one that could not be read are walked, so that what is secret in them is
 * known. */
static int error_split(struct command_error *error, const struct words *words, const char *why)
{
	struct command_request request;
	struct walk walk;
	struct text text;

	memset(error, 0, sizeof(*error));
	walk_words(&walk, words, words->count, &request);
	walk.next = walk.count;
	error_add_words(error, &walk);
	text_start(&text, error->text, sizeof(error->text));
	text_add(&text, why);
	return -EINVAL;
}

int command_parse(const char *line, struct command_request *request, struct command_error *error)
{
	char text[COMMAND_TEXT_MAX];
	struct words words;
	struct walk walk;
	const char *why;
	uint32_t column;

	memset(request, 0, sizeof(*request));
	if (words_split(&words, line, &why, &column) < 0)
		return error_split(error, &words, why);
	if (words.count == 0)
		return 0;
	if (walk_words(&walk, &words, words.count, request) < 0 || !walk_complete(&walk))
		return error_fill(error, &walk);
	if (command_format(request, true, text, sizeof(text)) < 0)
		return error_split(error, &words, "the command is too long");
	return 0;
}

int command_from_body(uint16_t type, const void *body, uint32_t length,
                      struct command_request *request, struct command_error *error)
{
	const struct command *command = command_of_type(type);
	struct command_request raw = {.length = length};
	char text[COMMAND_TEXT_MAX];

	memset(error, 0, sizeof(*error));
	if (command == NULL)
		return -ENOSYS;
	snprintf(error->text, sizeof(error->text), "a body of %u bytes is no request 0x%04x",
	         length, type);
	raw.command = command_of(type, body, length);
	if (raw.command == NULL)
		return -EINVAL;
	memcpy(raw.body.bytes, body, length);
	snprintf(error->text, sizeof(error->text), "a field of request 0x%04x is out of range",
	         type);
	if (command_format(&raw, true, text, sizeof(text)) < 0)
		return -EINVAL;
	return command_parse(text, request, error);
}
