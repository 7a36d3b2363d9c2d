/* SPDX-License-Identifier: BSD-3-Clause */
#include "controlplane_options.h"

#include "cli/option.h"

#define AT(member) offsetof(struct controlplane_options, member)

static const struct option_row options[] = {
        {'c', "config", "FILE",
         "the configuration; /etc/sluice/sluice.conf unless given, and that one may be missing",
         AT(config)},
        {0, "socket", "PATH", "where to listen; /run/sluice/control.sock unless given", AT(socket)},
        {0, "dataplane", "PATH", "the dataplane's socket; /run/sluice/dataplane.sock unless given",
         AT(dataplane)},
        {0, "state-dir", "PATH",
         "where the view of the regions outlives a restart; /var/lib/sluice unless given",
         AT(state_dir)},
        {0, "check", NULL, "only read the configuration and say what is wrong with it", AT(check)},
        {'V', "version", NULL, "print the version", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program program_controlplane = {
        .name = "sluice-controlplane",
        .synopsis = "[--config FILE] [--socket PATH] [--dataplane PATH] [--state-dir PATH]\n"
                    "[--config FILE] --check",
        .summary = "keeps sluice's configuration in force",
        .options = options,
};
