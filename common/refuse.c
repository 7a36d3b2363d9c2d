/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/refuse.h"

#include <sluice/api.h>

#include <stdarg.h>
#include <stdio.h>

int refuse(char *why, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, SLUICE_API_ERROR_MAX, format, arguments);
	va_end(arguments);
	return error;
}
