/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: every request of include/sluice, answered here or by the dataplane. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdint.h>

#include <event2/event.h>

#include "common/seqpacket.h"

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
	const char *dataplane;                     /* path of its socket */
	const char *config;                        /* the file that `config save` writes */
	struct running *running;
	struct dataplane_client *client;
	struct gate_keeper *gate;
	struct log_keeper *log;   /* NULL: none */
	struct reload *reload;    /* NULL: none */
	struct own *own;          /* NULL where no line is the control plane's own */
	struct http *http;        /* NULL: none */
	struct fleet *fleet;      /* NULL: none */
	struct event_bus *events; /* NULL: none */
	struct seqpacket_record *buffer;
	uint64_t started;      /* CLOCK_MONOTONIC, seconds */
	uint64_t started_unix; /* the same in Unix time */
};

struct server;

/* NULL: no memory. */
struct server *server_create(const struct server_options *options);
/* Another client, on an end of a SOCK_SEQPACKET pair: it asks as those of the socket do. who: for
 * the log. 0; -EAGAIN: there are too many; -ENOMEM. fd is closed then. */
int server_adopt(struct server *server, int fd, const char *who);
/* Closes its clients. */
void server_destroy(struct server *server);

#endif
