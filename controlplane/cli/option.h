/* SPDX-License-Identifier: BSD-3-Clause */
/* A program's command line as a table: what getopt_long reads, -h prints and the manual has. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stddef.h>

struct option_row {
	char letter;          /* 0: none */
	const char *name;     /* long, without dashes; NULL: none */
	const char *argument; /* "FILE"; NULL: takes none */
	const char *help;
	/* Where its value goes in the program's options: const char * where there is an argument,
	 * else bool. */
	size_t offset;
};

struct program {
	const char *name;
	const char *synopsis; /* behind the name, one line a form */
	const char *summary;
	const struct option_row *options; /* ends with neither letter nor name */
};

extern const struct program program_sluicectl;
extern const struct program program_controlplane;
extern const struct program program_capture;

/*
 * Reads options into *values, up to the first argument that is none. Returns its index, or -EINVAL:
 * the error has been printed.
 */
int options_read(const struct program *program, int argc, char **argv, void *values);

void options_print_help(const struct program *program);

#endif
