/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_SLUICECTL_OPTIONS_H
#define CLI_SLUICECTL_OPTIONS_H

#include <stdbool.h>

/* What program_sluicectl's options are read into. */
struct sluicectl_options {
	const char *socket;
	const char *file;
	bool json, stop, echo, no_pager, version, help;
};

#endif
