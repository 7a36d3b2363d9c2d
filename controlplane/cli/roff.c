/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/roff.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FORM_MAX 512

/* Text as itself: no command at a line's start, hyphens and backslashes that can be copied. */
void roff_print(const char *text)
{
	bool quoted = false;

	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '`')
			fputs((quoted = !quoted) ? "\\(oq" : "\\(cq", stdout);
		else
			putchar(*text);
	}
}

void roff_line(const char *macro, const char *text)
{
	if (macro[0] != '\0')
		printf("%s ", macro);
	roff_print(text);
	putchar('\n');
}

void roff_paragraph(const char *text)
{
	puts(".PP");
	roff_line("", text);
}

void roff_title(const char *name, int section, const char *summary)
{
	printf(".TH %s %d \"\" \"sluice %s\" \"sluice\"\n", name, section, SLUICE_VERSION_TEXT);
	puts(".SH NAME");
	roff_print(name);
	fputs(" \\- ", stdout);
	roff_line("", summary);
}

void roff_synopsis(const struct program *program)
{
	const char *line = program->synopsis;

	puts(".SH SYNOPSIS");
	while (*line != '\0') {
		size_t length = strcspn(line, "\n");
		char form[FORM_MAX];

		snprintf(form, sizeof(form), "%.*s", (int)length, line);
		printf(".B ");
		roff_print(program->name);
		putchar('\n');
		roff_line("", form);
		line += length + (line[length] == '\n');
		if (*line != '\0')
			puts(".br");
	}
}

void roff_entry(const char *term, const char *text)
{
	puts(".TP");
	roff_line(".B", term);
	roff_line("", text);
}

void roff_example(const char *command, const char *text)
{
	roff_paragraph(text);
	puts(".PP\n.RS 4\n.nf");
	roff_line("", command);
	puts(".fi\n.RE");
}

static void option_name_print(const struct option_row *row)
{
	printf("\\fB");
	if (row->letter != 0)
		printf("\\-%c%s", row->letter, row->name != NULL ? ", " : "");
	if (row->name != NULL) {
		printf("\\-\\-");
		roff_print(row->name);
	}
	printf("\\fR");
	if (row->argument != NULL) {
		printf(" \\fI");
		roff_print(row->argument);
		printf("\\fR");
	}
	putchar('\n');
}

void roff_options(const struct program *program)
{
	char text[512];

	puts(".SH OPTIONS");
	for (const struct option_row *row = program->options; !option_is_end(row); row++) {
		puts(".TP");
		option_name_print(row);
		option_text(row, text, sizeof(text));
		roff_line("", text);
	}
}

void roff_see_also(const char *const *pages)
{
	puts(".SH SEE ALSO");
	for (; *pages != NULL; pages++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*pages, "("), *pages);
		fputs(".BR ", stdout);
		roff_print(name);
		printf(" %.3s%s\n", strchr(*pages, '('), pages[1] != NULL ? "," : "");
	}
}
