/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/log.h>

#include "common/log.h"

static const struct command commands[] = {
        {
                .type = SLUICE_LOG_LEVEL_SET,
                .help = "what both daemons write into their logs",
                .arguments =
                        {
                                {.key = "area",
                                 .meta = "AREA",
                                 .help = "one of `log show`; or all that have no level of their "
                                         "own",
                                 .type = ARGUMENT_CHOICE,
                                 .identifies = true,
                                 FIELD(sluice_log_level_set, area),
                                 .choices = log_area_names},
                                {.key = "level",
                                 .help = "the least important lines that are written; default: an "
                                         "area as all, and all as info",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_log_level_set, level),
                                 .choices = log_level_names},
                        },
        },
        {
                .type = SLUICE_LOG_SHOW,
                .help = "the areas and their levels",
        },
};

const struct command_group commands_log = {"Logs", commands, COUNT(commands)};
