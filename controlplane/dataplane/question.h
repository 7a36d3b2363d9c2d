/* SPDX-License-Identifier: BSD-3-Clause */
/* A question as the dataplane's client keeps it: from the ask to the last part of the answer. */
#ifndef DATAPLANE_QUESTION_H
#define DATAPLANE_QUESTION_H

#include "dataplane/ask.h"

#include <sys/queue.h>

struct question {
	TAILQ_ENTRY(question) entry;
	struct pool_lane *own; /* asked apart; NULL: over the connection of all */
	uint16_t type;
	uint32_t flags, length, patience_s;
	int passed; /* -1: none */
	bool early;
	dataplane_answered_fn *answered; /* NULL: the answer is dropped */
	void *arg;
	_Alignas(8) uint8_t body[];
};
TAILQ_HEAD(questions, question);

/* NULL: no memory. */
struct question *question_create(const struct dataplane_ask *ask);
void question_free(struct question *question);
/* Gives the last part of the answer to the callback; frees the question. */
void question_end(struct question *question, const struct dataplane_answer *answer);
/* Instead of an answer: the connection's status and a line. */
void questions_end(struct questions *questions, int status, const char *why);

#endif
