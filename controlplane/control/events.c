/* SPDX-License-Identifier: BSD-3-Clause */
/* A client that listens to events: replies without an end, as fast as it takes them. */
#include "control/client.h"

#include "events/bus.h"

#include <errno.h>
#include <string.h>

#include <sluice/event.h>

static void events_send(struct client *client)
{
	struct sluice_event_row row;

	while (event_take(client->events, &row))
		if (!client_send_rows(client, &row, sizeof(row), SLUICE_API_MORE))
			return; /* client->next comes when there is room, or the client has gone */
}

static void on_ready(void *arg)
{
	struct client *client = arg;

	if (client->held_body == NULL)
		events_send(client);
}

static void answer_events(struct client *client, const void *body)
{
	const struct sluice_events *events = body;

	if (client->options->events == NULL) {
		client_refuse(client, -EOPNOTSUPP, "there are no events here");
		return;
	}
	client->events =
	        event_listen(client->options->events, events->allocations != 0, on_ready, client);
	if (client->events == NULL) {
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	client->next = events_send;
	/* Nothing may be asked meanwhile, but that the client closes is to be seen. */
	channel_read(&client->channel, true);
}

void events_stop(struct client *client)
{
	if (client->events != NULL)
		event_listener_end(client->events);
	client->events = NULL;
}

const struct answer answers_events[] = {
        {SLUICE_EVENTS, answer_events},
        {0},
};
