/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/client.h"

#include "common/log.h"
#include "dataplane/pool.h"
#include "dataplane/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 1024 /* questions that have not been sent */

/* Trying costs next to nothing, and recovery waits for it. */
static const struct timeval connect_interval = {.tv_usec = 50 * 1000};

enum client_state {
	CLIENT_AWAY,
	CLIENT_GREETING,  /* VERSION */
	CLIENT_PREPARING, /* early questions */
	CLIENT_BEGINNING, /* CONFIG_BEGIN */
	CLIENT_REPLAYING,
	CLIENT_COMMITTING, /* CONFIG_COMMIT */
	CLIENT_READY,
};

struct dataplane_client {
	struct dataplane_client_options options;
	struct lane lane;
	struct pool pool;
	struct replay replay;
	struct event *connect_timer;
	struct event *work; /* made active where there is something new to send */
	enum client_state state;
	uint16_t version; /* of the API, that the dataplane speaks */
	bool settled, said_away;
	struct questions waiting;
	uint32_t n_waiting;
	bool replay_due;                /* to a dataplane that has an older configuration */
	void (*replay_done)(void *arg); /* NULL: none was asked for */
	void *replay_arg;
};

static void client_settle(struct dataplane_client *client)
{
	if (client->settled)
		return;
	client->settled = true;
	client->options.settled(client->options.arg);
}

static void client_wake(void *arg)
{
	struct dataplane_client *client = arg;

	event_active(client->work, EV_TIMEOUT, 0);
}

/* Calls back the caller of dataplane_replay. */
static void replay_tell(struct dataplane_client *client)
{
	void (*done)(void *arg) = client->replay_done;

	client->replay_due = false;
	client->replay_done = NULL;
	if (done != NULL)
		done(client->replay_arg);
}

/* -- the connection comes and goes -- */

static void questions_fail(struct dataplane_client *client, int status, const char *why)
{
	struct questions all = TAILQ_HEAD_INITIALIZER(all);

	TAILQ_CONCAT(&all, &client->lane.asked, entry);
	TAILQ_CONCAT(&all, &client->waiting, entry);
	client->n_waiting = 0;
	questions_end(&all, status, why);
}

/* One that served may be there again already: another process in its place. */
static void client_lose(struct dataplane_client *client, const char *why)
{
	static const struct timeval at_once;
	bool served = client->state == CLIENT_READY;

	if (!client->said_away)
		log_warning(SLUICE_LOG_DATAPLANE, "the dataplane is away (%s: %s); waiting for it",
		            client->options.path, why);
	client->said_away = true;
	lane_close(&client->lane);
	replay_drop(&client->replay);
	client->state = CLIENT_AWAY;
	client->version = SLUICE_API_VERSION;
	questions_fail(client, -EHOSTDOWN,
	               "the dataplane went away before it answered; nothing is changed");
	replay_tell(client);
	event_add(client->connect_timer, served ? &at_once : &connect_interval);
	client_settle(client);
}

static void on_lost(void *arg, int status, const char *why)
{
	client_lose(arg, why);
}

/* -- the client's own questions -- */

/* 0; -EAGAIN: not now; else the connection has been given up. */
static int own_send(struct dataplane_client *client, struct question *question)
{
	int error = question != NULL ? lane_send(&client->lane, question) : -ENOMEM;

	if (error < 0 && question != NULL)
		question_free(question);
	if (error < 0 && error != -EAGAIN)
		client_lose(client, strerror(-error));
	return error;
}

static int own_ask(struct dataplane_client *client, uint16_t type, dataplane_answered_fn *answered)
{
	return own_send(client, question_create(&(struct dataplane_ask){
	                                .type = type, .answered = answered, .arg = client}));
}

/* true: answered as it should be. */
static bool own_taken(struct dataplane_client *client, const struct dataplane_answer *answer)
{
	char why[2 * SLUICE_API_ERROR_MAX];

	if (answer->lost)
		return false;
	if (answer->status == 0)
		return true;
	answer_text(answer, why, sizeof(why));
	client_lose(client, why);
	return false;
}

