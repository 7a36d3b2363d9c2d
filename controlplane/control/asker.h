/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A part of the control plane that asks as a client of its socket does: the same requests, the same
 * answers, without a socket.
 */
#ifndef CONTROL_ASKER_H
#define CONTROL_ASKER_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct server;
struct command_request;
struct asker;

struct asker_options {
	struct event_base *base;
	struct server *server;
	const char *who; /* for the log, until asker_create returns; NULL: the control plane */
};

struct asker_handler {
	/* Rows of the answer; more: there are others. May pause or end the asker. */
	void (*rows)(void *arg, const void *rows, uint32_t length, bool more);
	/* Instead of the last rows: -errno with a line. The asker is no more then. */
	void (*failed)(void *arg, int status, const char *why);
};

/* Asks one thing. The asker is no more when the last rows have come. NULL: there is no room, or no
 * memory, for one that asks. */
struct asker *asker_create(const struct asker_options *options,
                           const struct command_request *request,
                           const struct asker_handler *handler, void *arg);
/* Whether rows are taken. */
void asker_read(struct asker *asker, bool on);
/* No handler is called any more. */
void asker_end(struct asker *asker);

#endif
