/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that listens to events: replies without an end, as fast as it takes them. */
#include "answers/answers.h"

#include "events/bus.h"

#include <errno.h>
#include <string.h>

#include <sluice/event.h>

static void events_send(struct client *client)
{
	struct sluice_event_row row;

	while (!client->dead && event_take(client->answer, &row))
		if (!client_send_rows(client, &row, sizeof(row), SLUICE_API_MORE))
			return; /* client->next comes when there is room, or the client has gone */
}

static void on_ready(void *arg)
{
	struct client *client = arg;

	if (client->held_body == NULL)
		events_send(client);
}

static void events_stop(struct client *client)
{
	event_listener_end(client->answer);
}

static void answer_events(struct client *client, const void *body)
{
	const struct sluice_events *events = body;
	struct event_listener *listener;

	if (client->options->events == NULL) {
		client_refuse(client, -EOPNOTSUPP, "there are no events here");
		return;
	}
	listener =
	        event_listen(client->options->events, events->allocations != 0, on_ready, client);
	if (listener == NULL) {
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	client_answers(client, listener, events_stop);
	client->next = events_send;
	/* Nothing may be asked meanwhile, but that the client closes is to be seen. */
	channel_read(&client->channel, true);
}

const struct answer answers_events[] = {
        {SLUICE_EVENTS, answer_events},
        {0},
};
