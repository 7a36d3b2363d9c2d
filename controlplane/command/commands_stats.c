/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/stats.h>

static const char *const polls[] = {"adaptive", "busy", NULL};

#define COUNTER(member) FIELD(sluice_counter_row, member)

static const struct column counter_columns[] = {
        {"name", "area.what", COLUMN_TEXT, COUNTER(name)},
        {"value", "summed over workers", COLUMN_NUMBER, COUNTER(value)},
        {"unit", "of the value", COLUMN_TEXT, COUNTER(unit)},
        {"help", "what is counted", COLUMN_TEXT, COUNTER(help)},
        {0},
};

static const struct reply counter_reply = {sizeof(struct sluice_counter_row),
                                           .columns = counter_columns};

static const struct reply worker_reply = {sizeof(struct sluice_worker_row),
                                          .columns = worker_columns};

#define POOL(member) FIELD(sluice_pool_row, member)

static const struct column pool_columns[] = {
        {"name", "of the pool", COLUMN_TEXT, POOL(name)},
        {"size", "packet buffers that there are", COLUMN_NUMBER, POOL(size)},
        {"used", "packet buffers in use, those that wait in queues of ports among them",
         COLUMN_NUMBER, POOL(used)},
        {0},
};

static const struct reply pool_reply = {sizeof(struct sluice_pool_row), .columns = pool_columns};

static const struct reply graph_reply = {sizeof(struct sluice_graph_row), .columns = graph_columns};

static const struct command commands[] = {
        {
                .path = {"counter", "show"},
                .help = "what the dataplane counted",
                .kind = COMMAND_SHOW,
                .type = SLUICE_COUNTER_SHOW,
                .body_size = sizeof(struct sluice_counter_show),
                .arguments =
                        {
                                {.key = "nonzero",
                                 .help = "leave out what is 0",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_counter_show, nonzero)},
                        },
                .reply = &counter_reply,
        },
        {
                .path = {"worker", "show"},
                .help = "the workers and what they do",
                .kind = COMMAND_SHOW,
                .type = SLUICE_WORKER_SHOW,
                .reply = &worker_reply,
        },
        {
                .path = {"worker", "poll"},
                .help = "whether idle workers back off or never sleep",
                .kind = COMMAND_SET,
                .type = SLUICE_WORKER_POLL_SET,
                .body_size = sizeof(struct sluice_worker_poll),
                .arguments =
                        {
                                {.key = "mode",
                                 .help = "busy: lowest latency, a core each",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_worker_poll, mode),
                                 .choices = polls},
                        },
        },
        {
                .path = {"pool", "show"},
                .help = "packet buffers, and how many of them are in use",
                .kind = COMMAND_SHOW,
                .type = SLUICE_POOL_SHOW,
                .reply = &pool_reply,
        },
        {
                .path = {"graph", "show"},
                .help = "the nodes that packets go through, and their cost",
                .kind = COMMAND_SHOW,
                .type = SLUICE_GRAPH_SHOW,
                .reply = &graph_reply,
        },
};

const struct command_group commands_stats = {"Counters and workers", commands, COUNT(commands)};
