/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands as an OpenAPI 3.1 description. */
#include "http/openapi.h"

#include "command/command.h"
#include "command/value.h"
#include "common/words.h"
#include "http/served.h"

#include <stdio.h>
#include <string.h>

#include <sluice/http.h>

/* -- arguments -- */

static json_t *integer_of(uint64_t number)
{
	return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

static json_t *choices_make(const char *const *choices)
{
	json_t *words = json_array();

	for (uint32_t i = 0; choices[i] != NULL; i++)
		json_array_append_new(words, json_string(choices[i]));
	return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static json_t *type_make(const struct argument *argument)
{
	char expected[COMMAND_EXPECTED_MAX];
	struct text text;

	switch (argument->type) {
	case ARGUMENT_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case ARGUMENT_CHOICE:
		return choices_make(argument->choices);
	case ARGUMENT_NUMBER:
		return json_pack("{s:s, s:o, s:o}", "type", "integer", "minimum",
		                 integer_of(argument->least), "maximum",
		                 integer_of(value_most(argument)));
	case ARGUMENT_DURATION:
		return json_pack("{s:[s, s]}", "type", "integer", "string");
	case ARGUMENT_SECRET:
		return json_pack("{s:s, s:s}", "type", "string", "format", "password");
	default:
		text_start(&text, expected, sizeof(expected));
		value_expected(argument, &text);
		return json_pack("{s:s, s:[s]}", "type", "string", "examples", expected);
	}
}

static json_t *argument_make(const struct argument *argument)
{
	json_t *schema = type_make(argument);

	json_object_set_new(schema, "description", json_string(argument->help));
	return schema;
}

/* One of each group that exclude each other. */
static void alternatives_add(const struct command *command, json_t *schema)
{
	json_t *one_of = json_array();

	for (const struct argument *argument = command->arguments; argument->key != NULL;
	     argument++)
		if (argument->one_of != 0 && http_has_argument(argument))
			json_array_append_new(one_of,
			                      json_pack("{s:[s]}", "required", argument->key));
	if (json_array_size(one_of) > 0)
		json_object_set_new(schema, "oneOf", one_of);
	else
		json_decref(one_of);
}

static json_t *arguments_make(const struct command *command)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
	                           "additionalProperties", 0);

	for (const struct argument *argument = command->arguments; argument->key != NULL;
	     argument++) {
		if (!http_has_argument(argument))
			continue;
		json_object_set_new(properties, argument->key, argument_make(argument));
		if (!argument->optional && argument->one_of == 0)
			json_array_append_new(required, json_string(argument->key));
	}
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	alternatives_add(command, schema);
	return schema;
}

/* -- answers -- */

static json_t *column_make(const struct column *column)
{
	char about[COLUMN_ABOUT_MAX];
	json_t *schema;

	switch (column->type) {
	case COLUMN_NUMBER:
		schema = column->absent != 0 ? json_pack("{s:[s, s]}", "type", "integer", "null")
		                             : json_pack("{s:s}", "type", "integer");
		break;
	case COLUMN_RATIO:
		schema = json_pack("{s:[s, s]}", "type", "number", "null");
		break;
	case COLUMN_WORDS:
		schema = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
		break;
	case COLUMN_TIME:
		schema = json_pack("{s:[s, s], s:s}", "type", "string", "null", "format",
		                   "date-time");
		break;
	case COLUMN_ADDRESS:
		schema = json_pack("{s:[s, s]}", "type", "string", "null");
		break;
	case COLUMN_CHOICE:
		schema = choices_make(column->choices);
		break;
	default:
		schema = json_pack("{s:s}", "type", "string");
		break;
	}
	json_object_set_new(schema, "description", json_string(column_about(column, about)));
	return schema;
}

