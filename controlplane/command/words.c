/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_end(char c)
{
	return c == '\0' || c == '\n' || c == '\r';
}

/* Copies the word in quotes at `at` without them. Returns the bytes that it takes in the line, 0
 * with *why. */
static size_t quoted_copy(const char *at, char *to, const char **why)
{
	size_t i = 1;

	while (at[i] != '"') {
		if (at[i] == '\\' && (at[i + 1] == '"' || at[i + 1] == '\\'))
			i++;
		if (is_end(at[i])) {
			*why = "no quote ends this word";
			return 0;
		}
		*to++ = at[i++];
	}
	*to = '\0';
	i++;
	if (!is_blank(at[i]) && !is_end(at[i])) {
		*why = "a blank is missing behind the quote";
		return 0;
	}
	return i;
}

static size_t plain_copy(const char *at, char *to)
{
	size_t i = 0;

	for (; !is_blank(at[i]) && !is_end(at[i]); i++)
		to[i] = at[i];
	to[i] = '\0';
	return i;
}

int words_split(struct words *words, const char *line, const char **why, uint32_t *column)
{
	char *to = words->buffer;
	const char *at = line;
	size_t length;

	words->count = 0;
	*column = 0;
	if (strnlen(line, WORDS_LINE_MAX) == WORDS_LINE_MAX) {
		*why = "the line is too long";
		return -EINVAL;
	}
	for (;;) {
		while (is_blank(*at))
			at++;
		if (is_end(*at) || *at == '#')
			return 0;
		*column = at - line;
		if (words->count == WORDS_MAX) {
			*why = "there are too many words";
			return -EINVAL;
		}
		length = *at == '"' ? quoted_copy(at, to, why) : plain_copy(at, to);
		if (length == 0)
			return -EINVAL;
		words->words[words->count++] = (struct word){to, at - line, length};
		to += strlen(to) + 1;
		at += length;
	}
}
