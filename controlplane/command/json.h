/* SPDX-License-Identifier: BSD-3-Clause */
/* The same vocabulary in JSON. */
#ifndef COMMAND_JSON_H
#define COMMAND_JSON_H

#include "command/command.h"

#include <jansson.h>

/* path: as below. NULL: there is no such command. */
const struct command *command_by_path(const char *path);

/*
 * path: the words of the command's name, separated by blanks or slashes ("turn/user/add"). object:
 * its arguments by key, flags as true; NULL: none. 0, or -EINVAL with *error.
 */
int command_from_json(const char *path, const json_t *object, struct command_request *request,
                      struct command_error *error);

/* One row of a reply. The caller's to release. */
json_t *row_to_json(const struct reply *reply, const void *row);

/* {"error": "...", "errno": "ENOENT"}; for a wrong word also "command", "column" and "expected". */
json_t *error_to_json(int status, const char *text, const struct command_error *error);

#endif
