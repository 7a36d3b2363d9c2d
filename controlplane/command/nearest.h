/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of some words a mistyped one was meant to be. */
#ifndef COMMAND_NEAREST_H
#define COMMAND_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;  /* as it was typed */
	const char *found; /* the nearest so far; NULL: none is near. Lives as long as what was
	                      offered */
	size_t distance;
};

void nearest_start(struct nearest *nearest, const char *word);
/* Of equally near ones the first stays. */
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
