/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/state.h"

#include "command/command.h"
#include "command/value.h"
#include "common/clock.h"
#include "common/log.h"
#include "redis/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIRECTS_MAX 3 /* of one command */
#define REDIS_PORT    6379
#define COMPLAINT_MS  60000 /* between two that differ */
#define TLS_KEPT_MS   10000 /* then its files are read again, for the next connection */

/* One that lets us in and turns out to be no Redis is not back each time. */
static const struct timeval settle_time = {.tv_sec = 2};

/* -- coming and going -- */

static bool by_sentinel(const struct redis *redis)
{
	return redis->options.region.sentinel[0] != '\0';
}

const char *redis_at(const struct redis *redis, char text[HOST_TEXT_MAX])
{
	return host_text(redis->home != NULL ? link_host(redis->home) : &redis->hosts[redis->host],
	                 text);
}

static void say_up(struct redis *redis)
{
	if (redis->said_down && !redis->options.quiet)
		log_info(SLUICE_LOG_REDIS, "region %s: its Redis is back",
		         redis->options.region.name);
	redis->said_down = false;
	redis->why[0] = '\0';
}

/* One line for each outage, and one more where the reason changes. */
static void say_down(struct redis *redis, const char *why)
{
	if (!redis->options.quiet && (!redis->said_down || strcmp(redis->why, why) != 0))
		log_warning(SLUICE_LOG_REDIS, "region %s: its Redis is away: %s",
		            redis->options.region.name, why);
	redis->said_down = true;
	snprintf(redis->why, sizeof(redis->why), "%s", why);
}

/* 0.2 to 5 s, each time twice as long, and somewhere in the upper half of it. */
static void retry_later(struct redis *redis)
{
	uint32_t wait = redis->backoff_ms / 2 + rand() % (redis->backoff_ms / 2 + 1);
	const struct timeval interval = {wait / 1000, wait % 1000 * 1000};

	redis->backoff_ms *= 2;
	if (redis->backoff_ms > REDIS_BACKOFF_MAX_MS)
		redis->backoff_ms = REDIS_BACKOFF_MAX_MS;
	event_add(redis->retry, &interval);
}

static void others_drop(struct redis *redis, uint32_t index)
{
	struct link *link = redis->others[index];

	redis->others[index] = NULL;
	for (uint32_t i = 0; redis->slots != NULL && i < REDIS_SLOTS; i++)
		if (redis->slots[i] == index)
			redis->slots[i] = 0;
	link_destroy(link);
}

/* Which of several it was. */
static void why_write(const struct redis *redis, const char *why, char text[WHY_MAX])
{
	char at[HOST_TEXT_MAX];

	if (redis->n_hosts == 1 && !by_sentinel(redis))
		snprintf(text, WHY_MAX, "%s", why);
	else
		snprintf(text, WHY_MAX, "%.80s: %s", redis_at(redis, at), why);
}

/* One of several hosts, or Sentinels, is no use: the next one at once, as long as there is one that
 * was not tried. What is wrong is said once none is left. */
static bool next_host(struct redis *redis, bool was_up)
{
	redis->tries++;
	redis->host = (redis->host + 1) % redis->n_hosts;
	redis->refused = was_up ? 0 : redis->refused + 1;
	if (was_up || redis->refused < redis->n_hosts)
		return !was_up;
	redis->refused = 0;
	return false;
}

void redis_lose(struct redis *redis, const char *what)
{
	struct link *home = redis->home, *sentinel = redis->sentinel;
	bool was_up = redis->up, at_once;
	char why[WHY_MAX];

	why_write(redis, what, why);
	redis->home = redis->sentinel = NULL;
	redis->up = false;
	redis->turn = TURN_CONNECT;
	follow_end(redis);
	at_once = next_host(redis, was_up);
	if (!at_once)
		say_down(redis, why);
	link_destroy(home);
	link_destroy(sentinel);
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		if (redis->others[i] != NULL)
			others_drop(redis, i);
	if (at_once)
		event_active(redis->retry, EV_TIMEOUT, 0);
	else
		retry_later(redis);
	if (was_up && redis->options.down != NULL)
		redis->options.down(redis->options.arg, why);
}

/* -- what a link tells -- */

void redis_command_free(struct redis_command *command)
{
	explicit_bzero(command->bytes, command->length);
	redisFreeCommand(command->bytes);
	free(command);
}

static void command_done(struct redis_command *command, const redisReply *reply)
{
	if (command->done != NULL)
		command->done(command->arg, reply);
	redis_command_free(command);
}

bool redis_subscribes(const struct redis *redis)
{
	return redis->options.channels[0][0] != '\0';
}

