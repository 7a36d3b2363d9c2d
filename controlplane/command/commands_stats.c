/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/stats.h>

static const struct command commands[] = {
        {
                .type = SLUICE_COUNTER_SHOW,
                .help = "what the dataplane counted",
                .arguments =
                        {
                                {.key = "nonzero",
                                 .help = "leave out what is 0",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_counter_show, nonzero)},
                        },
        },
        {
                .type = SLUICE_WORKER_SHOW,
                .help = "the workers and what they do",
        },
        {
                .type = SLUICE_WORKER_POLL_SET,
                .help = "whether idle workers back off or never sleep",
                .arguments =
                        {
                                {.key = "mode",
                                 .help = "busy: lowest latency, a core each",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_worker_poll, mode),
                                 .choices = poll_words},
                        },
        },
        {
                .type = SLUICE_POOL_SHOW,
                .help = "packet buffers, and how many of them are in use",
        },
        {
                .type = SLUICE_LEDGER_SHOW,
                .help = "what calls have in the file that outlives the dataplane",
        },
        {
                .type = SLUICE_LEDGER_STATUS,
                .help = "that file, and what the dataplane's start took over",
        },
        {
                .type = SLUICE_GRAPH_SHOW,
                .help = "the nodes that packets go through, and their cost",
        },
};

const struct command_group commands_stats = {"Counters and workers", commands, COUNT(commands)};
