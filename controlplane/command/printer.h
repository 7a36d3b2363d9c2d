/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers as people or programs read them, on stdout, while they come in. */
#ifndef COMMAND_PRINTER_H
#define COMMAND_PRINTER_H

#include "command/command.h"

#include <stdio.h>

#define PRINTER_WIDTHS_ROWS                                                                        \
	256 /* that a table's widths are taken from; later ones may stand out                      \
	     */

struct printer {
	FILE *out;
	bool json;
	const struct reply *reply; /* NULL: the answer has no rows */
	uint8_t *held;             /* rows that wait for the table's widths */
	uint32_t n_held;
	uint32_t rows; /* in all */
	bool begun;    /* widths are known, the heading has been printed */
	size_t widths[32];
	size_t room; /* of a terminal's line: a longer row goes on in the next; 0: there is no end
	              */
};

void printer_begin(struct printer *printer, FILE *out, bool json, const struct reply *reply);
/* 0 or -ENOMEM. */
int printer_rows(struct printer *printer, const void *rows, uint32_t count);
/* Instead of rows: what was asked for is done, and this is said about it. For people on stderr. */
void printer_warning(struct printer *printer, const void *text, uint32_t length);
/* ok: the answer came whole. */
void printer_end(struct printer *printer, bool ok);

#endif
