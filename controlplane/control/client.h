/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the control socket. It has one request at a time: until that is answered whole,
 * nothing more is read from it. What the dataplane answers comes over a connection that is this
 * client's alone, so one that does not read its answers holds up nobody but itself.
 */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "channel.h"
#include "control/audit.h"
#include "control/server.h"

#include <sys/queue.h>

struct client {
	LIST_ENTRY(client) entry;
	const struct server_options *options;
	void (*ended)(struct client *client);
	struct server *server; /* for `ended` */
	struct channel channel;
	bool dead; /* closed; the server frees it when nobody works on it any more */
	struct sluice_api_header request;
	/* A reply that the socket had no room for; its body is NULL where there is none. */
	struct sluice_api_header held;
	void *held_body;
	/* Goes on with an answer of which more is to come. */
	void (*next)(struct client *client);
	/* control/relay.c */
	struct channel relay; /* fd -1: the dataplane is not asked */
	struct event *relay_timer;
	struct event *relay_left; /* the client does not wait for the answer */
	bool relay_optional;      /* an answer without the dataplane's part is one too */
	/* control/answer.c */
	struct change *change; /* that the dataplane judges; NULL: none */
	bool secrets;
	uint64_t shown; /* serial of the last line that was shown */
	/* control/config.c */
	char *diff; /* that is being shown; NULL: none is */
	/* control/audit.c */
	char who[AUDIT_WHO_MAX]; /* empty: not looked up yet */
	char *audit;             /* the command, where it changes something */
	/* control/events.c */
	struct event_listener *events; /* NULL: does not listen */
	/* control/region.c: what is being shown of it; NULL: nothing */
	struct snapshot *snapshot;
};

/* Takes fd. who: for the log; NULL: the process at the other end. `ended` is called once, when the
 * client has gone. NULL: no memory, fd is closed. */
struct client *client_create(const struct server_options *options, int fd, const char *who,
                             void (*ended)(struct client *client));
/* Closes; may be called at any time. */
void client_end(struct client *client);
void client_free(struct client *client);

/*
 * Sends a reply. With SLUICE_API_MORE in its flags another one has to follow: at once where this
 * returns true; else, unless the client is dead, client->next is called when there is room for it.
 * Without, the next request is read.
 */
bool client_send(struct client *client, const struct sluice_api_header *header, const void *body);
bool client_send_rows(struct client *client, const void *rows, uint32_t length, uint32_t flags);
void client_refuse(struct client *client, int status, const char *why);

/* -- what is answered here -- */

typedef void answer_fn(struct client *client, const void *body);

/* The body has been checked by common/request.h. */
struct answer {
	uint16_t type; /* enum sluice_api_type */
	answer_fn *answer;
};

/* Each part's; they end with a type of 0 and no function. */
extern const struct answer answers_config[], answers_events[], answers_gate[], answers_region[];
/* NULL: this type is not. */
answer_fn *answer_of(uint16_t type);

void client_diff_drop(struct client *client); /* control/config.c */
void events_stop(struct client *client);      /* control/events.c */

/* A request that changes the configuration. */
void answer_change(struct client *client, const void *body);

/* -- control/relay.c: what the dataplane answers -- */

/* 0: replies will follow, -errno. */
int relay_start(struct client *client, const void *body, bool optional);
/* The same, refused where the dataplane cannot be asked. */
void relay_request(struct client *client, const void *body);
void relay_stop(struct client *client);
/* For client->next: reads on. */
void relay_next(struct client *client);

#endif
