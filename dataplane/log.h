/* SPDX-License-Identifier: BSD-3-Clause */
/* One line an event, to stderr; with the journal's priority prefix (sd-daemon(3)) where stderr is
 * the journal. Control characters become ?, and of a priority that floods lines are left out, and
 * counted. Control thread only. */
#ifndef LOG_H
#define LOG_H

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
