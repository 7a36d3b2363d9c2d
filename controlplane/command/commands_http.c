/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/http.h>

#define HTTP_PORT 8080

#define LISTEN_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "address", .help = "to listen on; port 8080 unless given",                  \
		.type = ARGUMENT_ENDPOINT, .identifies = true, .fallback = HTTP_PORT,              \
		FIELD(sluice_http_listen, addr),                                                   \
	}
#define TOKEN_ARGUMENT                                                                             \
	{                                                                                          \
		.key = "token", .help = "that clients send as `Authorization: Bearer WORD`",       \
		.type = ARGUMENT_SECRET, .identifies = true, FIELD(sluice_http_token, token),      \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_HTTP_LISTEN_ADD,
                .help = "answer HTTP on an address",
                .arguments = {LISTEN_ARGUMENT,
                              {.key = "tls",
                               .help = "HTTPS, by the certificate of `http tls`",
                               .type = ARGUMENT_FLAG,
                               .keyword = true,
                               .optional = true,
                               FIELD(sluice_http_listen, tls)}},
        },
        {
                .type = SLUICE_HTTP_LISTEN_DELETE,
                .help = "no longer answer HTTP on an address",
                .arguments = {LISTEN_ARGUMENT},
        },
        {
                .type = SLUICE_HTTP_TOKEN_ADD,
                .help = "a bearer token, and what it opens; several are valid at once",
                .arguments =
                        {
                                TOKEN_ARGUMENT,
                                {.key = "scope",
                                 .help = "read: metrics and show commands, without secrets; "
                                         "publish, watch: streams; admin: everything",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .choices = scope_words,
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
                .type = SLUICE_HTTP_TOKEN_DELETE,
                .help = "this token opens nothing any more",
                .arguments = {TOKEN_ARGUMENT},
        },
        {
                .type = SLUICE_HTTP_TLS_SET,
                .help = "the certificate of listeners with tls; SIGHUP reads it again",
                .arguments =
                        {
                                {.key = "cert",
                                 .meta = "FILE",
                                 .help = "the certificate in PEM, and what it hangs on behind it",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 FIELD(sluice_http_tls, cert)},
                                {.key = "key",
                                 .meta = "FILE",
                                 .help = "its private key in PEM",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 FIELD(sluice_http_tls, key)},
                        },
        },
        {
                .type = SLUICE_HTTP_SHOW,
                .help = "the HTTP server's listeners and load",
        },
};

const struct command_group commands_http = {"HTTP", commands, COUNT(commands)};
