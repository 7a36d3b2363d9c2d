/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the control socket, or a part of the control plane that asks as one. It has one
 * request at a time: until that is answered whole, nothing more is read from it. Who answers is
 * above (answers/routes.h): it sends replies, and keeps what it needs in `answer`.
 */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "channel.h"
#include "control/audit.h"
#include "control/server.h"

#include <sys/queue.h>

/* One that asks without a socket. */
struct client_inside {
	/* 0; -EAGAIN: client_room will be called. May end the client. */
	int (*take)(void *arg, const struct sluice_api_header *reply, const void *body);
	/* The client has been closed by others. */
	void (*lost)(void *arg);
	void *arg;
};

struct client {
	LIST_ENTRY(client) entry;
	const struct server_options *options;
	void (*ended)(struct client *client);
	struct server *server;       /* for `ended` */
	struct channel channel;      /* fd -1: closed, or inside */
	struct client_inside inside; /* take NULL: over the channel */
	bool dead;                   /* closed; the server frees it once no function works on it */
	struct sluice_api_header request;
	/* A reply that there was no room for; its body is NULL where there is none. */
	struct sluice_api_header held;
	void *held_body;
	/* Of who answers, until the last reply is sent or the client goes. */
	void *answer;
	void (*next)(struct client *client); /* there is room for the next reply */
	void (*stop)(struct client *client); /* `answer` is needed no longer */
	char who[AUDIT_WHO_MAX];             /* empty: not looked up yet */
	char *audit;                         /* the command, where it changes something */
};

/* Takes fd; -1: none, *inside is asked through client_ask. who: for the log; NULL: the process at
 * the other end. `ended` is called once, when the client has gone. NULL: no memory, fd is closed.
 */
struct client *client_create(const struct server_options *options, int fd,
                             const struct client_inside *inside, const char *who,
                             void (*ended)(struct client *client));
/* Closes; may be called at any time. */
void client_end(struct client *client);
void client_free(struct client *client);

/* A request of one inside. */
void client_ask(struct client *client, const struct sluice_api_header *header, const void *body);
/* There is room again: what is held goes out, and what follows it. */
void client_room(struct client *client);

/* Who answers has something to keep. */
void client_answers(struct client *client, void *answer, void (*stop)(struct client *client));

/*
 * Sends a reply. With SLUICE_API_MORE in its flags another one has to follow: at once where this
 * returns true; else, unless the client is dead, client->next is called when there is room for it.
 * Without, `answer` is stopped and the next request is read.
 */
bool client_send(struct client *client, const struct sluice_api_header *header, const void *body);
bool client_send_rows(struct client *client, const void *rows, uint32_t length, uint32_t flags);
void client_refuse(struct client *client, int status, const char *why);

#endif
