/* SPDX-License-Identifier: BSD-3-Clause */
/* Which request is answered by whom: the top of this folder. */
#ifndef CONTROL_ROUTES_H
#define CONTROL_ROUTES_H

#include "control/answers.h"

/* What is answered here. NULL: this type is not. */
answer_fn *answer_of(uint16_t type);

void request_route(struct client *client, const void *body);

#endif
