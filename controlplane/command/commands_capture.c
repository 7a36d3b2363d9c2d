/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/capture.h>

#define TRACE_WORD(word, what, placeholder, member)                                                \
	{                                                                                          \
		.key = word, .meta = placeholder, .help = what, .type = ARGUMENT_WORD,             \
		.keyword = true, .optional = true, FIELD(sluice_trace, member),                    \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_TRACE,
                .help = "the way of the next packets through the graph: what each node saw "
                        "and decided",
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
                                 .choices = direction_words},
                                {.key = "filter",
                                 .help = "only what this expression of pcap-filter(7) matches",
                                 .type = ARGUMENT_FILTER,
                                 .keyword = true,
                                 .optional = true,
                                 .access = ACCESS_HOST,
                                 FIELD(sluice_trace, program),
                                 .second = offsetof(struct sluice_trace, program_length),
                                 .most = SLUICE_CAPTURE_PROGRAM_MAX},
                                TRACE_WORD("reason",
                                           "only what is dropped for it: a counter drop.NAME",
                                           "NAME", reason),
                        },
        },
        {
                .type = SLUICE_CAPTURE_SHOW,
                .help = "who looks at packets (sluice-capture)",
        },
};

const struct command_group commands_capture = {"Captures and traces", commands, COUNT(commands)};
