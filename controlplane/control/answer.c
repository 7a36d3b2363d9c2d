/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane answers itself, and what it keeps. */
#include "common/clock.h"
#include "control/client.h"

#include "command/command.h"
#include "command/text.h"
#include "config/own.h"
#include "dataplane/client.h"
#include "http/http.h"
#include "log/keeper.h"

#include <sluice/http.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -- version: our own row, and the dataplane's where it answers -- */

static void answer_version(struct client *client, const void *body)
{
	struct sluice_version version = {
	        .api = SLUICE_API_VERSION,
	        .pid = getpid(),
	        .program = "sluice-controlplane",
	        .version = SLUICE_VERSION_TEXT,
	        .started = client->options->started_unix,
	};
	bool more;

	version.uptime_s = clock_ns(CLOCK_MONOTONIC) / NSEC_PER_SEC - client->options->started;
	more = relay_start(client, body, true) == 0;
	if (more)
		client->next = relay_next;
	if (!client_send_rows(client, &version, sizeof(version), more ? SLUICE_API_MORE : 0))
		channel_read(&client->relay, false);
}

static void answer_http_show(struct client *client, const void *body)
{
	struct sluice_http_row row;

	http_show(client->options->http, &row);
	client_send_rows(client, &row, sizeof(row), 0);
}

static void answer_log_show(struct client *client, const void *body)
{
	struct sluice_log_row rows[SLUICE_LOG_AREAS];

	log_keeper_show(client->options->log, rows);
	client_send_rows(client, rows, sizeof(rows), 0);
}

static const struct answer answers_here[] = {
        {SLUICE_VERSION, answer_version},
        {SLUICE_HTTP_SHOW, answer_http_show},
        {SLUICE_LOG_SHOW, answer_log_show},
        {0},
};

answer_fn *answer_of(uint16_t type)
{
	static const struct answer *const parts[] = {answers_here, answers_config, answers_events,
	                                             answers_gate, answers_region};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const struct answer *answer = parts[i]; answer->answer != NULL; answer++)
			if (answer->type == type)
				return answer->answer;
	return NULL;
}

/* -- changes -- */

static void change_done(void *arg, int status, const char *why)
{
	struct client *client = arg;

	client->change = NULL;
	if (status != 0)
		client_refuse(client, status, why);
	else if (why != NULL && why[0] != '\0')
		client_send_rows(client, why, strnlen(why, SLUICE_API_ERROR_MAX),
		                 SLUICE_API_WARNING);
	else
		client_send_rows(client, NULL, 0, 0);
}

void answer_change(struct client *client, const void *body)
{
	struct command_request request;
	struct command_error error;
	char why[2 * SLUICE_API_ERROR_MAX] = "";
	int status;

	status = command_from_body(client->request.type, body, client->request.length, &request,
	                           &error);
	if (status < 0) {
		command_error_line(&error, why, sizeof(why));
		client_refuse(client, status, why);
		return;
	}
	if (command_is_control(request.command)) {
		status = own_change(client->options->own, &request,
		                    client->request.flags & SLUICE_API_EXIST_OK, why);
		change_done(client, status, why);
		explicit_bzero(&request, sizeof(request));
		return;
	}
	client->change =
	        dataplane_change(client->options->client, &request,
	                         client->request.flags & SLUICE_API_EXIST_OK, change_done, client);
	explicit_bzero(&request, sizeof(request));
}
