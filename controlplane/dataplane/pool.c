/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/pool.h"

#include <errno.h>
#include <stdlib.h>

struct pool_lane {
	LIST_ENTRY(pool_lane) entry;
	struct pool *pool;
	struct lane lane;
	bool idle; /* counted in pool->idle */
};

static bool is_free(const struct pool_lane *own)
{
	return TAILQ_EMPTY(&own->lane.asked);
}

static void pool_lane_free(struct pool_lane *own)
{
	own->pool->count--;
	own->pool->idle -= own->idle;
	LIST_REMOVE(own, entry);
	lane_destroy(&own->lane);
	free(own);
}

static void on_ready(void *arg)
{
	struct pool_lane *own = arg;

	if (!is_free(own) || own->idle)
		return;
	if (own->pool->idle == POOL_IDLE) {
		pool_lane_free(own);
		return;
	}
	own->idle = true;
	own->pool->idle++;
}

static void on_lost(void *arg, int status, const char *why)
{
	struct pool_lane *own = arg;
	struct questions asked = TAILQ_HEAD_INITIALIZER(asked);

	TAILQ_CONCAT(&asked, &own->lane.asked, entry);
	pool_lane_free(own);
	questions_end(&asked, status, why);
}

static struct pool_lane *pool_lane_create(struct pool *pool)
{
	struct pool_lane *own = calloc(1, sizeof(*own));
	const struct lane_options options = {
	        .base = pool->base,
	        .path = pool->path,
	        .version = pool->version,
	        .buffer = pool->buffer,
	        .ready = on_ready,
	        .lost = on_lost,
	        .arg = own,
	};

	if (own == NULL)
		return NULL;
	own->pool = pool;
	LIST_INSERT_HEAD(&pool->lanes, own, entry);
	pool->count++;
	if (lane_create(&own->lane, &options) == 0)
		return own;
	pool_lane_free(own);
	return NULL;
}

static struct pool_lane *idle_take(struct pool *pool)
{
	struct pool_lane *own;

	LIST_FOREACH(own, &pool->lanes, entry)
	{
		if (!own->idle)
			continue;
		own->idle = false;
		pool->idle--;
		return own;
	}
	return NULL;
}

/* Over this connection, which is closed where that fails. */
static int own_send(struct pool_lane *own, struct question *question)
{
	int error = lane_send(&own->lane, question);

	if (error == 0)
		question->own = own;
	else
		pool_lane_free(own);
	return error;
}

static int fresh_send(struct pool *pool, struct question *question)
{
	struct pool_lane *own;
	int error;

	if (pool->count == POOL_MAX)
		return -EBUSY;
	own = pool_lane_create(pool);
	if (own == NULL)
		return -ENOMEM;
	error = lane_open(&own->lane);
	if (error == 0)
		return own_send(own, question);
	pool_lane_free(own);
	return error;
}

int pool_ask(struct pool *pool, struct question *question)
{
	struct pool_lane *own = idle_take(pool);
	int error = -ENOTCONN;

	/* One that was kept may be of a dataplane that has just gone. */
	while (own != NULL && error != 0) {
		error = own_send(own, question);
		own = error != 0 ? idle_take(pool) : NULL;
	}
	if (error != 0)
		error = fresh_send(pool, question);
	return error == 0 || error == -EBUSY || error == -ENOMEM ? error : -EHOSTDOWN;
}

void pool_forget(struct question *question)
{
	struct pool_lane *own = question->own;

	TAILQ_REMOVE(&own->lane.asked, question, entry);
	question_free(question);
	pool_lane_free(own);
}

void pool_read(struct question *question, bool on)
{
	if (question->own != NULL)
		lane_read(&question->own->lane, on);
}

void pool_start(struct pool *pool, struct event_base *base, const char *path,
                const uint16_t *version, struct seqpacket_record *buffer)
{
	*pool = (struct pool){.base = base, .path = path, .version = version, .buffer = buffer};
	LIST_INIT(&pool->lanes);
}

void pool_end(struct pool *pool, int status, const char *why)
{
	struct pool_lane *own;

	while ((own = LIST_FIRST(&pool->lanes)) != NULL)
		on_lost(own, status, why);
}
