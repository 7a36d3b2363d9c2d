/* SPDX-License-Identifier: BSD-3-Clause */
/* hiredis' reader with bounds: a Redis is a stranger, and its replies are as long as it likes. */
#ifndef REDIS_READER_H
#define REDIS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#define REPLY_BYTES_MAX   65536 /* of one reply, as it comes in or as strings */
#define REPLY_OBJECTS_MAX 4096

struct reader {
	redisReader *hiredis;
	redisReplyObjectFunctions bounded, plain;
	uint32_t bytes, objects; /* of the reply that is being read */
	bool exceeded;
};

/* 0 or -ENOMEM. */
int reader_start(struct reader *reader);
void reader_end(struct reader *reader);

/* 0 or -ENOMEM. Then read until there is nothing more. */
int reader_feed(struct reader *reader, const void *bytes, size_t length);
/*
 * 1: *reply is one, and the caller's to free (freeReplyObject); 0: more has to come; -EMSGSIZE: it
 * is longer than any reply may be; -EBADMSG: that is no Redis. After an error it reads nothing
 * more.
 */
int reader_next(struct reader *reader, redisReply **reply);

#endif
