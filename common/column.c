/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/column.h"

#include <stdio.h>
#include <string.h>

const char *column_about(const struct column *column, char *text)
{
	if (column->unit == NULL || strstr(column->help, column->unit) != NULL)
		return column->help;
	snprintf(text, COLUMN_ABOUT_MAX, "%s, in %s", column->help, column->unit);
	return text;
}

const struct column *column_counter(const struct column *columns, uint32_t i)
{
	for (; columns->key != NULL; columns++)
		if (columns->counter && i-- == 0)
			return columns;
	return NULL;
}
