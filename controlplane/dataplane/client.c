/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/client.h"

#include "channel.h"
#include "cli/text.h"
#include "dataplane/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 32 /* requests of a replay on their way */

static const struct timeval connect_interval = {.tv_usec = 200 * 1000};
static const struct timeval retry_interval = {.tv_sec = 1};
/* A port's queues may take seconds to set up. */
static const struct timeval answer_timeout = {.tv_sec = 20};

enum client_state {
	CLIENT_AWAY,
	CLIENT_GREETING, /* VERSION, CONFIG_BEGIN */
	CLIENT_REPLAYING,
	CLIENT_COMMITTING,
	CLIENT_READY,
};

struct change {
	TAILQ_ENTRY(change) entry;
	struct command_request request;
	uint32_t flags;
	change_done_fn *done; /* NULL: forgotten */
	void *arg;
};
TAILQ_HEAD(changes, change);

/* What was asked and has not been answered; answers come in the order of the requests. */
struct question {
	uint16_t type;
	struct running_line *line; /* of a replay or a retry */
	struct change *change;
};

struct dataplane_client {
	struct dataplane_client_options options;
	struct channel channel;
	struct event *connect_timer, *retry_timer, *answer_timer;
	struct event *work; /* made active where there is something new to send */
	enum client_state state;
	bool settled, said_away;
	uint32_t id; /* of the last request */
	struct question asked[WINDOW];
	uint32_t n_asked, first_asked;
	struct running_line *replayed; /* the last line that was sent */
	uint32_t n_refused;            /* of this replay */
	bool retrying;                 /* what was refused, line by line ... */
	uint64_t retried;              /* ... from the one behind this serial on */
	struct changes changes;
};

static void client_settle(struct dataplane_client *client, int status)
{
	if (client->settled)
		return;
	client->settled = true;
	client->options.settled(client->options.arg, status);
}

/* -- asking -- */

static int question_send(struct dataplane_client *client, const struct question *question,
                         const void *body, uint32_t length, uint32_t flags)
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

static int ask_plain(struct dataplane_client *client, uint16_t type)
{
	return question_send(client, &(struct question){.type = type}, NULL, 0, 0);
}

static int ask_line(struct dataplane_client *client, struct running_line *line)
{
	const struct command_request *request = &line->request;

	return question_send(client,
	                     &(struct question){.type = request->command->type, .line = line},
	                     request->body.bytes, request->length, SLUICE_API_EXIST_OK);
}

static int ask_change(struct dataplane_client *client, struct change *change)
{
	const struct command_request *request = &change->request;

	return question_send(client,
	                     &(struct question){.type = request->command->type, .change = change},
	                     request->body.bytes, request->length, change->flags);
}

/* -- changes -- */

static void change_end(struct dataplane_client *client, struct change *change, int status,
                       const char *why)
{
	TAILQ_REMOVE(&client->changes, change, entry);
	if (change->done != NULL)
		change->done(change->arg, status, why);
	explicit_bzero(&change->request, sizeof(change->request));
	free(change);
}

static void change_answered(struct dataplane_client *client, struct change *change, int status,
                            const char *why)
{
	/* A line that never came into force can be taken back all the same. */
	if (status == -ENOENT && change->request.command->kind == COMMAND_DELETE &&
	    running_removes(client->options.running, &change->request))
		status = 0;
	if (status == 0)
		status = running_apply(client->options.running, &change->request);
	change_end(client, change, status, status == -ENOMEM ? strerror(ENOMEM) : why);
}

struct change *dataplane_change(struct dataplane_client *client,
                                const struct command_request *request, uint32_t flags,
                                change_done_fn *done, void *arg)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct change *change;
	int status;

	if (client->state == CLIENT_AWAY) {
		status = running_check(client->options.running, request, flags, why);
		if (status == 0)
			status = running_apply(client->options.running, request);
		done(arg, status, why);
		return NULL;
	}
	change = calloc(1, sizeof(*change));
	if (change == NULL) {
		done(arg, -ENOMEM, strerror(ENOMEM));
		return NULL;
	}
	*change = (struct change){.request = *request, .flags = flags, .done = done, .arg = arg};
	TAILQ_INSERT_TAIL(&client->changes, change, entry);
	event_active(client->work, EV_TIMEOUT,
	             0); /* not at once: `done` must not be called before we return */
	return change;
}

void dataplane_change_forget(struct change *change)
{
	change->done = NULL;
}

/* -- the connection comes and goes -- */

static void client_lose(struct dataplane_client *client, const char *why)
{
	struct change *change, *next;

	if (!client->said_away)
		log_warning("the dataplane is away (%s: %s); waiting for it", client->options.path,
		            why);
	client->said_away = true;
	channel_close(&client->channel);
	event_del(client->answer_timer);
	event_del(client->retry_timer);
	client->state = CLIENT_AWAY;
	client->n_asked = 0;
	client->retrying = false;
	for (change = TAILQ_FIRST(&client->changes); change != NULL; change = next) {
		next = TAILQ_NEXT(change, entry);
		change_end(client, change, -EHOSTDOWN,
		           "the dataplane went away before it answered; nothing is changed");
	}
	event_add(client->connect_timer, &connect_interval);
	client_settle(client, 0);
}

