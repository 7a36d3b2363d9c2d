/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON to another HTTP server, and the status that it answers: a webhook, or the hook of WHIP. */
#ifndef HTTP_POSTER_H
#define HTTP_POSTER_H

#include <stddef.h>
#include <stdint.h>

#include "http/client.h"
#include "http/url.h"

struct poster;

/*
 * A server's certificate is checked by the host's authorities and the URL's name. token: sent as a
 * bearer's; empty: none. deadline_s: from poster_send to `done`, a lookup of the name and the whole
 * answer included. The client outlives the poster. NULL: no memory.
 */
struct poster *poster_create(struct http_client *client, const struct url *url, const char *token,
                             uint32_t deadline_s);
/* What is under way is given up, and its `done` not called. */
void poster_destroy(struct poster *poster);

/*
 * One at a time, each by a connection of its own. Calls `done` once, from the event loop and never
 * from within this call; `done` may send again, or destroy the poster. status: HTTP's, or 0 with
 * why there is none. 0; -EBUSY: one is under way; -ENOMEM.
 */
typedef void poster_done_fn(void *arg, int status, const char *why);
int poster_send(struct poster *poster, const char *json, size_t length, poster_done_fn *done,
                void *arg);

#endif
