/* SPDX-License-Identifier: BSD-3-Clause */
/* What a connection to a Redis begins with: who we are, the database, and whether it answers. */
#ifndef REDIS_HANDSHAKE_H
#define REDIS_HANDSHAKE_H

#include "redis/link.h"

#include <event2/bufferevent.h>

/* Returns how many replies will come, or -ENOMEM. */
int handshake_send(struct bufferevent *bev, const struct link_options *options);
/* last: of those. false: it is of no use, and why. */
bool handshake_accept(const struct link_options *options, const redisReply *reply, bool last,
                      char why[LINK_WHY_MAX]);
/* Of a reply that is an error. */
void refusal_write(const redisReply *reply, char why[LINK_WHY_MAX]);

#endif
