/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An answer that is longer than the terminal goes through $PAGER, or less(1), as git's does. What
 * fits, and what no terminal reads, goes to stdout.
 */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <signal.h>
#include <sys/types.h>

/* All zero: no answer is under way. */
struct pager {
	FILE *out;            /* NULL: no answer, or it goes to stdout */
	char *held;           /* the answer's beginning, while it fits */
	size_t length, room;  /* bytes of it */
	uint32_t lines, most; /* that it has, and that the terminal shows */
	int fd;               /* to the pager; -1: it has not been started */
	pid_t pid;
	int error;                        /* 0, or -ENOMEM: the answer's rest could not be held */
	struct sigaction interrupt, pipe; /* as they were */
};

/* Where an answer is written. wanted: false for stdout. */
FILE *pager_begin(struct pager *pager, bool wanted);
/* Whether the pager has been left, or cannot go on: the rest of the answer reaches nobody. */
bool pager_is_left(const struct pager *pager);
/* The answer is whole: returns when it has been read. Also where none is under way. 0; -ENOEXEC:
 * the pager did not run; -ENOMEM: the beginning of the answer was written alone. */
int pager_end(struct pager *pager);

#endif
