/* SPDX-License-Identifier: BSD-3-Clause */
/* A shell of commands: TAB completes, ? explains, arrows repeat. Nothing of it is kept in a file:
 * it may hold secrets. */
#ifndef CLI_INTERACTIVE_H
#define CLI_INTERACTIVE_H

#include "cli/session.h"

/* Until ^D or `quit`. 0 or -errno. */
int interactive_run(struct session *session);

#endif
