/* SPDX-License-Identifier: BSD-3-Clause */
/* Who answers what is asked of the control socket. The body has been checked by common/request.h.
 */
#ifndef ANSWERS_ANSWERS_H
#define ANSWERS_ANSWERS_H

#include "control/client.h"

typedef void answer_fn(struct client *client, const void *body);

struct answer {
	uint16_t type; /* enum sluice_api_type */
	answer_fn *answer;
};

/* Each part's; they end with a type of 0 and no function. */
extern const struct answer answers_accounting[], answers_config[], answers_events[], answers_gate[],
        answers_region[], answers_show[];

/* -- change.c: a request that changes the configuration -- */
answer_fn answer_change;

/* -- relay.c: what the dataplane answers -- */
answer_fn answer_relayed;
/*
 * The rows first, then what the dataplane answers to the same request; or these alone, where it is
 * away or, optional, where it fails.
 */
void answer_relayed_behind(struct client *client, const void *body, const void *rows,
                           uint32_t length, bool optional);

#endif
