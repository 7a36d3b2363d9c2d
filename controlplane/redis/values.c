/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands under a key: strings and sets. */
#include "redis/redis.h"

#include <errno.h>
#include <stdlib.h>

struct asked {
	redis_get_fn *get;
	redis_members_fn *members;
	void *arg;
	uint32_t most; /* members */
};

/* Of a reply that is no value of the wanted type. */
static int status_of(const redisReply *reply)
{
	if (reply == NULL)
		return -ETIMEDOUT;
	return reply->type == REDIS_REPLY_NIL ? -ENOENT : -EINVAL;
}

static void get_done(void *arg, const redisReply *reply)
{
	struct asked *asked = arg;

	if (reply != NULL && reply->type == REDIS_REPLY_STRING)
		asked->get(asked->arg, 0, reply->str, reply->len);
	else
		asked->get(asked->arg, status_of(reply), NULL, 0);
	free(asked);
}

static void members_done(void *arg, const redisReply *reply)
{
	struct redis_member *members = NULL;
	struct asked *asked = arg;
	uint32_t count = 0;

	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY)
		members = calloc(reply->elements + 1, sizeof(*members));
	if (members == NULL) {
		asked->members(asked->arg, status_of(reply), NULL, 0);
		free(asked);
		return;
	}
	for (size_t i = 0; i < reply->elements && count < asked->most; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			members[count++] = (struct redis_member){reply->element[i]->str,
			                                         reply->element[i]->len};
	asked->members(asked->arg, count > 0 ? 0 : -ENOENT, members, count);
	free(members);
	free(asked);
}

static int value_ask(struct redis *redis, const char *key, redis_done_fn *done,
                     const struct asked *what, const char *command)
{
	struct asked *asked = malloc(sizeof(*asked));
	int error;

	if (asked == NULL)
		return -ENOMEM;
	*asked = *what;
	error = redis_ask(redis, key, done, asked, command, key, what->most);
	if (error < 0)
		free(asked);
	return error;
}

int redis_get(struct redis *redis, const char *key, redis_get_fn *done, void *arg)
{
	return value_ask(redis, key, get_done, &(struct asked){.get = done, .arg = arg}, "GET %s");
}

/* Of a large set only some, so that the reply is bounded. */
int redis_members(struct redis *redis, const char *key, uint32_t most, redis_members_fn *done,
                  void *arg)
{
	return value_ask(redis, key, members_done,
	                 &(struct asked){.members = done, .arg = arg, .most = most},
	                 "SRANDMEMBER %s %u");
}
