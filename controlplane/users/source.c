/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/source.h"

#include "fleet/fleet.h"
#include "redis/redis.h"

#include <errno.h>
#include <stdlib.h>

static bool source_is_up(void *arg)
{
	struct redis *redis = fleet_own_redis(arg);

	return redis != NULL && redis_is_up(redis);
}

static int source_get(void *arg, const char *key, lookup_value_fn *done, void *done_arg)
{
	struct redis *redis = fleet_own_redis(arg);

	return redis != NULL ? redis_get(redis, key, done, done_arg) : -ENOTCONN;
}

/* Who waits for a set. */
struct members {
	lookup_value_fn *done;
	void *arg;
};

static void on_members(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct members *members = arg;

	for (uint32_t i = 0; i < count; i++)
		members->done(members->arg, 0, list[i].bytes, list[i].length);
	members->done(members->arg, status, NULL, 0);
	free(members);
}

static int source_members(void *arg, const char *key, lookup_value_fn *done, void *done_arg)
{
	struct redis *redis = fleet_own_redis(arg);
	struct members *members;
	int error;

	if (redis == NULL)
		return -ENOTCONN;
	members = malloc(sizeof(*members));
	if (members == NULL)
		return -ENOMEM;
	*members = (struct members){done, done_arg};
	error = redis_members(redis, key, on_members, members);
	if (error != 0)
		free(members);
	return error;
}

struct lookup_source source_of_fleet(struct fleet *fleet)
{
	return (struct lookup_source){
	        .is_up = source_is_up,
	        .get = source_get,
	        .members = source_members,
	        .arg = fleet,
	};
}
