/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

#include "command/filter.h"
#include "common/words.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPRESSION_MAX    2048
#define BUFFER_DEFAULT_KB 16384
#define SNAP_DEFAULT      65535

static_assert(REQUEST_WHY_MAX >= FILTER_WHY_MAX, "a filter's line");

#define POINTS_EXPECTED "some of received, sent, dropped and decrypted, with commas between"

#define POINTS_DEFAULT                                                                             \
	(1u << SLUICE_CAPTURE_RECEIVED | 1u << SLUICE_CAPTURE_SENT | 1u << SLUICE_CAPTURE_DROPPED)

bool size_read(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0)
		return false;
	if (*end != '\0') {
		unit = strchr(units, *end);
		if (unit == NULL || end[1] != '\0')
			return false;
		for (long i = 0; i <= unit - units; i++)
			if (__builtin_mul_overflow(number, 1024ull, &number))
				return false;
	}
	*value = number;
	return number >= least && number <= most;
}

/* A number of the command line and where it goes. */
struct number {
	const char *name, *text;
	uint64_t least, most;
	void *field;
	size_t size;
};

static int numbers_read(const struct number *numbers, size_t count, char *why)
{
	for (size_t i = 0; i < count; i++) {
		const struct number *number = &numbers[i];
		uint64_t value;

		if (number->text == NULL)
			continue;
		if (!size_read(number->text, number->least, number->most, &value)) {
			snprintf(why, REQUEST_WHY_MAX, "--%s %s: expected a number from %lu to %lu",
			         number->name, number->text, number->least, number->most);
			return -EINVAL;
		}
		memcpy(number->field, &value, number->size); /* little end first, as on x86 */
	}
	return 0;
}

static int texts_read(struct sluice_capture_filter *filter, const struct capture_options *options,
                      char *why)
{
	const struct {
		const char *name, *text;
		char *field;
		size_t size;
	} texts[] = {
	        {"port", options->port, filter->port, sizeof(filter->port)},
	        {"user", options->user, filter->user, sizeof(filter->user)},
	        {"endpoint", options->endpoint, filter->endpoint, sizeof(filter->endpoint)},
	        {"stream", options->stream, filter->stream, sizeof(filter->stream)},
	        {"reason", options->reason, filter->reason, sizeof(filter->reason)},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].text == NULL)
			continue;
		if (texts[i].text[0] == '\0' || strlen(texts[i].text) >= texts[i].size) {
			snprintf(why, REQUEST_WHY_MAX, "--%s: expected 1 to %zu bytes",
			         texts[i].name, texts[i].size - 1);
			return -EINVAL;
		}
		strcpy(texts[i].field, texts[i].text);
	}
	return 0;
}

static int points_read(uint32_t *set, const char *list, char *why)
{
	while (*list != '\0') {
		size_t length = strcspn(list, ",");
		uint32_t found = 0;

		for (uint32_t i = 0; i < SLUICE_CAPTURE_POINTS; i++)
			if (strlen(capture_point_words[i]) == length &&
			    strncmp(capture_point_words[i], list, length) == 0)
				found = 1u << i;
		if (found == 0) {
			snprintf(why, REQUEST_WHY_MAX, "--points %.*s: expected " POINTS_EXPECTED,
			         (int)length, list);
			return -EINVAL;
		}
		*set |= found;
		list += length + (list[length] == ',');
	}
	return 0;
}

/* What is implied: a reason is of dropped packets. */
static int where_read(struct sluice_capture_filter *filter, const struct capture_options *options,
                      char *why)
{
	const char *direction = options->direction;

	if (direction != NULL && strcmp(direction, "in") != 0 && strcmp(direction, "out") != 0) {
		snprintf(why, REQUEST_WHY_MAX, "--direction %s: expected in or out", direction);
		return -EINVAL;
	}
	if (direction != NULL)
		filter->direction = direction[0] == 'i' ? SLUICE_CAPTURE_IN : SLUICE_CAPTURE_OUT;
	if (options->decrypted)
		filter->points |= 1u << SLUICE_CAPTURE_DECRYPTED;
	if (options->points != NULL)
		return points_read(&filter->points, options->points, why);
	if (options->reason != NULL)
		filter->points |= 1u << SLUICE_CAPTURE_DROPPED;
	if (filter->points == 0)
		filter->points = POINTS_DEFAULT;
	return 0;
}

