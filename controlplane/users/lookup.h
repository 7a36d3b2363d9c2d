/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TURN users that stand in Redis as coturn has them: turn/realm/REALM/user/NAME/key, the key in
 * hex, and the set turn/realm/REALM/secret. Keys are fetched when the dataplane meets a name that
 * it does not know, and again when their time is over; secrets now and then. While Redis is away
 * the dataplane goes on with what it has, and refuses unknown names at once.
 */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "common/seqpacket.h"

struct lookup;
struct running;

/* How long a key is used before it is fetched again. */
#define LOOKUP_REFRESH_S 300
#define LOOKUP_SECRETS_S 30

/* status 0; -ENOENT: it is not there; else nobody knows. */
typedef void lookup_value_fn(void *arg, int status, const char *bytes, size_t length);

/* Where keys come from. `done` is called once if 0 is returned. */
struct lookup_source {
	bool (*is_up)(void *arg);
	int (*get)(void *arg, const char *key, lookup_value_fn *done, void *done_arg);
	/* `done` for each member, and in the end with NULL bytes and the status of it all. */
	int (*members)(void *arg, const char *key, lookup_value_fn *done, void *done_arg);
	void *arg;
};

struct lookup_options {
	struct event_base *base;
	const char *dataplane; /* path of its socket */
	const struct running *running;
	struct seqpacket_record *buffer;
	struct lookup_source source;
};

/* NULL: no memory. */
struct lookup *lookup_create(const struct lookup_options *options);
/* No answer of the source comes any more when this is called. */
void lookup_destroy(struct lookup *lookup);
/* The dataplane has the configuration, and with it none of the fetched secrets. */
void lookup_dataplane_ready(struct lookup *lookup);

#endif
