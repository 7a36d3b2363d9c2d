/* SPDX-License-Identifier: BSD-3-Clause */
/* What could be typed next: TAB and `?`, and the shell's completion. */
#ifndef COMMAND_COMPLETE_H
#define COMMAND_COMPLETE_H

#include <stdbool.h>
#include "command/command.h"

#include <stddef.h>

/* word: to be typed, NULL where a value of the user's stands; usage: "ports A-B"; both live as long
 * as the call. */
typedef void completion_fn(void *arg, const char *word, const char *usage, const char *help);

/*
 * Calls back for each that fits the first `length` bytes of `line`. false: a word before the last
 * one is wrong already.
 */
bool command_complete(const char *line, size_t length, completion_fn *each, void *arg);

/* A value that is being typed. */
struct completed_value {
	const struct command *command;
	const struct argument *argument;
	char begun[COMMAND_TEXT_MAX]; /* what there is of it */
};

/* false: no value stands at the end of the line. */
bool command_value(const char *line, size_t length, struct completed_value *value);

#endif