static int program_compile(struct sluice_capture_filter *filter, const char *expression, char *why)
{
	int length = filter_compile(expression, filter->program, SLUICE_CAPTURE_PROGRAM_MAX, why);

	if (length < 0)
		return length;
	filter->program_length = (uint32_t)length;
	return 0;
}

static int expression_read(char expression[EXPRESSION_MAX], char **words, int count, char *why)
{
	size_t used = 0;

	expression[0] = '\0';
	for (int i = 0; i < count; i++) {
		int length = snprintf(expression + used, EXPRESSION_MAX - used, "%s%s",
		                      i > 0 ? " " : "", words[i]);

		if (length < 0 || (size_t)length >= EXPRESSION_MAX - used) {
			snprintf(why, REQUEST_WHY_MAX, "the filter is too long");
			return -EINVAL;
		}
		used += (size_t)length;
	}
	return 0;
}

/* In the file itself: what is not in it, and why. */
static void note_write(struct sluice_capture *request, const struct capture_options *options,
                       const char *expression)
{
	const struct {
		const char *name, *text;
	} parts[] = {
	        {"sample 1 in", options->sample},
	        {"snap", options->snap},
	        {"points", options->points},
	        {"direction", options->direction},
	        {"port", options->port},
	        {"allocation", options->allocation},
	        {"endpoint", options->endpoint},
	        {"stream", options->stream},
	        {"reason", options->reason},
	        {"user", options->user},
	        {"filter:", expression[0] != '\0' ? expression : NULL},
	};
	size_t used = 0, room = sizeof(request->note);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && used < room; i++)
		if (parts[i].text != NULL)
			used += (size_t)snprintf(request->note + used, room - used, "%s%s %s",
			                         used > 0 ? ", " : "", parts[i].name,
			                         parts[i].text);
}

int request_make(struct sluice_capture *request, const struct capture_options *options,
                 char **words, int count, char why[REQUEST_WHY_MAX])
{
	struct sluice_capture_filter *filter = &request->filter;
	const struct number numbers[] = {
	        {"allocation", options->allocation, 1, UINT64_MAX, &filter->allocation, 8},
	        {"sample", options->sample, 1, UINT32_MAX / 2, &filter->sample, 4},
	        {"snap", options->snap, 64, 65535, &request->snap, 4},
	        {"buffer", options->buffer, 64, 65536, &request->buffer_kb, 4},
	        {"packets", options->packets, 1, UINT64_MAX, &request->max_packets, 8},
	        {"bytes", options->bytes, 1, UINT64_MAX, &request->max_bytes, 8},
	        {"seconds", options->seconds, 1, UINT32_MAX, &request->max_seconds, 4},
	        {"file-size", options->file_bytes, 4096, UINT64_MAX, &request->file_bytes, 8},
	        {"file-seconds", options->file_seconds, 1, UINT32_MAX, &request->file_seconds, 4},
	};
	char expression[EXPRESSION_MAX];
	int error;

	*request = (struct sluice_capture){.snap = SNAP_DEFAULT, .buffer_kb = BUFFER_DEFAULT_KB};
	error = numbers_read(numbers, sizeof(numbers) / sizeof(numbers[0]), why);
	if (error == 0)
		error = texts_read(filter, options, why);
	if (error == 0)
		error = where_read(filter, options, why);
	if (error == 0)
		error = expression_read(expression, words, count, why);
	if (error == 0)
		note_write(request, options, expression);
	return error == 0 && count > 0 ? program_compile(filter, expression, why) : error;
}
