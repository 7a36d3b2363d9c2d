/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/cell.h"

#include "command/addr.h"
#include "command/text.h"
#include "command/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define TIME_MAX 32

bool cell_ratio(const struct column *column, const void *row, double *ratio)
{
	uint64_t divisor = field_read(row, column->second, sizeof(divisor));

	if (divisor == 0)
		return false;
	*ratio = round(10.0 * field_read(row, column->offset, sizeof(divisor)) / divisor) / 10.0;
	return true;
}

static bool number_add(const struct column *column, const void *row, struct text *text)
{
	uint64_t number = field_read(row, column->offset, column->size);

	if (column->absent != 0 && number == column->absent)
		return false;
	text_addf(text, "%" PRIu64, number);
	return true;
}

/* A newer daemon may know more than we: its number then stands for the word. */
static void choice_add(const struct column *column, const void *row, struct text *text)
{
	uint64_t number = field_read(row, column->offset, column->size);

	for (uint32_t i = 0; column->choices[i] != NULL; i++)
		if (i == number) {
			text_add(text, column->choices[i]);
			return;
		}
	text_addf(text, "%" PRIu64, number);
}

static bool addr_add(const struct column *column, const void *row, struct text *text)
{
	struct sluice_addr addr;

	memcpy(&addr, (const uint8_t *)row + column->offset, sizeof(addr));
	if (addr_is_zero(&addr))
		return false;
	text_add_addr(text, &addr);
	return true;
}

static void mac_add(const uint8_t *mac, struct text *text)
{
	text_addf(text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
	          mac[5]);
}

/* UTC, RFC 3339. */
static bool time_add(uint64_t seconds, struct text *text)
{
	time_t time = (time_t)seconds;
	char date[TIME_MAX];
	struct tm utc;

	if (seconds == 0 || gmtime_r(&time, &utc) == NULL)
		return false;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	text_add(text, date);
	return true;
}

bool cell_text(const struct column *column, const void *row, char *buffer, size_t room)
{
	const char *at = (const char *)row + column->offset;
	struct text text;
	double ratio;

	text_start(&text, buffer, room);
	switch (column->type) {
	case COLUMN_TEXT:
	case COLUMN_WORDS:
	case COLUMN_COMMAND:
		text_add_printable(&text, at, column->size);
		return text.length > 0;
	case COLUMN_NUMBER:
		return number_add(column, row, &text);
	case COLUMN_CHOICE:
		choice_add(column, row, &text);
		return true;
	case COLUMN_ADDRESS:
		return addr_add(column, row, &text);
	case COLUMN_MAC:
		mac_add((const uint8_t *)at, &text);
		return true;
	case COLUMN_TIME:
		return time_add(field_read(row, column->offset, column->size), &text);
	case COLUMN_RATIO:
		if (!cell_ratio(column, row, &ratio))
			return false;
		text_addf(&text, "%.1f", ratio);
		return true;
	}
	return false;
}
