/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is master, by a Sentinel's word. */
#include "redis/state.h"

#include "common/log.h"
#include "redis/handshake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int master_read(struct host *host, const char *name, size_t length, const char *port)
{
	char *end;
	unsigned long number = strtoul(port, &end, 10);

	if (*end != '\0' || number == 0 || number > UINT16_MAX)
		return -EINVAL;
	return host_set(host, name, length, number);
}

static int reply_read(struct host *host, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return -EINVAL;
	return master_read(host, reply->element[0]->str, reply->element[0]->len,
	                   reply->element[1]->str);
}

static void sentinel_up(void *owner, struct link *link)
{
}

void master_follow(struct redis *redis, const struct host *master)
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
	redis->turn = reply_read(&master, reply) == 0 ? TURN_MASTER : TURN_NO_MASTER;
	if (redis->turn == TURN_MASTER)
		master_follow(redis, &master);
	else if (reply->type == REDIS_REPLY_ERROR)
		refusal_write(reply, redis->no_master);
	else
		snprintf(redis->no_master, sizeof(redis->no_master),
		         "this Sentinel knows no such master");
	event_active(redis->retry, EV_TIMEOUT, 0);
}

static bool sentinel_pushed(void *owner, const redisReply *reply)
{
	return false;
}

static const struct link_handler sentinel_handler = {sentinel_up, sentinel_answered,
                                                     sentinel_pushed, redis_link_lost};

struct link_options sentinel_link(struct redis *redis, uint32_t host,
                                  const struct link_handler *handler)
{
	return (struct link_options){
	        .base = redis->options.base,
	        .names = redis->options.names,
	        .handler = handler,
	        .owner = redis,
	        .host = redis->hosts[host],
	        .first = redis->tries / redis->n_hosts,
	        .user = redis->options.region.sentinel_user,
	        .password = redis->options.region.sentinel_password,
	        .tls = redis->tls,
	        .server = redis->options.region.server,
	};
}

void sentinel_ask(struct redis *redis)
{
	const struct link_options options = sentinel_link(redis, redis->host, &sentinel_handler);
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