static void on_version(void *arg, const struct dataplane_answer *answer)
{
	struct dataplane_client *client = arg;
	struct sluice_version version;

	/* one of the version before ours, which does not understand it */
	if (!answer->lost && answer->status == -EPROTO && client->version == SLUICE_API_VERSION &&
	    answer->version == SLUICE_API_VERSION_OLDEST) {
		client->version = answer->version;
		own_ask(client, SLUICE_VERSION, on_version);
		return;
	}
	if (!own_taken(client, answer))
		return;
	if (answer->length != sizeof(version)) {
		client_lose(client, "its answer has another size");
		return;
	}
	memcpy(&version, answer->body, sizeof(version));
	version.version[sizeof(version.version) - 1] = '\0';
	log_info(SLUICE_LOG_DATAPLANE, "connected to the dataplane, version %s%s", version.version,
	         client->version < SLUICE_API_VERSION
	                 ? ", of the API version before ours: it lacks what came with ours"
	                 : "");
	client->state = CLIENT_PREPARING;
	if (client->options.greeted != NULL)
		client->options.greeted(client->options.arg);
}

static void on_begun(void *arg, const struct dataplane_answer *answer)
{
	struct dataplane_client *client = arg;

	if (!own_taken(client, answer))
		return;
	client->state = CLIENT_REPLAYING;
	replay_begin(&client->replay);
}

static void on_committed(void *arg, const struct dataplane_answer *answer)
{
	struct dataplane_client *client = arg;

	if (!own_taken(client, answer))
		return;
	client->state = CLIENT_READY;
	client->said_away = false;
	replay_done(&client->replay);
	if (client->options.ready != NULL)
		client->options.ready(client->options.arg);
	client_settle(client);
	replay_tell(client);
}

/* -- at work -- */

static struct question *question_next(struct dataplane_client *client)
{
	struct question *question;

	TAILQ_FOREACH(question, &client->waiting, entry)
	if (client->state == CLIENT_READY || question->early)
		return question;
	return NULL;
}

/* Sends what waits and may go. Returns whether all of it is sent and answered. */
static bool waiting_send(struct dataplane_client *client)
{
	struct dataplane_answer lacks;
	char why[SLUICE_API_ERROR_MAX];
	struct question *question;
	int error = 0;

	while (error == 0 && (question = question_next(client)) != NULL) {
		TAILQ_REMOVE(&client->waiting, question, entry);
		client->n_waiting--;
		if (lane_lacks(&client->lane, question->type, question->body, question->length,
		               &lacks, why)) {
			question_end(question, &lacks);
			continue;
		}
		error = lane_send(&client->lane, question);
		if (error == 0)
			continue;
		TAILQ_INSERT_HEAD(&client->waiting, question, entry);
		client->n_waiting++;
	}
	if (error < 0 && error != -EAGAIN)
		client_lose(client, strerror(-error));
	return error == 0 && client->lane.n_asked == 0;
}

static void begin_ask(struct dataplane_client *client)
{
	if (own_ask(client, SLUICE_CONFIG_BEGIN, on_begun) == 0)
		client->state = CLIENT_BEGINNING;
}

static void replay_go_on(struct dataplane_client *client)
{
	int error = replay_send(&client->replay);

	if (error < 0)
		client_lose(client, strerror(-error));
	else if (error == 1 && own_ask(client, SLUICE_CONFIG_COMMIT, on_committed) == 0)
		client->state = CLIENT_COMMITTING;
}

/* A refused line is asked for again only when nothing else is: no change may take it away then. */
static void retry_go_on(struct dataplane_client *client)
{
	int error = replay_retry(&client->replay);

	if (error < 0 && error != -EAGAIN)
		client_lose(client, strerror(-error));
}

