/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/commands.h"
#include "cli/field.h"

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

static const struct command commands[] = {
        {
                .path = {"capture", "show"},
                .help = "who looks at packets (sluice-capture)",
                .kind = COMMAND_SHOW,
                .type = SLUICE_CAPTURE_SHOW,
                .reply = &capture_reply,
        },
};

const struct command_group commands_capture = {"Captures and traces", commands, COUNT(commands)};
