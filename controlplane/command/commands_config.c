/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/config.h>
#include <sluice/event.h>

static const struct column line_columns[] = {
        {"line", "of the configuration", COLUMN_COMMAND, FIELD(sluice_config_line, text)},
        {0},
};

static const struct reply line_reply = {sizeof(struct sluice_config_line), .plain = true,
                                        .columns = line_columns};

static const struct column diff_columns[] = {
        {"line", "- where only the running configuration has it, + where only the file has",
         COLUMN_COMMAND, FIELD(sluice_config_line, text)},
        {0},
};

static const struct reply diff_reply = {sizeof(struct sluice_config_line), .plain = true,
                                        .none = "the file and the running configuration agree",
                                        .columns = diff_columns};

#define REFUSED(member) FIELD(sluice_config_refused, member)

static const struct column refused_columns[] = {
        {"number", "of the line in the file; 0: it came later", COLUMN_NUMBER, REFUSED(number)},
        {"line", "that is not in force", COLUMN_COMMAND, REFUSED(text)},
        {"reason", "why not; it is tried again every second", COLUMN_TEXT, REFUSED(why)},
        {0},
};

static const struct reply refused_reply = {sizeof(struct sluice_config_refused),
                                           .none = "every line is in force",
                                           .columns = refused_columns};

#define RELOAD(member) FIELD(sluice_config_reload, member)

static const struct column reload_columns[] = {
        {"added", "lines", COLUMN_NUMBER, RELOAD(added)},
        {"changed", "lines", COLUMN_NUMBER, RELOAD(changed)},
        {"removed", "lines", COLUMN_NUMBER, RELOAD(removed)},
        {"refused", "lines of the whole configuration that are not in force (config refused)",
         COLUMN_NUMBER, RELOAD(refused)},
        {0},
};

static const struct reply reload_reply = {sizeof(struct sluice_config_reload), .single = true,
                                          .columns = reload_columns};

#define STATUS(member) FIELD(sluice_config_status, member)

static const struct column status_columns[] = {
        {"file", "that the configuration is read from and saved to", COLUMN_TEXT, STATUS(file)},
        {"lines", "of the running configuration", COLUMN_NUMBER, STATUS(lines)},
        {"refused", "of them, those that are not in force", COLUMN_NUMBER, STATUS(refused)},
        {"reloads", "that went well since the start", COLUMN_NUMBER, STATUS(reloads)},
        {"loaded", "when the file was taken over, in Unix time", COLUMN_NUMBER, STATUS(loaded)},
        {"reload_failed", "1: the last reload changed nothing", COLUMN_NUMBER,
         STATUS(reload_failed)},
        {"error", "of the last reload", COLUMN_TEXT, STATUS(error)},
        {0},
};

static const struct reply status_reply = {sizeof(struct sluice_config_status), .single = true,
                                          .columns = status_columns};

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
                .path = {"config", "reload"},
                .help = "read the control plane's file again and apply what differs, or nothing",
                .kind = COMMAND_ACT,
                .type = SLUICE_CONFIG_RELOAD,
                .reply = &reload_reply,
        },
        {
                .path = {"config", "diff"},
                .help = "what `config reload` would change",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CONFIG_DIFF,
                .body_size = sizeof(struct sluice_config_diff),
                .arguments =
                        {
                                {.key = "secrets",
                                 .help = "passwords and secrets unmasked",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_config_diff, secrets)},
                        },
                .reply = &diff_reply,
        },
        {
                .path = {"config", "refused"},
                .help = "lines that are not in force, and why",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CONFIG_REFUSED,
                .reply = &refused_reply,
        },
        {
                .path = {"config", "status"},
                .help = "the configuration in numbers, and how the last reload went",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CONFIG_STATUS,
                .reply = &status_reply,
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
