/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is master, by a Sentinel's word. */
#include "redis/state.h"

#include "common/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int master_read(struct host *host, const redisReply *reply)
{
	char *end;
	unsigned long port;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return -EINVAL;
	port = strtoul(reply->element[1]->str, &end, 10);
	if (*end != '\0' || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	return host_set(host, reply->element[0]->str, reply->element[0]->len, port);
}

static void sentinel_up(void *owner, struct link *link)
{
}

static void master_follow(struct redis *redis, const struct host *master)
{
	char text[HOST_TEXT_MAX];

	if (redis->master.port != 0 && !host_equal(&redis->master, master) && !redis->options.quiet)
		log_info(SLUICE_LOG_REDIS, "region %s: the master of its Redis is now %s",
		         redis->options.region.name, host_text(master, text));
	redis->master = *master;
}

/* Not from here, where the link still works on it: from the loop. */
static void sentinel_answered(void *owner, struct redis_command *command, redisReply *reply)
{
	struct redis *redis = owner;
	struct host master;

	redis_command_free(command);
	if (redis->sentinel == NULL || reply == NULL)
		return;
	redis->turn = master_read(&master, reply) == 0 ? TURN_MASTER : TURN_NO_MASTER;
	if (redis->turn == TURN_MASTER)
		master_follow(redis, &master);
	event_active(redis->retry, EV_TIMEOUT, 0);
}

static bool sentinel_pushed(void *owner, const redisReply *reply)
{
	return false;
}

static const struct link_handler sentinel_handler = {sentinel_up, sentinel_answered,
                                                     sentinel_pushed, redis_link_lost};

void sentinel_ask(struct redis *redis)
{
	const struct link_options options = {
	        .base = redis->options.base,
	        .names = redis->options.names,
	        .handler = &sentinel_handler,
	        .owner = redis,
	        .host = redis->hosts[redis->host],
	        .first = redis->tries / redis->n_hosts,
	        .user = redis->options.region.sentinel_user,
	        .password = redis->options.region.sentinel_password,
	        .tls = redis->tls,
	        .server = redis->options.region.server,
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
