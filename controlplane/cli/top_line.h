/* SPDX-License-Identifier: BSD-3-Clause */
/* The screen of `top` as its parts see it: lines, and how fast fields grow between two samples. */
#ifndef CLI_TOP_LINE_H
#define CLI_TOP_LINE_H

#include "cli/top.h"

#include "common/words.h"

#define LINE_BYTES 512

/* In a line: between them is what should not be overlooked. They take no room. */
#define ALERT "\016"
#define PLAIN "\017"

struct screen {
	FILE *out;
	const struct top_sample *before, *now;
	const struct top_view *view;
	double seconds;
	uint32_t lines; /* that are left */
};

/* Cut at the screen's width; nothing where no line is left. */
void screen_line(struct screen *screen, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* A table's first line: with a line above it, or reversed. */
void screen_heading(struct screen *screen, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* How many lines a heading takes. */
uint32_t screen_heading_lines(const struct screen *screen);

/* Four digits at most: 1234, 12.3k, 4.56M. */
const char *human(double value, char *text);

#define HUMAN(value) human(value, (char[16]){0})

/* A word of common/words.h, padded; alert: in capitals that should not be overlooked. */
#define STATE_WORD_BYTES 64
const char *state_word(const char *const *words, uint64_t value, int width, bool alert,
                       char text[STATE_WORD_BYTES]);

double rate(const struct screen *screen, uint64_t before, uint64_t now);

/* A row's field a second; 0 where it is new. */
#define RATE(screen, old, row, member)                                                             \
	((old) != NULL ? rate(screen, (old)->member, (row)->member) : 0)

#define EACH(screen, table, row, old)                                                              \
	(row) = (screen)->now->tables[table].rows;                                                 \
	(row) != NULL &&                                                                           \
	        (row) < (typeof(row))(screen)->now->tables[table].rows +                           \
	                        (screen)->now->tables[table].count &&                              \
	        (((old) = top_row_find((screen)->before, table, row)), (void)(old), true);         \
	(row)++

/* -- the parts that are long -- */

/* The regions, worst first, in at most so many lines, the heading included. */
void regions_draw(struct screen *screen, uint32_t most);
/* The busiest allocations and streams, in all lines that are left. */
void lists_draw(struct screen *screen);

#endif
