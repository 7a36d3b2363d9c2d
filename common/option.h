/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program's command line as a table: what getopt_long reads, --help prints, and its manual page
 * and the shell's completion have.
 */
#ifndef COMMON_OPTION_H
#define COMMON_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row;

/* Reads an argument into *values. NULL, or what was expected. */
typedef const char *(*option_reader)(const struct option_row *row, void *values,
                                     const char *argument);

struct option_row {
	char letter;           /* 0: none */
	const char *name;      /* long, without dashes; NULL: none */
	const char *argument;  /* "FILE"; NULL: takes none */
	const char *help;      /* its unit, but neither its limits nor its default */
	size_t offset;         /* in the program's options */
	option_reader read;    /* NULL: a bool without an argument, a const char * with one */
	size_t size;           /* of a number */
	uint64_t min, max;     /* of a number; max 0: it is none */
	const char *otherwise; /* read where it is not given; NULL: nothing is */
};

/* What the first word, or an option's argument, may be. */
struct program_word {
	const char *name, *help;
};

struct program {
	const char *name;
	const char *synopsis; /* behind the name, one line a form */
	const char *summary;
	const struct option_row *options; /* ends with neither letter nor name */
	const char *words_title;          /* "benches"; NULL: there are none */
	const struct program_word *words; /* ends with no name */
	const char *words_option;         /* whose argument they are; NULL: the first word's */
	bool options_anywhere;            /* else the first argument ends them */
};

extern const struct program program_sluicectl;
extern const struct program program_controlplane;
extern const struct program program_capture;
extern const struct program program_dataplane;
extern const struct program program_bench;
extern const struct program program_flood;

/* A uint16_t or uint32_t from min to max. */
const char *option_number(const struct option_row *row, void *values, const char *argument);
/* One of the words that row->argument names as "one|other": as text, or as its place, a uint32_t.
 */
const char *option_choice(const struct option_row *row, void *values, const char *argument);
const char *option_choice_place(const struct option_row *row, void *values, const char *argument);

#define OPTION_NUMBER(type, member, min, max)                                                      \
	offsetof(type, member), option_number, sizeof(((type *)0)->member), min, max

static inline void *option_at(const struct option_row *row, void *values)
{
	return (char *)values + row->offset;
}

/*
 * Reads the defaults and then the options into *values. Returns the index of the first argument
 * that is no option, or -EINVAL: the error has been printed.
 */
int options_read(const struct program *program, int argc, char **argv, void *values);

/* One line on stderr: "PROGRAM: WORD: expected WHAT". Returns -EINVAL. */
int option_fail(const struct program *program, const char *word, const char *expected);

void options_print_help(const struct program *program);

/* An option's help with its limits and its default. */
void option_text(const struct option_row *row, char *text, size_t size);

/* Beside help: whether it is the row behind the last. */
static inline bool option_is_end(const struct option_row *row)
{
	return row->letter == 0 && row->name == NULL;
}

#endif
