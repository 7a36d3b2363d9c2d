/* SPDX-License-Identifier: BSD-3-Clause */
/* What commands do to the running configuration. */
#include "config/running.h"

#include "common/media_merge.h"
#include "common/turn_merge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool line_hangs_on(const struct running_line *line, uint16_t type, const char *name)
{
	const struct command_request *request = &line->request;
	const struct argument *argument;

	for (argument = request->command->arguments; argument->key != NULL; argument++)
		if (argument->hangs_on == type &&
		    strncmp((const char *)request->body.bytes + argument->offset, name,
		            argument->size) == 0)
			return true;
	return false;
}

static bool type_is_hung_on(uint16_t type)
{
	const struct argument *argument;

	for (const struct command *command = command_next(NULL); command != NULL;
	     command = command_next(command))
		for (argument = command->arguments; argument->key != NULL; argument++)
			if (argument->hangs_on == type)
				return true;
	return false;
}

/* What its first argument names has gone: so has what hangs on it, and what hangs on that. */
static void dependants_remove(struct running *running, uint16_t type,
                              const struct command_request *request)
{
	const char *name =
	        (const char *)request->body.bytes + request->command->arguments[0].offset;
	struct running_line *line, *next;

	if (!type_is_hung_on(type))
		return;
	for (line = running_next(running, NULL); line != NULL; line = next) {
		next = running_next(running, line);
		if (!line_hangs_on(line, type, name))
			continue;
		/* takes others, the next one perhaps */
		dependants_remove(running, line->request.command->type, &line->request);
		next = running_next(running, line);
		running_take_out(running, line);
	}
}

uint32_t running_remove(struct running *running, const struct command_request *request)
{
	struct running_line *line;
	uint32_t count = 0;

	for (; (line = running_match(running, request, NULL)) != NULL; count++)
		running_take_out(running, line);
	if (count != 0)
		dependants_remove(running, command_asks(request->command)->deletes, request);
	return count;
}

void running_unset(struct running *running, const struct command_request *request)
{
	struct running_line *line = running_find(running, request);

	if (line != NULL)
		running_take_out(running, line);
}

bool running_removes(const struct running *running, const struct command_request *request)
{
	return running_match(running, request, NULL) != NULL;
}

/* A realm does not take its listeners along, as it does its users. */
static bool is_listened_for(const struct running *running, const struct command_request *request)
{
	const char *realm = ((const struct sluice_turn_realm *)request->body.bytes)->realm;
	struct running_line *line = NULL;

	if (request->command->type != SLUICE_TURN_REALM_DELETE)
		return false;
	while ((line = running_next(running, line)) != NULL)
		if (line->request.command->type == SLUICE_TURN_LISTEN_ADD &&
		    line_hangs_on(line, SLUICE_TURN_REALM_ADD, realm))
			return true;
	return false;
}

int running_check(const struct running *running, const struct command_request *request,
                  uint32_t flags, char *why)
{
	if (command_kind(request->command) == REQUEST_DELETE) {
		if (is_listened_for(running, request)) {
			snprintf(why, SLUICE_API_ERROR_MAX,
			         "a listener has this realm: `turn listen delete` first");
			return -EBUSY;
		}
		if (running_removes(running, request))
			return 0;
		snprintf(why, SLUICE_API_ERROR_MAX, "there is no such thing to delete");
		return -ENOENT;
	}
	if (command_kind(request->command) == REQUEST_SET || flags & SLUICE_API_EXIST_OK ||
	    running_find(running, request) == NULL)
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX, "it is there already");
	return -EEXIST;
}

static void body_merge(struct command_request *line, const struct command_request *change)
{
	void *body = line->body.bytes;

	switch (change->command->type) {
	case SLUICE_ENDPOINT_SET:
		endpoint_merge(body, (const void *)change->body.bytes);
		break;
	case SLUICE_STREAM_SET:
		stream_merge(body, (const void *)change->body.bytes);
		break;
	case SLUICE_SUBSCRIPTION_SET:
		subscription_merge(body, (const void *)change->body.bytes);
		break;
	}
}

/* What was made by a call has no line. */
static int line_change(struct running *running, const struct command_request *change)
{
	uint16_t type = command_asks(change->command)->changes;
	struct running_line *line = running_match(running, change, NULL);
	struct command_request request;

	while (line != NULL && line->request.command->type != type)
		line = running_match(running, change, line);
	if (line == NULL)
		return 0;
	running_line_request(line, &request);
	body_merge(&request, change);
	line = running_put(running, &request, line->number);
	explicit_bzero(&request, sizeof(request));
	return line != NULL ? 0 : -ENOMEM;
}

void running_complete(const struct running *running, struct command_request *request)
{
	const struct running_line *line = running_find(running, request);
	struct sluice_turn_quota given;

	if (request->command->type != SLUICE_TURN_QUOTA_SET)
		return;
	memcpy(&given, request->body.bytes, sizeof(given));
	if (line != NULL)
		running_line_request(line, request);
	quota_merge((void *)request->body.bytes, &given);
}

/* Limits that the line has, and the request does not give, stay. */
static int quota_apply(struct running *running, const struct command_request *request)
{
	const struct running_line *line = running_find(running, request);
	struct command_request made = *request;

	running_complete(running, &made);
	return running_put(running, &made, line != NULL ? line->number : 0) != NULL ? 0 : -ENOMEM;
}

int running_apply(struct running *running, const struct command_request *request)
{
	if (command_kind(request->command) == REQUEST_CHANGE)
		return line_change(running, request);
	if (request->command->type == SLUICE_TURN_QUOTA_SET)
		return quota_apply(running, request);
	if (command_kind(request->command) == REQUEST_DELETE)
		running_remove(running, request);
	else if (running_put(running, request, 0) == NULL)
		return -ENOMEM;
	return 0;
}
