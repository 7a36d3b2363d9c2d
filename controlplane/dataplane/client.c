/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/client.h"

#include "command/text.h"
#include "common/log.h"
#include "dataplane/client_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Trying costs next to nothing, and recovery waits for it. */
static const struct timeval connect_interval = {.tv_usec = 200 * 1000};
/* A port's queues may take seconds to set up. */
static const struct timeval answer_timeout = {.tv_sec = 20};

void client_settle(struct dataplane_client *client)
{
	if (client->settled)
		return;
	client->settled = true;
	client->options.settled(client->options.arg);
}

/* -- asking -- */

int client_ask(struct dataplane_client *client, const struct question *question, const void *body,
               uint32_t length, uint32_t flags)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = question->type,
	        .id = client->id + 1,
	        .flags = flags,
	        .length = length,
	};
	int error = channel_send(&client->channel, &header, body);

	if (error < 0)
		return error;
	client->id++;
	client->asked[(client->first_asked + client->n_asked++) % WINDOW] = *question;
	event_add(client->answer_timer, &answer_timeout);
	return 0;
}

int client_ask_plain(struct dataplane_client *client, uint16_t type)
{
	return client_ask(client, &(struct question){.type = type}, NULL, 0, 0);
}

int dataplane_tell(struct dataplane_client *client, uint16_t type, const void *body,
                   uint32_t length)
{
	int error;

	if (client->state != CLIENT_READY)
		return -ENOTCONN;
	if (client->n_asked == WINDOW)
		return -EAGAIN;
	error = client_ask(client, &(struct question){.type = type, .told = true}, body, length, 0);
	client_lose_unless_full(client, error);
	return error;
}

/* -- the connection comes and goes -- */

void client_lose(struct dataplane_client *client, const char *why)
{
	if (!client->said_away)
		log_warning(SLUICE_LOG_DATAPLANE, "the dataplane is away (%s: %s); waiting for it",
		            client->options.path, why);
	client->said_away = true;
	channel_close(&client->channel);
	event_del(client->answer_timer);
	event_del(client->retry_timer);
	client->state = CLIENT_AWAY;
	client->n_asked = 0;
	client->retrying = false;
	changes_end(client, -EHOSTDOWN,
	            "the dataplane went away before it answered; nothing is changed");
	replay_tell(client);
	event_add(client->connect_timer, &connect_interval);
	client_settle(client);
}

void client_lose_unless_full(struct dataplane_client *client, int error)
{
	/* -EAGAIN: the channel says when there is room. */
	if (error < 0 && error != -EAGAIN)
		client_lose(client, strerror(-error));
}

/* -- at work: one request at a time -- */

static void work_send(struct dataplane_client *client)
{
	struct change *change = TAILQ_FIRST(&client->changes);

	if (client->n_asked > 0)
		return;
	if (change != NULL)
		client_lose_unless_full(client, change_ask(client, change));
	else if (client->replay_due)
		replay_again(client);
	else if (client->retrying)
		retry_send(client);
}

static void client_work(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane_client *client = arg;

	if (client->state == CLIENT_REPLAYING)
		replay_send(client);
	else if (client->state == CLIENT_READY)
		work_send(client);
}

/* -- answers -- */

static void greeting_answered(struct dataplane_client *client, uint16_t type,
                              const struct seqpacket_record *record)
{
	struct sluice_version version;
	int error;

	if (type == SLUICE_CONFIG_BEGIN) {
		replay_begin(client);
		replay_send(client);
		return;
	}
	if (record->header.length != sizeof(version)) {
		client_lose(client, "its answer has another size");
		return;
	}
	memcpy(&version, record->body, sizeof(version));
	version.version[sizeof(version.version) - 1] = '\0';
	log_info(SLUICE_LOG_DATAPLANE, "connected to the dataplane, version %s", version.version);
	error = client_ask_plain(client, SLUICE_CONFIG_BEGIN);
	if (error < 0)
		client_lose(client, strerror(-error));
}

/* The body of a reply with a status, as a line. */
static void why_read(const struct seqpacket_record *record, char *why, size_t room)
{
	struct text text;

	text_start(&text, why, room);
	if (record->header.length > 0)
		text_add_printable(&text, (const char *)record->body, record->header.length);
	else
		text_add(&text, strerror(-record->header.status));
}

