/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/log.h>

#include "common/log.h"

#define ROW(member) FIELD(sluice_log_row, member)

static const struct column log_columns[] = {
        {"area", "whose lines begin with this", COLUMN_CHOICE, ROW(area),
         .choices = log_area_names},
        {"level", "lines below it are left out", COLUMN_CHOICE, ROW(level),
         .choices = log_level_names},
        {"own", "1: set for this area", COLUMN_NUMBER, ROW(own)},
        {"about", "what is told there", COLUMN_TEXT, ROW(about)},
        {0},
};

static const struct reply log_reply = {sizeof(struct sluice_log_row), .columns = log_columns};

static const struct command commands[] = {
        {
                .path = {"log", "level"},
                .help = "what both daemons write into their logs",
                .kind = COMMAND_SET,
                .own = true,
                .type = SLUICE_LOG_LEVEL_SET,
                .body_size = sizeof(struct sluice_log_level_set),
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
                .path = {"log", "show"},
                .help = "the areas and their levels",
                .kind = COMMAND_SHOW,
                .type = SLUICE_LOG_SHOW,
                .reply = &log_reply,
        },
};

const struct command_group commands_log = {"Logs", commands, COUNT(commands)};
