/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane's one client of the dataplane's socket: keeps a connection, replays the running
 * configuration whenever the dataplane is new, and carries everybody's questions (dataplane/ask.h).
 */
#ifndef DATAPLANE_CLIENT_H
#define DATAPLANE_CLIENT_H

#include "dataplane/ask.h"

#include <event2/event.h>

#include "common/seqpacket.h"
#include "config/running.h"

struct dataplane_client_options {
	struct event_base *base;
	const char *path;   /* of the dataplane's socket */
	const char *config; /* the file's name, for what is said about its lines */
	struct running *running;
	struct seqpacket_record *buffer;
	/* Called once: the configuration is in force but for what was refused, or the dataplane is
	 * not there yet. */
	void (*settled)(void *arg);
	/* The dataplane has been greeted: early questions go before the configuration. NULL: none.
	 */
	void (*greeted)(void *arg);
	/* Each time that the dataplane has the whole configuration. */
	void (*ready)(void *arg);
	void *arg;
};

/* NULL: no memory. */
struct dataplane_client *dataplane_client_create(const struct dataplane_client_options *options);
/* Who still waits for an answer is told that there is none. */
void dataplane_client_destroy(struct dataplane_client *client);

/* The configuration that it replays. */
struct running *dataplane_running(const struct dataplane_client *client);
/* It has been greeted, and what is asked goes to one of our own API version. */
bool dataplane_is_ours(const struct dataplane_client *client);
/* Neither greeted nor given the configuration at this moment. */
bool dataplane_is_steady(const struct dataplane_client *client);
/*
 * The whole configuration once more: what it does not name goes, or has its default again. `done`
 * is called when the dataplane has it, or has gone: then it is given all when it comes back.
 */
void dataplane_replay(struct dataplane_client *client, void (*done)(void *arg), void *arg);

#endif
