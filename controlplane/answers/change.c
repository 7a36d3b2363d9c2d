/* SPDX-License-Identifier: BSD-3-Clause */
#include "answers/answers.h"

#include "command/command.h"
#include "config/own.h"
#include "dataplane/change.h"

#include <string.h>

/* The change has been made or refused. */
static void on_done(void *arg, int status, const char *why, const void *rows, uint32_t length)
{
	struct client *client = arg;

	client->stop = NULL;
	if (status != 0)
		client_refuse(client, status, why);
	else if (why != NULL && why[0] != '\0')
		client_send_rows(client, why, strnlen(why, SLUICE_API_ERROR_MAX),
		                 SLUICE_API_WARNING);
	else
		client_send_rows(client, rows, length, 0);
}

static void on_own_done(void *arg, int status, const char *why)
{
	on_done(arg, status, why, NULL, 0);
}

static void dataplane_stop(struct client *client)
{
	dataplane_change_forget(client->answer);
}

static void own_client_stop(struct client *client)
{
	own_change_forget(client->answer);
}

/* What the control plane itself obeys. */
static void own_make(struct client *client, const struct command_request *request, uint32_t flags)
{
	struct own_change *change =
	        own_change(client->options->own, request, flags, on_own_done, client);

	if (change != NULL)
		client_answers(client, change, own_client_stop);
}

static void dataplane_make(struct client *client, const struct command_request *request,
                           uint32_t flags)
{
	struct change *change =
	        dataplane_change(client->options->client, request, flags, on_done, client);

	if (change != NULL)
		client_answers(client, change, dataplane_stop);
}

void answer_change(struct client *client, const void *body)
{
	struct command_request request;
	struct command_error error;
	char why[2 * SLUICE_API_ERROR_MAX] = "";
	uint32_t flags = client->request.flags & SLUICE_API_EXIST_OK;
	int status;

	status = command_from_body(client->request.type, body, client->request.length, &request,
	                           &error);
	if (status < 0) {
		command_error_line(&error, why, sizeof(why));
		client_refuse(client, status, why);
		return;
	}
	/* What is added from inside is signalling's, over HTTP: no operator typed it. */
	if (client->inside.take != NULL && client->request.type >> 8 == SLUICE_ENDPOINT_ADD >> 8 &&
	    command_kind(request.command) == REQUEST_ADD)
		flags |= CHANGE_STATE;
	if (command_is_control(request.command))
		own_make(client, &request, flags);
	else
		dataplane_make(client, &request, flags);
	explicit_bzero(&request, sizeof(request));
}
