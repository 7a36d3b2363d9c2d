/* SPDX-License-Identifier: BSD-3-Clause */
/* A client's own connection to the dataplane, for one request: what comes back is passed on as it
 * is. */
#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define NO_ANSWER "the dataplane does not answer"

static const struct timeval answer_timeout = {.tv_sec = 20};
/* Who only wants to know who is there should not wait for one that hangs. */
static const struct timeval optional_timeout = {.tv_sec = 2};

void relay_stop(struct client *client)
{
	if (client->relay_timer != NULL)
		event_free(client->relay_timer);
	if (client->relay_left != NULL)
		event_free(client->relay_left);
	client->relay_timer = NULL;
	client->relay_left = NULL;
	channel_close(&client->relay);
}

static void relay_await(struct client *client)
{
	event_add(client->relay_timer,
	          client->relay_optional ? &optional_timeout : &answer_timeout);
}

static void relay_fail(struct client *client, int status, const char *why)
{
	relay_stop(client);
	if (client->relay_optional)
		client_send_rows(client, NULL, 0, 0);
	else
		client_refuse(client, status, why);
}

void relay_next(struct client *client)
{
	channel_read(&client->relay, true);
	relay_await(client);
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct client *client = channel->owner;
	char why[SLUICE_API_ERROR_MAX];

	if (record->header.version != SLUICE_API_VERSION) {
		snprintf(why, sizeof(why),
		         "the dataplane speaks API version %u, the control plane %u",
		         record->header.version, SLUICE_API_VERSION);
		relay_fail(client, -EPROTO, why);
		return;
	}
	event_del(client->relay_timer);
	/* Stopped before the reply goes out: with it the next request may come in. */
	if (!(record->header.flags & SLUICE_API_MORE))
		relay_stop(client);
	else
		client->next = relay_next;
	if (client_send(client, &record->header, record->body)) {
		if (client->relay.fd >= 0)
			relay_await(client);
	} else {
		channel_read(&client->relay, false);
	}
}

static void on_writable(struct channel *channel)
{
}

static void on_lost(struct channel *channel, int error)
{
	relay_fail(channel->owner, -EHOSTDOWN, NO_ANSWER);
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	relay_fail(arg, -ETIMEDOUT, NO_ANSWER);
}

/* Nothing is read of a client while it is served, and an answer may take a while: a trace. One that
 * only asks nothing more still reads. */
static void on_left(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd left = {.fd = fd};

	if (poll(&left, 1, 0) == 1 && left.revents & POLLHUP)
		client_end(arg);
}

int relay_start(struct client *client, const void *body, bool optional)
{
	const struct server_options *options = client->options;
	int fd = seqpacket_connect_now(options->dataplane);
	int error;

	if (fd < 0)
		return fd;
	error = channel_open(&client->relay, options->base, fd, &handler, options->buffer, client);
	if (error < 0)
		return error;
	client->relay_optional = optional;
	client->relay_timer = evtimer_new(options->base, on_timeout, client);
	client->relay_left =
	        event_new(options->base, client->channel.fd, EV_CLOSED, on_left, client);
	error = client->relay_timer != NULL && client->relay_left != NULL
	                ? channel_send(&client->relay, &client->request, body)
	                : -ENOMEM;
	if (error < 0) {
		relay_stop(client);
		return error;
	}
	event_add(client->relay_left, NULL);
	relay_await(client);
	return 0;
}

void relay_request(struct client *client, const void *body)
{
	int error = relay_start(client, body, false);

	if (error == -ENOENT || error == -ECONNREFUSED || error == -EAGAIN)
		client_refuse(client, -EHOSTDOWN, NO_ANSWER);
	else if (error < 0)
		client_refuse(client, error, strerror(-error));
}
