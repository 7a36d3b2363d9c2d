/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A region's Redis, in one role: keeps a connection to it, directly, through a Sentinel, or to the
 * nodes of a Cluster. Never waits: what cannot be sent now is refused, and what is sent is answered
 * within a second, if only with nothing.
 */
#ifndef REDIS_REDIS_H
#define REDIS_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include <sluice/region.h>

#include "command/host.h"

#define REDIS_CHANNELS_MAX   4
#define REDIS_CHANNEL_MAX    320
#define REDIS_BACKOFF_MS     200
#define REDIS_BACKOFF_MAX_MS 5000

struct names;
struct redis;

struct redis_options {
	struct event_base *base;
	struct sluice_region_add region; /* copied */
	struct names *names;             /* NULL: no name can be resolved */
	/* Any of them may be NULL. It answers; it does no more, and why. */
	void (*up)(void *arg);
	void (*down)(void *arg, const char *why);
	/* With channels it does nothing but listen to them: no command can be sent. */
	void (*message)(void *arg, const char *channel, const char *text, size_t length);
	char channels[REDIS_CHANNELS_MAX][REDIS_CHANNEL_MAX]; /* ends with an empty one */
	bool quiet; /* somebody else says when this Redis comes and goes */
	void *arg;
};

/* NULL: no memory. */
struct redis *redis_create(const struct redis_options *options);
/* Not from one of its own calls. What waits is answered with NULL. */
void redis_destroy(struct redis *redis);
bool redis_is_up(const struct redis *redis);
/* Of the last failure; empty: none since it came up. */
const char *redis_why(const struct redis *redis);
/* HOST:PORT that it speaks to, or tries; returns `text`. */
const char *redis_at(const struct redis *redis, char text[HOST_TEXT_MAX]);

/* reply NULL: no answer came. A reply of the type REDIS_REPLY_ERROR is an answer. */
typedef void redis_done_fn(void *arg, const redisReply *reply);

/*
 * One command in hiredis' format (%s, %b); key: the one that it is about, NULL: none. 0, and `done`
 * (which may be NULL) will be called once; -ENOTCONN: Redis is away; -EBUSY: too much waits;
 * -ENOMEM.
 */
int redis_ask(struct redis *redis, const char *key, redis_done_fn *done, void *arg,
              const char *format, ...);
/* The same with words of any length. */
int redis_ask_words(struct redis *redis, const char *key, redis_done_fn *done, void *arg, int count,
                    const char **words, const size_t *lengths);

/*
 * What stands under a key. status 0; -ENOENT: nothing does; -ENOTCONN or -ETIMEDOUT: nobody knows;
 * -EINVAL: it is something else. The string ends with a NUL.
 */
typedef void redis_get_fn(void *arg, int status, const char *bytes, size_t length);
int redis_get(struct redis *redis, const char *key, redis_get_fn *done, void *arg);

/* Members of a set; of a larger one `most` of them, whichever. */
struct redis_member {
	const char *bytes;
	size_t length;
};
typedef void redis_members_fn(void *arg, int status, const struct redis_member *members,
                              uint32_t count);
int redis_members(struct redis *redis, const char *key, uint32_t most, redis_members_fn *done,
                  void *arg);

#endif
