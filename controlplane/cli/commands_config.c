/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/commands.h"
#include "cli/field.h"

#include <sluice/event.h>

static const struct column line_columns[] = {
        {"line", "of the configuration", COLUMN_COMMAND, FIELD(sluice_config_line, text)},
        {0},
};

static const struct reply line_reply = {sizeof(struct sluice_config_line), .plain = true,
                                        .columns = line_columns};

#define ROW(member) FIELD(sluice_version, member)

static const struct column version_columns[] = {
        {"program", "that answers", COLUMN_TEXT, ROW(program)},
        {"version", "of the program", COLUMN_TEXT, ROW(version)},
        {"api", "version of the sockets' language", COLUMN_NUMBER, ROW(api)},
        {"dpdk", "that it runs on", COLUMN_TEXT, ROW(dpdk)},
        {"srtp", "engine of its SRTP", COLUMN_TEXT, ROW(srtp)},
        {"pid", "process id", COLUMN_NUMBER, ROW(pid)},
        {"uptime", "in seconds", COLUMN_NUMBER, ROW(uptime_s)},
        {"started", "Unix time, in seconds", COLUMN_NUMBER, .only_json = true, ROW(started)},
        {0},
};

static const struct reply version_reply = {sizeof(struct sluice_version),
                                           .columns = version_columns};

#define EVENT(member) FIELD(sluice_event_row, member)

static const struct column event_columns[] = {
        {"time", "UTC", COLUMN_TEXT, EVENT(time)},
        {"area", "port, gate, region, node, dataplane or allocation", COLUMN_TEXT, EVENT(area)},
        {"subject", "its name", COLUMN_TEXT, EVENT(subject)},
        {"state", "that it has now", COLUMN_TEXT, EVENT(state)},
        {"user", "of an allocation", COLUMN_TEXT, EVENT(user)},
        {"client", "of an allocation", COLUMN_ADDRESS, EVENT(client)},
        {"lost", "events before this one that were not read in time", COLUMN_NUMBER,
         .only_json = true, EVENT(lost)},
        {0},
};

static const struct reply event_reply = {sizeof(struct sluice_event_row), .endless = true,
                                         .columns = event_columns};

static const struct command commands[] = {
        {
                .path = {"events"},
                .help = "changes of state as they happen, until ^C",
                .kind = COMMAND_SHOW,
                .type = SLUICE_EVENTS,
                .body_size = sizeof(struct sluice_events),
                .arguments =
                        {
                                {.key = "allocations",
                                 .help = "those that begin and end as well",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_events, allocations)},
                        },
                .reply = &event_reply,
        },
        {
                .path = {"config", "show"},
                .help = "the running configuration, as commands",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CONFIG_SHOW,
                .body_size = sizeof(struct sluice_config_show),
                .arguments =
                        {
                                {.key = "secrets",
                                 .help = "passwords and secrets unmasked",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_config_show, secrets)},
                        },
                .reply = &line_reply,
        },
        {
                .path = {"config", "save"},
                .help = "write the running configuration to the control plane's file",
                .kind = COMMAND_ACT,
                .type = SLUICE_CONFIG_SAVE,
        },
        {
                .path = {"version"},
                .help = "who answers, and in which version",
                .kind = COMMAND_SHOW,
                .type = SLUICE_VERSION,
                .reply = &version_reply,
        },
};

const struct command_group commands_config = {"Configuration", commands, COUNT(commands)};
