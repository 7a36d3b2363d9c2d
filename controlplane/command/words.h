/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line in words: what stands between blanks. A word that begins with a double quote goes to the
 * next one, and takes
 * \" and \\ in between; elsewhere quotes and backslashes are themselves. # before a word begins a
 * comment.
 */
#ifndef COMMAND_WORDS_H
#define COMMAND_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX      32
#define WORDS_LINE_MAX 2048 /* with the final NUL */

struct word {
	const char *text;        /* in words.buffer, without quotes */
	uint32_t column, length; /* as it was typed, quotes included */
};

struct words {
	struct word words[WORDS_MAX];
	uint32_t count;
	char buffer[WORDS_LINE_MAX];
};

/* 0, or -EINVAL: *why then says what is wrong with the word behind the last one of `words`, which
 * begins at *column. */
int words_split(struct words *words, const char *line, const char **why, uint32_t *column);

#endif
