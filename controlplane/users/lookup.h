/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TURN users that stand in Redis as coturn has them: turn/realm/REALM/user/NAME/key, the key in
 * hex, and the set turn/realm/REALM/secret, in the Redis of this node's own region; and its
 * limits (limits.h). Keys are
 * fetched when the dataplane meets a name that it does not know, and again when their time is over;
 * secrets now and then. While Redis is away the dataplane goes on with what it has, and refuses
 * unknown names at once.
 */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include <event2/event.h>

struct dataplane_client;
struct fleet;
struct lookup;
struct running;

/* How long a key is used before it is fetched again. */
#define LOOKUP_REFRESH_S 300
#define LOOKUP_SECRETS_S 30

struct lookup_options {
	struct event_base *base;
	struct dataplane_client *client;
	struct running *running; /* a change of its limits and peers is watched */
	struct fleet *fleet;     /* has the Redis */
};

/* NULL: no memory. */
struct lookup *lookup_create(const struct lookup_options *options);
/* No answer of Redis comes any more when this is called. */
void lookup_destroy(struct lookup *lookup);
/* The dataplane has the configuration, and with it none of the fetched secrets. */
void lookup_dataplane_ready(struct lookup *lookup);

#endif