static json_t *answer_make(const struct reply *reply)
{
	json_t *properties = json_object();
	json_t *row = json_pack("{s:s, s:o}", "type", "object", "properties", properties);

	if (reply == NULL)
		return row;
	for (const struct column *column = reply->columns; column->key != NULL; column++)
		json_object_set_new(properties, column->key, column_make(column));
	return reply->single ? row : json_pack("{s:s, s:o}", "type", "array", "items", row);
}

static json_t *content_make(json_t *schema)
{
	return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

/* -- the description -- */

/* The scope that a token has to have. */
static json_t *security_make(const struct request *asks)
{
	const char *scope = request_access(asks) == ACCESS_READ ? scope_words[SLUICE_HTTP_READ]
	                                                        : scope_words[SLUICE_HTTP_ADMIN];

	return json_pack("[{s:[s]}]", "token", scope);
}

static json_t *operation_make(const struct command *command, const char *id, const char *group)
{
	json_t *operation = json_pack("{s:s, s:s, s:[s], s:{s:{s:s, s:o}, s:{s:s}, s:{s:s}}}",
	                              "operationId", id, "summary", command->help, "tags", group,
	                              "responses", "200", "description", "the answer", "content",
	                              content_make(answer_make(command_asks(command)->reply)),
	                              "4XX", "$ref", "#/components/responses/error", "5XX", "$ref",
	                              "#/components/responses/error");

	json_object_set_new(operation, "security", security_make(command_asks(command)));
	if (command->arguments[0].key != NULL)
		json_object_set_new(
		        operation, "requestBody",
		        json_pack("{s:o}", "content", content_make(arguments_make(command))));
	return operation;
}

static void command_add(const struct command *command, const char *group, json_t *paths)
{
	char path[128] = "/v1", id[128] = "";
	const char *const *words = command_words(command);

	for (uint32_t i = 0; i < COMMAND_PATH_MAX && words[i] != NULL; i++) {
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", words[i]);
		snprintf(id + strlen(id), sizeof(id) - strlen(id), "%s%s", i > 0 ? "_" : "",
		         words[i]);
	}
	json_object_set_new(paths, path,
	                    json_pack("{s:o}", "post", operation_make(command, id, group)));
}

static json_t *components_make(void)
{
	return json_pack(
	        "{s:{s:{s:s, s:[s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}},"
	        " s:{s:{s:s, s:o}}, s:{s:{s:s, s:s}}}",
	        "schemas", "error", "type", "object", "required", "error", "properties", "error",
	        "type", "string", "errno", "type", "string", "command", "type", "string", "column",
	        "type", "integer", "responses", "error", "description",
	        "an error: a wrong argument, no token, a scope that does not open this, or "
	        "what became of it",
	        "content", content_make(json_pack("{s:s}", "$ref", "#/components/schemas/error")),
	        "securitySchemes", "token", "type", "http", "scheme", "bearer");
}

static json_t *tags_make(void)
{
	json_t *tags = json_array();

	for (uint32_t i = 0; command_groups[i] != NULL; i++)
		json_array_append_new(tags, json_pack("{s:s}", "name", command_groups[i]->title));
	return tags;
}

json_t *openapi_make(void)
{
	json_t *paths = json_object();

	for (uint32_t i = 0; command_groups[i] != NULL; i++) {
		const struct command_group *group = command_groups[i];

		for (uint32_t n = 0; n < group->count; n++)
			if (http_has_command(&group->commands[n]))
				command_add(&group->commands[n], group->title, paths);
	}
	return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:[{s:[]}], s:o, "
	                 "s:o}",
	                 "openapi", "3.1.0", "info", "title", "sluice", "version",
	                 SLUICE_VERSION_TEXT, "description",
	                 "sluicectl's commands. A token of scope read opens what shows without "
	                 "secrets, one of scope admin everything here.",
	                 "license", "name", "BSD-3-Clause", "identifier", "BSD-3-Clause", "servers",
	                 "url", "/", "tags", tags_make(), "security", "token", "components",
	                 components_make(), "paths", paths);
}
