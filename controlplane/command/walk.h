/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words walked through the table: as far as they go, and what could stand where they stop. The
 * parser, its errors, completion and help all walk the same way.
 */
#ifndef COMMAND_WALK_H
#define COMMAND_WALK_H

#include "command/command.h"
#include "command/text.h"
#include "command/words.h"

struct walk {
	const struct words *words;
	uint32_t count;                /* of words to be walked */
	uint32_t next;                 /* the word to be looked at */
	const struct command *command; /* NULL: the words name none yet */
	uint32_t given;                /* bit n: arguments[n] has been read */
	const struct argument
	        *value;   /* the argument whose value stands at `next`; NULL: none does */
	uint64_t secrets; /* bit n: word n is a secret, or stands where one is expected */
	char why[COMMAND_EXPECTED_MAX]; /* what is wrong with the word at `next`, if that is known
	                                 */
	struct command_request *request;
};

/* What could stand at walk->next. */
struct candidate {
	const char *word;                /* to be typed as it is; NULL: a value stands here */
	const struct argument *argument; /* NULL: part of a command's name */
	const struct command *command; /* the one whose name the word ends, else any that goes on */
	bool ends;                     /* the word ends a command's name */
};

/* Walks words[0] to words[count - 1]. 0, or -EINVAL: walk->next is the wrong one, or the one that
 * is missing. */
int walk_words(struct walk *walk, const struct words *words, uint32_t count,
               struct command_request *request);

/* Nothing that must come is missing. */
bool walk_complete(const struct walk *walk);

/* What could stand at walk->next, each word once. Returns how many. */
uint32_t walk_candidates(const struct walk *walk, struct candidate *candidates, uint32_t max);

/* "expected: ports A-B or delete", behind "did you mean `ports`?" where a word is near; adds
 * nothing where nothing could follow. */
void walk_add_expected(const struct walk *walk, struct text *text);

#endif
