/* SPDX-License-Identifier: BSD-3-Clause */
/* The programs, and the configuration as a whole. */
#include "common/request.h"

#include <sluice/config.h>

#define VERSION(member) FIELD(sluice_version, member)

static const struct column version_columns[] = {
        {"program", "that answers", COLUMN_TEXT, VERSION(program), .label = "program"},
        {"version", "of the program", COLUMN_TEXT, VERSION(version), .metric = "sluice_build_info",
         .metric_help = "1 for each daemon that answers, with its version, and the dataplane's "
                        "SRTP engine and DPDK",
         .form = METRIC_INFO, .label = "version"},
        {"api", "version of the sockets' language", COLUMN_NUMBER, VERSION(api)},
        {"dpdk", "that it runs on", COLUMN_TEXT, VERSION(dpdk), .label = "dpdk"},
        {"srtp", "engine of its SRTP", COLUMN_TEXT, VERSION(srtp), .label = "engine"},
        {"pid", "process id", COLUMN_NUMBER, VERSION(pid)},
        {"uptime", "since its start", COLUMN_NUMBER, VERSION(uptime_s), .unit = "seconds"},
        {"started", "Unix time of the program's start", COLUMN_NUMBER, .only_json = true,
         VERSION(started), .unit = "seconds", .metric = "sluice_start_time_seconds",
         .metric_help = "Unix time of the daemon's start; the dataplane's is missing while it is "
                        "away"},
        {"api_oldest", "version of that language that it understands", COLUMN_NUMBER,
         .only_json = true, VERSION(api_oldest)},
        {0},
};

static const struct reply version_reply = {REPLY(sluice_version, version_columns),
                                           .row_size_before = 152};

static const struct column line_columns[] = {
        {"line", "of the configuration", COLUMN_COMMAND, FIELD(sluice_config_line, text)},
        {0},
};

static const struct reply line_reply = {REPLY(sluice_config_line, line_columns), .plain = true};

static const struct column diff_columns[] = {
        {"line", "- where only the running configuration has it, + where only the file has",
         COLUMN_COMMAND, FIELD(sluice_config_line, text)},
        {0},
};

static const struct reply diff_reply = {REPLY(sluice_config_line, diff_columns), .plain = true,
                                        .none = "the file and the running configuration agree"};

#define REFUSED(member) FIELD(sluice_config_refused, member)

static const struct column refused_columns[] = {
        {"number", "of the line in the file; 0: it came later", COLUMN_NUMBER, REFUSED(number)},
        {"line", "that is not in force", COLUMN_COMMAND, REFUSED(text)},
        {"reason", "why not; it is tried again every second", COLUMN_TEXT, REFUSED(why)},
        {0},
};

static const struct reply refused_reply = {REPLY(sluice_config_refused, refused_columns),
                                           .none = "every line is in force"};

#define RELOAD(member) FIELD(sluice_config_reload, member)

static const struct column reload_columns[] = {
        {"added", "lines", COLUMN_NUMBER, RELOAD(added)},
        {"changed", "lines", COLUMN_NUMBER, RELOAD(changed)},
        {"removed", "lines", COLUMN_NUMBER, RELOAD(removed)},
        {"refused", "lines of the whole configuration that are not in force (config refused)",
         COLUMN_NUMBER, RELOAD(refused)},
        {0},
};

static const struct reply reload_reply = {REPLY(sluice_config_reload, reload_columns),
                                          .single = true};

#define STATUS(member) FIELD(sluice_config_status, member)

static const struct column status_columns[] = {
        {"file", "that the configuration is read from and saved to", COLUMN_TEXT, STATUS(file)},
        {"lines", "lines of the running configuration", COLUMN_NUMBER, STATUS(lines),
         .metric = "sluice_config_lines"},
        {"refused", "lines that are not in force; they are tried again every second", COLUMN_NUMBER,
         STATUS(refused), .metric = "sluice_config_refused_lines"},
        {"reloads", "that went well since the start", COLUMN_NUMBER, STATUS(reloads)},
        {"loaded", "when the file was taken over, in Unix time", COLUMN_NUMBER, STATUS(loaded)},
        {"reload_failed", "1: the last reload changed nothing, because of a mistake", COLUMN_NUMBER,
         STATUS(reload_failed), .metric = "sluice_config_reload_failed"},
        {"error", "of the last reload", COLUMN_TEXT, STATUS(error)},
        {0},
};

static const struct reply status_reply = {REPLY(sluice_config_status, status_columns),
                                          .single = true};

#define HAND_OVER(member) FIELD(sluice_hand_over, member)

static const struct column hand_over_columns[] = {
        {"pid", "of the process that ends", COLUMN_NUMBER, HAND_OVER(pid)},
        {"watchdog_us", "what its service manager waits for at most", COLUMN_NUMBER,
         HAND_OVER(watchdog_us), .unit = "microseconds"},
        {0},
};

static const struct reply hand_over_reply = {REPLY(sluice_hand_over, hand_over_columns),
                                             .single = true};

static const char *const hand_over_words[] = {
        [SLUICE_HAND_OVER_LISTENER] = "listener",
        [SLUICE_HAND_OVER_LOCK] = "lock",
        [SLUICE_HAND_OVER_PROGRAM] = "program",
        NULL,
};

static const struct column hand_over_part_columns[] = {
        {"kind", "of the descriptor that comes with it", COLUMN_CHOICE,
         FIELD(sluice_hand_over_part, kind), .choices = hand_over_words},
        {"name", "of the interface that a program is on", COLUMN_TEXT,
         FIELD(sluice_hand_over_part, name)},
        {0},
};

static const struct reply hand_over_part_reply = {
        REPLY(sluice_hand_over_part, hand_over_part_columns)};

static const struct request requests[] = {
        REQUEST(SLUICE_VERSION, {"version"}, REQUEST_SHOW, BY_BOTH, .reply = &version_reply),
        REQUEST(SLUICE_CONFIG_BEGIN, {"config", "begin"}, REQUEST_ACT, BY_DIRECT),
        REQUEST(SLUICE_CONFIG_COMMIT, {"config", "commit"}, REQUEST_ACT, BY_DIRECT),
        REQUEST(SLUICE_CONFIG_SHOW, {"config", "show"}, REQUEST_SHOW, BY_CONTROL,
                BODY(sluice_config_show), .reply = &line_reply),
        /* What writes the host's files is for those who may log in to it. */
        REQUEST(SLUICE_CONFIG_SAVE, {"config", "save"}, REQUEST_ACT, BY_CONTROL, ACCESS_HOST),
        REQUEST(SLUICE_CONFIG_RELOAD, {"config", "reload"}, REQUEST_ACT, BY_CONTROL,
                .reply = &reload_reply),
        REQUEST(SLUICE_CONFIG_DIFF, {"config", "diff"}, REQUEST_SHOW, BY_CONTROL,
                BODY(sluice_config_show), .reply = &diff_reply),
        REQUEST(SLUICE_CONFIG_REFUSED, {"config", "refused"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &refused_reply),
        REQUEST(SLUICE_CONFIG_STATUS, {"config", "status"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &status_reply),
        REQUEST(SLUICE_HAND_OVER, {"hand", "over"}, REQUEST_ACT, BY_DIRECT,
                .reply = &hand_over_reply),
        REQUEST(SLUICE_HAND_OVER_BEGIN, {"hand", "over", "begin"}, REQUEST_ACT, BY_DIRECT,
                .since = 9, .reply = &hand_over_part_reply),
};

const struct request_table requests_config = REQUEST_TABLE(requests);
