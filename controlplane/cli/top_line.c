/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/top_line.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define REVERSED  "\033[7m"
#define BOLD      "\033[1m"
#define ORDINARY  "\033[0m"
#define HIGH_ROOM 30 /* lines of a screen from which on a heading has a line above it */

static bool is_mark(char byte)
{
	return byte == ALERT[0] || byte == PLAIN[0];
}

/* Cut between characters, not within one. Returns how many columns it takes. */
static uint32_t text_print(const struct screen *screen, const char *text)
{
	uint32_t width = 0;
	bool alert = false;

	for (; *text != '\0'; text++) {
		if (is_mark(*text)) {
			alert = *text == ALERT[0];
			if (screen->view->styled)
				fputs(alert ? BOLD : ORDINARY, screen->out);
			continue;
		}
		if (((unsigned char)*text & 0xc0) != 0x80 && width++ == screen->view->width)
			break;
		fputc(*text, screen->out);
	}
	if (alert && screen->view->styled)
		fputs(ORDINARY, screen->out);
	return width < screen->view->width ? width : screen->view->width;
}

static void trim(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

void screen_line(struct screen *screen, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	if (screen->lines == 0)
		return;
	screen->lines--;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	trim(text);
	text_print(screen, text);
	fputc('\n', screen->out);
}

static bool is_high(const struct screen *screen)
{
	return !screen->view->styled || screen->view->height >= HIGH_ROOM;
}

uint32_t screen_heading_lines(const struct screen *screen)
{
	return is_high(screen) ? 2 : 1;
}

void screen_heading(struct screen *screen, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	if (is_high(screen))
		screen_line(screen, "%s", "");
	if (screen->lines == 0)
		return;
	screen->lines--;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	trim(text);
	if (screen->view->styled)
		fputs(REVERSED, screen->out);
	for (uint32_t width = text_print(screen, text);
	     screen->view->styled && width < screen->view->width; width++)
		fputc(' ', screen->out);
	fprintf(screen->out, "%s\n", screen->view->styled ? ORDINARY : "");
}

const char *human(double value, char *text)
{
	static const char units[] = " kMGTP";
	int unit = 0;

	while (value >= 10000 || (unit > 0 && value >= 1000)) {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(text, 16, "%.0f", value);
	else
		snprintf(text, 16, "%.*f%c",
		         value < 10    ? 2
		         : value < 100 ? 1
		                       : 0,
		         value, units[unit]);
	return text;
}

const char *state_word(const char *const *words, uint64_t value, int width, bool alert,
                       char text[STATE_WORD_BYTES])
{
	const char *word = word_of(words, value);

	snprintf(text, STATE_WORD_BYTES, "%s%-*.24s%s", alert ? ALERT : "", width,
	         word != NULL ? word : "?", alert ? PLAIN : "");
	for (char *at = text; alert && *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	return text;
}

double rate(const struct screen *screen, uint64_t before, uint64_t now)
{
	return now > before && screen->seconds > 0 ? (now - before) / screen->seconds : 0;
}
