/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of what is configured, where a command takes one: the running configuration has each as
 * the command takes it. */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "command/complete.h"

struct session;

/* Completes words of the table (command_complete), and then names that the daemon tells. Without a
 * daemon there are none, and nothing is printed. */
bool names_complete(struct session *session, const char *line, size_t length, completion_fn *each,
                    void *arg);

#endif
