/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON to somebody else's HTTP server, and the status that it answers: a webhook. */
#ifndef HTTP_POST_H
#define HTTP_POST_H

#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#define POST_DEADLINE_S 5 /* of a connection, and of an answer */

struct poster;

/* http:// or https:// with a host, and no user, password or fragment. 0, or -EINVAL with a line in
 * `why` (SLUICE_API_ERROR_MAX bytes). */
int poster_check(const char *url, char *why);

/*
 * A server's certificate is checked by the host's authorities and the URL's name. token: sent as a
 * bearer's; empty: none. The URL has been checked. NULL: no memory.
 */
struct poster *poster_create(struct event_base *base, const char *url, const char *token);
/* What is under way is given up, and its `done` not called. */
void poster_destroy(struct poster *poster);

/*
 * One at a time. status: HTTP's, or 0 with why there is none. Calls `done` once, from the event
 * loop. 0; -EBUSY: one is under way; -ENOMEM.
 */
typedef void posted_fn(void *arg, int status, const char *why);
int post_json(struct poster *poster, const char *json, size_t length, posted_fn *done, void *arg);

#endif