static void on_up(void *owner, struct link *link)
{
	struct redis *redis = owner;
	const char *words[1 + REDIS_CHANNELS_MAX] = {"SUBSCRIBE"};
	struct redis_command *command;
	int count = 1;

	if (link != redis->home)
		return;
	redis->up = true;
	redis->turn = TURN_SETTLED;
	event_add(redis->retry, &settle_time);
	if (by_sentinel(redis)) {
		redis->follow_host = redis->host;
		follow_begin(redis);
	}
	if (redis_subscribes(redis)) {
		for (; count <= REDIS_CHANNELS_MAX && redis->options.channels[count - 1][0];
		     count++)
			words[count] = redis->options.channels[count - 1];
		command = calloc(1, sizeof(*command));
		if (command != NULL)
			command->length =
			        redisFormatCommandArgv(&command->bytes, count, words, NULL);
		if (command != NULL && link_send(link, command, false) != 0)
			redis_command_free(command);
	}
	if (redis->options.up != NULL)
		redis->options.up(redis->options.arg);
}

static struct link *link_to(struct redis *redis, const struct host *host);

/* The link of a host, made where there is none; 0: the home, also where there is no room. */
static uint32_t other_at(struct redis *redis, const struct host *host)
{
	uint32_t free_index = 0;

	if (host_equal(link_host(redis->home), host))
		return 0;
	for (uint32_t i = 1; i < LINKS_MAX; i++) {
		if (redis->others[i] == NULL)
			free_index = free_index == 0 ? i : free_index;
		else if (host_equal(link_host(redis->others[i]), host))
			return i;
	}
	if (free_index != 0)
		redis->others[free_index] = link_to(redis, host);
	return redis->others[free_index] != NULL ? free_index : 0;
}

static void slot_remember(struct redis *redis, uint16_t slot, uint32_t index)
{
	if (redis->slots == NULL)
		redis->slots = calloc(REDIS_SLOTS, 1);
	if (redis->slots != NULL)
		redis->slots[slot] = index;
}

/* true: the command is on its way to where it belongs. */
static bool command_redirect(struct redis *redis, struct redis_command *command,
                             const redisReply *reply)
{
	struct redirect redirect;
	uint32_t index;

	if (redis->home == NULL || command->redirects == REDIRECTS_MAX ||
	    redirect_read(&redirect, reply->str, reply->len) != 0)
		return false;
	command->redirects++;
	index = other_at(redis, &redirect.host);
	if (!redirect.ask)
		slot_remember(redis, redirect.slot, index);
	return link_send(index == 0 ? redis->home : redis->others[index], command, redirect.ask) ==
	       0;
}

/* Such as rights that its user lacks. */
void redis_complain(struct redis *redis, const redisReply *reply)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	char line[LINK_WHY_MAX];
	struct text text;

	text_start(&text, line, sizeof(line));
	text_add_printable(&text, reply->str, reply->len);
	if (strcmp(line, redis->complaint) == 0 ||
	    (redis->complained != 0 && now - redis->complained < COMPLAINT_MS))
		return;
	redis->complained = now;
	memcpy(redis->complaint, line, sizeof(line));
	log_warning(SLUICE_LOG_REDIS, "region %s: its Redis refuses a command: %s",
	            redis->options.region.name, line);
}

static void on_answered(void *owner, struct redis_command *command, redisReply *reply)
{
	struct redis *redis = owner;

	if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
		if (command_redirect(redis, command, reply))
			return;
		/* After a failover: the Sentinel knows who is master now. */
		if (strncmp(reply->str, "READONLY", 8) == 0) {
			redis->turn = TURN_DEMOTED;
			event_active(redis->retry, EV_TIMEOUT, 0);
		} else {
			redis_complain(redis, reply);
		}
	}
	command_done(command, reply);
}

bool redis_is_message(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return false;
	for (int i = 0; i < 3; i++)
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return false;
	return strcmp(reply->element[0]->str, "message") == 0;
}

static bool on_pushed(void *owner, const redisReply *reply)
{
	struct redis *redis = owner;

	/* Of SUBSCRIBE: somebody else says when this Redis comes and goes, and nobody else this. */
	if (redis_subscribes(redis) && reply->type == REDIS_REPLY_ERROR)
		redis_complain(redis, reply);
	/* The answers to our own PING and SUBSCRIBE are such arrays too. */
	if (!redis_subscribes(redis) || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return false;
	if (redis_is_message(reply) && redis->options.message != NULL)
		redis->options.message(redis->options.arg, reply->element[1]->str,
		                       reply->element[2]->str, reply->element[2]->len);
	return true;
}

void redis_link_lost(void *owner, struct link *link, const char *why)
{
	struct redis *redis = owner;
	char text[LINK_WHY_MAX];

	if (link == redis->home || link == redis->sentinel) {
		/* It is the link's, and goes with it. */
		snprintf(text, sizeof(text), "%s", why);
		redis_lose(redis, text);
		return;
	}
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		if (redis->others[i] == link)
			others_drop(redis, i);
}

static const struct link_handler handler = {on_up, on_answered, on_pushed, redis_link_lost};

static struct link *link_to(struct redis *redis, const struct host *host)
{
	const struct link_options options = {
	        .base = redis->options.base,
	        .names = redis->options.names,
	        .handler = &handler,
	        .owner = redis,
	        .host = *host,
	        .first = redis->tries / redis->n_hosts,
	        .user = redis->options.region.user,
	        .password = redis->options.region.password,
	        .tls = redis->tls,
	        .server = redis->options.region.server,
	        .db = redis->options.region.db,
	        .master = by_sentinel(redis),
	        .subscriber = redis_subscribes(redis),
	};

	return link_create(&options);
}

/* -- connecting, perhaps by way of a Sentinel -- */

/* Files that are read again are those that were renewed meanwhile; those before stay in use where
 * they are wrong. 0, or -EINVAL with *why. */
int redis_tls_renew(struct redis *redis, char why[LINK_WHY_MAX])
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	SSL_CTX *tls;

	if (redis->options.region.tls == 0 ||
	    (redis->tls != NULL && now - redis->tls_made < TLS_KEPT_MS))
		return 0;
	tls = tls_client_context(&redis->options.region, why, LINK_WHY_MAX);
	if (tls == NULL)
		return -EINVAL;
	SSL_CTX_free(redis->tls);
	redis->tls = tls;
	redis->tls_made = now;
	return 0;
}