static void client_work(struct dataplane_client *client)
{
	switch (client->state) {
	case CLIENT_PREPARING:
		if (waiting_send(client))
			begin_ask(client);
		break;
	case CLIENT_REPLAYING:
		replay_go_on(client);
		break;
	case CLIENT_READY:
		if (!waiting_send(client))
			break;
		if (client->replay_due)
			begin_ask(client);
		else
			retry_go_on(client);
		break;
	default:
		break;
	}
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	client_work(arg);
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane_client *client = arg;
	int error = lane_open(&client->lane);

	if (error == 0) {
		client->state = CLIENT_GREETING;
		own_ask(client, SLUICE_VERSION, on_version);
	} else {
		client_lose(client, strerror(-error));
	}
}

/* -- everybody's questions -- */

int dataplane_ask(struct dataplane_client *client, const struct dataplane_ask *ask,
                  struct question **question)
{
	struct dataplane_answer answer;
	char why[SLUICE_API_ERROR_MAX];
	/* what the dataplane's version lacks is answered by ourselves */
	bool lacks = lane_lacks(&client->lane, ask->type, ask->body, ask->length, &answer, why);
	bool apart = ask->apart && !lacks;
	struct question *asked;
	int error = 0;

	if (question != NULL)
		*question = NULL;
	if (!apart && client->state == CLIENT_AWAY)
		return -ENOTCONN;
	if (!apart && client->n_waiting == WAITING_MAX)
		return -EBUSY;
	asked = question_create(ask);
	if (asked == NULL)
		return -ENOMEM;
	asked->early |= lacks;
	if (apart)
		error = pool_ask(&client->pool, asked);
	if (error < 0) {
		question_free(asked);
		return error;
	}
	if (!apart) {
		TAILQ_INSERT_TAIL(&client->waiting, asked, entry);
		client->n_waiting++;
		client_wake(client);
	}
	if (question != NULL)
		*question = asked;
	return 0;
}

void question_forget(struct question *question)
{
	if (question->own != NULL)
		pool_forget(question);
	else
		question->answered = NULL;
}

void question_read(struct question *question, bool on)
{
	pool_read(question, on);
}

/* -- the configuration -- */

struct running *dataplane_running(const struct dataplane_client *client)
{
	return client->options.running;
}

bool dataplane_is_ours(const struct dataplane_client *client)
{
	return client->state > CLIENT_GREETING && client->version == SLUICE_API_VERSION;
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
	client_wake(client);
}

/* -- life -- */

static int parts_create(struct dataplane_client *client)
{
	const struct dataplane_client_options *options = &client->options;
	const struct lane_options lane = {
	        .base = options->base,
	        .path = options->path,
	        .version = &client->version,
	        .buffer = options->buffer,
	        .ready = client_wake,
	        .lost = on_lost,
	        .arg = client,
	};
	const struct replay_options replay = {
	        .base = options->base,
	        .lane = &client->lane,
	        .running = options->running,
	        .config = options->config,
	        .again = client_wake,
	        .arg = client,
	};
	static const struct timeval at_once;

	client->connect_timer = evtimer_new(options->base, on_connect, client);
	client->work = evtimer_new(options->base, on_work, client);
	if (client->connect_timer == NULL || client->work == NULL ||
	    lane_create(&client->lane, &lane) != 0 || replay_create(&client->replay, &replay) != 0)
		return -ENOMEM;
	return event_add(client->connect_timer, &at_once);
}

struct dataplane_client *dataplane_client_create(const struct dataplane_client_options *options)
{
	struct dataplane_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->options = *options;
	client->lane.channel.fd = -1;
	TAILQ_INIT(&client->lane.asked);
	TAILQ_INIT(&client->waiting);
	client->version = SLUICE_API_VERSION;
	pool_start(&client->pool, options->base, options->path, &client->version, options->buffer);
	if (parts_create(client) == 0)
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
	client->state = CLIENT_AWAY;
	pool_end(&client->pool, -ESHUTDOWN, "the control plane stops");
	questions_fail(client, -ESHUTDOWN, "the control plane stops");
	lane_destroy(&client->lane);
	replay_destroy(&client->replay);
	timer_free(client->connect_timer);
	timer_free(client->work);
	free(client);
}
