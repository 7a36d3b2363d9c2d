/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of a reply's row, as text that no terminal obeys. */
#ifndef COMMAND_CELL_H
#define COMMAND_CELL_H

#include "command/command.h"

/* false: there is no value, and the text is empty. */
bool cell_text(const struct column *column, const void *row, char *text, size_t room);

/* COLUMN_RATIO. false: the divisor is 0. */
bool cell_ratio(const struct column *column, const void *row, double *ratio);

#endif
