/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/json.h"

#include "command/addr.h"
#include "command/cell.h"
#include "command/text.h"
#include "command/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX 2048

/* -- objects to requests: they are written as a line, and read as one -- */

static int refuse(struct command_error *error, const char *format, const char *key)
{
	struct text text, shown;
	char room[128];

	memset(error, 0, sizeof(*error));
	text_start(&shown, room, sizeof(room));
	text_add_printable(&shown, key, 24);
	text_start(&text, error->text, sizeof(error->text));
	text_addf(&text, format, room);
	return -EINVAL;
}

static int value_add(const struct argument *argument, const json_t *value, struct text *line)
{
	char number[32];

	if (json_is_string(value)) {
		/* A NUL or a line end would end the line. */
		if (strlen(json_string_value(value)) != json_string_length(value) ||
		    !text_is_printable(json_string_value(value)))
			return -EINVAL;
		text_add_word(line, json_string_value(value));
		return 0;
	}
	if (!json_is_integer(value))
		return -EINVAL;
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	text_add_word(line, number);
	return 0;
}

static int argument_add(const struct argument *argument, const json_t *value, struct text *line)
{
	if (json_is_null(value) || json_is_false(value))
		return 0;
	text_add(line, " ");
	if (argument->keyword)
		text_add(line, argument->key);
	if (argument->type == ARGUMENT_FLAG)
		return json_is_true(value) ? 0 : -EINVAL;
	if (argument->keyword)
		text_add(line, " ");
	return value_add(argument, value, line);
}

const struct command *command_by_path(const char *path)
{
	const struct command *command = NULL;
	char name[128], wanted[128];

	snprintf(wanted, sizeof(wanted), "%s", path);
	for (char *at = wanted; *at != '\0'; at++)
		if (*at == '/')
			*at = ' ';
	while ((command = command_next(command)) != NULL) {
		command_path(command, name, sizeof(name));
		if (strcmp(name, wanted) == 0)
			return command;
	}
	return NULL;
}

static bool key_is_known(const struct command *command, const char *key)
{
	for (const struct argument *argument = command->arguments; argument->key != NULL;
	     argument++)
		if (strcmp(argument->key, key) == 0)
			return true;
	return false;
}

static int keys_check(const struct command *command, const json_t *object,
                      struct command_error *error)
{
	const char *key;
	json_t *value;

	json_object_foreach(
	        (json_t *)object, key,
	        value) if (!key_is_known(command,
	                                 key)) return refuse(error,
	                                                     "this command has no argument \"%s\"",
	                                                     key);
	return 0;
}

int command_from_json(const char *path, const json_t *object, struct command_request *request,
                      struct command_error *error)
{
	const struct command *command = command_by_path(path);
	char room[WORDS_LINE_MAX], name[REQUEST_NAME_MAX];
	struct text line;

	if (command == NULL)
		return refuse(error, "there is no command \"%s\"", path);
	if (object != NULL && !json_is_object(object))
		return refuse(error, "%s: the arguments are not a JSON object", path);
	if (keys_check(command, object, error) < 0)
		return -EINVAL;
	text_start(&line, room, sizeof(room));
	command_path(command, name, sizeof(name));
	text_add(&line, name);
	for (const struct argument *argument = command->arguments; argument->key != NULL;
	     argument++) {
		const json_t *value = json_object_get(object, argument->key);

		if (value != NULL && argument_add(argument, value, &line) < 0)
			return refuse(
			        error,
			        "\"%s\" has a value of the wrong type, or with control characters",
			        argument->key);
	}
	if (line.cut)
		return refuse(error, "%s: the arguments are too long", path);
	return command_parse(room, request, error);
}

/* -- rows to objects -- */

static json_t *words_to_json(const char *words)
{
	json_t *array = json_array();

	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (length > 0)
			json_array_append_new(array, json_stringn(words, length));
		words += length + (words[length] == ' ');
	}
	return array;
}

static json_t *cell_to_json(const struct column *column, const void *row)
{
	uint64_t number;
	char text[CELL_MAX];
	double ratio;

	switch (column->type) {
	case COLUMN_NUMBER:
		number = field_read(row, column->offset, column->size);
		if (column->absent != 0 && number == column->absent)
			return json_null();
		/* JSON's integers are signed in jansson. */
		return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
	case COLUMN_RATIO:
		return cell_ratio(column, row, &ratio) ? json_real(ratio) : json_null();
	case COLUMN_WORDS:
		cell_text(column, row, text, sizeof(text));
		return words_to_json(text);
	case COLUMN_ADDRESS:
	case COLUMN_TIME:
		return cell_text(column, row, text, sizeof(text)) ? json_string(text) : json_null();
	default:
		cell_text(column, row, text, sizeof(text));
		return json_string(text);
	}
}

json_t *row_to_json(const struct reply *reply, const void *row)
{
	json_t *object = json_object();

	for (const struct column *column = reply->columns; column->key != NULL; column++)
		json_object_set_new(object, column->key, cell_to_json(column, row));
	return object;
}

/* -- errors -- */

json_t *error_to_json(int status, const char *text, const struct command_error *error)
{
	const char *name = strerrorname_np(-status);
	json_t *object = json_object();

	json_object_set_new(object, "error", json_string(text));
	json_object_set_new(object, "errno",
	                    name != NULL ? json_string(name) : json_integer(-status));
	if (error == NULL || error->line[0] == '\0')
		return object;
	json_object_set_new(object, "command", json_string(error->line));
	json_object_set_new(object, "column", json_integer(error->column));
	return object;
}
