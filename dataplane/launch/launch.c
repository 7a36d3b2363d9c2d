/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A package holds a program of the data path once for each level of CPUs. This one, which runs on
 * all of them, becomes the best one that runs here. SLUICE_CPU_LEVEL=x86-64-v2 asks for less.
 */
#include "launch/cpu_level.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[CPU_LEVELS] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};

/* The highest one to try. */
static enum cpu_level level_wanted(void)
{
	const char *asked = getenv("SLUICE_CPU_LEVEL");
	struct cpu_registers registers;
	enum cpu_level level;

	cpu_registers_read(&registers);
	level = cpu_level_of(&registers);
	for (enum cpu_level i = 0; asked != NULL && i < level; i++)
		if (strcmp(asked, names[i]) == 0)
			return i;
	return level;
}

int main(int argc, char **argv)
{
	enum cpu_level level = level_wanted();
	char path[PATH_MAX];

	for (int i = level; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s/%s/%s", SLUICE_LIBDIR, names[i], SLUICE_PROGRAM);
		execv(path, argv);
		if (errno != ENOENT) {
			fprintf(stderr, "%s: %s: %s\n", SLUICE_PROGRAM, path, strerror(errno));
			return EXIT_FAILURE;
		}
	}
	fprintf(stderr, "%s: no program for a CPU of level %s in %s\n", SLUICE_PROGRAM,
	        names[level], SLUICE_LIBDIR);
	return EXIT_FAILURE;
}
