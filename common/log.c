/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/log.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <sys/stat.h>

#define LINE_MAX_BYTES 1024
#define BURST          200 /* lines of a priority at once ... */
#define RATE           20  /* ... and a second */

const char *const log_area_names[SLUICE_LOG_AREAS + 2] = {
        [SLUICE_LOG_PROCESS] = "process",
        [SLUICE_LOG_API] = "api",
        [SLUICE_LOG_CONFIG] = "config",
        [SLUICE_LOG_DATAPLANE] = "dataplane",
        [SLUICE_LOG_PORT] = "port",
        [SLUICE_LOG_ROUTE] = "route",
        [SLUICE_LOG_GATE] = "gate",
        [SLUICE_LOG_CAPTURE] = "capture",
        [SLUICE_LOG_REGION] = "region",
        [SLUICE_LOG_REDIS] = "redis",
        [SLUICE_LOG_HTTP] = "http",
        [SLUICE_LOG_DPDK] = "dpdk",
        [SLUICE_LOG_ALLOCATION] = "allocation",
        [SLUICE_LOG_ALL] = "all",
};

const char *const log_area_abouts[SLUICE_LOG_AREAS] = {
        [SLUICE_LOG_PROCESS] = "start, end, CPUs, memory and privileges",
        [SLUICE_LOG_API] = "clients of the sockets; debug: each request",
        [SLUICE_LOG_CONFIG] = "lines that are refused, in force, saved",
        [SLUICE_LOG_DATAPLANE] = "the control plane's way to it",
        [SLUICE_LOG_PORT] = "ports, their links and XDP programs",
        [SLUICE_LOG_ROUTE] = "what is learned from the kernel",
        [SLUICE_LOG_GATE] = "attacks, keys and the maps of XDP",
        [SLUICE_LOG_CAPTURE] = "who looks at packets",
        [SLUICE_LOG_REGION] = "verdicts, draining, the view of the fleet",
        [SLUICE_LOG_REDIS] = "connections to the regions' Redis",
        [SLUICE_LOG_HTTP] = "debug: each request, without its body",
        [SLUICE_LOG_DPDK] = "DPDK's own lines",
        [SLUICE_LOG_ALLOCATION] = "those that ended, after `accounting log on`",
};

const char *const log_level_names[SLUICE_LOG_LEVELS + 1] = {"default", "error", "warning",
                                                            "info",    "debug", NULL};

static struct sluice_log_table levels; /* DEFAULT: not set yet */

enum sluice_log_level log_level_default(enum sluice_log_area area)
{
	return area == SLUICE_LOG_DPDK ? SLUICE_LOG_ERROR : SLUICE_LOG_INFO;
}

bool log_levels_set(const struct sluice_log_table *table)
{
	for (int i = 0; i < SLUICE_LOG_AREAS; i++)
		if (table->levels[i] <= SLUICE_LOG_DEFAULT || table->levels[i] >= SLUICE_LOG_LEVELS)
			return false;
	for (int i = 0; i < SLUICE_LOG_AREAS; i++)
		__atomic_store_n(&levels.levels[i], table->levels[i], __ATOMIC_RELAXED);
	return true;
}

enum sluice_log_level log_level(enum sluice_log_area area)
{
	uint8_t level = __atomic_load_n(&levels.levels[area], __ATOMIC_RELAXED);

	return level == SLUICE_LOG_DEFAULT ? log_level_default(area) : level;
}

/* Of each priority, so that a flood of warnings hides no error. */
struct bucket {
	double lines; /* that may still be written */
	double since; /* seconds; 0: nothing was written yet */
	unsigned long left_out;
};

static double now_seconds(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1e9;
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

bool log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat is;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &is) == 0 && is.st_dev == device && is.st_ino == inode;
}

static void line_write(int priority, const char *line)
{
	static const char *const names[LOG_DEBUG + 1] = {
	        [LOG_ERR] = "error: ",
	        [LOG_WARNING] = "warning: ",
	        [LOG_INFO] = "",
	        [LOG_DEBUG] = "debug: ",
	};

	if (log_is_journal())
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "%s%s\n", names[priority], line);
}

/* What a stranger named begins no line of its own. */
static void line_clean(char *line)
{
	for (char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
}

/* "port dp0: gone" says where it belongs; what does not, gets it in front. */
static void line_begin(char *line, size_t size, enum sluice_log_area area, const char *text)
{
	const char *name = log_area_names[area];
	size_t length = strlen(name);

	if (strncmp(text, name, length) == 0 && (text[length] == ' ' || text[length] == ':'))
		snprintf(line, size, "%s", text);
	else
		snprintf(line, size, "%s: %s", name, text);
}

static int priority_of(enum sluice_log_level level)
{
	static const int priorities[SLUICE_LOG_LEVELS] = {LOG_INFO, LOG_ERR, LOG_WARNING, LOG_INFO,
	                                                  LOG_DEBUG};

	return priorities[level];
}

/* always: the bucket is not asked. */
static void line_put(int priority, const char *line, bool always)
{
	static struct bucket buckets[LOG_DEBUG + 1];
	struct bucket *bucket = &buckets[priority];
	char lost[64];

	if (!always && !bucket_take(bucket))
		return;
	if (!always && bucket->left_out > 0) {
		snprintf(lost, sizeof(lost), "%lu lines like the next were left out",
		         bucket->left_out);
		bucket->left_out = 0;
		line_write(priority, lost);
	}
	line_write(priority, line);
}

static void text_put(enum sluice_log_area area, enum sluice_log_level level, bool always,
                     const char *format, va_list arguments)
{
	/* DPDK's drivers write from threads of their own. */
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 16];

	vsnprintf(text, sizeof(text), format, arguments);
	line_begin(line, sizeof(line), area, text);
	line_clean(line);
	pthread_mutex_lock(&mutex);
	line_put(priority_of(level), line, always);
	pthread_mutex_unlock(&mutex);
}

void log_line(enum sluice_log_area area, enum sluice_log_level level, const char *format, ...)
{
	va_list arguments;

	if (level > log_level(area))
		return;
	va_start(arguments, format);
	text_put(area, level, false, format, arguments);
	va_end(arguments);
}

void log_always(enum sluice_log_area area, enum sluice_log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_put(area, level, true, format, arguments);
	va_end(arguments);
}
