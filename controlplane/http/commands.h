/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands over HTTP: POST /v1/NOUN/VERB with the arguments as a JSON object, answered
 * as `sluicectl -j` answers. */
#ifndef HTTP_COMMANDS_H
#define HTTP_COMMANDS_H

#include "control/asker.h"
#include "http/http.h"

struct http_commands;

/* Adds the routes. NULL: no memory or no room. */
struct http_commands *http_commands_create(struct http *http, const struct asker_options *options);
/* When the server is no more. */
void http_commands_destroy(struct http_commands *commands);

/* The HTTP status for a negative errno. */
int http_status_of(int error);

#endif
