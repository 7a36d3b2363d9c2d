/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/redis.h"

#include "command/addr.h"
#include "common/log.h"
#include "redis/link.h"
#include "redis/redirect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define LINKS_MAX     16 /* nodes of a Cluster that we speak to */
#define REDIRECTS_MAX 3  /* of one command */
#define REDIS_PORT    6379
#define NO_SLOT       REDIS_SLOTS

/* One that lets us in and turns out to be no Redis is not back each time. */
static const struct timeval settle_time = {.tv_sec = 2};

/* What is to be done next, from the event loop: never while a link is at work. */
enum redis_turn {
	TURN_CONNECT,
	TURN_MASTER,
	TURN_NO_MASTER,
	TURN_DEMOTED,
	TURN_SETTLED,
};

struct redis {
	struct redis_options options;
	struct link *home;              /* NULL: away */
	struct link *sentinel;          /* is asked where the home is */
	struct link *others[LINKS_MAX]; /* [0] is never used: it stands for the home */
	uint8_t *slots;      /* of a Cluster: indices into `others`; NULL: never redirected */
	struct event *retry; /* what `turn` says */
	enum redis_turn turn;
	struct sluice_addr master; /* that the Sentinel named */
	uint32_t backoff_ms;
	bool up, said_down;
	char why[LINK_WHY_MAX];
};

/* -- coming and going -- */

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

static void redis_lose(struct redis *redis, const char *why)
{
	struct link *home = redis->home, *sentinel = redis->sentinel;
	bool was_up = redis->up;

	redis->home = redis->sentinel = NULL;
	redis->up = false;
	redis->turn = TURN_CONNECT;
	say_down(redis, why);
	link_destroy(home);
	link_destroy(sentinel);
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		if (redis->others[i] != NULL)
			others_drop(redis, i);
	retry_later(redis);
	if (was_up && redis->options.down != NULL)
		redis->options.down(redis->options.arg, why);
}

/* -- what a link tells -- */

static void command_free(struct redis_command *command)
{
	explicit_bzero(command->bytes, command->length);
	redisFreeCommand(command->bytes);
	free(command);
}

static void command_done(struct redis_command *command, const redisReply *reply)
{
	if (command->done != NULL)
		command->done(command->arg, reply);
	command_free(command);
}

static bool redis_subscribes(const struct redis *redis)
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
	if (redis_subscribes(redis)) {
		for (; count <= REDIS_CHANNELS_MAX && redis->options.channels[count - 1][0];
		     count++)
			words[count] = redis->options.channels[count - 1];
		command = calloc(1, sizeof(*command));
		if (command != NULL)
			command->length =
			        redisFormatCommandArgv(&command->bytes, count, words, NULL);
		if (command != NULL && link_send(link, command, false) != 0)
			command_free(command);
	}
	if (redis->options.up != NULL)
		redis->options.up(redis->options.arg);
}

static struct link *link_to(struct redis *redis, const struct sluice_addr *addr);

/* The link of an address, made where there is none; 0: the home, also where there is no room. */
static uint32_t other_at(struct redis *redis, const struct sluice_addr *addr)
{
	uint32_t free_index = 0;

	if (memcmp(link_addr(redis->home), addr, sizeof(*addr)) == 0)
		return 0;
	for (uint32_t i = 1; i < LINKS_MAX; i++) {
		if (redis->others[i] == NULL)
			free_index = free_index == 0 ? i : free_index;
		else if (memcmp(link_addr(redis->others[i]), addr, sizeof(*addr)) == 0)
			return i;
	}
	if (free_index != 0)
		redis->others[free_index] = link_to(redis, addr);
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
	index = other_at(redis, &redirect.addr);
	if (!redirect.ask)
		slot_remember(redis, redirect.slot, index);
	return link_send(index == 0 ? redis->home : redis->others[index], command, redirect.ask) ==
	       0;
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
		}
	}
	command_done(command, reply);
}

static bool is_word(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, word) == 0;
}

