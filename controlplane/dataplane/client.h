/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane's own connection to the dataplane: keeps it, replays the running configuration
 * whenever it is new, and passes changes on, one after the other. What only asks goes over
 * connections of its own (control/relay.h).
 */
#ifndef DATAPLANE_CLIENT_H
#define DATAPLANE_CLIENT_H

#include <event2/event.h>

#include "common/seqpacket.h"
#include "config/running.h"

struct dataplane_client;

struct dataplane_client_options {
	struct event_base *base;
	const char *path;   /* of the dataplane's socket */
	const char *config; /* the file's name, for what is said about its lines */
	struct running *running;
	struct seqpacket_record *buffer;
	/* Called once: the configuration is in force but for what was refused, or the dataplane is
	 * not there yet. */
	void (*settled)(void *arg);
	/* Each time that the dataplane has the whole configuration. */
	void (*ready)(void *arg);
	void *arg;
};

struct dataplane_client *dataplane_client_create(const struct dataplane_client_options *options);
void dataplane_client_destroy(struct dataplane_client *client);

/* status: 0 or -errno, with a clear line in `why`. */
typedef void change_done_fn(void *arg, int status, const char *why);

/*
 * Applies a canonical ADD, SET or DELETE to the dataplane, and, where that took it, to the running
 * configuration; to that alone while the dataplane is away: it is replayed when it comes. `done` is
 * called once, perhaps at once. Returns what dataplane_change_forget takes, NULL where `done` has
 * been called.
 */
struct change *dataplane_change(struct dataplane_client *client,
                                const struct command_request *request, uint32_t flags,
                                change_done_fn *done, void *arg);
/*
 * A request of the control plane's own, no line of the configuration, whose answer nobody waits
 * for. 0; -ENOTCONN: the dataplane does not have the configuration; -EAGAIN: not now.
 */
int dataplane_tell(struct dataplane_client *client, uint16_t type, const void *body,
                   uint32_t length);

/* Neither greeted nor given the configuration at this moment. */
bool dataplane_is_steady(const struct dataplane_client *client);
/*
 * The whole configuration once more: what it does not name goes, or has its default again. `done`
 * is called when the dataplane has it, or has gone: then it is given all when it comes back.
 */
void dataplane_replay(struct dataplane_client *client, void (*done)(void *arg), void *arg);

/* Nobody waits for `done` any more; the change goes on. */
void dataplane_change_forget(struct change *change);

#endif
