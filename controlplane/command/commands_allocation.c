/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/turn.h>

static const struct command commands[] = {
        {
                .type = SLUICE_ALLOCATION_SHOW,
                .help = "who relays what",
                .arguments =
                        {
                                {.key = "user",
                                 .meta = "NAME",
                                 .help = "only this user's",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_show, user)},
                        },
        },
        {
                .type = SLUICE_ALLOCATION_DELETE,
                .help = "end an allocation",
                .arguments =
                        {
                                {.key = "id",
                                 .meta = "ID",
                                 .help = "as `allocation show` has it",
                                 .type = ARGUMENT_NUMBER,
                                 FIELD(sluice_allocation_delete, id)},
                        },
        },
};

const struct command_group commands_allocation = {"Allocations", commands, COUNT(commands)};
