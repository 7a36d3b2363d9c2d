/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/column.h"

#include <stdio.h>
#include <string.h>

/* "of the worker: adaptive or busy" */
static const char *choices_about(const struct column *column, char *text)
{
	const char *const *word = column->choices;
	size_t used = (size_t)snprintf(text, COLUMN_ABOUT_MAX, "%s: ", column->help);

	for (; *word != NULL && used < COLUMN_ABOUT_MAX; word++)
		used += (size_t)snprintf(text + used, COLUMN_ABOUT_MAX - used, "%s%s",
		                         word == column->choices ? ""
		                         : word[1] == NULL       ? " or "
		                                                 : ", ",
		                         *word);
	return text;
}

const char *column_about(const struct column *column, char *text)
{
	if (column->type == COLUMN_CHOICE && strstr(column->help, column->choices[0]) == NULL)
		return choices_about(column, text);
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
