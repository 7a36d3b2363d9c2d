/* SPDX-License-Identifier: BSD-3-Clause */
/* The Redis client on an event loop, and redis-servers of the test's own in a folder of their own.
 * Include after cmocka.h. */
#ifndef REDIS_SCENE_H
#define REDIS_SCENE_H

#include "redis/redis.h"

#include <sys/types.h>

#define PATIENCE_MS 30000 /* for what happens by itself, on a busy machine */

struct scene {
	struct event_base *base;
	char folder[32];
};
extern struct scene scene;

/* Setup and teardown of cmocka. What was started and not killed is killed. */
int scene_begin(void **state);
int scene_end(void **state);

/* Runs the loop until *done. */
bool scene_wait(const bool *done, uint32_t ms);
/* Until the client says this of itself. */
void scene_wait_why(struct redis *redis, const char *part);
struct sluice_addr scene_loopback(uint16_t port);

bool redis_server_is_installed(void);
/* redis-server with these words, with --port, and with --dir of the folder; "FILE" is a file of its
 * own. A port of 0: no --port. NULL ends the words. */
pid_t scene_start(uint16_t port, const char *const *words);
void scene_kill(pid_t pid);
/* Has to succeed. */
void scene_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a client has told. */
struct seen {
	bool up, down, message, done;
	char why[128], text[64];
	const char *channel;
	int status;
	uint32_t count, ups, downs;
};
/* Of region "a", whose Redis is on loopback; told to `seen`. */
struct redis_options scene_options(uint16_t port, struct seen *seen);
redis_done_fn on_reply;
redis_get_fn on_get;
redis_members_fn on_members;

#endif
