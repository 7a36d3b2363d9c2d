/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/local.h"

#include <errno.h>
#include <string.h>

const struct command_group *const command_groups[] = {
        &commands_port,       &commands_turn,
        &commands_allocation, &commands_media,
        &commands_session,    &commands_gate,
        &commands_stats,      &commands_http,
        &commands_region,     &commands_config,
        &commands_capture,    &commands_log,
        &commands_local,      NULL,
};

const struct command *command_next(const struct command *command)
{
	bool found = command == NULL;

	for (uint32_t i = 0; command_groups[i] != NULL; i++) {
		const struct command_group *group = command_groups[i];

		if (found)
			return &group->commands[0];
		if (command < group->commands || command >= group->commands + group->count)
			continue;
		if (command + 1 < group->commands + group->count)
			return command + 1;
		found = true;
	}
	return NULL;
}

const struct request *command_asks(const struct command *command)
{
	if (command->type >> 8 == LOCAL_SUBJECT)
		return &requests_local.requests[command->type & 0xff];
	return request_of(command->type);
}

const char *const *command_words(const struct command *command)
{
	return command->path[0] != NULL ? command->path : command_asks(command)->name;
}

const struct command *command_of_type(uint16_t type)
{
	const struct command *command = NULL;

	while ((command = command_next(command)) != NULL)
		if (command->type == type)
			return command;
	return NULL;
}

const struct command *command_of(uint16_t type, const void *body, uint32_t length)
{
	const struct command *command = NULL;

	while ((command = command_next(command)) != NULL)
		if (command->type == type && command_asks(command)->body_size == length &&
		    assignment_holds(&command->sets, body))
			return command;
	return NULL;
}

static const struct command *command_that_deletes(uint16_t type)
{
	const struct command *command = NULL;

	do
		command = command_next(command);
	while (command != NULL &&
	       (command_kind(command) != REQUEST_DELETE || command_asks(command)->deletes != type));
	return command;
}

static const struct argument *argument_named(const struct command *command, const char *key)
{
	const struct argument *argument = command->arguments;

	while (argument->key != NULL && strcmp(argument->key, key) != 0)
		argument++;
	return argument->key != NULL ? argument : NULL;
}

int command_take_back(const struct command_request *add, struct command_request *request)
{
	const struct command *command = command_that_deletes(add->command->type);
	const struct argument *to, *from;

	memset(request, 0, sizeof(*request));
	if (command == NULL)
		return -ENOTSUP;
	request->command = command;
	request->length = command_asks(command)->body_size;
	assignment_make(&command->sets, request->body.bytes);
	for (to = command->arguments; to->key != NULL; to++) {
		from = argument_named(add->command, to->key);
		if (from == NULL)
			continue;
		memcpy(request->body.bytes + to->offset, add->body.bytes + from->offset, to->size);
		if (to->type == ARGUMENT_PREFIX)
			request->body.bytes[to->second] = add->body.bytes[from->second];
	}
	return 0;
}

/* -- integers in a body -- */

uint64_t field_read(const void *body, uint16_t offset, uint16_t size)
{
	const uint8_t *at = (const uint8_t *)body + offset;
	uint16_t half;
	uint32_t word;
	uint64_t value = 0;

	switch (size) {
	case 1:
		return *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	case 4:
		memcpy(&word, at, sizeof(word));
		return word;
	case 8:
		memcpy(&value, at, sizeof(value));
		return value;
	}
	return 0;
}

void field_write(void *body, uint16_t offset, uint16_t size, uint64_t value)
{
	uint8_t *at = (uint8_t *)body + offset;
	uint16_t half = (uint16_t)value;
	uint32_t word = (uint32_t)value;

	switch (size) {
	case 1:
		*at = (uint8_t)value;
		break;
	case 2:
		memcpy(at, &half, sizeof(half));
		break;
	case 4:
		memcpy(at, &word, sizeof(word));
		break;
	case 8:
		memcpy(at, &value, sizeof(value));
		break;
	}
}

bool assignment_holds(const struct assignment *assignment, const void *body)
{
	return assignment->size == 0 ||
	       field_read(body, assignment->offset, assignment->size) == assignment->value;
}

void assignment_make(const struct assignment *assignment, void *body)
{
	if (assignment->size != 0)
		field_write(body, assignment->offset, assignment->size, assignment->value);
}
