/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/commands.h"
#include "cli/field.h"

#include <sluice/stats.h>

static const char *const polls[] = {"adaptive", "busy", NULL};

#define COUNTER(member) FIELD(sluice_counter_row, member)

static const struct column counter_columns[] = {
        {"name", "area.what", COLUMN_TEXT, COUNTER(name)},
        {"value", "summed over workers", COLUMN_NUMBER, COUNTER(value)},
        {"help", "what is counted", COLUMN_TEXT, COUNTER(help)},
        {0},
};

static const struct reply counter_reply = {sizeof(struct sluice_counter_row),
                                           .columns = counter_columns};

#define WORKER(member) FIELD(sluice_worker_row, member)

static const struct column worker_columns[] = {
        {"id", "of the worker", COLUMN_NUMBER, WORKER(id)},
        {"cpu", "that it is pinned to", COLUMN_NUMBER, WORKER(cpu)},
        {"queues", "that it polls", COLUMN_NUMBER, WORKER(queues)},
        {"poll", "adaptive or busy", COLUMN_CHOICE, WORKER(poll), .choices = polls},
        {"packets", "received", COLUMN_NUMBER, WORKER(packets)},
        {"walks", "of the graph", COLUMN_NUMBER, WORKER(walks)},
        {"busy_cycles", "in walks that found packets", COLUMN_NUMBER, WORKER(busy_cycles)},
        {"idle_cycles", "in walks that found none", COLUMN_NUMBER, WORKER(idle_cycles)},
        {"handed_over", "packets that another worker took", COLUMN_NUMBER, WORKER(handed_over)},
        {"ring_full", "packets that another worker had no room for", COLUMN_NUMBER,
         WORKER(ring_full)},
        {"ring_used", "packets that wait in its ring", COLUMN_NUMBER, WORKER(ring_used)},
        {"ring_size", "packets that its ring has room for", COLUMN_NUMBER, .only_json = true,
         WORKER(ring_size)},
        {"cycles_per_second", "of its clock", COLUMN_NUMBER, .only_json = true, WORKER(tsc_hz)},
        {0},
};

static const struct reply worker_reply = {sizeof(struct sluice_worker_row),
                                          .columns = worker_columns};

#define NODE(member) FIELD(sluice_graph_row, member)

static const struct column graph_columns[] = {
        {"node", "of the graph", COLUMN_TEXT, NODE(node)},
        {"calls", "with a burst of packets", COLUMN_NUMBER, NODE(calls)},
        {"packets", "that went through", COLUMN_NUMBER, NODE(packets)},
        {"cycles", "spent", COLUMN_NUMBER, .only_json = true, NODE(cycles)},
        {"cycles_per_packet", "spent on each packet", COLUMN_RATIO, NODE(cycles),
         .second = offsetof(struct sluice_graph_row, packets)},
        {"edges", "the next nodes", COLUMN_WORDS, NODE(edges)},
        {0},
};

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
                .path = {"graph", "show"},
                .help = "the nodes that packets go through, and their cost",
                .kind = COMMAND_SHOW,
                .type = SLUICE_GRAPH_SHOW,
                .reply = &graph_reply,
        },
};

const struct command_group commands_stats = {"Counters and workers", commands, COUNT(commands)};
