/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane answers: asked apart, and passed on as it comes. */
#include "answers/answers.h"

#include "dataplane/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONAL_S 2 /* who only wants to know who is there should not wait for one that hangs */

struct relay {
	struct question *question; /* NULL: answered */
	struct event *left;        /* the client does not wait for the answer; NULL: inside */
	bool optional;             /* an answer without the dataplane's part is one too */
};

static void relay_free(struct relay *relay)
{
	if (relay->question != NULL)
		question_forget(relay->question);
	if (relay->left != NULL)
		event_free(relay->left);
	free(relay);
}

static void relay_stop(struct client *client)
{
	relay_free(client->answer);
}

static void relay_next(struct client *client)
{
	const struct relay *relay = client->answer;

	question_read(relay->question, true);
}

/* Until there is room for it. */
static void relay_pause(struct client *client)
{
	const struct relay *relay = client->answer;

	if (!client->dead)
		question_read(relay->question, false);
}

static void on_answer(void *arg, const struct dataplane_answer *answer)
{
	struct client *client = arg;
	struct relay *relay = client->answer;
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = client->request.type,
	        .id = client->request.id,
	        .status = answer->status,
	        .flags = answer->flags,
	        .length = answer->length,
	};
	bool more = answer->flags & SLUICE_API_MORE;

	if (!more)
		relay->question = NULL;
	if (answer->lost && relay->optional)
		client_send_rows(client, NULL, 0, 0);
	else if (!client_send(client, &header, answer->body) && more)
		relay_pause(client);
}

/* Nothing is read of a client while it is served, and an answer may take a while: a trace. One that
 * only asks nothing more still reads. */
static void on_left(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd left = {.fd = fd};

	if (poll(&left, 1, 0) == 1 && left.revents & POLLHUP)
		client_end(arg);
}

static int left_watch(struct client *client, struct relay *relay)
{
	if (client->channel.fd < 0)
		return 0;
	relay->left =
	        event_new(client->options->base, client->channel.fd, EV_CLOSED, on_left, client);
	return relay->left != NULL && event_add(relay->left, NULL) == 0 ? 0 : -ENOMEM;
}

/* 0: replies will follow; -errno. */
static int relay_start(struct client *client, const void *body, bool optional)
{
	const struct dataplane_ask ask = {
	        .type = client->request.type,
	        .flags = client->request.flags,
	        .body = body,
	        .length = client->request.length,
	        .apart = true,
	        .patience_s = optional ? OPTIONAL_S : 0,
	        .answered = on_answer,
	        .arg = client,
	};
	struct relay *relay = calloc(1, sizeof(*relay));
	int error;

	if (relay == NULL)
		return -ENOMEM;
	relay->optional = optional;
	error = left_watch(client, relay);
	if (error == 0)
		error = dataplane_ask(client->options->client, &ask, &relay->question);
	if (error != 0) {
		relay_free(relay);
		return error;
	}
	client_answers(client, relay, relay_stop);
	client->next = relay_next;
	return 0;
}

void answer_relayed(struct client *client, const void *body)
{
	int error = relay_start(client, body, false);

	if (error == -EHOSTDOWN)
		client_refuse(client, error, "the dataplane does not answer");
	else if (error < 0)
		client_refuse(client, error, strerror(-error));
}

void answer_relayed_behind(struct client *client, const void *body, const void *rows,
                           uint32_t length, bool optional)
{
	bool more = relay_start(client, body, optional) == 0;

	if (!client_send_rows(client, rows, length, more ? SLUICE_API_MORE : 0) && more)
		relay_pause(client);
}
