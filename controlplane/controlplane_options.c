/* SPDX-License-Identifier: BSD-3-Clause */
#include "controlplane_options.h"

#include "common/option.h"

#include <sluice/api.h>

#define AT(member) offsetof(struct controlplane_options, member)

static const struct option_row options[] = {
        {'c', "config", "FILE",
         "the configuration; /etc/sluice/sluice.conf unless given, and that one may be missing",
         AT(config)},
        {0, "socket", "PATH", "where to listen", AT(socket), .otherwise = SLUICE_CONTROL_SOCKET},
        {0, "dataplane", "PATH", "the dataplane's socket", AT(dataplane),
         .otherwise = SLUICE_DATAPLANE_SOCKET},
        {0, "state-dir", "PATH", "where the view of the regions outlives a restart", AT(state_dir),
         .otherwise = STATE_DIR_DEFAULT},
        {0, "allow-core", NULL,
         "let the kernel write core files, to find a fault: keys and passwords are in them",
         AT(allow_core)},
        {0, "check", NULL, "only read the configuration and say what is wrong with it", AT(check)},
        {'V', "version", NULL, "print the version", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program program_controlplane = {
        .name = "sluice-controlplane",
        .synopsis = "[OPTION]...\n"
                    "[--config FILE] --check",
        .summary = "keeps sluice's configuration in force",
        .options = options,
};
