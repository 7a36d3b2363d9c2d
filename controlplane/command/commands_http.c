/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/http.h>

#define HTTP_PORT 8080

#define ROW(member) FIELD(sluice_http_row, member)

static const struct column http_columns[] = {
        {"listeners", "addresses that are listened on", COLUMN_NUMBER, ROW(listeners)},
        {"tokens", "of any scope", COLUMN_NUMBER, ROW(tokens)},
        {"connections", "that are open", COLUMN_NUMBER, ROW(connections)},
        {"connections_max", "that there is room for", COLUMN_NUMBER, ROW(connections_max)},
        {"requests", "answered", COLUMN_NUMBER, ROW(requests)},
        {"refused", "of them with a 4xx", COLUMN_NUMBER, ROW(refused)},
        {"failed", "of them with a 5xx", COLUMN_NUMBER, ROW(failed)},
        {"timed_out", "connections whose client was too slow", COLUMN_NUMBER, ROW(timed_out)},
        {"crowded", "connections closed to make room for others", COLUMN_NUMBER, ROW(crowded)},
        {0},
};

static const struct reply http_reply = {sizeof(struct sluice_http_row), .single = true,
                                        .columns = http_columns};

#define LISTEN_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "address", .help = "to listen on; port 8080 unless given",                  \
		.type = ARGUMENT_ENDPOINT, .identifies = true, .fallback = HTTP_PORT,              \
		FIELD(sluice_http_listen, addr),                                                   \
	}
static const char *const scopes[] = {
        [SLUICE_HTTP_READ] = "read",   [SLUICE_HTTP_PUBLISH] = "publish",
        [SLUICE_HTTP_WATCH] = "watch", [SLUICE_HTTP_ADMIN] = "admin",
        [SLUICE_HTTP_SCOPES] = NULL,
};

#define TOKEN_ARGUMENT                                                                             \
	{                                                                                          \
		.key = "token", .help = "that clients send as `Authorization: Bearer WORD`",       \
		.type = ARGUMENT_SECRET, .identifies = true, FIELD(sluice_http_token, token),      \
	}

static const struct command commands[] = {
        {
                .path = {"http", "listen"},
                .help = "answer HTTP on an address",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .own = true,
                .type = SLUICE_HTTP_LISTEN_ADD,
                .body_size = sizeof(struct sluice_http_listen),
                .arguments = {LISTEN_ARGUMENT},
        },
        {
                .path = {"http", "listen", "delete"},
                .help = "no longer answer HTTP on an address",
                .kind = COMMAND_DELETE,
                .own = true,
                .type = SLUICE_HTTP_LISTEN_DELETE,
                .deletes = SLUICE_HTTP_LISTEN_ADD,
                .body_size = sizeof(struct sluice_http_listen),
                .arguments = {LISTEN_ARGUMENT},
        },
        {
                .path = {"http", "token", "add"},
                .help = "a bearer token, and what it opens; several are valid at once",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .own = true,
                .type = SLUICE_HTTP_TOKEN_ADD,
                .body_size = sizeof(struct sluice_http_token),
                .arguments =
                        {
                                TOKEN_ARGUMENT,
                                {.key = "scope",
                                 .help = "read: metrics and show commands, without secrets; "
                                         "publish, watch: streams; admin: everything",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .choices = scopes,
                                 FIELD(sluice_http_token, scope)},
                                {.key = "stream",
                                 .help = "that publish and watch are bound to",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_http_token, stream)},
                        },
        },
        {
                .path = {"http", "token", "delete"},
                .help = "this token opens nothing any more",
                .kind = COMMAND_DELETE,
                .own = true,
                .type = SLUICE_HTTP_TOKEN_DELETE,
                .deletes = SLUICE_HTTP_TOKEN_ADD,
                .body_size = sizeof(struct sluice_http_token),
                .arguments = {TOKEN_ARGUMENT},
        },
        {
                .path = {"http", "show"},
                .help = "the HTTP server's listeners and load",
                .kind = COMMAND_SHOW,
                .type = SLUICE_HTTP_SHOW,
                .reply = &http_reply,
        },
};

const struct command_group commands_http = {"HTTP", commands, COUNT(commands)};
