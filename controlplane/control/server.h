/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: every request of include/sluice, answered here or by the dataplane. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdint.h>

#include <event2/event.h>

#include "common/seqpacket.h"

struct accounting;
struct client;
struct client_inside;
struct fleet;
struct gate_keeper;
struct event_bus;
struct http;
struct log_keeper;
struct own;
struct reload;
struct running;
struct dataplane_client;

struct server_options {
	struct event_base *base;
	const struct seqpacket_listener *listener; /* stays the caller's */
	/* Who answers a request: with replies, of which the last one ends it. */
	void (*route)(struct client *client, const void *body);
	const char *config; /* the file that `config save` writes */
	struct running *running;
	struct dataplane_client *client;
	struct gate_keeper *gate;
	struct log_keeper *log;        /* NULL: none */
	struct reload *reload;         /* NULL: none */
	struct own *own;               /* NULL where no line is the control plane's own */
	struct http *http;             /* NULL: none */
	const struct whip *whip;       /* NULL: none */
	struct fleet *fleet;           /* NULL: none */
	struct event_bus *events;      /* NULL: none */
	struct accounting *accounting; /* NULL: none */
	struct seqpacket_record *buffer;
	uint64_t started;      /* CLOCK_MONOTONIC, seconds */
	uint64_t started_unix; /* the same in Unix time */
};

struct server;

/* NULL: no memory. */
struct server *server_create(const struct server_options *options);
/* Another client, of a part of the control plane itself. who: for the log. NULL: there are too
 * many, or no memory. */
struct client *server_adopt(struct server *server, const struct client_inside *inside,
                            const char *who);
/* Closes its clients. */
void server_destroy(struct server *server);

#endif
