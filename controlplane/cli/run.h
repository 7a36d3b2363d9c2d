/* SPDX-License-Identifier: BSD-3-Clause */
/* One line of sluicectl: done here, or asked of a daemon. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/session.h"

/*
 * 0, or -errno: the error has been printed on stderr, behind `prefix` ("sluicectl: ",
 * "FILE:LINE: ").
 */
int run_line(struct session *session, const char *line, const char *prefix);

#endif
