/* SPDX-License-Identifier: BSD-3-Clause */
/* A part of a text that is somebody else's to keep. */
#ifndef SDP_SLICE_H
#define SDP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *bytes;
	size_t length;
};

bool slice_is(struct slice slice, const char *word);
/* A to Z as a to z. */
bool slice_is_caseless(struct slice slice, const char *word);
bool slice_equals(struct slice a, struct slice b);

/* The next word of `rest` up to `end`, which is skipped; false: there is none. */
bool slice_word(struct slice *rest, char end, struct slice *word);
/* Without spaces around it. */
struct slice slice_trim(struct slice slice);
/* Decimal digits alone, up to `most`. */
bool slice_number(struct slice slice, uint32_t most, uint32_t *number);
/* The value of a parameter of "key=value;key=value". */
bool slice_parameter(struct slice list, const char *key, struct slice *value);
/* Letters, digits, and what else is in `more`; 1 character or more. */
bool slice_consists(struct slice slice, const char *more);
/* With a NUL; false: it does not fit. */
bool slice_copy(struct slice slice, char *text, size_t room);

#endif
