/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/capture.h>

static const char *const states[] = {"running", "stopped", "limit", "gone",
                                     "stuck",   "failed",  NULL};

#define ROW(member) FIELD(sluice_capture_row, member)

static const struct column capture_columns[] = {
        {"id", "of the capture", COLUMN_NUMBER, ROW(id)},
        {"state", "running, or why it has ended", COLUMN_CHOICE, ROW(state), .choices = states},
        {"pid", "process that asked for it", COLUMN_NUMBER, ROW(pid)},
        {"uid", "user that asked for it", COLUMN_NUMBER, ROW(uid)},
        {"points", "bit set: 1 received, 2 sent, 4 dropped, 8 decrypted", COLUMN_NUMBER,
         ROW(points)},
        {"files", "begun", COLUMN_NUMBER, ROW(files)},
        {"packets", "written", COLUMN_NUMBER, ROW(packets)},
        {"bytes", "written", COLUMN_NUMBER, ROW(bytes)},
        {"lost", "packets that the buffers had no room for", COLUMN_NUMBER, ROW(lost)},
        {0},
};

static const struct reply capture_reply = {sizeof(struct sluice_capture_row),
                                           .columns = capture_columns};

#define STEP(member) FIELD(sluice_trace_row, member)

static const struct column trace_columns[] = {
        {"packet", "counted from 1", COLUMN_NUMBER, STEP(packet)},
        {"worker", "that had it", COLUMN_NUMBER, .only_json = true, STEP(worker)},
        {"node", "of the graph", COLUMN_TEXT, STEP(node)},
        {"saw", "what the packet was then", COLUMN_TEXT, STEP(saw)},
        {"decided", "the next node and what was made of the packet, or its end", COLUMN_TEXT,
         STEP(decided)},
        {0},
};

static const struct reply trace_reply = {sizeof(struct sluice_trace_row), .columns = trace_columns,
                                         .none = "no such packet came in time"};

#define TRACE_WORD(word, what, placeholder, member)                                                \
	{                                                                                          \
		.key = word, .meta = placeholder, .help = what, .type = ARGUMENT_WORD,             \
		.keyword = true, .optional = true, FIELD(sluice_trace, member),                    \
	}

/* enum sluice_capture_direction */
static const char *const directions[] = {"both", "in", "out", NULL};

static const struct command commands[] = {
        {
                .path = {"trace"},
                .help = "the way of the next packets through the graph: what each node saw "
                        "and decided",
                .kind = COMMAND_SHOW,
                .type = SLUICE_TRACE,
                .body_size = sizeof(struct sluice_trace),
                .arguments =
                        {
                                {.key = "count",
                                 .help = "packets, 10 unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 .least = 1,
                                 .most = 1000,
                                 FIELD(sluice_trace, count)},
                                {.key = "seconds",
                                 .help = "to wait for them at most, 10 unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 .least = 1,
                                 .most = 15,
                                 FIELD(sluice_trace, seconds)},
                                TRACE_WORD("port", "only what this port receives", "NAME", port),
                                {.key = "allocation",
                                 .meta = "ID",
                                 .help = "only of this allocation, both sides of it",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_trace, allocation)},
                                TRACE_WORD("user", "only of this user's allocations", "NAME", user),
                                TRACE_WORD("endpoint", "only of this SRTP endpoint", "NAME",
                                           endpoint),
                                TRACE_WORD("stream",
                                           "only of this stream, as it comes in; with "
                                           "direction out as it leaves",
                                           "NAME", stream),
                                {.key = "direction",
                                 .help = "in: what comes in; out: what leaves and has not come "
                                         "in by a port",
                                 .type = ARGUMENT_CHOICE,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_trace, direction),
                                 .choices = directions},
                                {.key = "filter",
                                 .help = "only what this expression of pcap-filter(7) matches",
                                 .type = ARGUMENT_FILTER,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_trace, program),
                                 .second = offsetof(struct sluice_trace, program_length),
                                 .most = SLUICE_CAPTURE_PROGRAM_MAX},
                                TRACE_WORD("reason",
                                           "only what is dropped for it: a counter drop.NAME",
                                           "NAME", reason),
                        },
                .reply = &trace_reply,
        },
        {
                .path = {"capture", "show"},
                .help = "who looks at packets (sluice-capture)",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CAPTURE_SHOW,
                .reply = &capture_reply,
        },
};

const struct command_group commands_capture = {"Captures and traces", commands, COUNT(commands)};