static bool on_pushed(void *owner, const redisReply *reply)
{
	struct redis *redis = owner;

	/* The answers to our own PING and SUBSCRIBE are such arrays too. */
	if (!redis_subscribes(redis) || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return false;
	if (reply->elements == 3 && is_word(reply->element[0], "message") &&
	    reply->element[1]->type == REDIS_REPLY_STRING &&
	    reply->element[2]->type == REDIS_REPLY_STRING && redis->options.message != NULL)
		redis->options.message(redis->options.arg, reply->element[1]->str,
		                       reply->element[2]->str, reply->element[2]->len);
	return true;
}

static void on_lost(void *owner, struct link *link, const char *why)
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

static const struct link_handler handler = {on_up, on_answered, on_pushed, on_lost};

static struct link *link_to(struct redis *redis, const struct sluice_addr *addr)
{
	const struct link_options options = {
	        .base = redis->options.base,
	        .handler = &handler,
	        .owner = redis,
	        .addr = *addr,
	        .db = redis->options.region.db,
	        .password = redis->options.region.password,
	        .subscriber = redis_subscribes(redis),
	};

	return link_create(&options);
}

/* -- connecting, perhaps by way of a Sentinel -- */

static void home_connect(struct redis *redis, const struct sluice_addr *addr)
{
	redis->home = link_to(redis, addr);
	if (redis->home == NULL)
		redis_lose(redis, "no memory");
}

static int master_read(struct sluice_addr *addr, const redisReply *reply)
{
	char *end;
	unsigned long port;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return -EINVAL;
	port = strtoul(reply->element[1]->str, &end, 10);
	if (*end != '\0' || port == 0 || port > UINT16_MAX ||
	    addr_parse(addr, reply->element[0]->str, NULL) != 0)
		return -EINVAL;
	addr->port = htons(port);
	return 0;
}

static void sentinel_up(void *owner, struct link *link)
{
}

/* Not from here, where the link still works on it: from the loop. */
static void sentinel_answered(void *owner, struct redis_command *command, redisReply *reply)
{
	struct redis *redis = owner;

	command_free(command);
	if (redis->sentinel == NULL || reply == NULL)
		return;
	redis->turn = master_read(&redis->master, reply) == 0 ? TURN_MASTER : TURN_NO_MASTER;
	event_active(redis->retry, EV_TIMEOUT, 0);
}

static bool sentinel_pushed(void *owner, const redisReply *reply)
{
	return false;
}

static const struct link_handler sentinel_handler = {sentinel_up, sentinel_answered,
                                                     sentinel_pushed, on_lost};

static void sentinel_ask(struct redis *redis)
{
	const struct link_options options = {
	        .base = redis->options.base,
	        .handler = &sentinel_handler,
	        .owner = redis,
	        .addr = redis->options.region.redis,
	        .password = "",
	};
	struct redis_command *command = calloc(1, sizeof(*command));

	redis->sentinel = link_create(&options);
	if (redis->sentinel != NULL && command != NULL)
		command->length =
		        redisFormatCommand(&command->bytes, "SENTINEL get-master-addr-by-name %s",
		                           redis->options.region.sentinel);
	if (redis->sentinel != NULL && command != NULL && command->length > 0 &&
	    link_send(redis->sentinel, command, false) == 0)
		return;
	if (command != NULL && command->length > 0)
		redisFreeCommand(command->bytes);
	free(command);
	redis_lose(redis, "no memory");
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct redis *redis = arg;
	enum redis_turn turn = redis->turn;
	struct link *sentinel = redis->sentinel;

	redis->turn = TURN_CONNECT;
	if (turn == TURN_DEMOTED) {
		redis_lose(redis, "it is no master any more");
	} else if (turn == TURN_SETTLED) {
		redis->backoff_ms = REDIS_BACKOFF_MS;
		say_up(redis);
	} else if (turn == TURN_NO_MASTER) {
		redis_lose(redis, "its Sentinel knows no such master");
	} else if (turn == TURN_MASTER) {
		redis->sentinel = NULL;
		link_destroy(sentinel);
		home_connect(redis, &redis->master);
	} else if (redis->home == NULL && redis->sentinel == NULL) {
		if (redis->options.region.sentinel[0] != '\0')
			sentinel_ask(redis);
		else
			home_connect(redis, &redis->options.region.redis);
	}
}

struct redis *redis_create(const struct redis_options *options)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (redis == NULL)
		return NULL;
	redis->options = *options;
	redis->backoff_ms = REDIS_BACKOFF_MS;
	if (redis->options.region.redis.port == 0)
		redis->options.region.redis.port = htons(REDIS_PORT);
	redis->retry = evtimer_new(options->base, on_retry, redis);
	if (redis->retry == NULL) {
		free(redis);
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
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		link_destroy(redis->others[i]);
	event_free(redis->retry);
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

/* -- asking -- */

static struct link *link_for(struct redis *redis, uint16_t slot)
{
	uint32_t index = redis->slots != NULL && slot != NO_SLOT ? redis->slots[slot] : 0;

	return redis->others[index] != NULL ? redis->others[index] : redis->home;
}

/* Takes the bytes. */
static int bytes_send(struct redis *redis, const char *key, redis_done_fn *done, void *arg,
                      char *bytes, int length)
{
	struct redis_command *command = calloc(1, sizeof(*command));
	int error;

	if (command == NULL) {
		redisFreeCommand(bytes);
		return -ENOMEM;
	}
	*command = (struct redis_command){
	        .bytes = bytes,
	        .length = length,
	        .slot = key != NULL ? redis_slot(key, strlen(key)) : NO_SLOT,
	        .done = done,
	        .arg = arg,
	};
	error = link_send(link_for(redis, command->slot), command, false);
	if (error < 0)
		command_free(command);
	return error;
}

static int redis_refuses(const struct redis *redis)
{
	return redis_is_up(redis) && !redis_subscribes(redis) ? 0 : -ENOTCONN;
}

int redis_ask(struct redis *redis, const char *key, redis_done_fn *done, void *arg,
              const char *format, ...)
{
	va_list args;
	char *bytes;
	int length;

	if (redis_refuses(redis) != 0)
		return -ENOTCONN;
	va_start(args, format);
	length = redisvFormatCommand(&bytes, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	return bytes_send(redis, key, done, arg, bytes, length);
}

int redis_ask_words(struct redis *redis, const char *key, redis_done_fn *done, void *arg, int count,
                    const char **words, const size_t *lengths)
{
	char *bytes;
	int length;

	if (redis_refuses(redis) != 0)
		return -ENOTCONN;
	length = redisFormatCommandArgv(&bytes, count, words, lengths);
	if (length < 0)
		return -ENOMEM;
	return bytes_send(redis, key, done, arg, bytes, length);
}
