/* SPDX-License-Identifier: BSD-3-Clause */
/* Which request is answered by whom: the top of this folder. */
#ifndef ANSWERS_ROUTES_H
#define ANSWERS_ROUTES_H

#include "answers/answers.h"

/* What is answered here. NULL: this type is not. */
answer_fn *answer_of(uint16_t type);

void request_route(struct client *client, const void *body);

#endif