static void client_advance_or_lose(struct dataplane_client *client, int error)
{
	/* -EAGAIN: the channel says when there is room. */
	if (error < 0 && error != -EAGAIN)
		client_lose(client, strerror(-error));
}

/* -- the replay -- */

static void replay_begin(struct dataplane_client *client)
{
	client->state = CLIENT_REPLAYING;
	client->replayed = NULL;
	client->n_refused = 0;
}

static void replay_send(struct dataplane_client *client)
{
	struct running_line *line;
	int error = 0;

	while (error == 0 && client->n_asked < WINDOW &&
	       (line = running_next(client->options.running, client->replayed)) != NULL) {
		error = ask_line(client, line);
		if (error == 0)
			client->replayed = line;
	}
	client_advance_or_lose(client, error);
	if (error < 0 || client->n_asked > 0)
		return;
	if (!client->settled && client->n_refused > 0) {
		log_error("the dataplane refused %u of %u lines", client->n_refused,
		          running_count(client->options.running));
		client_settle(client, -EINVAL);
		return;
	}
	error = ask_plain(client, SLUICE_CONFIG_COMMIT);
	if (error == 0)
		client->state = CLIENT_COMMITTING;
	client_advance_or_lose(client, error);
}

/* "sluice.conf:12: port add ..." */
static void line_describe(const struct dataplane_client *client, const struct running_line *line,
                          char *text, size_t room)
{
	char words[COMMAND_TEXT_MAX];

	command_format(&line->request, false, words, sizeof(words));
	if (line->number != 0)
		snprintf(text, room, "%s:%u: %s", client->options.config, line->number, words);
	else
		snprintf(text, room, "%s", words);
}

static void line_answered(struct dataplane_client *client, struct running_line *line, int status,
                          const char *why)
{
	char text[COMMAND_TEXT_MAX + 256];

	if (status != 0)
		client->n_refused++;
	if ((status != 0) == line->refused)
		return;
	line->refused = status != 0;
	line_describe(client, line, text, sizeof(text));
	if (line->refused)
		log_error("%s: %s", text, why);
	else
		log_info("%s: in force now", text);
}

static void replay_done(struct dataplane_client *client)
{
	client->state = CLIENT_READY;
	client->said_away = false;
	log_info("the dataplane has the whole configuration: %u lines%s",
	         running_count(client->options.running),
	         client->n_refused > 0 ? ", without what it refused; trying again every second"
	                               : "");
	if (client->n_refused > 0)
		event_add(client->retry_timer, &retry_interval);
	client_settle(client, 0);
}

/* -- at work: one request at a time -- */

static void retry_start(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane_client *client = arg;

	client->retrying = true;
	client->retried = 0;
	event_active(client->work, EV_TIMEOUT, 0);
}

static struct running_line *refused_after(const struct running *running, uint64_t serial)
{
	struct running_line *line = running_after(running, serial);

	while (line != NULL && !line->refused)
		line = running_next(running, line);
	return line;
}

static void retry_send(struct dataplane_client *client)
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
	client_advance_or_lose(client, error);
}

static void work_send(struct dataplane_client *client)
{
	struct change *change = TAILQ_FIRST(&client->changes);

	if (client->n_asked > 0)
		return;
	if (change != NULL)
		client_advance_or_lose(client, ask_change(client, change));
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
	const struct sluice_version *version = (const void *)record->body;
	int error;

	if (type == SLUICE_CONFIG_BEGIN) {
		replay_begin(client);
		replay_send(client);
		return;
	}
	if (record->header.length != sizeof(*version)) {
		client_lose(client, "its answer has another size");
		return;
	}
	log_info("connected to the dataplane, version %.*s", (int)sizeof(version->version),
	         version->version);
	error = ask_plain(client, SLUICE_CONFIG_BEGIN);
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

static void question_answered(struct dataplane_client *client, const struct question *question,
                              const struct seqpacket_record *record)
{
	char why[2 * SLUICE_API_ERROR_MAX] = "";
	int status = record->header.status;

	if (status != 0)
		why_read(record, why, sizeof(why));
	if (question->line != NULL)
		line_answered(client, question->line, status, why);
	else if (question->change != NULL)
		change_answered(client, question->change, status, why);
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
		error = ask_plain(client, SLUICE_VERSION);
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
	struct change *change;

	if (client == NULL)
		return;
	while ((change = TAILQ_FIRST(&client->changes)) != NULL)
		change_end(client, change, -ESHUTDOWN, "the control plane stops");
	timer_free(client->connect_timer);
	timer_free(client->retry_timer);
	timer_free(client->answer_timer);
	timer_free(client->work);
	channel_close(&client->channel);
	free(client);
}
