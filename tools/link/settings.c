/* SPDX-License-Identifier: BSD-3-Clause */
#include "settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define RATE_MAX 1e8 /* kbit/s */
#define TIME_MAX 1e4 /* ms */

const char *const link_way_names[LINK_WAYS] = {"up", "down"};

static bool within(double value, double most)
{
	return value >= 0 && value <= most; /* which no NaN is */
}

static bool settings_hold(const struct way_settings *settings)
{
	return within(settings->rate_kbps, RATE_MAX) && within(settings->delay_ms, TIME_MAX) &&
	       within(settings->queue_ms, TIME_MAX) && within(settings->loss, 100) &&
	       within(settings->jitter_ms, TIME_MAX);
}

static bool line_read(const char *line, struct way_settings settings[LINK_WAYS])
{
	struct way_settings read;
	char name[8];
	int end = 0;

	if (sscanf(line, "%7s %lf %lf %lf %lf %lf %n", name, &read.rate_kbps, &read.delay_ms,
	           &read.queue_ms, &read.loss, &read.jitter_ms, &end) != 6 ||
	    line[end] != '\0' || !settings_hold(&read))
		return false;
	for (int way = 0; way < LINK_WAYS; way++) {
		if (strcmp(name, link_way_names[way]) != 0)
			continue;
		settings[way] = read;
		return true;
	}
	return false;
}

int settings_read(const char *path, struct way_settings settings[LINK_WAYS], char *why, size_t size)
{
	struct way_settings read[LINK_WAYS];
	FILE *file = fopen(path, "re");
	bool whole = true;
	char line[256];

	if (file == NULL) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return -1;
	}
	memcpy(read, settings, sizeof(read));
	while (whole && fgets(line, sizeof(line), file) != NULL)
		whole = line_read(line, read);
	fclose(file);
	if (!whole) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(
		        why, size,
		        "%s: '%s', expected: up|down RATE (kbit/s) DELAY (ms) QUEUE (ms) LOSS (%%) "
		        "JITTER (ms)",
		        path, line);
		return -1;
	}
	memcpy(settings, read, sizeof(read));
	return 0;
}
