/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the table of commands can be asked over HTTP at all. */
#ifndef HTTP_SERVED_H
#define HTTP_SERVED_H

#include <stdbool.h>

struct argument;
struct command;

bool http_has_command(const struct command *command);
bool http_has_argument(const struct argument *argument);

#endif
