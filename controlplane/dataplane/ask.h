/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions to the dataplane, for every part of the control plane. Most go, in order, over the one
 * connection that has given the dataplane its configuration. A question whose answer is long or
 * comes late gets a connection of its own until it is answered.
 */
#ifndef DATAPLANE_ASK_H
#define DATAPLANE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/api.h>

struct dataplane_client;
struct question;

/* Lent for the call. */
struct dataplane_answer {
	int status;       /* 0 or -errno */
	uint16_t version; /* of the API, in which it came; 0: it did not */
	uint32_t flags;   /* enum sluice_api_flag; SLUICE_API_MORE: another one follows */
	uint32_t length;
	const void *body; /* rows; with a status, or SLUICE_API_WARNING, text without its end */
	bool lost;        /* the dataplane has not answered: the status is the connection's */
};
typedef void dataplane_answered_fn(void *arg, const struct dataplane_answer *answer);

struct dataplane_ask {
	uint16_t type;
	uint32_t flags; /* enum sluice_api_flag */
	const void *body;
	uint32_t length;
	const int *passed; /* a descriptor that goes with it and stays the caller's; or NULL */
	bool early;        /* may go before the configuration: depends on nothing in it */
	bool apart;        /* over a connection of its own */
	uint32_t
	        patience_s; /* for an answer; 0: the usual time, ASK_FOREVER: as long as it takes */
	/* Called for each part of the answer, never before dataplane_ask returns. NULL: the answer
	 * is dropped, and a refusal is logged. */
	dataplane_answered_fn *answered;
	void *arg;
};

#define ASK_FOREVER UINT32_MAX

/*
 * 0: the answer will come; -ENOTCONN, and apart -EHOSTDOWN: the dataplane is away (the client's
 * `ready` tells of its return); -EBUSY: too many questions wait; -ENOMEM. question: may be NULL;
 * what it is set to is no more when the last part of the answer has come.
 */
int dataplane_ask(struct dataplane_client *client, const struct dataplane_ask *ask,
                  struct question **question);

/* Drops the answer. The question itself goes on, unless it was asked apart: then its connection is
 * closed, and the dataplane stops answering. */
void question_forget(struct question *question);
/* Whether parts of an answer are taken; of questions asked apart. */
void question_read(struct question *question, bool on);

/* The text of an answer with a status or a warning, printable; empty: it has neither. */
void answer_text(const struct dataplane_answer *answer, char *text, size_t room);

#endif
