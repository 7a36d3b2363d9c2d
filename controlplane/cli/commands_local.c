/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/commands.h"
#include "cli/field.h"
#include "cli/local.h"

/* sluicectl does these alone; their types are never sent. */
static const struct command commands[] = {
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
