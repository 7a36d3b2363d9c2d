/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection to the dataplane. Questions go out in an order, and answers come in the same. */
#ifndef DATAPLANE_LANE_H
#define DATAPLANE_LANE_H

#include "channel.h"
#include "dataplane/question.h"

#define LANE_WINDOW 32 /* questions on their way */

struct lane_options {
	struct event_base *base;
	const char *path;        /* of the dataplane's socket */
	const uint16_t *version; /* of the API, that the dataplane speaks */
	struct seqpacket_record *buffer;
	/* A question has been answered, or there is room again: more may be sent. */
	void (*ready)(void *arg);
	/* The other end is gone, silent, or does not keep to the form. The lane is closed; its
	 * questions are still there, for questions_end. */
	void (*lost)(void *arg, int status, const char *why);
	void *arg;
};

struct lane {
	struct lane_options options;
	struct channel channel;
	struct event *overdue; /* timer: the first question's answer */
	struct questions asked;
	uint32_t n_asked;
	uint32_t id;  /* of the last question */
	bool *closed; /* set when it closes, for who gives an answer in parts; or NULL */
};

/* 0 or -ENOMEM. The lane is closed at first. */
int lane_create(struct lane *lane, const struct lane_options *options);
/* Closes; the questions must be gone. */
void lane_destroy(struct lane *lane);

/* 0 or -errno. */
int lane_open(struct lane *lane);
void lane_close(struct lane *lane);

/* Instead of sending a question that the dataplane's version does not have, or of a body that it
 * has no room for: its answer. False: it has it. */
bool lane_lacks(const struct lane *lane, uint16_t type, const void *body, uint32_t length,
                struct dataplane_answer *answer, char why[SLUICE_API_ERROR_MAX]);
/* 0: the question is the lane's; -EAGAIN: not now, `ready` will come; other -errno: the connection
 * is of no use. */
int lane_send(struct lane *lane, struct question *question);
/* Whether answers are read. They are from the start. */
void lane_read(struct lane *lane, bool on);

#endif
