/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Sentinel tells when there is another master: then we go there at once, and do not wait until
 * the connection to the one before ends, or refuses what is written. What a Sentinel says while it
 * is not listened to is found in that way, as before.
 */
#include "redis/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWITCH_CHANNEL "+switch-master"
#define SWITCH_WORDS   5 /* name, address and port before, address and port now */
#define SWITCH_MAX     1024

static const struct timeval again_interval = {.tv_sec = 5};

/* -- what it says -- */

/* Of our master, who is now `master`. false: it is about something else. */
static bool switch_read(const struct redis *redis, const redisReply *said, struct host *master)
{
	char text[SWITCH_MAX], *words[SWITCH_WORDS + 1], *rest = NULL;
	size_t count = 0;

	if (said->len >= sizeof(text))
		return false;
	memcpy(text, said->str, said->len);
	text[said->len] = '\0';
	for (char *word = strtok_r(text, " ", &rest); word != NULL && count <= SWITCH_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return count == SWITCH_WORDS && strcmp(words[0], redis->options.region.sentinel) == 0 &&
	       master_read(master, words[3], strlen(words[3]), words[4]) == 0;
}

static bool follow_pushed(void *owner, const redisReply *reply)
{
	struct redis *redis = owner;
	struct host master;

	if (reply->type == REDIS_REPLY_ERROR) {
		redis_complain(redis, reply); /* such as a right that its user lacks */
		return true;
	}
	/* The answers to our own SUBSCRIBE and PING are none of it. */
	if (redis_is_message(reply) && strcmp(reply->element[1]->str, SWITCH_CHANNEL) == 0 &&
	    switch_read(redis, reply->element[2], &master) && redis->home != NULL &&
	    !host_equal(link_host(redis->home), &master)) {
		master_follow(redis, &master);
		redis->turn = TURN_MOVED;
		event_active(redis->retry, EV_TIMEOUT, 0);
	}
	return true;
}

/* -- the connection -- */

static void follow_up(void *owner, struct link *link)
{
	struct redis_command *command = calloc(1, sizeof(*command));

	if (command != NULL)
		command->length = redisFormatCommand(&command->bytes, "SUBSCRIBE " SWITCH_CHANNEL);
	if (command != NULL && (command->length <= 0 || link_send(link, command, false) != 0)) {
		if (command->length > 0)
			redisFreeCommand(command->bytes);
		free(command);
	}
}

static void follow_answered(void *owner, struct redis_command *command, redisReply *reply)
{
	redis_command_free(command);
}

/* The next Sentinel, a little later. */
static void follow_lost(void *owner, struct link *link, const char *why)
{
	struct redis *redis = owner;

	redis->follow = NULL;
	link_destroy(link);
	redis->follow_host = (redis->follow_host + 1) % redis->n_hosts;
	event_add(redis->follow_again, &again_interval);
}

static const struct link_handler follow_handler = {follow_up, follow_answered, follow_pushed,
                                                   follow_lost};

void follow_begin(struct redis *redis)
{
	char why[LINK_WHY_MAX];
	struct link_options options;

	if (redis->follow != NULL)
		return;
	(void)!redis_tls_renew(redis, why); /* the home's turn says so */
	options = sentinel_link(redis, redis->follow_host, &follow_handler);
	options.subscriber = true;
	redis->follow = link_create(&options);
	if (redis->follow == NULL)
		event_add(redis->follow_again, &again_interval);
}

void follow_end(struct redis *redis)
{
	struct link *link = redis->follow;

	redis->follow = NULL;
	if (redis->follow_again != NULL)
		event_del(redis->follow_again);
	link_destroy(link);
}

void on_follow_again(evutil_socket_t fd, short what, void *arg)
{
	follow_begin(arg);
}
