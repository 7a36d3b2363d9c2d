/* SPDX-License-Identifier: BSD-3-Clause */
/* What a manual page is written with, to stdout. */
#ifndef CLI_ROFF_H
#define CLI_ROFF_H

#include "common/option.h"

/* Text as itself: no command at a line's start, hyphens and backslashes that can be copied. */
void roff_print(const char *text);
/* macro: empty for none. */
void roff_line(const char *macro, const char *text);
void roff_paragraph(const char *text);
/* A term and what it means. */
void roff_entry(const char *term, const char *text);
void roff_example(const char *command, const char *text);

void roff_title(const char *name, int section, const char *summary);
void roff_synopsis(const struct program *program);
void roff_options(const struct program *program);
/* "sluicectl(1)", up to NULL. */
void roff_see_also(const char *const *pages);

#endif
