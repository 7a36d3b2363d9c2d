/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

const struct command_group *const command_groups[] = {
        &commands_port,
        &commands_turn,
        &commands_allocation,
        &commands_media,
        &commands_gate,
        &commands_stats,
        &commands_http,
        &commands_region,
        &commands_config,
        &commands_capture,
        &commands_log,
        &commands_local,
        NULL,
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
		if (command->type == type && command->body_size == length &&
		    assignment_holds(&command->sets, body))
			return command;
	return NULL;
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
