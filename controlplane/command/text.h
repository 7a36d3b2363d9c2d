/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings of a bounded length, and strings that came from strangers. */
#ifndef COMMAND_TEXT_H
#define COMMAND_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Text that grows in a given room; what does not fit is left out and remembered in `cut`. Always
 * ends with a NUL. */
struct text {
	char *bytes;
	size_t length, room;
	bool cut;
};

void text_start(struct text *text, char *bytes, size_t room);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * At most `length` bytes of `bytes`, up to a NUL, as valid UTF-8 that a terminal shows and does not
 * obey: control characters, marks that turn the direction of writing, and bytes that are no UTF-8
 * become \xNN.
 */
void text_add_printable(struct text *text, const char *bytes, size_t length);

/* Nothing in it would be escaped. */
bool text_is_printable(const char *string);

/* A word as the parser reads it: in double quotes where it needs them. */
void text_add_word(struct text *text, const char *word);

/* Characters, not bytes. */
size_t text_width(const char *bytes, size_t length);

#endif
