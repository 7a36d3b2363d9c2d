/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemons write into their logs. The control plane keeps the levels, for itself and for
 * the dataplane. */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <sluice/api.h>

enum sluice_log_area {
	SLUICE_LOG_PROCESS,
	SLUICE_LOG_API,
	SLUICE_LOG_CONFIG,
	SLUICE_LOG_DATAPLANE,
	SLUICE_LOG_PORT,
	SLUICE_LOG_ROUTE,
	SLUICE_LOG_GATE,
	SLUICE_LOG_CAPTURE,
	SLUICE_LOG_REGION,
	SLUICE_LOG_REDIS,
	SLUICE_LOG_HTTP,
	SLUICE_LOG_DPDK,
	SLUICE_LOG_ALLOCATION,
	SLUICE_LOG_AREAS,
	SLUICE_LOG_ALL = SLUICE_LOG_AREAS, /* those without a level of their own */
};

enum sluice_log_level {
	SLUICE_LOG_DEFAULT, /* an area's: that of ALL; ALL's: INFO */
	SLUICE_LOG_ERROR,
	SLUICE_LOG_WARNING,
	SLUICE_LOG_INFO,
	SLUICE_LOG_DEBUG,
	SLUICE_LOG_LEVELS,
};

/* SLUICE_LOG_LEVEL_SET -> {}: lines below this level are left out. -EINVAL. */
struct sluice_log_level_set {
	uint32_t area;  /* or SLUICE_LOG_ALL */
	uint32_t level; /* enum sluice_log_level */
};
static_assert(sizeof(struct sluice_log_level_set) == 8, "log level");

/* SLUICE_LOG_TABLE_SET -> {}, from the control plane to the dataplane: a level for each area, none
 * of them DEFAULT. -EINVAL. */
struct sluice_log_table {
	uint8_t levels[16]; /* [SLUICE_LOG_AREAS] and on: 0 */
};
static_assert(sizeof(struct sluice_log_table) == 16 && SLUICE_LOG_AREAS <= 16, "log table");

/* SLUICE_LOG_SHOW {} -> rows, one for each area. */
struct sluice_log_row {
	uint32_t area;
	uint32_t level; /* never DEFAULT */
	uint32_t own;   /* 1: it has one of its own */
	char about[60]; /* what is told there */
};
static_assert(sizeof(struct sluice_log_row) == 72, "log row");

#endif
