/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What HTTP hands to the table of commands: a path, a line end, and a body. Whatever is taken is a
 * request that the socket's other end reads the same way, and can be written down as a line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/json.h"
#include "fuzz.h"

#define PATH_MAX_BYTES 256

static void parsed_check(const struct command_request *request)
{
	char text[COMMAND_TEXT_MAX], again[COMMAND_TEXT_MAX];
	struct command_request parsed, received;
	struct command_error error;

	CHECK(request->command != NULL && request->length <= COMMAND_BODY_MAX);
	CHECK(command_format(request, true, text, sizeof(text)) == 0);
	CHECK(command_parse(text, &parsed, &error) == 0);
	CHECK(parsed.command == request->command && parsed.length == request->length);
	CHECK(memcmp(&parsed.body, &request->body, parsed.length) == 0);
	if (command_kind(request->command) == REQUEST_LOCAL)
		return;
	CHECK(command_from_body(request->command->type, request->body.bytes, request->length,
	                        &received, &error) == 0);
	CHECK(command_format(&received, true, again, sizeof(again)) == 0);
	CHECK(strcmp(text, again) == 0);
}

static void error_check(const struct command_error *error)
{
	json_t *json = error_to_json(-EINVAL, error->text, error);
	char *text = json_dumps(json, JSON_COMPACT);

	CHECK(error->text[0] != '\0' && error->column <= strlen(error->line));
	CHECK(text != NULL);
	free(text);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	char path[PATH_MAX_BYTES] = "";
	struct command_request request;
	struct command_error error;
	json_t *object;

	if (end == NULL || (size_t)(end - data) >= sizeof(path))
		return 0;
	memcpy(path, data, end - data);
	size -= end + 1 - data;
	object = size > 0 ? json_loadb((const char *)end + 1, size, JSON_REJECT_DUPLICATES, NULL)
	                  : json_object();
	if (object == NULL)
		return 0;
	if (command_from_json(path, object, &request, &error) == 0)
		parsed_check(&request);
	else
		error_check(&error);
	json_decref(object);
	return 0;
}
