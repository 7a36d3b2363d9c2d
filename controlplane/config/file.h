/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: a command a line. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/running.h"

#include <stddef.h>

#define CONFIG_WHY_MAX 4096

/* What is wrong, and where. */
struct config_error {
	uint32_t line;              /* 0: no line, the file as a whole */
	bool rule;                  /* the line is well written, and cannot stand beside another */
	struct command_error error; /* where line is not 0 and it is no rule */
	char why[CONFIG_WHY_MAX];
};

/*
 * Reads the whole file into an empty configuration. 0, or -errno with *error: then what has been
 * read is of no use. -ENOENT: there is no such file.
 */
int config_load(struct running *running, const char *path, struct config_error *error);

/* The rules across lines (config/rules.h). 0, or -EINVAL with *error. */
int config_check(const struct running *running, struct config_error *error);

/* "FILE:LINE: ..."; carets: for a terminal, in two lines. */
void config_error_text(const char *path, const struct config_error *error, bool carets, char *text,
                       size_t room);

/*
 * Replaces the file by the running configuration, or leaves it as it was; keeps its mode and owner,
 * and lines that are only comments, before the command that they stood before.
 * 0, or -errno with `why` (SLUICE_API_ERROR_MAX bytes).
 */
int config_save(const struct running *running, const char *path, char *why);

#endif
