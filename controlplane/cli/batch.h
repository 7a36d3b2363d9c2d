/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands from a file, a line each. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "cli/session.h"

/* path "-": stdin. 0; -errno of the last line that failed. */
int batch_run(struct session *session, const char *path, bool stop, bool echo);

#endif
