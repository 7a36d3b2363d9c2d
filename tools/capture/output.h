/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a capture goes: stdout, a file, or files one after the other. A file is opened under a name
 * of its own, and takes the place of what was there when it is begun: a capture that is refused has
 * destroyed nothing.
 */
#ifndef TOOLS_CAPTURE_OUTPUT_H
#define TOOLS_CAPTURE_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct output {
	const char *path; /* NULL: stdout */
	bool many;        /* files, numbered from 1 */
	uint32_t keep;    /* of them, the last ones; 0: all */
	/* its own */
	uint32_t opened;      /* files */
	uint32_t trimmed;     /* of them */
	char ahead[PATH_MAX]; /* what the last one is called until it is begun; "": it is */
};

/* The next descriptor, or -errno with *path the name that was tried. */
int output_open(struct output *output, const char **path);
/* So many files are begun: the last one gets its name, what is more than `keep` goes. 0, or -errno
 * with *path the name. */
int output_begun(struct output *output, uint32_t begun, const char **path);
/* A file that was opened and never begun goes; one with something in it stays. */
void output_end(struct output *output);

#endif
