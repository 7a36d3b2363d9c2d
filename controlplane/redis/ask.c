/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands on their way. */
#include "redis/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
		redis_command_free(command);
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
