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

struct command;
struct argument;

/* What can be asked over HTTP at all. */
bool http_has_command(const struct command *command);
bool http_has_argument(const struct argument *argument);

/* The HTTP status for a negative errno. */
int http_status_of(int error);

/* GET /v1/openapi.json: what can be asked and what comes back, in OpenAPI 3.1. The caller's to
 * release; NULL: no memory. */
json_t *openapi_make(void);

#endif
