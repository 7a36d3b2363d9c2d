/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/accounting.h>

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
        {
                .type = SLUICE_ALLOCATION_DELETE_USER,
                .help = "end all allocations of a user, in every realm; the user stays",
                .arguments =
                        {
                                {.key = "name",
                                 .help = "without the time of time-limited names",
                                 .type = ARGUMENT_WORD,
                                 FIELD(sluice_allocation_delete_user, name)},
                        },
        },
        {
                .type = SLUICE_ALLOCATION_HISTORY,
                .help = "who had what: allocations that are kept, and those that live",
                .arguments =
                        {
                                {.key = "relayed",
                                 .meta = "ADDRESS[:PORT]",
                                 .help = "that had this address, as clients are told it",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_history, relayed)},
                                {.key = "client",
                                 .meta = "ADDRESS[:PORT]",
                                 .help = "of this client",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_history, client)},
                                {.key = "user",
                                 .meta = "NAME",
                                 .help = "of this user, with or without the time of a time-limited "
                                         "name",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_history, user)},
                                {.key = "at",
                                 .help = "that lived then",
                                 .type = ARGUMENT_TIME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_history, at)},
                                {.key = "since",
                                 .help = "that lived then, or later",
                                 .type = ARGUMENT_TIME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_allocation_history, since)},
                        },
        },
        {
                .type = SLUICE_ACCOUNTING_LOG_SET,
                .help = "a line in the control plane's log for each allocation that has ended",
                .arguments =
                        {
                                {.key = "on",
                                 .help = "off unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_accounting_log, on),
                                 .choices = switch_words},
                        },
        },
        {
                .type = SLUICE_ACCOUNTING_REDIS_SET,
                .help = "publish each allocation that has ended in the Redis of this node's "
                        "region, as coturn's statsdb has it",
                .arguments =
                        {
                                {.key = "on",
                                 .help = "off unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_accounting_redis, on),
                                 .choices = switch_words},
                        },
        },
        {
                .type = SLUICE_ACCOUNTING_WEBHOOK_SET,
                .help = "post allocations that have ended to an HTTP server, in JSON, until it "
                        "has taken them",
                .arguments =
                        {
                                {.key = "url",
                                 .meta = "URL",
                                 .help = "http:// or https://; off: none, as unless set",
                                 .type = ARGUMENT_WORD,
                                 FIELD(sluice_accounting_webhook, url)},
                                {.key = "token",
                                 .help = "sent as `Authorization: Bearer WORD`",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_accounting_webhook, token)},
                        },
        },
        {
                .type = SLUICE_ACCOUNTING_SHOW,
                .help = "where accounts of ended allocations go, and how many have arrived",
        },
        {
                .type = SLUICE_ACCOUNTING_KEEP_SET,
                .help = "keep allocations that have ended in a file, for `allocation history`",
                .arguments =
                        {
                                {.key = "rows",
                                 .help = "the newest, 216 bytes each; 0, unless set: none, and the "
                                         "file goes",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 FIELD(sluice_accounting_keep, rows),
                                 .most = SLUICE_ACCOUNTING_ROWS_MAX},
                                {.key = "days",
                                 .help = "those older than that are overwritten; any age unless "
                                         "given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_accounting_keep, days),
                                 .most = 3660},
                        },
        },
};

const struct command_group commands_allocation = {"Allocations", commands, COUNT(commands)};