/* For the home: 0, or -EINVAL, and it was said. */
static int tls_renew(struct redis *redis)
{
	char why[LINK_WHY_MAX];

	if (redis_tls_renew(redis, why) == 0)
		return 0;
	redis->refused = redis->n_hosts; /* no other one would do */
	redis_lose(redis, why);
	return -EINVAL;
}

static void home_connect(struct redis *redis, const struct host *host)
{
	redis->home = link_to(redis, host);
	if (redis->home == NULL)
		redis_lose(redis, "no memory");
}

/* A Sentinel says so. What is under way has no answer, and is asked for again by who asked. */
static void home_move(struct redis *redis)
{
	struct link *home = redis->home;
	bool was_up = redis->up;

	if (home == NULL)
		return;
	redis->home = NULL;
	redis->up = false;
	link_destroy(home);
	if (tls_renew(redis) == 0)
		home_connect(redis, &redis->master);
	if (was_up && redis->options.down != NULL)
		redis->options.down(redis->options.arg, "another Redis is master now");
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct redis *redis = arg;
	enum redis_turn turn = redis->turn;
	struct link *sentinel = redis->sentinel;

	redis->turn = TURN_CONNECT;
	if (turn == TURN_DEMOTED) {
		redis_lose(redis, "it is no master any more");
	} else if (turn == TURN_MOVED) {
		home_move(redis);
	} else if (turn == TURN_SETTLED) {
		redis->backoff_ms = REDIS_BACKOFF_MS;
		redis->refused = 0;
		say_up(redis);
	} else if (turn == TURN_NO_MASTER) {
		redis_lose(redis, redis->no_master);
	} else if (turn == TURN_MASTER) {
		redis->sentinel = NULL;
		link_destroy(sentinel);
		home_connect(redis, &redis->master);
	} else if (redis->home == NULL && redis->sentinel == NULL && tls_renew(redis) == 0) {
		if (by_sentinel(redis))
			sentinel_ask(redis);
		else
			home_connect(redis, &redis->hosts[redis->host]);
	}
}

/* Of a list that was read before. */
static void hosts_take(struct redis *redis)
{
	const struct sluice_region_add *region = &redis->options.region;
	char why[COMMAND_EXPECTED_MAX], one[COMMAND_EXPECTED_MAX] = "";
	const char *list = region->hosts;
	struct text text;

	if (list[0] == '\0') {
		text_start(&text, one, sizeof(one));
		text_add_addr(&text, &region->redis);
		list = one;
	}
	while (redis->n_hosts < SLUICE_REDIS_HOSTS &&
	       host_next(&redis->hosts[redis->n_hosts], &list, REDIS_PORT, why) > 0)
		redis->n_hosts++;
	if (redis->n_hosts == 0) /* that nobody can be asked at is said where it is tried */
		redis->n_hosts = 1;
}

struct redis *redis_create(const struct redis_options *options)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (redis == NULL)
		return NULL;
	redis->options = *options;
	redis->backoff_ms = REDIS_BACKOFF_MS;
	hosts_take(redis);
	redis->retry = evtimer_new(options->base, on_retry, redis);
	redis->follow_again = evtimer_new(options->base, on_follow_again, redis);
	if (redis->retry == NULL || redis->follow_again == NULL) {
		redis_destroy(redis);
		return NULL;
	}
	event_active(redis->retry, EV_TIMEOUT, 0);
	return redis;
}

void redis_destroy(struct redis *redis)
{
	struct link *home, *sentinel;

	if (redis == NULL)
		return;
	home = redis->home;
	sentinel = redis->sentinel;
	redis->home = redis->sentinel = NULL;
	redis->up = false;
	link_destroy(home);
	link_destroy(sentinel);
	follow_end(redis);
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		link_destroy(redis->others[i]);
	if (redis->retry != NULL)
		event_free(redis->retry);
	if (redis->follow_again != NULL)
		event_free(redis->follow_again);
	SSL_CTX_free(redis->tls);
	free(redis->slots);
	explicit_bzero(&redis->options.region, sizeof(redis->options.region));
	free(redis);
}

bool redis_is_up(const struct redis *redis)
{
	return redis != NULL && redis->up;
}

const char *redis_why(const struct redis *redis)
{
	return redis->why;
}
