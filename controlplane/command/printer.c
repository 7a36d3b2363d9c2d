/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/printer.h"

#include "command/cell.h"
#include "command/json.h"
#include "command/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CELL_MAX 2048
#define ABSENT   "-"
#define GAP      2 /* blanks between columns */
#define INDENT   4 /* of a row's further lines */

static size_t columns_count(const struct reply *reply)
{
	size_t count = 0;

	while (reply->columns[count].key != NULL)
		count++;
	return count;
}

void printer_begin(struct printer *printer, FILE *out, bool json, const struct reply *reply)
{
	*printer = (struct printer){.out = out, .json = json, .reply = reply};
}

static const char *cell_shown(const struct column *column, const void *row, char *text)
{
	return cell_text(column, row, text, CELL_MAX) ? text : ABSENT;
}

static bool to_the_right(const struct column *column)
{
	return column->type == COLUMN_NUMBER || column->type == COLUMN_RATIO;
}

static void pad(FILE *out, const char *text, size_t width)
{
	size_t shown = text_width(text, strlen(text));

	for (; shown < width; shown++)
		fputc(' ', out);
}

/* -- JSON: an array of objects, one a line; or one object -- */

static void row_print_json(struct printer *printer, const void *row)
{
	json_t *object = row_to_json(printer->reply, row);

	if (!printer->reply->single)
		fputs(printer->rows == 0 ? "[" : ",\n ", printer->out);
	json_dumpf(object, printer->out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(object);
}

/* -- one row: a line for each of its values -- */

static void row_print_lines(struct printer *printer, const void *row)
{
	const struct column *column = printer->reply->columns;
	size_t width = 0;
	char text[CELL_MAX];

	for (; column->key != NULL; column++)
		if (strlen(column->key) > width)
			width = strlen(column->key);
	for (column = printer->reply->columns; column->key != NULL; column++) {
		fputs(column->key, printer->out);
		pad(printer->out, column->key, width + 2);
		fprintf(printer->out, "%s\n", cell_shown(column, row, text));
	}
}

/* -- a table -- */

/* The last column that a table has. */
static size_t last_column(const struct reply *reply)
{
	size_t last = columns_count(reply) - 1;

	while (last > 0 && reply->columns[last].only_json)
		last--;
	return last;
}

/* A line of a table that is being printed. */
struct table_line {
	size_t at;      /* columns of the terminal that are taken */
	size_t pending; /* blanks before the next cell */
};

static void cell_print(struct printer *printer, struct table_line *line, size_t index,
                       const char *text)
{
	size_t width = printer->widths[index], shown = text_width(text, strlen(text));
	size_t blanks = shown < width ? width - shown : 0;
	bool right = to_the_right(&printer->reply->columns[index]);

	if (line->at > 0 && printer->room != 0 && line->at + GAP + width > printer->room) {
		fprintf(printer->out, "\n%*s", INDENT, "");
		*line = (struct table_line){.at = INDENT};
	} else if (line->at > 0) {
		line->pending += GAP;
		line->at += GAP;
	}
	fprintf(printer->out, "%*s%s", (int)(line->pending + (right ? blanks : 0)), "", text);
	line->pending = right ? 0 : blanks;
	line->at += shown + blanks;
}

/* row NULL: the heading. */
static void row_print_table(struct printer *printer, const void *row)
{
	const struct reply *reply = printer->reply;
	struct table_line line = {0};
	size_t last = last_column(reply);
	char text[CELL_MAX];

	for (size_t i = 0; i <= last; i++)
		if (!reply->columns[i].only_json)
			cell_print(printer, &line, i,
			           row != NULL ? cell_shown(&reply->columns[i], row, text)
			                       : reply->columns[i].key);
	fputc('\n', printer->out);
}

static void widths_take(struct printer *printer)
{
	const struct reply *reply = printer->reply;
	char text[CELL_MAX];

	for (size_t i = 0; i < columns_count(reply); i++) {
		printer->widths[i] = strlen(reply->columns[i].key);
		for (uint32_t n = 0; n < printer->n_held; n++) {
			const uint8_t *row = printer->held + n * reply->row_size;
			const char *shown = cell_shown(&reply->columns[i], row, text);
			size_t width = text_width(shown, strlen(shown));

			if (width > printer->widths[i])
				printer->widths[i] = width;
		}
	}
}

static void held_print(struct printer *printer)
{
	widths_take(printer);
	row_print_table(printer, NULL);
	for (uint32_t n = 0; n < printer->n_held; n++)
		row_print_table(printer, printer->held + n * printer->reply->row_size);
	free(printer->held);
	printer->held = NULL;
	printer->begun = true;
}

static int row_hold(struct printer *printer, const void *row)
{
	size_t size = printer->reply->row_size;

	if (printer->held == NULL)
		printer->held = malloc(PRINTER_WIDTHS_ROWS * size);
	if (printer->held == NULL)
		return -ENOMEM;
	memcpy(printer->held + printer->n_held++ * size, row, size);
	if (printer->n_held == PRINTER_WIDTHS_ROWS)
		held_print(printer);
	return 0;
}

/* At once: its reader waits for it. */
static void row_print_endless(struct printer *printer, const void *row)
{
	const struct column *column = printer->reply->columns;
	char text[CELL_MAX];

	if (printer->json) {
		json_t *object = row_to_json(printer->reply, row);

		json_dumpf(object, printer->out, JSON_COMPACT);
		json_decref(object);
	}
	for (; column->key != NULL && !printer->json; column++)
		if (!column->only_json && cell_text(column, row, text, sizeof(text)))
			fprintf(printer->out, "%s%s", column > printer->reply->columns ? " " : "",
			        text);
	fputc('\n', printer->out);
	fflush(printer->out);
}

static int row_print(struct printer *printer, const void *row)
{
	char text[CELL_MAX];

	if (printer->reply->endless)
		row_print_endless(printer, row);
	else if (printer->json)
		row_print_json(printer, row);
	else if (printer->reply->single)
		row_print_lines(printer, row);
	else if (printer->reply->plain)
		fprintf(printer->out, "%s\n", cell_shown(&printer->reply->columns[0], row, text));
	else if (printer->begun)
		row_print_table(printer, row);
	else
		return row_hold(printer, row);
	return 0;
}

int printer_rows(struct printer *printer, const void *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int error =
		        row_print(printer, (const uint8_t *)rows + i * printer->reply->row_size);

		if (error < 0)
			return error;
		printer->rows++;
	}
	return 0;
}

void printer_warning(struct printer *printer, const void *text, uint32_t length)
{
	char line[2 * SLUICE_API_ERROR_MAX];
	struct text out;
	json_t *object;

	text_start(&out, line, sizeof(line));
	text_add_printable(&out, text,
	                   length < SLUICE_API_ERROR_MAX ? length : SLUICE_API_ERROR_MAX);
	if (!printer->json) {
		fprintf(stderr, "warning: %s\n", line);
		return;
	}
	object = json_pack("{s:s}", "warning", line);
	json_dumpf(object, printer->out, JSON_COMPACT);
	json_decref(object);
	printer->rows++;
}

void printer_end(struct printer *printer, bool ok)
{
	const struct reply *reply = printer->reply;
	bool list = reply != NULL && !reply->single;

	if (reply != NULL && reply->endless)
		return;
	if (printer->json && printer->rows > 0)
		fputs(list ? "]\n" : "\n", printer->out);
	else if (printer->json && ok)
		fputs(list ? "[]\n" : "{}\n", printer->out);
	else if (list && !reply->plain && !printer->begun && printer->n_held > 0)
		held_print(printer);
	free(printer->held);
	printer->held = NULL;
}
