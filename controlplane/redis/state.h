/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the client share: redis.c (coming and going, a Cluster's links), sentinel.c,
 * follow.c and ask.c. */
#ifndef REDIS_STATE_H
#define REDIS_STATE_H

#include "redis/link.h"
#include "redis/redirect.h"
#include "redis/redis.h"

#define LINKS_MAX 16 /* nodes of a Cluster that we speak to */
#define NO_SLOT   REDIS_SLOTS
#define WHY_MAX   (LINK_WHY_MAX + 96)

/* What is to be done next, from the event loop: never while a link is at work. */
enum redis_turn {
	TURN_CONNECT,
	TURN_MASTER,
	TURN_NO_MASTER,
	TURN_DEMOTED,
	TURN_MOVED,
	TURN_SETTLED,
};

struct redis {
	struct redis_options options;
	struct host hosts[SLUICE_REDIS_HOSTS]; /* that are configured */
	uint32_t n_hosts;
	uint32_t host;    /* the one that is spoken to, or tried */
	uint32_t refused; /* hosts in a row */
	uint32_t tries;   /* all of them */
	SSL_CTX *tls;     /* NULL: not now */
	uint64_t tls_made;
	struct link *home;              /* NULL: away */
	struct link *sentinel;          /* is asked where the home is */
	struct link *follow;            /* a Sentinel's, that tells of another master; or NULL */
	struct link *others[LINKS_MAX]; /* [0] is never used: it stands for the home */
	uint8_t *slots;      /* of a Cluster: indices into `others`; NULL: never redirected */
	struct event *retry; /* what `turn` says */
	enum redis_turn turn;
	struct host master; /* that a Sentinel named */
	char no_master[LINK_WHY_MAX];
	uint32_t follow_host;       /* the Sentinel that is listened to */
	struct event *follow_again; /* listens again */
	uint32_t backoff_ms;
	bool up, said_down;
	char why[WHY_MAX];
	char complaint[LINK_WHY_MAX]; /* of a command, that was logged last */
	uint64_t complained;          /* when; 0: never */
};

/* -- redis.c -- */
bool redis_subscribes(const struct redis *redis);
/* All links go, and it is tried again. Not from a call of a link. */
void redis_lose(struct redis *redis, const char *what);
/* Before a connection is made. 0, or -EINVAL with *why: the files before stay in use. */
int redis_tls_renew(struct redis *redis, char why[LINK_WHY_MAX]);
/* on_lost of a link's handler. */
void redis_link_lost(void *owner, struct link *link, const char *why);
void redis_command_free(struct redis_command *command);
/* Of a channel that is subscribed to: "message", the channel, what is said there. */
bool redis_is_message(const redisReply *reply);
/* Logs an error. Once, however often it comes. */
void redis_complain(struct redis *redis, const redisReply *reply);

/* -- sentinel.c -- */
/* Asks the present host for the master: then the turn is TURN_MASTER or TURN_NO_MASTER. */
void sentinel_ask(struct redis *redis);
/* How a Sentinel is spoken to. */
struct link_options sentinel_link(struct redis *redis, uint32_t host,
                                  const struct link_handler *handler);
/* As a Sentinel writes it. 0 or -EINVAL. */
int master_read(struct host *host, const char *name, size_t length, const char *port);
/* Remembers who is master, and says so where that is news. */
void master_follow(struct redis *redis, const struct host *master);

/* -- follow.c -- */
/* Listens for another master, as long as there is one. */
void follow_begin(struct redis *redis);
void follow_end(struct redis *redis);
void on_follow_again(evutil_socket_t fd, short what, void *arg);

#endif
