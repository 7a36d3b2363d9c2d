/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection to one Redis: commands out, replies in their order, each within a second. hiredis
 * formats and reads; its asynchronous connections are not used, since they assert() on a reply that
 * nobody asked for.
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <stdint.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "command/host.h"
#include "redis/reader.h"

#define LINK_DEADLINE_MS 1000 /* of connecting, and of each command */
#define LINK_TLS_MS      3000 /* of connecting by TLS: it takes turns more */
#define LINK_NAME_MS     5000 /* of a name */
#define LINK_PENDING_MAX 4096
#define LINK_WHY_MAX     128

struct link;
struct names;
struct redis_command;

struct link_handler {
	/* It has been let in and answers. */
	void (*up)(void *owner, struct link *link);
	/* An answer to what was sent; reply NULL: there is none, the link goes. The command is the
	 * handler's again. */
	void (*answered)(void *owner, struct redis_command *command, redisReply *reply);
	/* What nobody asked for. false: that is no Redis. */
	bool (*pushed)(void *owner, const redisReply *reply);
	/* It is of no use any more: to be destroyed here. Comes from the event loop, never from a
	 * call. */
	void (*lost)(void *owner, struct link *link, const char *why);
};

struct link_options {
	struct event_base *base;
	struct names *names; /* NULL: no name can be resolved */
	const struct link_handler *handler;
	void *owner;
	struct host host;
	uint32_t first; /* of several addresses: which one is tried first, modulo how many */
	/* Texts stay the caller's; empty: none. */
	const char *user, *password;
	SSL_CTX *tls;       /* NULL: none; the link holds one of its own */
	const char *server; /* that its certificate has to be for; empty: the host's name */
	uint32_t db;
	bool master;     /* it is of use only while it is one */
	bool subscriber; /* answers come when they like; PINGs of its own tell that it lives */
};

/* Connects; commands may be sent at once. NULL: no memory. */
struct link *link_create(const struct link_options *options);
/* What was not answered is answered with NULL. */
void link_destroy(struct link *link);

/* Formatted bytes, with what the handler needs to know them by. */
struct redis_command {
	struct redis_command *next;
	char *bytes; /* of redisFormatCommand */
	int length;
	uint16_t slot;     /* of its key; REDIS_SLOTS: none */
	uint8_t redirects; /* so far */
	bool asking;       /* the link's: behind an ASK redirection */
	void (*done)(void *arg, const redisReply *reply);
	void *arg;
	uint64_t deadline; /* the link's */
};

/* Takes the command until it is answered. 0; -EBUSY: too many wait; -ENOTCONN: the link is lost.
 * asking: behind an ASK redirection. */
int link_send(struct link *link, struct redis_command *command, bool asking);
const struct host *link_host(const struct link *link);

#endif
