/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the dataplane's client share: client.c (the connection), replay.c, change.c. */
#ifndef DATAPLANE_CLIENT_STATE_H
#define DATAPLANE_CLIENT_STATE_H

#include "channel.h"
#include "dataplane/client.h"

#define WINDOW 32 /* requests of a replay on their way */

enum client_state {
	CLIENT_AWAY,
	CLIENT_GREETING, /* VERSION, CONFIG_BEGIN */
	CLIENT_REPLAYING,
	CLIENT_COMMITTING,
	CLIENT_READY,
};

struct change {
	TAILQ_ENTRY(change) entry;
	struct command_request request;
	uint32_t flags;
	change_done_fn *done; /* NULL: forgotten */
	void *arg;
};
TAILQ_HEAD(changes, change);

/* What was asked and has not been answered; answers come in the order of the requests. */
struct question {
	uint16_t type;
	struct running_line
	        *line; /* of a replay or a retry; lines do not go while one is asked for */
	struct change *change;
	bool told; /* dataplane_tell */
};

struct dataplane_client {
	struct dataplane_client_options options;
	struct channel channel;
	struct event *connect_timer, *retry_timer, *answer_timer;
	struct event *work; /* made active where there is something new to send */
	enum client_state state;
	bool settled, said_away;
	uint32_t id; /* of the last request */
	struct question asked[WINDOW];
	uint32_t n_asked, first_asked;
	struct changes changes;
	/* replay.c */
	struct running_line *replayed;  /* the last line that was sent */
	uint32_t n_refused;             /* of this replay */
	bool replay_due;                /* to a dataplane that has an older configuration */
	void (*replay_done)(void *arg); /* NULL: nobody waits */
	void *replay_arg;
	bool retrying;    /* what was refused, line by line ... */
	uint64_t retried; /* ... from the one behind this serial on */
};

/* -- client.c -- */

/* 0; -EAGAIN: the work event comes when there is room; other -errno: the connection is of no use.
 */
int client_ask(struct dataplane_client *client, const struct question *question, const void *body,
               uint32_t length, uint32_t flags);
int client_ask_plain(struct dataplane_client *client, uint16_t type);
void client_lose(struct dataplane_client *client, const char *why);
/* Of an error of client_ask: -EAGAIN is none. */
void client_lose_unless_full(struct dataplane_client *client, int error);
/* Tells the owner, once. */
void client_settle(struct dataplane_client *client);

/* -- replay.c -- */

void replay_begin(struct dataplane_client *client);
/* As much as the window takes, and in the end the commit. */
void replay_send(struct dataplane_client *client);
void replay_done(struct dataplane_client *client);
/* BEGIN, to a dataplane that is ready. */
void replay_again(struct dataplane_client *client);
/* Whoever asked for one is told. */
void replay_tell(struct dataplane_client *client);
void replay_answered(struct dataplane_client *client, struct running_line *line, int status,
                     const char *why);
/* Timer: what was refused is tried again. */
void retry_start(evutil_socket_t fd, short what, void *arg);
void retry_send(struct dataplane_client *client);

/* -- change.c -- */

int change_ask(struct dataplane_client *client, struct change *change);
void change_answered(struct dataplane_client *client, struct change *change, int status,
                     const char *why);
void change_end(struct dataplane_client *client, struct change *change, int status,
                const char *why);
/* All that wait, with this status. */
void changes_end(struct dataplane_client *client, int status, const char *why);

#endif
