/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One line an event, to stderr, beginning with its area; with the journal's priority prefix
 * (sd-daemon(3)) where stderr is the journal. Lines below their area's level are left out. Control
 * characters become ?, and of a priority that floods lines are left out, and counted. No secret is
 * ever given to it. Any thread but a worker's packet path.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

#include <sluice/log.h>

/* The areas' names, then "all" and NULL; what is logged there; the levels' names and NULL. */
extern const char *const log_area_names[SLUICE_LOG_AREAS + 2];
extern const char *const log_area_abouts[SLUICE_LOG_AREAS];
extern const char *const log_level_names[SLUICE_LOG_LEVELS + 1];

/* By default INFO, DPDK's lines ERROR. false: a level that is none, and nothing has changed. */
bool log_levels_set(const struct sluice_log_table *table);
enum sluice_log_level log_level(enum sluice_log_area area);
/* stderr is the journal, as systemd says in JOURNAL_STREAM: one that was meant for another process
 * and inherited is not believed. */
bool log_is_journal(void);
/* What an area's level is unless it is set. */
enum sluice_log_level log_level_default(enum sluice_log_area area);

void log_line(enum sluice_log_area area, enum sluice_log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* What has to be found afterwards: whatever the area's level is, and however much is logged. */
void log_always(enum sluice_log_area area, enum sluice_log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(area, ...)   log_line(area, SLUICE_LOG_ERROR, __VA_ARGS__)
#define log_warning(area, ...) log_line(area, SLUICE_LOG_WARNING, __VA_ARGS__)
#define log_info(area, ...)    log_line(area, SLUICE_LOG_INFO, __VA_ARGS__)
#define log_debug(area, ...)   log_line(area, SLUICE_LOG_DEBUG, __VA_ARGS__)

#endif
