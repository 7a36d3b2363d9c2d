/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "command/local.h"

static const struct request requests[] = {
        REQUEST(LOCAL_HELP, {"help"}, REQUEST_LOCAL, BODY(local_help)),
        REQUEST(LOCAL_QUIT, {"quit"}, REQUEST_LOCAL),
        REQUEST(LOCAL_TOP, {"top"}, REQUEST_LOCAL, BODY(local_top)),
        REQUEST(LOCAL_NONCE, {"gate", "nonce", "generate"}, REQUEST_LOCAL),
};

const struct request_table requests_local = REQUEST_TABLE(requests);

static const struct command commands[] = {
        {
                .type = LOCAL_TOP,
                .help = "what is busy now: workers, ports, allocations, streams; q leaves",
                .arguments =
                        {
                                {.key = "--once",
                                 .help = "print one screen and end",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(local_top, once)},
                                {.key = "every",
                                 .meta = "SECONDS",
                                 .help = "2 unless given",
                                 .type = ARGUMENT_DURATION,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(local_top, interval_s),
                                 .least = 1,
                                 .most = 3600},
                        },
        },
        {
                .type = LOCAL_HELP,
                .help = "all commands, or those that begin with a word",
                .arguments =
                        {
                                {.key = "word",
                                 .help = "for instance: turn",
                                 .type = ARGUMENT_NAME,
                                 .optional = true,
                                 FIELD(local_help, word)},
                        },
        },
        {
                .type = LOCAL_QUIT,
                .help = "leave; so does ^D",
        },
};

const struct command_group commands_local = {"Other", commands, COUNT(commands)};
