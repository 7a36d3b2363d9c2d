/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of sluice-capture, as text; NULL: not given. */
#ifndef TOOLS_CAPTURE_OPTIONS_H
#define TOOLS_CAPTURE_OPTIONS_H

#include <stdbool.h>

struct capture_options {
	const char *socket;
	const char *file;
	const char *points, *direction;
	const char *port, *allocation, *user, *endpoint, *stream, *reason;
	const char *sample, *snap, *buffer;
	const char *packets, *bytes, *seconds;
	const char *files, *file_bytes, *file_seconds;
	bool decrypted, quiet, version, help;
};

#endif
