/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

#define LINE_MAX_BYTES 1024
#define BURST          200 /* lines of a priority at once ... */
#define RATE           20  /* ... and a second */

/* Of each priority, so that a flood of warnings hides no error. */
struct bucket {
	double lines; /* that may still be written */
	double since; /* seconds; 0: nothing was written yet */
	unsigned long left_out;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static bool bucket_take(struct bucket *bucket)
{
	double now = now_seconds();

	bucket->lines = bucket->since == 0 ? BURST : bucket->lines + (now - bucket->since) * RATE;
	if (bucket->lines > BURST)
		bucket->lines = BURST;
	bucket->since = now;
	if (bucket->lines < 1) {
		bucket->left_out++;
		return false;
	}
	bucket->lines--;
	return true;
}

static void line_write(int priority, const char *line)
{
	if (getenv("JOURNAL_STREAM") != NULL)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "%s%s\n",
		        priority <= LOG_ERR       ? "error: "
		        : priority == LOG_WARNING ? "warning: "
		                                  : "",
		        line);
}

static void log_line(int priority, const char *format, va_list arguments)
{
	static struct bucket buckets[LOG_DEBUG + 1];
	struct bucket *bucket = &buckets[priority];
	char line[LINE_MAX_BYTES];

	if (!bucket_take(bucket))
		return;
	if (bucket->left_out > 0) {
		snprintf(line, sizeof(line), "%lu lines like the next were left out",
		         bucket->left_out);
		bucket->left_out = 0;
		line_write(priority, line);
	}
	vsnprintf(line, sizeof(line), format, arguments);
	/* What a stranger named begins no line of its own. */
	for (char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	line_write(priority, line);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_INFO, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_WARNING, format, arguments);
	va_end(arguments);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_ERR, format, arguments);
	va_end(arguments);
}
