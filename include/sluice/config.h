/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration as a whole: the control plane holds it, and the file that it came from. */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <sluice/api.h>

/* SLUICE_CONFIG_RELOAD {} -> one of this. -EINVAL: the file has a mistake; any other: a line was
 * refused. The configuration is then the same as before. -EBUSY: it is being read already. */
struct sluice_config_reload {
	uint32_t added, changed, removed; /* lines */
	uint32_t refused;                 /* lines that are not in force; they are tried again */
};
static_assert(sizeof(struct sluice_config_reload) == 16, "config reload");

/* SLUICE_CONFIG_DIFF, struct sluice_config_show -> struct sluice_config_line, each with "- " or
 * "+ " before it. */

/* SLUICE_CONFIG_REFUSED {} -> rows: lines that are not in force. */
struct sluice_config_refused {
	char text[1024];
	char why[SLUICE_API_ERROR_MAX];
	uint32_t number; /* in the file; 0: it came later */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_config_refused) == 1288, "config refused");

/* SLUICE_CONFIG_STATUS {} -> one of this. */
struct sluice_config_status {
	char file[256];
	char error[SLUICE_API_ERROR_MAX]; /* of the last reload; empty: it went well */
	uint32_t lines, refused;
	uint32_t reload_failed; /* 1: the last reload did */
	uint32_t pad;
	uint64_t reloads; /* that went well */
	uint64_t loaded;  /* Unix time, seconds: when the file was taken over */
};
static_assert(sizeof(struct sluice_config_status) == 544, "config status");

#endif
