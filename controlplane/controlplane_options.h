/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONTROLPLANE_OPTIONS_H
#define CONTROLPLANE_OPTIONS_H

#include <stdbool.h>

#define CONFIG_FILE_DEFAULT "/etc/sluice/sluice.conf"
#define STATE_DIR_DEFAULT   "/var/lib/sluice"

/* What program_controlplane's options are read into. */
struct controlplane_options {
	const char *config; /* NULL: not given */
	const char *socket;
	const char *dataplane;
	const char *state_dir;
	bool allow_core, check, version, help;
};

#endif
