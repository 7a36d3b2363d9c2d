/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define LINE_MAX_BYTES 1024

static void log_line(int priority, const char *format, va_list arguments)
{
	char line[LINE_MAX_BYTES];

	vsnprintf(line, sizeof(line), format, arguments);
	if (getenv("JOURNAL_STREAM") != NULL)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "%s%s\n",
		        priority <= LOG_ERR       ? "error: "
		        : priority == LOG_WARNING ? "warning: "
		                                  : "",
		        line);
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
