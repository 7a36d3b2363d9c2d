/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/names.h"

#include "cli/session.h"
#include "command/text.h"
#include "command/value.h"

#include <sluice/config.h>

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 256 /* that anybody reads */

struct names {
	const struct completed_value *value;
	const struct argument *named; /* of the request that adds what has the name */
	completion_fn *each;
	void *arg;
	uint32_t count;
	char *told[NAMES_MAX];
};

/* The argument that names what a request of this type adds. */
static const struct argument *naming_find(uint16_t type, const char *key)
{
	const struct command *command = command_of_type(type);
	const struct argument *argument = command != NULL ? command->arguments : NULL;

	for (uint32_t i = 0; argument != NULL && i < COMMAND_ARGUMENTS_MAX; i++, argument++)
		if (argument->key == NULL)
			return NULL;
		else if (argument->identifies && !value_is_secret(argument) &&
		         (key == NULL || strcmp(argument->key, key) == 0))
			return argument;
	return NULL;
}

/* The type of what adds the objects whose names stand here; 0: no objects' names do. */
static uint16_t type_of(const struct completed_value *value)
{
	const struct request *asks = command_asks(value->command);

	if (value->argument->hangs_on != 0)
		return value->argument->hangs_on;
	if (!value->argument->identifies)
		return 0;
	return asks->kind == REQUEST_DELETE ? asks->deletes : asks->changes;
}

/* A listener's address may stand in several lines. */
static bool is_told(const struct names *names, const char *word)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (strcmp(names->told[i], word) == 0)
			return true;
	return false;
}

static bool line_take(void *arg, const void *row)
{
	const struct sluice_config_line *line = row;
	const struct argument *argument;
	struct names *names = arg;
	struct command_request request;
	struct command_error error;
	char word[COMMAND_TEXT_MAX];
	struct text text;

	/* A masked secret behind the name does not matter. */
	command_parse(line->text, &request, &error);
	argument = names->named;
	if (request.command == NULL || request.command->type != type_of(names->value) ||
	    !argument_is_given(argument, request.body.bytes))
		return true;
	text_start(&text, word, sizeof(word));
	value_format(argument, request.body.bytes, &text);
	/* What needs quotes is typed. */
	if (strpbrk(word, " \t\"#") != NULL || text.length == 0 || is_told(names, word) ||
	    strncmp(word, names->value->begun, strlen(names->value->begun)) != 0)
		return true;
	names->told[names->count] = strdup(word);
	if (names->told[names->count] == NULL)
		return false;
	names->each(names->arg, word, word, names->value->argument->help);
	return ++names->count < NAMES_MAX;
}

bool names_complete(struct session *session, const char *line, size_t length, completion_fn *each,
                    void *arg)
{
	struct completed_value value;
	struct names names = {.value = &value, .each = each, .arg = arg};
	uint16_t type;

	if (!command_complete(line, length, each, arg))
		return false;
	if (!command_value(line, length, &value))
		return true;
	type = type_of(&value);
	names.named =
	        type == 0 ? NULL
	                  : naming_find(type,
	                                value.argument->hangs_on != 0 ? NULL : value.argument->key);
	if (names.named != NULL)
		session_each(session, SLUICE_CONFIG_SHOW, line_take, &names);
	for (uint32_t i = 0; i < names.count; i++)
		free(names.told[i]);
	return true;
}
