/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/sluicectl_options.h"

#include "common/option.h"

#include <sluice/api.h>

#define AT(member) offsetof(struct sluicectl_options, member)

static const struct option_row options[] = {
        {'s', "socket", "SOCKET", "the daemon's socket", AT(socket),
         .otherwise = SLUICE_CONTROL_SOCKET},
        {'j', "json", NULL, "every answer and every error in JSON", AT(json)},
        {'f', "file", "FILE", "run the commands of a file; - is stdin", AT(file)},
        {'e', "stop", NULL, "with -f: stop at the first command that fails", AT(stop)},
        {'x', "echo", NULL, "with -f: print each command before it runs", AT(echo)},
        {0, "no-pager", NULL, "long answers go to the terminal as they are", AT(no_pager)},
        {'V', "version", NULL, "print the version of sluicectl", AT(version)},
        {'h', "help", NULL, "print this help; `sluicectl help` prints the commands", AT(help)},
        {0},
};

const struct program program_sluicectl = {
        .name = "sluicectl",
        .synopsis = "[-j] [-s SOCKET] NOUN VERB [NAME] [KEY VALUE]...\n"
                    "[-j] [-s SOCKET] [-e] [-x] -f FILE\n"
                    "[-s SOCKET]",
        .summary = "configure and look into sluice",
        .options = options,
};
