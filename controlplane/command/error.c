/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/command.h"
#include "command/text.h"

#include <string.h>

void command_error_line(const struct command_error *error, char *buffer, size_t room)
{
	struct text text;

	text_start(&text, buffer, room);
	text_add_bytes(&text, error->line, error->column);
	if (error->line[0] != '\0')
		text_addf(&text, "^%s: ", error->line + error->column);
	text_add(&text, error->text);
}

void command_error_caret(const struct command_error *error, const char *prefix, char *buffer,
                         size_t room)
{
	size_t width = text_width(prefix, strlen(prefix)) + text_width(error->line, error->column);
	struct text text;

	text_start(&text, buffer, room);
	if (error->line[0] == '\0') {
		text_add(&text, prefix);
		text_add(&text, error->text);
		return;
	}
	text_add(&text, prefix);
	text_add(&text, error->line);
	text_add(&text, "\n");
	for (size_t i = 0; i < width; i++)
		text_add(&text, " ");
	text_addf(&text, "^ %s", error->text);
}
