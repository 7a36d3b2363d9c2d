/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. What is configured at run time comes over the API. */
#ifndef CONFIG_H
#define CONFIG_H

#include "dataplane.h"

#include <limits.h>

#define CONFIG_EAL_ARGS_MAX 32

struct config {
	struct options options;
	uint16_t cpus[WORKERS_MAX]; /* the workers', in their order */
	uint32_t n_cpus;            /* 0: whatever this process may use */
	uint32_t memory_mb;         /* 0: by the sizes of the tables */
	bool no_huge, allow_core, take_over, version, help;
	const char *eal_args[CONFIG_EAL_ARGS_MAX];
	uint32_t n_eal_args;
	char xdp_object[PATH_MAX]; /* where none was named */
	char ledger[PATH_MAX];     /* the same */
};

enum config_result {
	CONFIG_RUN,
	CONFIG_DONE,  /* --help, --version: printed */
	CONFIG_WRONG, /* one line on stderr has said what */
};

enum config_result config_parse(struct config *config, int argc, char **argv);

#endif
