/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a capture goes: stdout, a file, or files one after the other. */
#ifndef TOOLS_CAPTURE_OUTPUT_H
#define TOOLS_CAPTURE_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

struct output {
	const char *path; /* NULL: stdout */
	bool many;        /* files, numbered from 1 */
	uint32_t keep;    /* of them, the last ones; 0: all */
	uint32_t opened;
};

/* The next descriptor, or -errno with *path the name that was tried. */
int output_open(struct output *output, const char **path);
/* So many files are begun: what is more than `keep` goes. */
void output_trim(const struct output *output, uint32_t begun);
/* The file that was opened ahead and never begun goes. */
void output_end(const struct output *output, uint32_t begun);

#endif
