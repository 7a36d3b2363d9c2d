/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole configuration to a dataplane that is new, and again what it refused. */
#include "dataplane/client_state.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct timeval retry_interval = {.tv_sec = 1};

static int ask_line(struct dataplane_client *client, struct running_line *line)
{
	const struct command_request *request = &line->request;

	return client_ask(client, &(struct question){.type = request->command->type, .line = line},
	                  request->body.bytes, request->length, SLUICE_API_EXIST_OK);
}

/* The next line that is the dataplane's. */
static struct running_line *line_after(const struct running *running, struct running_line *line)
{
	do
		line = running_next(running, line);
	while (line != NULL && command_is_control(line->request.command));
	return line;
}

void replay_begin(struct dataplane_client *client)
{
	client->state = CLIENT_REPLAYING;
	client->replayed = NULL;
	client->n_refused = 0;
	client->retrying = false;
	event_del(client->retry_timer);
}

void replay_send(struct dataplane_client *client)
{
	struct running_line *line;
	int error = 0;

	while (error == 0 && client->n_asked < WINDOW &&
	       (line = line_after(client->options.running, client->replayed)) != NULL) {
		error = ask_line(client, line);
		if (error == 0)
			client->replayed = line;
	}
	client_lose_unless_full(client, error);
	if (error < 0 || client->n_asked > 0)
		return;
	error = client_ask_plain(client, SLUICE_CONFIG_COMMIT);
	if (error == 0)
		client->state = CLIENT_COMMITTING;
	client_lose_unless_full(client, error);
}

void replay_answered(struct dataplane_client *client, struct running_line *line, int status,
                     const char *why)
{
	char text[COMMAND_TEXT_MAX + 256];

	if (status != 0)
		client->n_refused++;
	if (status == 0 && why[0] != '\0') {
		running_line_describe(line, client->options.config, text, sizeof(text));
		log_warning(SLUICE_LOG_CONFIG, "%s: %s", text, why);
	}
	if (!running_judge(client->options.running, line, status != 0 ? why : NULL))
		return;
	running_line_describe(line, client->options.config, text, sizeof(text));
	if (line->refused)
		log_error(SLUICE_LOG_CONFIG, "%s: %s", text, why);
	else
		log_info(SLUICE_LOG_CONFIG, "%s: in force now", text);
}

void replay_done(struct dataplane_client *client)
{
	client->state = CLIENT_READY;
	client->said_away = false;
	log_info(SLUICE_LOG_CONFIG, "the dataplane has the whole configuration: %u lines%s",
	         running_count(client->options.running),
	         client->n_refused > 0 ? ", without what it refused; trying again every second"
	                               : "");
	if (client->n_refused > 0)
		event_add(client->retry_timer, &retry_interval);
	if (client->options.ready != NULL)
		client->options.ready(client->options.arg);
	client_settle(client);
	replay_tell(client);
}

void replay_tell(struct dataplane_client *client)
{
	void (*done)(void *arg) = client->replay_done;

	client->replay_due = false;
	client->replay_done = NULL;
	if (done != NULL)
		done(client->replay_arg);
}

void replay_again(struct dataplane_client *client)
{
	int error = client_ask_plain(client, SLUICE_CONFIG_BEGIN);

	if (error == 0)
		client->state = CLIENT_GREETING;
	client_lose_unless_full(client, error);
}

bool dataplane_is_steady(const struct dataplane_client *client)
{
	return client->state == CLIENT_AWAY || client->state == CLIENT_READY;
}

void dataplane_replay(struct dataplane_client *client, void (*done)(void *arg), void *arg)
{
	if (client->state == CLIENT_AWAY) {
		done(arg);
		return;
	}
	client->replay_due = true;
	client->replay_done = done;
	client->replay_arg = arg;
	event_active(client->work, EV_TIMEOUT, 0);
}

/* -- again, line by line, once a second -- */

void retry_start(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane_client *client = arg;

	client->retrying = true;
	client->retried = 0;
	event_active(client->work, EV_TIMEOUT, 0);
}

static struct running_line *refused_after(const struct running *running, uint64_t serial)
{
	struct running_line *line = running_after(running, serial);

	while (line != NULL && (!line->refused || command_is_control(line->request.command)))
		line = running_next(running, line);
	return line;
}

void retry_send(struct dataplane_client *client)
{
	struct running_line *line = refused_after(client->options.running, client->retried);
	int error;

	if (line == NULL) {
		client->retrying = false;
		if (refused_after(client->options.running, 0) != NULL)
			event_add(client->retry_timer, &retry_interval);
		return;
	}
	error = ask_line(client, line);
	if (error == 0)
		client->retried = line->serial;
	client_lose_unless_full(client, error);
}
