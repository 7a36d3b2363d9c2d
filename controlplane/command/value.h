/* SPDX-License-Identifier: BSD-3-Clause */
/* What arguments are made of: text to bytes and back. */
#ifndef COMMAND_VALUE_H
#define COMMAND_VALUE_H

#include "command/command.h"
#include "command/text.h"

#include <sluice/api.h>

/*
 * Writes the argument's bytes of `body`. 0, or -EINVAL: then `why`, COMMAND_EXPECTED_MAX bytes, may
 * say what is wrong with the text (without the text itself: it may be secret), or stays as it was.
 */
int value_parse(const struct argument *argument, const char *text, void *body, char *why);

/* Adds the value as a word. 0, or -EINVAL: these bytes are no value. */
int value_format(const struct argument *argument, const void *body, struct text *text);

/* Shown only where it is asked for. */
static inline bool value_is_secret(const struct argument *argument)
{
	return argument->type == ARGUMENT_SECRET || argument->type == ARGUMENT_KEY;
}

/* Of a number: the greatest that it takes. */
uint64_t value_most(const struct argument *argument);

/* All of the argument's bytes are 0. */
bool value_is_zero(const struct argument *argument, const void *body);

/* What stands for it in help: "ADDRESS[:PORT]", "adaptive|busy". */
void value_meta(const struct argument *argument, struct text *text);
/* The same with its limits: "N (1 to 256)". */
void value_expected(const struct argument *argument, struct text *text);

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT where there is a port. */
void text_add_addr(struct text *text, const struct sluice_addr *addr);

#endif
