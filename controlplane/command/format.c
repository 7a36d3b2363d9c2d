/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to words, rows of the table to usage lines. */
#include "command/command.h"
#include "command/text.h"
#include "command/value.h"

#include <errno.h>
#include <string.h>

static void path_add(const struct command *command, struct text *text)
{
	const char *const *words = command_words(command);

	for (uint32_t i = 0; i < COMMAND_PATH_MAX && words[i] != NULL; i++)
		text_addf(text, "%s%s", i > 0 ? " " : "", words[i]);
}

bool argument_is_given(const struct argument *argument, const void *body)
{
	if (argument->one_of != 0 || argument->sets.size != 0)
		return assignment_holds(&argument->sets, body);
	return !argument->optional || !value_is_zero(argument, body);
}

static int argument_add(const struct argument *argument, const void *body, bool secrets,
                        struct text *text)
{
	text_add(text, " ");
	if (argument->keyword)
		text_add(text, argument->key);
	if (argument->type == ARGUMENT_FLAG)
		return 0;
	if (argument->keyword)
		text_add(text, " ");
	if (!secrets && value_is_secret(argument)) {
		text_add(text, COMMAND_MASK);
		return 0;
	}
	return value_format(argument, body, text);
}

static int text_finish(const struct text *text)
{
	return text->cut ? -E2BIG : 0;
}

int command_format(const struct command_request *request, bool secrets, char *buffer, size_t room)
{
	const struct command *command = request->command;
	const struct argument *argument;
	uint32_t stated = 0;
	struct text text;
	int error = 0;

	text_start(&text, buffer, room);
	path_add(command, &text);
	for (argument = command->arguments; argument->key != NULL && error == 0; argument++) {
		if (!argument_is_given(argument, request->body.bytes))
			continue;
		stated++;
		error = argument_add(argument, request->body.bytes, secrets, &text);
	}
	if (command->some && stated == 0)
		error = argument_add(command->arguments, request->body.bytes, secrets, &text);
	return error < 0 ? error : text_finish(&text);
}

/* Of what adds the object. */
static uint16_t identity_type(const struct request *asks)
{
	if (asks->deletes != 0)
		return asks->deletes;
	return asks->changes != 0 ? asks->changes : asks->type;
}

int command_identity(const struct command_request *request, char *buffer, size_t room)
{
	const struct command *command = request->command;
	const struct argument *argument;
	struct text text;
	int error = 0;

	text_start(&text, buffer, room);
	text_addf(&text, "%04x", identity_type(command_asks(command)));
	for (argument = command->arguments; argument->key != NULL && error == 0; argument++)
		if (argument->identifies && argument_is_given(argument, request->body.bytes))
			error = argument_add(argument, request->body.bytes, true, &text);
	return error < 0 ? error : text_finish(&text);
}

void command_path(const struct command *command, char *buffer, size_t room)
{
	struct text text;

	text_start(&text, buffer, room);
	path_add(command, &text);
}

static void argument_add_usage(const struct argument *argument, bool brackets, struct text *text)
{
	brackets = brackets && argument->optional;
	if (brackets)
		text_add(text, "[");
	if (argument->keyword)
		text_add(text, argument->key);
	if (argument->keyword && argument->type != ARGUMENT_FLAG)
		text_add(text, " ");
	value_meta(argument, text);
	if (brackets)
		text_add(text, "]");
}

void argument_usage(const struct argument *argument, bool brackets, char *buffer, size_t room)
{
	struct text text;

	text_start(&text, buffer, room);
	argument_add_usage(argument, brackets, &text);
}

void command_usage(const struct command *command, char *buffer, size_t room)
{
	const struct argument *argument;
	uint8_t open = 0; /* the alternatives that are being written */
	struct text text;

	text_start(&text, buffer, room);
	path_add(command, &text);
	for (argument = command->arguments; argument->key != NULL; argument++) {
		text_add(&text, open != 0 && argument->one_of == open ? " | " : " ");
		if (argument->one_of != 0 && open == 0)
			text_add(&text, "{");
		argument_add_usage(argument, true, &text);
		open = argument->one_of;
		if (open != 0 && argument[1].one_of != open) {
			text_add(&text, "}");
			open = 0;
		}
	}
}
