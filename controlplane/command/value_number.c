/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, durations, times, ranges of ports, pairs. */
#include "command/value_type.h"

#include "common/refuse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool digits_read(const char **text, uint64_t *value)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end;
	return errno == 0;
}

uint64_t value_most(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : UINT64_MAX >> (64 - 8 * argument->size);
}

static int number_store(const struct argument *argument, uint64_t value, uint8_t *body, char *why)
{
	if (value < argument->least || value > value_most(argument))
		return refuse(why, -EINVAL, "%" PRIu64 " is out of range", value);
	field_write(body, argument->offset, argument->size, value);
	return 0;
}

int number_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint64_t value;

	if (!digits_read(&text, &value) || *text != '\0')
		return -EINVAL;
	return number_store(argument, value, body, why);
}

int number_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	text_addf(text, "%" PRIu64, field_read(body, argument->offset, argument->size));
	return 0;
}

int duration_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	static const struct {
		const char *unit;
		uint32_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	uint64_t value;

	if (!digits_read(&text, &value) || value > UINT32_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i].unit) == 0)
			return number_store(argument, value * units[i].seconds, body, why);
	return -EINVAL;
}

/* A time of day is the latest one that is not to come. */
int time_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	static const char *const dates[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	static const char *const clocks[] = {"%H:%M:%S", "%H:%M"};
	time_t now = time(NULL), midnight = now - now % 86400, at;
	const char *end;
	struct tm utc;

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		utc = (struct tm){0};
		end = strptime(text, dates[i], &utc);
		if (end != NULL && (*end == '\0' || strcmp(end, "Z") == 0)) {
			field_write(body, argument->offset, argument->size, (uint64_t)timegm(&utc));
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		utc = (struct tm){0};
		end = strptime(text, clocks[i], &utc);
		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			continue;
		at = midnight + utc.tm_hour * 3600 + utc.tm_min * 60 + utc.tm_sec;
		field_write(body, argument->offset, argument->size,
		            (uint64_t)(at > now ? at - 86400 : at));
		return 0;
	}
	return -EINVAL;
}

int time_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	time_t at = (time_t)field_read(body, argument->offset, argument->size);
	char date[32];
	struct tm utc;

	if (gmtime_r(&at, &utc) == NULL)
		return -EINVAL;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	text_add(text, date);
	return 0;
}

/* Ranges lie one after the other: the first and the last port of each. */
static uint16_t ports_offset(const struct argument *argument, uint32_t i, bool last)
{
	return argument->offset + (2 * i + last) * sizeof(uint16_t);
}

static uint32_t ports_most(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : 1;
}

static int ports_range(const struct argument *argument, const char **text, uint32_t i,
                       uint8_t *body, char *why)
{
	uint64_t first, last;

	if (!digits_read(text, &first) || *(*text)++ != '-' || !digits_read(text, &last))
		return -EINVAL;
	if (first > last)
		return refuse(why, -EINVAL, "the first port is above the last");
	if (first < argument->least || first == 0 || last > UINT16_MAX)
		return refuse(why, -EINVAL, "out of range");
	if (i == ports_most(argument))
		return refuse(why, -EINVAL, "too many ranges");
	field_write(body, ports_offset(argument, i, false), sizeof(uint16_t), first);
	field_write(body, ports_offset(argument, i, true), sizeof(uint16_t), last);
	return 0;
}

int ports_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint32_t i = 0;
	int error;

	do
		error = ports_range(argument, &text, i++, body, why);
	while (error == 0 && *text == ',' && text++);
	if (error == 0 && *text != '\0')
		error = -EINVAL;
	return error;
}

int ports_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	for (uint32_t i = 0; i < ports_most(argument); i++) {
		uint64_t first =
		        field_read(body, ports_offset(argument, i, false), sizeof(uint16_t));
		uint64_t last = field_read(body, ports_offset(argument, i, true), sizeof(uint16_t));

		if (i == 0 || first != 0 || last != 0)
			text_addf(text, "%s%u-%u", i == 0 ? "" : ",", (unsigned int)first,
			          (unsigned int)last);
	}
	return 0;
}

int pairs_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint32_t count = 0;
	uint64_t from, to;

	for (;; text++) {
		if (!digits_read(&text, &from) || *text++ != ':' || !digits_read(&text, &to) ||
		    (*text != ',' && *text != '\0'))
			return -EINVAL;
		if (from < argument->least || to < argument->least || from > argument->most ||
		    to > argument->most)
			return refuse(why, -EINVAL, "out of range");
		if (count == argument->size)
			return refuse(why, -EINVAL, "more than %u", argument->size);
		body[argument->offset + count] = (uint8_t)from;
		body[argument->second + count++] = (uint8_t)to;
		if (*text == '\0')
			break;
	}
	body[argument->third] = (uint8_t)count;
	return 0;
}

int pairs_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	uint32_t count = body[argument->third];

	for (uint32_t i = 0; i < count && count <= argument->size; i++)
		text_addf(text, "%s%u:%u", i > 0 ? "," : "", body[argument->offset + i],
		          body[argument->second + i]);
	return count > 0 && count <= argument->size ? 0 : -EINVAL;
}
