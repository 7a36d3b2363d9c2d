/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/reader.h"

#include <errno.h>
#include <string.h>

/* NULL makes hiredis give the reply up. */
static struct reader *room_for(const redisReadTask *task, size_t bytes, size_t objects)
{
	struct reader *reader = task->privdata;

	if (bytes > REPLY_BYTES_MAX - reader->bytes ||
	    objects > REPLY_OBJECTS_MAX - reader->objects) {
		reader->exceeded = true;
		return NULL;
	}
	reader->bytes += bytes;
	reader->objects += objects;
	return reader;
}

static void *string_create(const redisReadTask *task, char *bytes, size_t length)
{
	struct reader *reader = room_for(task, length, 1);

	return reader != NULL ? reader->plain.createString(task, bytes, length) : NULL;
}

/* Never negative: hiredis makes those nil, or refuses them. */
#if HIREDIS_MAJOR < 1
typedef int element_count;
#else
typedef size_t element_count;
#endif

static void *array_create(const redisReadTask *task, element_count elements)
{
	struct reader *reader = room_for(task, 0, 1 + (size_t)elements);

	return reader != NULL ? reader->plain.createArray(task, elements) : NULL;
}

static void *integer_create(const redisReadTask *task, long long value)
{
	struct reader *reader = room_for(task, 0, 1);

	return reader != NULL ? reader->plain.createInteger(task, value) : NULL;
}

static void *nil_create(const redisReadTask *task)
{
	struct reader *reader = room_for(task, 0, 1);

	return reader != NULL ? reader->plain.createNil(task) : NULL;
}

int reader_start(struct reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	reader->hiredis = redisReaderCreate();
	if (reader->hiredis == NULL)
		return -ENOMEM;
	reader->plain = *reader->hiredis->fn;
	reader->bounded = (redisReplyObjectFunctions){
	        .createString = string_create,
	        .createArray = array_create,
	        .createInteger = integer_create,
	        .createNil = nil_create,
	        .freeObject = reader->plain.freeObject,
	};
	reader->hiredis->fn = &reader->bounded;
	reader->hiredis->privdata = reader;
	return 0;
}

void reader_end(struct reader *reader)
{
	if (reader->hiredis != NULL)
		redisReaderFree(reader->hiredis);
	reader->hiredis = NULL;
}

int reader_feed(struct reader *reader, const void *bytes, size_t length)
{
	return redisReaderFeed(reader->hiredis, bytes, length) == REDIS_OK ? 0 : -ENOMEM;
}

int reader_next(struct reader *reader, redisReply **reply)
{
	void *read = NULL;

	if (redisReaderGetReply(reader->hiredis, &read) != REDIS_OK)
		return reader->exceeded ? -EMSGSIZE : -EBADMSG;
	*reply = read;
	if (read != NULL) {
		reader->bytes = reader->objects = 0;
		return 1;
	}
	/* A string that is announced and never ends. */
	return reader->hiredis->len - reader->hiredis->pos > REPLY_BYTES_MAX ? -EMSGSIZE : 0;
}
