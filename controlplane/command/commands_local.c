/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "command/local.h"

/* sluicectl does these alone; their types are never sent. */
static const struct command commands[] = {
        {
                .path = {"top"},
                .help = "what is busy now: workers, ports, allocations, streams; q leaves",
                .kind = COMMAND_LOCAL,
                .type = LOCAL_TOP,
                .body_size = sizeof(struct local_top),
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
                .path = {"help"},
                .help = "all commands, or those that begin with a word",
                .kind = COMMAND_LOCAL,
                .type = LOCAL_HELP,
                .body_size = sizeof(struct local_help),
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
                .path = {"quit"},
                .help = "leave; so does ^D",
                .kind = COMMAND_LOCAL,
                .type = LOCAL_QUIT,
        },
};

const struct command_group commands_local = {"Other", commands, COUNT(commands)};
