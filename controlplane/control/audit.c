/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/audit.h"

#include "command/command.h"
#include "command/text.h"
#include "common/log.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>

void audit_peer(int fd, char who[AUDIT_WHO_MAX])
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	struct passwd entry, *found = NULL;
	char buffer[1024];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
		snprintf(who, AUDIT_WHO_MAX, "unknown");
		return;
	}
	if (getpwuid_r(peer.uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		snprintf(who, AUDIT_WHO_MAX, "%.64s (uid %u, pid %d)", found->pw_name, peer.uid,
		         peer.pid);
	else
		snprintf(who, AUDIT_WHO_MAX, "uid %u, pid %d", peer.uid, peer.pid);
}

static bool changes_something(const struct command *command)
{
	return command_kind(command) != REQUEST_SHOW && command_kind(command) != REQUEST_LOCAL;
}

char *audit_begin(const struct sluice_api_header *header, const void *body)
{
	const struct command *command = command_of(header->type, body, header->length);
	struct command_request request = {.command = command, .length = header->length};
	char text[COMMAND_TEXT_MAX];

	if (command == NULL)
		command = command_of_type(header->type);
	if (command == NULL || !changes_something(command) || header->length > sizeof(request.body))
		return NULL;
	memcpy(request.body.bytes, body, header->length);
	if (request.command == NULL || command_format(&request, false, text, sizeof(text)) < 0)
		command_path(command, text, sizeof(text));
	explicit_bzero(&request, sizeof(request));
	return strdup(text);
}

void audit_end(const char *who, const char *command, int status, const char *why, uint32_t length)
{
	char reason[2 * SLUICE_API_ERROR_MAX];
	struct text text;

	if (status == 0) {
		log_info(SLUICE_LOG_API, "%s: %s: done", who, command);
		return;
	}
	text_start(&text, reason, sizeof(reason));
	text_add_printable(&text, why, length);
	log_info(SLUICE_LOG_API, "%s: %s: refused: %s", who, command,
	         reason[0] != '\0' ? reason : strerror(-status));
}
