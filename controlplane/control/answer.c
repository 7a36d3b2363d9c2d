/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane answers itself, and what it keeps. */
#include "control/client.h"

#include "command/command.h"
#include "command/text.h"
#include "config/own.h"
#include "dataplane/client.h"
#include "http/http.h"
#include "log/keeper.h"

#include <sluice/config.h>
#include <sluice/event.h>
#include <sluice/gate.h>
#include <sluice/http.h>
#include <sluice/region.h>
#include <sluice/stats.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
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
	struct timespec now;
	bool more;

	clock_gettime(CLOCK_MONOTONIC, &now);
	version.uptime_s = now.tv_sec - client->options->started;
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

bool answer_own(struct client *client, const void *body)
{
	static const struct {
		uint16_t type, body_size;
		void (*answer)(struct client *client, const void *body);
	} own[] = {
	        {SLUICE_VERSION, 0, answer_version},
	        {SLUICE_CONFIG_SHOW, sizeof(struct sluice_config_show), answer_config_show},
	        {SLUICE_CONFIG_SAVE, 0, answer_config_save},
	        {SLUICE_CONFIG_RELOAD, 0, answer_config_reload},
	        {SLUICE_CONFIG_DIFF, sizeof(struct sluice_config_diff), answer_config_diff},
	        {SLUICE_CONFIG_REFUSED, 0, answer_config_refused},
	        {SLUICE_CONFIG_STATUS, 0, answer_config_status},
	        {SLUICE_GATE_SHOW, 0, answer_gate_show},
	        {SLUICE_GATE_SOURCES_SHOW, 0, answer_gate_sources},
	        {SLUICE_EVENTS, sizeof(struct sluice_events), answer_events},
	        {SLUICE_HTTP_SHOW, 0, answer_http_show},
	        {SLUICE_LOG_SHOW, 0, answer_log_show},
	        {SLUICE_REGION_SHOW, 0, answer_regions},
	        {SLUICE_NODE_SHOW, 0, answer_nodes},
	        {SLUICE_SNAPSHOT_SHOW, 0, answer_snapshot},
	        {SLUICE_NODE_DRAIN, sizeof(struct sluice_node_drain), answer_drain},
	        {SLUICE_NODE_UNDRAIN, 0, answer_undrain},
	        {SLUICE_COUNTER_SHOW, sizeof(struct sluice_counter_show), answer_counters},
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (own[i].type != client->request.type)
			continue;
		if (client->request.length == own[i].body_size)
			own[i].answer(client, body);
		else
			client_refuse(client, -EINVAL, "this request has a body of another size");
		return true;
	}
	return false;
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
	if (request.command->own) {
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
