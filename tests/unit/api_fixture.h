/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane that is asked without a socket, and what it answered. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/seqpacket.h"
#include "dataplane.h"

#include <sluice/api.h>

struct fixture {
	struct dataplane *dp;
};

/* What came back to one request. */
struct answer {
	int status;
	uint32_t replies;
	uint32_t length; /* of the bodies */
	uint16_t version;
	bool ended;
	_Alignas(8) uint8_t body[4 * SLUICE_API_MESSAGE_MAX]; /* read as rows */
};

/* Of the last one. */
extern struct answer answer;

/* Takes a reply into it; arg: the id that it should have, or NULL. */
void answer_take(void *arg, const struct seqpacket_record *reply);

int fixture_make(void **state);
int fixture_free(void **state);
void ask(struct fixture *fixture, uint16_t type, uint32_t flags, const void *body, uint32_t length);
void asks(struct fixture *fixture, uint16_t type, const void *body, uint32_t length, int status);

#endif