static void told_answered(const struct question *question, int status, const char *why)
{
	if (status != 0)
		log_error(SLUICE_LOG_DATAPLANE, "the dataplane refused 0x%04x: %s", question->type,
		          why);
}

static void question_answered(struct dataplane_client *client, const struct question *question,
                              const struct seqpacket_record *record)
{
	char why[2 * SLUICE_API_ERROR_MAX] = "";
	int status = record->header.status;

	if (status != 0 || record->header.flags & SLUICE_API_WARNING)
		why_read(record, why, sizeof(why));
	if (question->line != NULL)
		replay_answered(client, question->line, status, why);
	else if (question->change != NULL)
		change_answered(client, question->change, status, why);
	else if (question->told)
		told_answered(question, status, why);
	else if (status != 0)
		client_lose(client, why);
	else if (question->type == SLUICE_CONFIG_COMMIT)
		replay_done(client);
	else
		greeting_answered(client, question->type, record);
}

static void client_received(struct channel *channel, struct seqpacket_record *record)
{
	struct dataplane_client *client = channel->owner;
	const struct sluice_api_header *header = &record->header;
	struct question question;
	char why[80];

	if (header->version != SLUICE_API_VERSION) {
		snprintf(why, sizeof(why), "it speaks API version %u, we %u", header->version,
		         SLUICE_API_VERSION);
		client_lose(client, why);
		return;
	}
	if (client->n_asked == 0 || header->id != client->id + 1 - client->n_asked ||
	    header->flags & SLUICE_API_MORE) {
		client_lose(client, "it answers what was not asked");
		return;
	}
	question = client->asked[client->first_asked];
	client->first_asked = (client->first_asked + 1) % WINDOW;
	client->n_asked--;
	if (client->n_asked > 0)
		event_add(client->answer_timer, &answer_timeout);
	else
		event_del(client->answer_timer);
	question_answered(client, &question, record);
	event_active(client->work, EV_TIMEOUT, 0);
}

static void client_writable(struct channel *channel)
{
	client_work(-1, 0, channel->owner);
}

static void client_lost(struct channel *channel, int error)
{
	client_lose(channel->owner, error != 0 ? strerror(-error) : "it closed the connection");
}

static const struct channel_handler client_handler = {client_received, client_writable,
                                                      client_lost};

/* -- timers -- */

static void answer_overdue(evutil_socket_t fd, short what, void *arg)
{
	client_lose(arg, "it does not answer");
}

static void client_connect(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane_client *client = arg;
	int error = seqpacket_connect_now(client->options.path);

	if (error >= 0)
		error = channel_open(&client->channel, client->options.base, error, &client_handler,
		                     client->options.buffer, client);
	if (error == 0) {
		client->state = CLIENT_GREETING;
		error = client_ask_plain(client, SLUICE_VERSION);
	}
	if (error == 0)
		return;
	client_lose(client, strerror(-error));
}

struct dataplane_client *dataplane_client_create(const struct dataplane_client_options *options)
{
	struct dataplane_client *client = calloc(1, sizeof(*client));
	static const struct timeval at_once;

	if (client == NULL)
		return NULL;
	client->options = *options;
	client->channel.fd = -1;
	TAILQ_INIT(&client->changes);
	client->connect_timer = evtimer_new(options->base, client_connect, client);
	client->retry_timer = evtimer_new(options->base, retry_start, client);
	client->answer_timer = evtimer_new(options->base, answer_overdue, client);
	client->work = evtimer_new(options->base, client_work, client);
	if (client->connect_timer != NULL && client->retry_timer != NULL &&
	    client->answer_timer != NULL && client->work != NULL &&
	    event_add(client->connect_timer, &at_once) == 0)
		return client;
	dataplane_client_destroy(client);
	return NULL;
}

static void timer_free(struct event *timer)
{
	if (timer != NULL)
		event_free(timer);
}

void dataplane_client_destroy(struct dataplane_client *client)
{
	if (client == NULL)
		return;
	changes_end(client, -ESHUTDOWN, "the control plane stops");
	timer_free(client->connect_timer);
	timer_free(client->retry_timer);
	timer_free(client->answer_timer);
	timer_free(client->work);
	channel_close(&client->channel);
	free(client);
}
